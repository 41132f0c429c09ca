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
    ("text", "bare"),
    [
        ("prvs=1786aabbcc=alice@example.com", "alice@example.com"),
        ("PRVS=1786AABBCC=Alice@Example.COM", "Alice@example.com"),
        ("alice+prvs=1786aabbcc@example.com", "alice@example.com"),
        ("alice-PRVS=1786AABBCC@example.com", "alice@example.com"),
        ("prvs=1786aabbcc=alice+news=x@example.com", "alice+news=x@example.com"),
        ("alice+news+prvs=1786aabbcc@example.com", "alice+news@example.com"),
        ('"prvs=1786aabbcc=a b"@example.com', '"a b"@example.com'),
        ("prvs=786aabbcc=alice@example.com", "alice@example.com"),
        ("btv1==786aabbccdd==alice@example.com", "alice@example.com"),
        ("msprvs1=1202020UU5ulBw=bounces@example.com", "bounces@example.com"),
        ("prvs=prvs@example.com", "prvs=prvs@example.com"),
        ("prvs=1786aabbcc=@example.com", "prvs=1786aabbcc=@example.com"),
        ("prvs=1786aabbcg=alice@example.com", "prvs=1786aabbcg=alice@example.com"),
        ("prvs=١786aabbcc=alice@example.com", "prvs=١786aabbcc=alice@example.com"),
        ("+prvs=1786aabbcc@example.com", "+prvs=1786aabbcc@example.com"),
        ("prvs=1786aabbcc=p@example.com", "p@example.com"),
        ("v+prvs=1786aabbcc@example.com", "v@example.com"),
        ("alice@example.com", "alice@example.com"),
    ],
)
def test_an_address_without_its_tag(text, bare):
    assert strip_tag(of(text)).text == bare


def test_the_parts_of_a_private_signature():
    prvs = prvs_of(of("PRVS=1006AABBCC=Alice@Example.com"))
    assert prvs is not None
    assert (prvs.key, prvs.day, prvs.signature, prvs.tag) == ("1", 6, "aabbcc", "1006aabbcc")
    assert prvs.bare == of("Alice@example.com")


def test_tags_that_only_others_can_check_have_no_parts():
    assert prvs_of(of("prvs=786aabbcc=alice@example.com")) is None
    assert prvs_of(of("btv1==786aabbccdd==alice@example.com")) is None


@pytest.mark.parametrize("separator", ["=", "+", "-"])
def test_the_parts_of_a_rewritten_sender(separator):
    srs = srs_of(of(f"SRS0{separator}MVMd=JL=Else.Example=joe+x=y@example.com"))
    assert srs is not None
    assert (srs.hash, srs.day, srs.covered) == ("MVMd", 9 * 32 + 11, ("JL", "Else.Example", "joe+x=y"))
    assert srs.sender == of("joe+x=y@else.example")


@pytest.mark.parametrize("separator", ["=", "+", "-"])
def test_the_parts_of_a_sender_rewritten_twice(separator):
    srs = srs_of(of(f"srs1=kV+N=fwd.example={separator}abcd=jl=a.example=joe@example.com"))
    assert srs is not None
    assert (srs.hash, srs.day, srs.covered) == ("kV+N", 299, ("fwd.example", f"{separator}abcd=jl=a.example=joe"))
    assert srs.sender == of(f"SRS0{separator}abcd=jl=a.example=joe@fwd.example")


def test_a_first_forwarder_who_wrote_no_day():
    srs = srs_of(of("SRS1=kV+N=fwd.example==opaque@example.com"))
    assert srs is not None
    assert srs.day is None


@pytest.mark.parametrize(
    "local",
    ["SRS0", "SRS0=", "SRS0=a=b", "SRS0=abcd=J1=a.example=joe", "SRS0=abcd=JLL=a.example=joe", "SRS0=abcd=JL==joe",
     "SRS2=abcd=JL=a.example=joe", "SRS0abcd=JL=a.example=joe", "SRS1=abcd=fwd.example=joe", "SRS1=abcd=fwd.example=",
     "xSRS0=abcd=JL=a.example=joe"],
)  # fmt: skip
def test_no_rewritten_sender(local):
    assert srs_of(of(f"{local}@example.com")) is None


@given(ANY_LOCAL, st.sampled_from(["example.com", "Ex.example", ""]))
@example("prvs=1786aabbcc=" + "+prvs=1786aabbcc" * 50, "example.com")
@example("SRS1=" + "=" * 400, "example.com")
def test_whatever_an_address_says(local, domain):
    address = parse_address(f"{local}@{domain}" if domain else local)
    if address is None:
        return
    bare = strip_tag(address)
    assert address.local == bare.local or len(bare.local) < len(address.local)
    assert bare.local
    assert bare.domain == address.domain
    assert len(address.text) - len(bare.text) == len(address.local) - len(bare.local)
    prvs = prvs_of(address)
    assert prvs is None or (prvs.bare == bare and 0 <= prvs.day < 1000)
    srs = srs_of(address)
    assert srs is None or (srs.hash and all(srs.covered))
