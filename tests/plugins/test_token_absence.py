"""When the lack of our token is held against a bounce, and which honest mail of ours lacks it all the same."""

from __future__ import annotations

import pytest

from ndrfilter import Envelope

CONFIG = {
    "site": {"domains": ["example.com"], "complete": ["signing"]},
    "plugins": {"token": {"keys": {"k1": "a secret for the tests only"}}},
}
TRACE = "Received: from smtp.isp.example (smtp.isp.example [203.0.113.9]) by mx.receiver.example; Thu, 1 Jan 2026 11:00:01 +0000\n"
LETTER = """\
From: {author}
To: nobody@receiver.example
Subject: hello
Date: Thu, 1 Jan 2026 11:00:00 +0000
Message-ID: <1@mailer.example>

Hello.
"""
REPORT = """\
Return-Path: <>
From: MAILER-DAEMON@mx.receiver.example
To: alice@example.com
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.receiver.example

Final-Recipient: rfc822; nobody@receiver.example
Action: failed
Status: 5.1.1

--b
Content-Type: message/rfc822

{original}
--b--
"""
ALICE, JOE = "alice@example.com", "joe@else.example"


@pytest.fixture
def result(judged):
    def run(above, author):
        raw = REPORT.format(original=TRACE + above + LETTER.format(author=author)).encode()
        return judged(raw, config=CONFIG, envelope=Envelope(sender="", recipients=[ALICE]))

    return run


def missing(result):
    return "TOKEN_MISSING" in {hit.name for hit in result.hits}


@pytest.mark.parametrize(
    "above",
    [
        f"Delivered-To: {ALICE}\n",
        f"X-Original-To: {ALICE}\n",
        f"Envelope-To: {ALICE}\n",
        "Received: from x.else.example by smtp.isp.example with ESMTP for <alice@example.com>; Thu, 1 Jan 2026 10:59:59 +0000\n",
        f"Resent-From: Alice <{ALICE}>\n",
    ],
)
def test_what_one_of_us_redirects_in_his_own_name_has_no_token(result, above):
    assert not missing(result(above, JOE))
    assert result(above, JOE).verdict == "undetermined"
    assert missing(result(above, ALICE))


@pytest.mark.parametrize("author", [ALICE, JOE])
def test_what_only_came_in_our_name_ought_to_have_one(result, author):
    assert missing(result("Delivered-To: someone@receiver.example\n", author))
    assert result("", author).verdict == "backscatter"


def test_a_token_of_another_key_may_be_one_that_only_another_host_knows_yet(result):
    found = result("X-NDR-Token: k2-20454-t863c0-srnf6dqhwa4yvrd2y2obafjm\n", ALICE)
    assert (found.verdict, missing(found)) == ("undetermined", False)
    [cause] = [one.cause for one in found.undecided if one.name == "TOKEN_MISSING"]
    assert "k2" in cause


def test_a_token_of_our_key_that_fits_nothing_is_none(result):
    assert missing(result("X-NDR-Token: k1-20454-t863c0-srnf6dqhwa4yvrd2y2obafjm\n", ALICE))
