"""Blocklists in safe mode: who is asked, about whom, and which answers mean nothing."""

import asyncio
from ipaddress import ip_address
from types import SimpleNamespace

import pytest

from ndrfilter import Envelope, Filter, limits, resources
from ndrfilter.adapters.zone import ZoneResolver
from ndrfilter.errors import ConfigError, TemporaryError

dnsbl = resources.plugin("dnsbl")
HOST = "198.51.100.25"
LISTED = "25.100.51.198.bl.example A 127.0.0.2"
TEST_POINT = "2.0.0.127.bl.example A 127.0.0.2\n"


class Counted(ZoneResolver):
    """Remembers its questions."""

    def __init__(self, text=""):
        super().__init__(text)
        self.asked = []

    async def query(self, name, rdtype):
        self.asked.append((name, rdtype))
        return await super().query(name, rdtype)


def configured(*zones):
    return dnsbl.configure({"zones": zones})


def look_up(zone, records, ip=HOST):
    """What the list says of a host, or why it says nothing."""
    resolver = Counted(records)
    try:
        return asyncio.run(dnsbl.look_up(configured(zone)[0], ip_address(ip), resolver)), resolver.asked
    except TemporaryError as error:
        return str(error), resolver.asked


def test_a_listed_host_and_the_name_that_no_list_has():
    said, asked = look_up("bl.example", TEST_POINT + LISTED)
    assert said is True
    assert asked == [("25.100.51.198.bl.example", "A"), ("1.0.0.127.bl.example", "A")]


def test_a_host_that_is_not_listed_costs_one_question():
    assert look_up("bl.example", TEST_POINT, "203.0.113.5") == (False, [("5.113.0.203.bl.example", "A")])


def test_nibbles():
    name = "8.b.d.0.1.0.0.2.bl.example"
    said, asked = look_up("bl.example", f"1.{'0.' * 23}{name} A 127.0.0.2", "2001:db8::1")
    assert said is True
    assert [one.endswith(f"0.{name}") for one, _ in asked] == [True, False]
    assert asked[1][0].startswith("1.0.0.0.0.0.f.7.f.f.f.f.0.")


@pytest.mark.parametrize(
    ("zone", "code", "expected"),
    [
        ("bl.example", "127.0.0.9", True),
        ("bl.example=127.0.0.2", "127.0.0.2", True),
        ("bl.example=127.0.0.2", "127.0.0.9", False),
        ("bl.example=127.0.0.2,127.0.0.9", "127.0.0.9", True),
        ("bl.example=127.0.1.0/24", "127.0.1.7", True),
        ("BL.Example. = 127.0.0.2", "127.0.0.2", True),
    ],
)
def test_codes(zone, code, expected):
    assert look_up(zone, f"25.100.51.198.bl.example A {code}")[0] is expected


@pytest.mark.parametrize(
    ("records", "cause"),
    [
        ("25.100.51.198.bl.example A 127.255.255.254", "does not serve our resolver: 127.255.255.254"),
        ("25.100.51.198.bl.example A 127.255.255.255", "does not serve our resolver"),
        ("25.100.51.198.bl.example A 127.0.0.1", "does not serve our resolver"),
        (LISTED + "\n25.100.51.198.bl.example A 127.255.255.252", "does not serve our resolver"),
        ("*.bl.example A 127.0.0.2", "lists everything"),
        ("*.bl.example A 203.0.113.80", "answers as no list does: 203.0.113.80"),
        ("25.100.51.198.bl.example A TIMEOUT", "timeout"),
        (LISTED + "\n1.0.0.127.bl.example A SERVFAIL", "servfail"),
    ],
)
def test_answers_that_mean_nothing(records, cause):
    assert cause in look_up("bl.example", records)[0]


@pytest.mark.parametrize("zones", [["localhost"], ["bl..example"], ["-bl.example"], ["bl.example=x"], ["bl.example=::1"],
                                   ["bl.example=10.0.0.1"], ["bl.example/x"], [], ["a.example"] * 5])  # fmt: skip
def test_zones_that_are_none(zones):
    config = {"site": {"domains": ["example.com"]}, "plugins": [{"dnsbl": {"zones": zones}}]}
    with pytest.raises(ConfigError, match="zones"):
        Filter.from_config(config)


class Message:
    """The facts that the plugin asks for, of a message as a whole filter would find them."""

    def __init__(self, raw, *zones, envelope=None):
        site = {"domains": ["example.com"], "relays": ["192.0.2.8/29"], "receivers": ["mx1.example.com"]}
        config = {"site": site, "plugins": [{"dnsbl": {"zones": list(zones)} if zones else {}}]}
        self.facts = Filter.from_config(config).facts(raw, envelope)

    def ask(self, records):
        """Both facts, and what was asked."""
        resolver = Counted(records)

        async def fetch():
            ports = SimpleNamespace(resolver=resolver)
            specs = self.facts.schema.facts
            return await asyncio.gather(
                *(specs[f"dnsbl.{name}"].afetch(self.facts, ports) for name in ("listed", "zones"))
            )

        return asyncio.run(fetch()), resolver.asked


BOUNCE = b"""\
Return-Path: <>
Received: from mx.victim.example (mx.victim.example [198.51.100.25]) by mx1.example.com (Postfix) with ESMTP id 4A; %(date)s
From: MAILER-DAEMON@mx.victim.example (Mail Delivery System)
To: alice@example.com
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b

This is the mail system at host mx.victim.example.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.victim.example

Final-Recipient: rfc822; nobody@victim.example
Action: failed
Status: 5.1.1
--b--
""" % {b"date": b"Mon, 16 Nov 2026 10:00:00 +0000"}
LETTER = BOUNCE.replace(b"multipart/report; report-type=delivery-status", b"multipart/mixed").replace(
    b"delivery-status", b"plain"
).replace(b"Auto-Submitted: auto-replied\n", b"").replace(b"Undelivered Mail Returned to Sender", b"Lunch").replace(
    b"MAILER-DAEMON", b"bob").replace(b"This is the mail system", b"Greetings from the people")  # fmt: skip


def test_without_settings_backscatterer_is_asked():
    (listed, zones), asked = Message(BOUNCE).ask("25.100.51.198.ips.backscatterer.org A 127.0.0.2")
    assert (listed, zones) == (True, ("ips.backscatterer.org",))
    assert len(asked) == 2


def test_both_facts_ask_together():
    (listed, zones), asked = Message(BOUNCE, "a.example", "b.example").ask("25.100.51.198.b.example A 127.0.0.2")
    assert (listed, zones) == (True, ("b.example",))
    assert [name.partition(".")[0] for name, _ in asked] == ["25", "25", "1"]


def test_one_list_that_lists_is_enough_when_another_fails():
    (listed, _), _ = Message(BOUNCE, "a.example", "b.example").ask(
        "25.100.51.198.b.example A 127.0.0.2\n*.a.example A TIMEOUT"
    )
    assert listed is True


def test_a_list_that_fails_leaves_it_unknown_with_the_cause():
    (listed, zones), _ = Message(BOUNCE, "a.example", "b.example").ask("*.a.example A TIMEOUT")
    assert "a.example: timeout" in listed.cause
    assert zones == listed


@pytest.mark.parametrize(
    ("raw", "envelope"),
    [
        (LETTER, None),
        (BOUNCE.replace(b"198.51.100.25", b"10.1.2.3"), None),
        (BOUNCE.replace(b"198.51.100.25", b"192.0.2.10"), None),
        (BOUNCE.replace(b"by mx1.example.com", b"by mx.elsewhere.example"), None),
        (BOUNCE.replace(b"198.51.100.25", b"127.0.0.1"), Envelope(sender="", client_ip="fd00::1")),
    ],
    ids=["an ordinary letter", "a private address", "our own relay", "nobody whom we believe", "inside"],
)
def test_nobody_else_is_asked_about(raw, envelope):
    assert Message(raw, envelope=envelope).ask("*.ips.backscatterer.org A 127.0.0.2") == ([None, None], [])


def test_all_lists_together_stay_within_the_budget():
    zones = [f"{name}.example" for name in "abcd"]
    assert len(zones) == limits.MAX_DNSBL_ZONES
    _, asked = Message(BOUNCE, *zones).ask("\n".join(f"25.100.51.198.{zone} A 127.0.0.2" for zone in zones))
    assert len(asked) == 2 * limits.MAX_DNSBL_ZONES < limits.MAX_DNS_QUERIES


def before_the_message(envelope, records="25.100.51.198.ips.backscatterer.org A 127.0.0.2", raw=b""):
    """What the lists say of an envelope, and what was asked."""
    resolver = Counted(records)
    site = {"domains": ["example.com"], "relays": ["192.0.2.8/29"]}
    judge = Filter.from_config({"site": site, "plugins": ["dnsbl"]}, resolver=resolver)
    facts = judge.facts(raw, envelope)
    asyncio.run(judge.afetch(facts, "dnsbl.listed", "dnsbl.zones", "envelope.null"))
    return (facts.fact("dnsbl.listed"), facts.fact("dnsbl.zones")), resolver.asked


def test_before_there_is_a_message_the_null_sender_is_asked_about():
    (listed, zones), asked = before_the_message(Envelope("", ("alice@example.com",), HOST))
    assert (listed, zones) == (True, ("ips.backscatterer.org",))
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("envelope", "raw"),
    [
        (Envelope("bob@victim.example", ("alice@example.com",), HOST), b""),
        (Envelope(None, ("alice@example.com",), HOST), b""),
        (Envelope("", ("alice@example.com",), "192.0.2.10"), b""),
        (Envelope("", ("alice@example.com",)), b""),
        (Envelope("", ("alice@example.com",), HOST), LETTER),
    ],
    ids=["a sender", "nobody told", "our relay", "no client", "a letter from the null sender"],
)
def test_before_there_is_a_message_nobody_else_is(envelope, raw):
    assert before_the_message(envelope, raw=raw) == ((None, None), [])
