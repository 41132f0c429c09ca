"""Bounces made to measure: a report by mx.victim.example, and an original with the given trace."""

from __future__ import annotations

import pytest

from ndrfilter import Envelope, Filter

SITE = {
    "domains": ["example.com"],
    "relays": ["mail.example.com", "192.0.2.0/24", "*.out.example.com"],
    "receivers": ["mx1.example.com"],
    "complete": ["relays"],
}
OUTER = (
    "from mx.victim.example (mx.victim.example [203.0.113.25]) by mx1.example.com (Postfix) with ESMTP id 4A; {date}",
    "by mx.victim.example (Postfix) id 4B; {date}",
)
DATE = "Mon, 16 Nov 2026 10:00:00 +0000"
FORGED_MESSAGE_ID = "<77@mailer.spam.example>"


def bounce(
    *received, outer=OUTER, reporting="mx.victim.example", author="alice@example.com", extra="", text="",
    message_id="<1@example.com>", body="Hello.", return_path="alice@example.com",
):  # fmt: skip
    """The bytes of a Postfix-like DSN; `received` are the original's Received values, `extra` goes above them."""
    hops = "".join(f"Received: {hop.format(date=DATE)}\n" for hop in outer)
    trace = "".join(f"Received: {hop.format(date=DATE)}\n" for hop in received)
    return f"""\
Return-Path: <>
{hops}Date: {DATE}
From: MAILER-DAEMON@{reporting} (Mail Delivery System)
To: {return_path}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Message-Id: <4B@{reporting}>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b/{reporting}"

--b/{reporting}
Content-Type: text/plain; charset=us-ascii

This is the mail system at host {reporting}.
{text}
<nobody@victim.example>: unknown user: "nobody"

--b/{reporting}
Content-Type: message/delivery-status

Reporting-MTA: dns; {reporting}
X-Postfix-Queue-ID: 4C
Arrival-Date: {DATE}

Final-Recipient: rfc822; nobody@victim.example
Action: failed
Status: 5.1.1
Diagnostic-Code: X-Postfix; unknown user: "nobody"

--b/{reporting}
Content-Type: message/rfc822

Return-Path: <{return_path}>
{extra}{trace}From: {author}
To: nobody@victim.example
Subject: Offer
Date: {DATE}
Message-ID: {message_id}

{body}

--b/{reporting}--
""".encode()


@pytest.fixture
def make_bounce():
    return bounce


@pytest.fixture
def check():
    """Checks a message as mail to alice, at a site given in parts that differ from the usual one."""

    def run(raw, *, recipients=("alice@example.com",), resolver=None, client_ip=None, **site):
        plugins = {} if resolver is None else {"plugins": ["spf"]}
        filter_ = Filter.from_config({"site": {**SITE, **site}, **plugins}, resolver=resolver)
        return filter_.check(raw, envelope=Envelope(sender="", recipients=recipients, client_ip=client_ip))

    return run
