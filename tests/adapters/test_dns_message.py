"""One message and its DNS: what a server that fails does to the verdict, how long it may take, how often it is asked."""

from __future__ import annotations

import asyncio
import struct
from types import SimpleNamespace

import pytest

from ndrfilter import Envelope, Filter, limits
from ndrfilter.adapters.dns import Budgeted, DnsResolver
from ndrfilter.adapters.zone import ZoneResolver

DATE = "Mon, 16 Nov 2026 10:00:00 +0000"
FORGED = f"""\
Return-Path: <>
Received: from mx.victim.example (mx.victim.example [198.51.100.25]) by mx1.example.com (Postfix) with ESMTP id 4A; {DATE}
Date: {DATE}
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
X-Postfix-Queue-ID: 4C

Final-Recipient: rfc822; nobody@victim.example
Action: failed
Status: 5.1.1

--b
Content-Type: message/rfc822

Return-Path: <alice@example.com>
Received: from host66.spam.example (host66.spam.example [203.0.113.66]) by mx.victim.example (Postfix) with ESMTP id A; {DATE}
From: alice@example.com
To: nobody@victim.example
Subject: Offer
Date: {DATE}
Message-ID: <77@mailer.spam.example>

Buy.
--b--
""".encode()
SITE = {
    "domains": ["example.com"],
    "relays": ["mail.example.com"],
    "receivers": ["mx1.example.com"],
    "complete": ["relays"],
}
ENVELOPE = Envelope(sender="", recipients=("alice@example.com",), client_ip="198.51.100.25")

NAMED = ENVELOPE._replace(client_name="mx.victim.example")
"""Brought by the reporting server itself: nothing is to be asked about it."""


def office(port=None, timeout=5.0, plugins=("spf",)):
    """A filter whose DNS is the server on that port."""
    resolver = DnsResolver(("127.0.0.1",), port=port, timeout=timeout) if port else None
    return Filter.from_config({"site": SITE, "plugins": list(plugins)}, resolver=resolver)


def raw(flags=0x8180, answers=b"", count=0, ident=None):
    def reply(question):
        name = question.question[0].name.to_wire() + struct.pack("!HH", question.question[0].rdtype, 1)
        return struct.pack("!HHHHHH", question.id if ident is None else ident, flags, 1, count, 0, 0) + name + answers

    return reply


def record(rdtype, data):
    return b"\xc0\x0c" + struct.pack("!HHIH", rdtype, 1, 60, len(data)) + data


LONG = record(16, b"".join(b"\xff" + b"a" * 255 for _ in range(255)))
HOSTILE = {
    "silence": (None, None, "timeout"),
    "SERVFAIL": (raw(0x8182), None, "SERVFAIL"),
    "REFUSED": (raw(0x8185), None, "REFUSED"),
    "wrong id": (raw(ident=1), None, "timeout"),
    "garbage": (lambda q: b"\xff" * 100, None, "timeout"),
    "broken record": (raw(answers=record(16, b"\x09x"), count=1), None, "malformed"),
    "CNAME loop": (raw(answers=record(5, b"\xc0\x0c"), count=1), None, "CNAME"),
    "cut off, no TCP": (raw(0x8380), None, "hung up"),
    "64 KB TXT": (raw(0x8380), raw(answers=LONG, count=1), "bytes"),
    "flood": (raw(answers=record(1, b"\x7f\0\0\1") * 400, count=400), None, "records"),
    "referral": (raw(0x8100), None, "referral"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_dns_that_fails_saves_the_bounce_and_says_why(dns_server, kind):
    reply, tcp, cause = HOSTILE[kind]

    async def main():
        async with dns_server(reply, tcp) as (_, port):
            return await office(port, 0.2 if cause == "timeout" else 5.0).acheck(FORGED, envelope=ENVELOPE)

    result = asyncio.run(main())
    assert result.verdict == "undetermined"
    assert "ORIGINAL_SPF_FAIL" not in {hit.name for hit in result.hits}
    causes = {one.name: one.cause for one in result.undecided}
    assert cause in causes["ORIGINAL_SPF_PASS"]


@pytest.mark.parametrize(
    ("spf", "rcode", "verdict"),
    [
        ("v=spf1 ip4:192.0.2.0/24 -all", "NOERROR", "backscatter"),
        ("v=spf1 ip4:203.0.113.66 -all", "NOERROR", "undetermined"),
        (None, "NOERROR", "backscatter"),
        (None, "NXDOMAIN", "backscatter"),
    ],
    ids=["forbidden", "allowed", "no data", "no such name"],
)
def test_dns_that_answers_lets_it_be_decided(dns_server, dns_answer, spf, rcode, verdict):
    def reply(question):
        asked = question.question[0]
        lines = [f'example.com. 60 TXT "{spf}"'] if spf and asked.name.to_text() == "example.com." else []
        return dns_answer(question, *lines, rcode=rcode)

    async def main():
        async with dns_server(reply) as (_, port):
            return await office(port).acheck(FORGED, envelope=ENVELOPE)

    assert asyncio.run(main()).verdict == verdict


def test_a_message_ends_at_its_deadline_however_patient_a_question_is(dns_server, monkeypatch):
    monkeypatch.setattr(limits, "MESSAGE_DEADLINE", 0.2)

    async def main():
        async with dns_server(None) as (_, port):
            result = await office(port, 3_600.0).acheck(FORGED, envelope=ENVELOPE)
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()  # the question waits on, for whoever asks it next
            return result

    result = asyncio.run(main())
    assert result.verdict == "undetermined"
    assert any("deadline" in one.cause for one in result.undecided)


def test_a_check_that_nobody_waits_for_asks_nothing_more(dns_server, dns_answer):
    async def main():
        asked = asyncio.Event()

        def reply(question):
            asked.set()
            return (
                None if len(server.asked) < 2 else dns_answer(question, 'example.com. 9 TXT "v=spf1 a:a.example -all"')
            )

        async with dns_server(reply) as (server, port):
            check = asyncio.ensure_future(office(port, 0.4).acheck(FORGED, envelope=NAMED))
            await asyncio.wait([check, asyncio.ensure_future(asked.wait())], return_when=asyncio.FIRST_COMPLETED)
            check.cancel()
            await asyncio.wait([check])
            rest = asyncio.all_tasks() - {asyncio.current_task()}
            if rest:
                await asyncio.wait(rest, timeout=5)
            return check.cancelled(), set(server.asked)

    assert asyncio.run(main()) == (True, {("example.com", "TXT")})


def test_what_was_learnt_for_one_message_serves_the_next_in_another_event_loop(dns_server, dns_answer):
    config = {"site": SITE, "plugins": ["spf"]}

    async def main():
        async with dns_server(lambda q: dns_answer(q, f'{q.question[0].name} 60 TXT "v=spf1 -all"')) as (server, port):
            filter_ = Filter.from_config({**config, "dns": {"servers": [f"127.0.0.1:{port}"], "timeout": "5s"}})
            results = [await asyncio.to_thread(filter_.check, FORGED, envelope=NAMED) for _ in range(3)]
            return {result.verdict for result in results}, server.asked

    assert asyncio.run(main()) == ({"backscatter"}, [("example.com", "TXT")])


class Counted(ZoneResolver):
    """Remembers its questions."""

    def __init__(self, text):
        super().__init__(text)
        self.asked = []

    async def query(self, name, rdtype):
        self.asked.append((name, rdtype))
        return await super().query(name, rdtype)


def record_of(name, text):
    return f"{name} TXT " + " ".join(f'"{text[n : n + 200]}"' for n in range(0, len(text), 200))


def includes(domain, number, term):
    """A record of so many includes, each of which holds that term."""
    names = [f"_{n}.{domain}" for n in range(number)]
    own = record_of(domain, f"v=spf1 {' '.join(f'include:{name}' for name in names)} -all")
    return "\n".join([own, *(record_of(name, f"v=spf1 {term} -all") for name in names), ""])


def everything(zone, raw=FORGED, plugins=("spf", {"dnsbl": {"zones": ["a.example", "b.example"]}}, "dkim")):
    """Every network fact of a message, asked at once, and the questions that it took."""
    resolver = Counted(zone)
    facts = office(plugins=plugins).facts(raw, ENVELOPE)
    ports = SimpleNamespace(resolver=Budgeted(resolver), store=None, clock=None)
    specs = [spec for spec in facts.schema.facts.values() if spec.afetch and spec.plugin in ("spf", "dnsbl", "dkim")]

    async def fetch():
        return await asyncio.gather(*(spec.afetch(facts, ports) for spec in specs), return_exceptions=True)

    return dict(zip((spec.name for spec in specs), asyncio.run(fetch()), strict=True)), resolver.asked


def test_all_sources_together_ask_no_more_than_the_budget():
    endless = includes("example.com", 5, "mx:%{d}.many.example") + "".join(
        f"*.many.example MX {n} m{n}.example\nm{n}.example A 192.0.2.{n}\n" for n in range(9)
    )
    found, asked = everything(endless + includes("mx.victim.example", 9, "-mx"))
    assert len(asked) == limits.MAX_DNS_QUERIES
    assert "budget" in str(found["spf.original"])


def test_what_strangers_make_us_ask_leaves_enough_for_our_own_domain():
    zone = includes("example.com", 10, "ip4:192.0.2.1") + includes("mx.victim.example", 10, "ip4:192.0.2.1")
    found, asked = everything(zone, plugins=("spf", "dnsbl"))
    assert found["spf.original"] == found["spf.author"] == "fail"
    assert "too many questions" in str(found["spf.reporting"])
    assert found["dnsbl.listed"] is False
    assert len(asked) <= limits.MAX_DNS_QUERIES


def test_no_question_is_asked_twice_for_a_message():
    _, asked = everything('example.com TXT "v=spf1 a:a.example mx -all"\nmx.victim.example A 198.51.100.25')
    assert len(asked) == len(set(asked))
