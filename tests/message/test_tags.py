"""Tags in addresses: what is recognised, in which spelling, and what is left without them."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ndrfilter.message.addresses import parse_address
from ndrfilter.message.tags import prvs_of, srs_of, strip_tag

ANY_LOCAL = st.text(max_size=80) | st.from_regex(r"(prvs=|SRS[01]|btv1==)[-+=0-9a-zA-Z]{0,40}", fullmatch=True)


def of(text: str):
    address = parse_address(text)
    assert address is not None
    return address


@pytest.mark.parametrize(
    ("local", "bare"),
    [
        ("prvs=1786aabbcc=alice", "alice"),
        ("PRVS=1786AABBCC=Alice", "Alice"),
        ("alice+prvs=1786aabbcc", "alice"),
        ("alice-PRVS=1786AABBCC", "alice"),
        ("prvs=1786aabbcc=alice+news=x", "alice+news=x"),
        ("alice+news+prvs=1786aabbcc", "alice+news"),
        ("prvs=1786aabbcc=a b", "a b"),
        ("prvs=786aabbcc=alice", "alice"),
        ("btv1==786aabbccdd==alice", "alice"),
        ("msprvs1=1202020UU5ulBw=bounces", "bounces"),
        ("prvs=prvs", "prvs=prvs"),
        ("prvſ=1786aabbcc=alice", "prvſ=1786aabbcc=alice"),
        ("prvs=1786aabbcc=", "prvs=1786aabbcc="),
        ("prvs=1786aabbcg=alice", "prvs=1786aabbcg=alice"),
        ("prvs=١786aabbcc=alice", "prvs=١786aabbcc=alice"),
        ("+prvs=1786aabbcc", "+prvs=1786aabbcc"),
        ("prvs=1786aabbcc=p", "p"),
        ("v+prvs=1786aabbcc", "v"),
        ("alice", "alice"),
    ],
)
def test_a_local_part_without_its_tag(local, bare):
    assert strip_tag(local) == bare


def test_the_parts_of_a_private_signature():
    prvs = prvs_of("PRVS=1006AABBCC=Alice")
    assert prvs is not None
    assert (prvs.key, prvs.day, prvs.signature, prvs.tag) == ("1", 6, "aabbcc", "1006aabbcc")
    assert prvs.local == "Alice"


def test_tags_that_only_others_can_check_have_no_parts():
    assert prvs_of("prvs=786aabbcc=alice") is None
    assert prvs_of("btv1==786aabbccdd==alice") is None


@pytest.mark.parametrize("separator", ["=", "+", "-"])
def test_the_parts_of_a_rewritten_sender(separator):
    srs = srs_of(f"SRS0{separator}MVMd=JL=Else.Example=joe+x=y")
    assert srs is not None
    assert (srs.hash, srs.day, srs.covered) == ("MVMd", 9 * 32 + 11, ("JL", "Else.Example", "joe+x=y"))
    assert srs.sender == of("joe+x=y@else.example")


@pytest.mark.parametrize("separator", ["=", "+", "-"])
def test_the_parts_of_a_sender_rewritten_twice(separator):
    srs = srs_of(f"srs1=kV+N=fwd.example={separator}abcd=jl=a.example=joe")
    assert srs is not None
    assert (srs.hash, srs.day, srs.covered) == ("kV+N", 299, ("fwd.example", f"{separator}abcd=jl=a.example=joe"))
    assert srs.sender == of(f"SRS0{separator}abcd=jl=a.example=joe@fwd.example")


def test_a_first_forwarder_who_wrote_no_day():
    srs = srs_of("SRS1=kV+N=fwd.example==opaque")
    assert srs is not None
    assert srs.day is None


@pytest.mark.parametrize(
    "local",
    ["SRS0", "SRS0=", "SRS0=a=b", "SRS0=abcd=J1=a.example=joe", "SRS0=abcd=JLL=a.example=joe", "SRS0=abcd=JL==joe",
     "SRS2=abcd=JL=a.example=joe", "SRS0abcd=JL=a.example=joe", "SRS1=abcd=fwd.example=joe", "SRS1=abcd=fwd.example=",
     "xSRS0=abcd=JL=a.example=joe"],
)  # fmt: skip
def test_no_rewritten_sender(local):
    assert srs_of(f"{local}") is None


@given(ANY_LOCAL)
@example("prvs=1786aabbcc=" + "+prvs=1786aabbcc" * 50)
@example("SRS1=" + "=" * 400)
def test_whatever_a_local_part_says(local):
    bare = strip_tag(local)
    assert bare == local or len(bare) < len(local)
    assert bare or not local
    prvs = prvs_of(local)
    assert prvs is None or (prvs.local == bare and 0 <= prvs.day < 1000)
    srs = srs_of(local)
    assert srs is None or (srs.hash and all(srs.covered))
