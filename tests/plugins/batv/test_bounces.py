"""What binds a tag: the recipient of the bounce, the number of bounces, the state that counts them."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter import Filter
from ndrfilter.adapters.clock import FixedClock
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.errors import TemporaryError

TAGGED = "prvs=1784e71dd2=alice@example.com"


def test_a_tagged_bounce_is_genuine_whatever_came_back(kit, judged):
    result = judged(kit.bounce(to=TAGGED), config=kit.config(), envelope=kit.to(TAGGED), now=kit.NOW)
    assert (result.verdict, result.evidence, kit.names(result)) == ("genuine", "proof", {"BATV_PROOF"})


def test_a_tag_in_the_header_alone_proves_nothing(kit, judged):
    result = judged(kit.bounce(to=TAGGED), config=kit.config(), envelope=kit.to("bob@example.com"), now=kit.NOW)
    assert (result.verdict, kit.names(result)) == ("undetermined", set())


def test_bobs_tag_in_the_return_path_does_not_speak_for_alice(kit, judged):
    forged = (
        "\n--- Below this line is a copy of the message.\n\nReturn-Path: <prvs=1784ae6e14=bob@example.com>\n"
        "From: alice@example.com\nDate: Sun, 22 Nov 2026 10:00:00 +0000\nSubject: x\n\nx\n"
    )
    result = judged(kit.bounce(original=forged), config=kit.config(), envelope=kit.to("alice@example.com"), now=kit.NOW)
    assert (result.verdict, kit.names(result)) == ("undetermined", set())
    result = judged(kit.bounce(original=forged), config=kit.config(), envelope=kit.to("bob@example.com"), now=kit.NOW)
    assert kit.names(result) == {"BATV_VALID"}


def test_a_thousand_replays_of_one_tag(kit):
    clock = FixedClock(kit.NOW)
    filter_ = Filter.from_config(kit.config(uses=20), clock=clock, store=SqliteStore(None, clock))

    async def replayed():
        return [
            (await filter_.acheck(kit.bounce(number, TAGGED), envelope=kit.to(TAGGED))).verdict
            for number in range(1000)
        ]

    assert asyncio.run(replayed()) == ["genuine"] * 20 + ["undetermined"] * 980
    other = "prvs=1784ae6e14=bob@example.com"
    assert filter_.check(kit.bounce(1, other), envelope=kit.to(other)).verdict == "genuine"


def test_the_same_bounce_counts_once(kit, judged):
    store = SqliteStore(None, FixedClock(kit.NOW))
    for _ in range(3):
        result = judged(
            kit.bounce(to=TAGGED), config=kit.config(uses=1), envelope=kit.to(TAGGED), now=kit.NOW, store=store
        )
        assert result.verdict == "genuine"


class Broken:
    """A store that cannot be reached."""

    def count(self, *_):
        raise TemporaryError("the disk is gone")


def test_without_its_state_a_tag_is_a_trace(kit, judged):
    result = judged(kit.bounce(to=TAGGED), config=kit.config(), envelope=kit.to(TAGGED), now=kit.NOW, store=Broken())
    assert (result.verdict, kit.names(result)) == ("undetermined", {"BATV_VALID"})
    assert [hit.evidence for hit in result.hits if hit.name == "BATV_VALID"] == ["trace"]


@pytest.fixture(scope="module")
def everything_on(kit):
    """A filter with BATV on, for whatever comes."""
    return Filter.from_config(kit.config(), clock=FixedClock(kit.NOW), store=SqliteStore(None, FixedClock(kit.NOW)))


HOSTILE = st.text(max_size=40) | st.from_regex(
    r"(prvs=[0-9]{4}[0-9a-f]{6}=|a\+prvs=)[^@]{0,20}@example\.com", fullmatch=True
)


@given(st.lists(HOSTILE, max_size=3), HOSTILE)
def test_whatever_the_envelope_and_the_return_path_say(kit, everything_on, recipients, path):
    original = (
        f"\n--- Below this line is a copy of the message.\n\nReturn-Path: <{path}>\nFrom: alice@example.com\n\nx\n"
    )
    result = everything_on.check(kit.bounce(original=original), envelope=kit.to(*recipients))
    assert not result.errors
    assert "BATV_PROOF" not in kit.names(result)
