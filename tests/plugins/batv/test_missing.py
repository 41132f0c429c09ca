"""What it means that a tag is missing, and when nothing."""

from __future__ import annotations

import pytest

from ndrfilter import Envelope

TAGGED = "prvs=1784e71dd2=alice@example.com"


@pytest.mark.parametrize(
    ("values", "sender", "recipient", "hit"),
    [
        ({}, "", "alice@example.com", True),
        ({"since": "2026-11-22"}, "", "alice@example.com", False),
        ({"since": ""}, "", "alice@example.com", False),
        ({}, None, "alice@example.com", False),
        ({}, "bob@receiver.example", "alice@example.com", False),
        ({"exempt_senders": ["example.com"]}, "", "alice@example.com", False),
        ({"exempt_recipients": ["*@receiver.example"]}, "", "alice@example.com", False),
        ({}, "", "x" * 49 + "@example.com", False),
        ({}, "", "bob@elsewhere.example", False),
        ({}, "", TAGGED, False),
        ({}, "", "prvs=2784e71dd2=alice@example.com", False),
    ],
)
def test_when_a_tag_is_missing(kit, judged, values, sender, recipient, hit):
    envelope = Envelope(sender=sender, recipients=[recipient], **kit.CLIENT)
    result = judged(kit.bounce(to="alice"), config=kit.config(**values), envelope=envelope, now=kit.NOW)
    assert ("BATV_MISSING" in kit.names(result)) == hit


BY_US = "Received: by mail.example.com (Postfix)\n\tid 5C0FFEE123; Sun, 22 Nov 2026 10:00:04 +0000\n"
FILTER = "Received: from localhost (localhost [127.0.0.1]) by mail.example.com; Sun, 22 Nov 2026 10:00:05 +0000\n"
RELAY = "Received: from mail.example.com (mail.example.com [192.0.2.10]) by mx.example.com; Sun, 22 Nov 2026 10:00:05 +0000\n"
FOREIGN = "Received: from mx.receiver.example (mx.receiver.example [198.51.100.25]) by mx.example.com; Sun, 22 Nov 2026 10:00:05 +0000\n"
INSIDE = (
    "Received: from ex01.corp.local (ex01.corp.local [10.0.0.5]) by mail.example.com; Sun, 22 Nov 2026 10:00:05 +0000\n"
)


@pytest.mark.parametrize(
    ("trace", "client", "hit"),
    [
        (BY_US, {}, False),
        (INSIDE, {}, False),
        ("", {"client_ip": "10.0.0.5", "client_name": "ex01.corp.local"}, False),
        (INSIDE + FOREIGN, {}, True),
        (FILTER + BY_US, {}, False),
        (FILTER + RELAY + BY_US, {}, False),
        (RELAY + BY_US, {}, False),
        (BY_US, {"client_ip": "192.0.2.10"}, False),
        (BY_US, {"client_ip": "127.0.0.1"}, False),
        ("", {}, False),
        (FOREIGN, {}, True),
        (FILTER + FOREIGN, {}, True),
        (FOREIGN, {"client_ip": "127.0.0.1"}, True),
        (BY_US, {"client_ip": "198.51.100.25"}, True),
        ("", {"client_ip": "198.51.100.25"}, True),
    ],
)
def test_a_server_of_our_own_may_bounce_before_it_tags(kit, judged, trace, client, hit):
    raw = trace.encode() + b"Return-Path: <>\n" + kit.bounce().split(b"+0000\n", 1)[1]
    settings = kit.config()
    settings["site"]["relays"] = ["192.0.2.8/29"]
    envelope = Envelope(sender="", recipients=["alice@example.com"], **client)
    assert ("BATV_MISSING" in kit.names(judged(raw, config=settings, envelope=envelope, now=kit.NOW))) == hit


@pytest.mark.parametrize(("date", "hit"), [("30 Sep", False), ("1 Oct", False), ("3 Oct", True), ("22 Nov", True)])
def test_mail_from_before_the_tags(kit, judged, date, hit):
    original = (
        "\n--- Below this line is a copy of the message.\n\nReturn-Path: <alice@example.com>\nFrom: alice@example.com\n"
        f"Date: {date} 2026 10:00:00 +0000\nSubject: x\n\nx\n"
    )
    result = judged(
        kit.bounce(original=original), config=kit.config(), envelope=kit.to("alice@example.com"), now=kit.NOW
    )
    assert ("BATV_MISSING" in kit.names(result)) == hit


def test_a_missing_tag_decides_only_where_all_is_signed(kit, judged):
    spam = (
        "\n--- Below this line is a copy of the message.\n\nReturn-Path: <alice@example.com>\n"
        "Received: from host66.spam.example ([203.0.113.66]) by mx.receiver.example; Sun, 22 Nov 2026 10:00:02 +0000\n"
        "From: alice@example.com\nDate: Sun, 22 Nov 2026 10:00:00 +0000\nSubject: pills\n\npills\n"
    )
    plain = kit.to("alice@example.com")
    assert judged(kit.bounce(original=spam), config=kit.config(), envelope=plain, now=kit.NOW).verdict == "backscatter"
    assert (
        judged(kit.bounce(original=spam), config=kit.config(()), envelope=plain, now=kit.NOW).verdict == "undetermined"
    )
