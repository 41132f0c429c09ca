"""The gate never closes on what the rules would speak of, whatever is done to a header; and it costs no parse."""

from __future__ import annotations

import marshal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ndrfilter import Envelope, Filter
from ndrfilter.gate import check, message_id
from ndrfilter.gate.plans import plan_of

BOUNCE = b"""Return-Path: <>
From: MAILER-DAEMON@mail.example.net (Mail Delivery System)
To: sender@example.com
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="b"
Message-ID: <20240102030405.1@mail.example.net>

--b
Content-Type: text/plain

<nobody@example.org>: host mx.example.org said: 550 5.1.1 unknown
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.net

Final-Recipient: rfc822; nobody@example.org
Action: failed
Status: 5.1.1
--b--
"""
FAKE = b"""From: "Mail Server" <support@spam.example>
To: alice@example.com
Subject: Delivery failed: 3 messages are held
Content-Type: text/html

<a href="https://spam.example/?alice@example.com">Release messages</a> Your password expires, verify your account.
"""
AUTOREPLY = b"""From: Anna <anna@example.net>
To: sender@example.com
Subject: Automatic reply: report
Auto-Submitted: auto-replied
In-Reply-To: <1@example.com>

I am out of office.
"""
ORDINARY = b"""Return-Path: <anna@example.net>
Received: from mx.example.net (mx.example.net [192.0.2.7]) by mail.example.com; Tue, 2 Jan 2024 03:04:05 +0000
From: "Anna, of Example" <anna@example.net>
To: sender@example.com
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= from here
Message-ID: <1@example.net>

At noon?
"""
MAILS = (BOUNCE, FAKE, AUTOREPLY, ORDINARY)
SITE = {"site": {"domains": ["example.com"], "relays": ["mail.example.com"], "complete": ["relays"]}}
ENVELOPES = (None, Envelope(sender=""), Envelope(sender="anna@example.net"), Envelope(sender="odd one"))


@pytest.fixture(scope="module")
def gated():
    made = Filter.from_config(SITE)
    made.prepare()
    return made


@pytest.fixture(scope="module")
def plain():
    return Filter.from_config(SITE, plain=True)


def agree(gated, plain, raw, envelope):
    found = gated.ordinary(raw, envelope, "arguments")
    if found is not None:
        assert found.to_dict() == plain.check(raw, envelope=envelope, envelope_source="arguments").to_dict()
    return found is not None


def test_it_closes_on_ordinary_mail(gated, plain):
    assert agree(gated, plain, ORDINARY, Envelope(sender="anna@example.net"))
    assert agree(gated, plain, ORDINARY.replace(b"\n", b"\r\n"), None)
    assert agree(gated, plain, b"From anna Tue Jan  2 03:04:05 2024\n" + ORDINARY, None)


@pytest.mark.parametrize("raw", [BOUNCE, FAKE, AUTOREPLY])
def test_it_is_open_for_what_the_rules_speak_of(gated, raw):
    assert gated.ordinary(raw, Envelope(sender=""), "arguments") is None


def test_it_is_open_for_a_null_sender_that_writes_like_anybody(gated):
    assert gated.ordinary(ORDINARY, Envelope(sender="<>"), "arguments") is None


def test_a_plain_filter_has_no_gate(plain):
    assert plain.ordinary(ORDINARY, None, "none") is None


def test_the_check_of_the_library_gives_the_same_result(gated, plain):
    assert gated.check(ORDINARY).to_dict() == plain.check(ORDINARY).to_dict()


def test_nothing_is_parsed_until_somebody_asks_for_what_only_that_tells(gated, monkeypatch):
    parsed = []
    monkeypatch.setattr(gated, "facts", lambda *given: parsed.append(1) or Filter.facts(gated, *given))
    result = gated.check(ORDINARY)
    assert (result.verdict, result.advice.reason, result.errors, parsed) == (
        "not-a-bounce", "Not a delivery report.", (), [],
    )  # fmt: skip
    assert result.defects == ()
    assert parsed == [1]


def test_what_fails_in_the_gate_opens_it_and_is_named():
    judge = Filter.from_config(SITE)
    judge.prepare()
    judge._gate._plan = ("broken",)
    assert judge.check(BOUNCE).errors[0].where == "gate"
    assert judge.check(ORDINARY).verdict == "not-a-bounce"


def lines(raw):
    return raw.split(b"\n")


LINES = sorted({line for mail in MAILS for line in lines(mail)})
ODD = [
    b"", b" ", b"\t", b" folded", b"junk", b"From : a@b", b"X-Failed-Recipients: a@b", b"From x", b":", b"a:b",
    b"Content-Type: =?us-ascii?q?message/delivery-status?=", b"Content-Type: multipart/mixed; boundary=b",
    b"Content-Type: multipart/digest; boundary=b", b"From: mailer(x)-daemon@example.net", b"From: <>", b"From: postmaster",
    b"From: =?us-ascii?q?mailer-daemon?= <a@b>", b"From: mailer - daemon @ example.net", b"Return-Path:",
    b"Subject: =?us-ascii?q?Undelivered?= mail =?us-ascii?b?ZmFpbGVk?=", b"Subject: failure\n notice", b"--b", b"\r",
    b"Auto-Submitted: auto-replied", b"X-Autoreply: yes", b'From: "mailer\\-daemon"@example.net', b"\xff\xfe", b"\0",
    b"Message-ID: <dovecot-sieve-1-1-1@x>", "Subject: Unzuſtellbar".encode(), b"From: MAILER-DAEMON",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(MAILS),
    st.lists(st.tuples(st.sampled_from(["put", "drop", "swap"]), st.integers(0, 30), st.sampled_from(LINES + ODD)), max_size=6),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.sampled_from(ENVELOPES),
)  # fmt: skip
def test_it_agrees_with_the_rules_on_any_mail(gated, plain, mail, changes, end, envelope):
    found = lines(mail)
    for what, place, line in changes:
        place %= len(found) + 1
        if what == "put":
            found.insert(place, line)
        else:
            found[place : place + 1] = [] if what == "drop" else [line]
    agree(gated, plain, end.join(found), envelope)


def test_the_plan_is_plain_data_and_the_check_needs_no_module(gated, tmp_path):
    plan = tmp_path / "plan"
    plan.write_bytes(marshal.dumps(plan_of(gated)))
    (tmp_path / "mail").write_bytes(ORDINARY)
    program = f"""
import marshal, sys
known = set(sys.modules)
scope = {{"__name__": "check"}}
exec(compile(open({str(Path(check.__file__))!r}).read(), "check", "exec"), scope)
plan = marshal.loads(open({str(plan)!r}, "rb").read())
assert scope["closed"](open({str(tmp_path / "mail")!r}, "rb").read(), plan, "anna@example.net") is False  # encoded subject
assert scope["closed"](b"From: anna@example.net\\nSubject: noon\\n\\nhi\\n", plan, "anna@example.net") is True
assert set(sys.modules) == known
"""
    subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"A: b\nMessage-ID: <1@x>\nC: d\n\n", b"<1@x>"),
        (b"message-id:\r\n <1@x>\r\nC: d\r\n\r\nMessage-ID: <2@x>", b"<1@x>"),
        (b"A: b\n\nMessage-ID: <2@x>\n\n", b""),
        (b"A: b\nMessage-ID: <1\n @x>\n\n", b"<1\n @x>"),
        (b"A: b\r\n\r\nMessage-ID: <2@x>\r\n\r\n", b""),
        (b"From x\nA: b\n Message-ID: <1@x>\nMESSAGE-ID:<2@x>\r\n\t(a) \r\n\r\n", b"<2@x>\n\t(a)"),
    ],
)
def test_the_message_id_is_found_without_parsing(raw, said):
    assert message_id(raw) == said


def test_the_rules_that_come_along_leave_the_gate_closed_for_most_mail(gated):
    assert plan_of(gated) is not None
