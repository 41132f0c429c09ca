"""Whom a bounce is about and why: reports that leave it to the text, and diagnostics in the words of servers."""

from __future__ import annotations

import pytest

from ndrfilter import Envelope, Filter, limits

REPORT = """\
Return-Path: <>
From: Mail Delivery System <mailer-daemon@mx.example.net>
To: alice@example.com
Subject: Mail delivery failed
X-Failed-Recipients: nobody@example.org
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

This message was created automatically by mail delivery software.

  nobody@example.org
    {diagnostic}

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; nobody@example.org
Action: failed
Status: 5.0.0

--b--
"""


def recipient(diagnostic):
    result = Filter.from_config({}).check(REPORT.format(diagnostic=diagnostic).encode(), envelope=Envelope(sender=""))
    return result.recipients[0]


def test_a_report_without_diagnostic_takes_the_texts():
    found = recipient("host mail.example.org: 552 5.2.2 mailbox full")
    assert (found.address, found.status, found.reason) == ("nobody@example.org", "5.2.2", "mailbox_full")


@pytest.mark.parametrize(
    ("diagnostic", "reason"),
    [
        ("mail.example.org [192.0.2.9]: Connection refused", "network"),
        ("554 connection refused due to poor reputation of 192.0.2.9", "policy"),
        ("host mail.example.org said: 550 5.1.1 unknown", "address_unknown"),
        ("the domain name example.org does not appear to be registered", "network"),
        ("551 unknown subscriber", "address_unknown"),
        ("unable-to-transfer; unrecognised-OR-name", "address_unknown"),
        ("Benutzer nobody (nobody@example.org) nicht im Domino-Verzeichnis aufgeführt", "address_unknown"),
        ("收件人（nobody@example.org）所属域名不存在", "network"),
        ("收件人不存在", "address_unknown"),
        ("Domain example.com has exceeded the max emails per hour (9/9). Message discarded.", "policy"),
        ("550 refusé par le destinataire", "policy"),
    ],
)
def test_why(diagnostic, reason):
    assert recipient(diagnostic).reason == reason


QMAIL = """\
Return-Path: <>
From: MAILER-DAEMON@mx.example.net
To: alice@example.com
Subject: failure notice

Hi. This is the qmail-send program at mx.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

{failed}--- Below this line is a copy of the message.

Return-Path: <alice@example.com>
{hops}Message-ID: <1@example.com>
From: alice@example.com
Subject: hello

Hi.
"""


def of_qmail(recipients, hops=1):
    failed = "".join(f"<user{number}@example.org>:\nno such user\n\n" for number in range(recipients))
    raw = QMAIL.format(failed=failed, hops="Received: from a by b; 1 Jan 2026 10:00:00 -0000\n" * hops)
    return Filter.from_config({}).check(raw.encode(), envelope=Envelope(sender=""))


def test_more_recipients_in_a_text_than_we_take():
    assert of_qmail(limits.MAX_RECIPIENTS).defects == ()
    found = of_qmail(limits.MAX_RECIPIENTS + 1)
    assert [one.address for one in found.recipients] == [f"user{number}@example.org" for number in range(1000)]
    assert found.defects == ("too-many-recipients",)


def test_more_hops_in_an_original_than_we_take():
    assert of_qmail(1, limits.MAX_HOPS).defects == ()
    assert of_qmail(1, limits.MAX_HOPS + 1).defects == ("too-many-hops",)
