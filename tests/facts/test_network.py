"""Network facts: asked only when they matter, at once, under one deadline; what fails is unknown and prevents backscatter."""

from __future__ import annotations

import asyncio

import pytest

from ndrfilter import Envelope, Filter, limits
from ndrfilter.adapters.zone import ZoneResolver

STRANGER = "from host66.spam.example (host66.spam.example [203.0.113.66]) by mx.victim.example (Postfix) with ESMTP id A; {date}"
OURS = "from mail.example.com (mail.example.com [192.0.2.7]) by mx.victim.example (Postfix) with ESMTPS id A; {date}"
SPAM_ID = "<77@mailer.spam.example>"


class Counting(ZoneResolver):
    """A zone that remembers its questions, and may never answer."""

    def __init__(self, text="", *, hang=False):
        super().__init__(text)
        self.asked = []
        self.hang = hang

    async def query(self, name, rdtype):
        self.asked.append((name.rstrip("."), rdtype))
        if self.hang:
            await asyncio.Event().wait()
        return await super().query(name, rdtype)


def test_spf_that_forbids_the_stranger_is_a_hit(make_bounce, check):
    zone = Counting('example.com. TXT "v=spf1 ip4:192.0.2.0/24 -all"')
    result = check(make_bounce(STRANGER, message_id=SPAM_ID), resolver=zone)
    assert result.verdict == "backscatter"
    assert "ORIGINAL_SPF_FAIL" in {hit.name for hit in result.hits}
    assert len(zone.asked) <= limits.MAX_DNS_QUERIES


def test_spf_that_allows_the_stranger_prevents_backscatter(make_bounce, check):
    zone = Counting('example.com. TXT "v=spf1 ip4:203.0.113.66 -all"')
    assert check(make_bounce(STRANGER, message_id=SPAM_ID), resolver=zone).verdict == "undetermined"


@pytest.mark.parametrize("failure", ["SERVFAIL", "TIMEOUT"])
def test_dns_trouble_leaves_the_rule_undecided_and_the_mail_unharmed(make_bounce, check, failure):
    result = check(make_bounce(STRANGER, message_id=SPAM_ID), resolver=Counting(f"example.com. ANY {failure}"))
    assert result.verdict == "undetermined"
    assert any("could not be looked up" in undecided.cause for undecided in result.undecided)


def test_an_answer_that_never_comes_ends_at_the_deadline(make_bounce, check, monkeypatch):
    monkeypatch.setattr(limits, "MESSAGE_DEADLINE", 0.2)
    result = check(make_bounce(STRANGER, message_id=SPAM_ID), resolver=Counting(hang=True))
    assert result.verdict == "undetermined"
    assert any("deadline" in undecided.cause for undecided in result.undecided)


@pytest.mark.parametrize("raw", [b"From: a@example.org\nSubject: hello\n\nHow are you?\n", b""])
def test_ordinary_mail_asks_nobody(check, raw):
    zone = Counting()
    assert check(raw, resolver=zone).verdict == "not-a-bounce"
    assert zone.asked == []


def test_what_cannot_change_the_verdict_is_not_asked(make_bounce, check):
    zone = Counting()
    result = check(make_bounce(OURS), resolver=zone)
    assert result.verdict == "genuine"
    assert zone.asked == []
    assert result.undecided == ()


def test_where_nothing_is_certain_what_was_not_asked_is_said(make_bounce, check):
    zone = Counting()
    result = check(make_bounce(STRANGER, message_id=SPAM_ID), resolver=zone, complete=[])
    assert (result.verdict, zone.asked) == ("undetermined", [])
    assert (
        "no answer could have changed the verdict"
        in {one.name: one.cause for one in result.undecided}["ORIGINAL_FROM_STRANGER"]
    )


def test_both_drivers_say_the_same_even_inside_a_running_loop(make_bounce):
    zone = 'example.com. TXT "v=spf1 ip4:192.0.2.0/24 -all"'
    site = {"domains": ["example.com"], "relays": ["mail.example.com"], "complete": ["relays"]}
    filter_ = Filter.from_config({"site": site, "plugins": ["spf"]}, resolver=ZoneResolver(zone))
    envelope = Envelope(sender="", recipients=("alice@example.com",))
    raw = make_bounce(STRANGER, message_id=SPAM_ID)

    async def both():
        return await filter_.acheck(raw, envelope=envelope), filter_.check(raw, envelope=envelope)

    waited, blocking = asyncio.run(both())
    assert waited.to_dict() == blocking.to_dict() == filter_.check(raw, envelope=envelope).to_dict()
