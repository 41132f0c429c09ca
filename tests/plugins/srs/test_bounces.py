"""What a rewritten address proves when a bounce goes to it, and what binds it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter import Filter
from ndrfilter.adapters.clock import FixedClock
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.errors import TemporaryError

GOOD = "SRS0=+z+g=JJ=else.example=joe@example.com"
TWICE = "SRS1=CpbK=forward.example==AbCd=JJ=else.example=joe@example.com"
UNDATED = "SRS1=jbsz=forward.example==opaque@example.com"


@pytest.mark.parametrize("recipient", [GOOD, TWICE, GOOD.lower()])
def test_what_we_forwarded_is_genuine_and_said_so(kit, judged, recipient):
    result = judged(kit.bounce(), config=kit.config(), envelope=kit.to(recipient), now=kit.NOW)
    assert (result.verdict, result.evidence, kit.names(result)) == ("genuine", "proof", {"SRS_FORWARDED"})
    assert any(hit.text.startswith("we forwarded it") for hit in result.hits)
    advice = result.advice
    assert advice.sent == "No, but we forwarded it: your own mail servers sent it on for somebody else."
    assert advice.why.startswith("That mail to ")
    assert advice.do == "Let it pass: your forwarder sends it back to the first sender."
    assert advice.reason.startswith("We forwarded this, and it came back: ")


@pytest.mark.parametrize(
    ("recipients", "rules"),
    [
        ((UNDATED,), {"SRS_PROBABLE", "SRS_ADDRESS"}),
        (("SRS0=FYfj=ID=else.example=joe@example.com",), {"SRS_ADDRESS"}),
        ((GOOD.replace("+z+g", "abcd"),), {"SRS_FORGED", "SRS_ADDRESS"}),
        ((TWICE.replace("CpbK", "AbCd"),), {"SRS_FORGED", "SRS_ADDRESS"}),
        ((GOOD.replace("@example.com", "@forward.example"),), {"SRS_ADDRESS"}),
        ((GOOD, "bob@example.com"), {"SRS_ADDRESS"}),
        ((GOOD, GOOD.replace("+z+g", "abcd")), {"SRS_FORGED", "SRS_ADDRESS"}),
        (("bob@example.com",), set()),
    ],
)
def test_what_proves_nothing_passes_unjudged(kit, judged, recipients, rules):
    result = judged(kit.bounce(), config=kit.config(), envelope=kit.to(*recipients), now=kit.NOW)
    assert (result.verdict, kit.names(result)) == ("undetermined", rules)


def test_a_domain_of_the_forwarder_alone(kit, judged):
    forwarded = GOOD.replace("@example.com", "@srs.forward.example")
    result = judged(
        kit.bounce(), config=kit.config(domains=["srs.forward.example"]), envelope=kit.to(forwarded), now=kit.NOW
    )
    assert kit.names(result) == {"SRS_FORWARDED"}
    assert "SRS_FORWARDED" not in kit.names(
        judged(kit.bounce(), config=kit.config(), envelope=kit.to(forwarded), now=kit.NOW)
    )


def test_after_the_forwarder_the_return_path_is_a_trace(kit, judged):
    result = judged(kit.bounce(), config=kit.config(), envelope=kit.to("joe@else.example"), now=kit.NOW)
    assert kit.names(result) == {"SRS_PROBABLE"}
    assert [hit.evidence for hit in result.hits if hit.name == "SRS_PROBABLE"] == ["trace"]
    assert not kit.names(judged(kit.bounce(), config=kit.config(), envelope=kit.to("jane@else.example"), now=kit.NOW))


def test_a_hundred_replays(kit):
    clock = FixedClock(kit.NOW)
    filter_ = Filter.from_config(kit.config(uses=20), clock=clock, store=SqliteStore(None, clock))

    async def replayed():
        return [(await filter_.acheck(kit.bounce(number), envelope=kit.to(GOOD))).verdict for number in range(100)]

    assert asyncio.run(replayed()) == ["genuine"] * 20 + ["undetermined"] * 80


class Broken:
    """A store that cannot be reached."""

    def count(self, *_):
        raise TemporaryError("the disk is gone")


def test_without_its_state_it_is_a_trace(kit, judged):
    result = judged(kit.bounce(), config=kit.config(), envelope=kit.to(GOOD), now=kit.NOW, store=Broken())
    assert (result.verdict, kit.names(result)) == ("undetermined", {"SRS_PROBABLE", "SRS_ADDRESS"})


@pytest.fixture(scope="module")
def switched_on(kit):
    """A filter with SRS on, for whatever comes."""
    return Filter.from_config(kit.config(), clock=FixedClock(kit.NOW), store=SqliteStore(None, FixedClock(kit.NOW)))


HOSTILE = st.text(max_size=40) | st.from_regex(r"SRS[01][=+-][^@]{0,40}@example\.com", fullmatch=True)


@given(st.lists(HOSTILE, max_size=3), HOSTILE)
def test_whatever_the_envelope_and_the_return_path_say(kit, switched_on, recipients, path):
    result = switched_on.check(kit.bounce(path=path), envelope=kit.to(*recipients))
    assert not result.errors
    assert "SRS_FORWARDED" not in kit.names(result)
