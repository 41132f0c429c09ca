"""A mark of ours counts for as many bounces as one message can cause, however alike a thousand of them are."""

from __future__ import annotations

import pytest

from ndrfilter import Envelope, Filter, outbound
from ndrfilter.adapters.clock import FixedClock
from ndrfilter.adapters.store import SqliteStore

CONFIG = {
    "site": {"domains": ["example.com"], "receivers": ["mx.example.com"]},
    "plugins": {"token": {"keys": {"k1": "0123456789abcdef"}, "uses": 3}},
}
NOW = 1_767_268_800.0
MAIL = b"""\
From: Alice <alice@example.com>
To: bob@receiver.example
Subject: hello
Date: Thu, 01 Jan 2026 11:00:00 +0000
Message-ID: <1@example.com>

Hello.
"""
REPORT = b"""\
Return-Path: <>
Received: from mx.receiver.example (mx.receiver.example [198.51.100.25]) by mx.example.com (Postfix) with ESMTP id %d;
 Thu, 01 Jan 2026 11:30:00 +0000
From: MAILER-DAEMON@mx.receiver.example
To: alice@example.com
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.receiver.example

Final-Recipient: rfc822; bob@receiver.example
Action: failed
Status: 5.1.1

--b
Content-Type: message/rfc822

%s
--b--
"""


@pytest.fixture
def verdict():
    filter_ = Filter.from_config(CONFIG, clock=FixedClock(NOW), store=SqliteStore(None, FixedClock(NOW)))
    stamps = [stamp for _, stamp in filter_.stamps(MAIL, Envelope(sender="alice@example.com"))]
    original = outbound.apply(MAIL, stamps)
    envelope = Envelope(sender="", recipients=("alice@example.com",))

    def judge(delivery, above=b""):
        return filter_.check(above + REPORT % (delivery, original), envelope=envelope).verdict

    return judge


def test_the_same_bounce_sent_again_and_again_is_used_up(verdict):
    assert [verdict(delivery) for delivery in range(6)] == ["genuine"] * 3 + ["undetermined"] * 3
    assert verdict(0) == "genuine"  # what was believed stays so, however many come after it


def test_one_bounce_seen_by_one_filter_after_another_counts_once(verdict):
    inside = b"Received: from mx.example.com (mx.example.com [192.0.2.25]) by mail.example.com with LMTP id 7;\n x\n"
    assert [verdict(1, above) for above in (b"", b"", inside, inside + inside)] == ["genuine"] * 4
    assert [verdict(delivery) for delivery in (2, 3, 4)] == ["genuine", "genuine", "undetermined"]
