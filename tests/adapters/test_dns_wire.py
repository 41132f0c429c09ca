"""Answers on the wire: read as a zone file is, and no bytes whatever do more than fail."""

import asyncio

import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ndrfilter.adapters import dnswire
from ndrfilter.adapters.dns import DnsResolver
from ndrfilter.adapters.zone import ZoneResolver

LABELS = st.text("abcXYZ019_-", min_size=1, max_size=12)
NAMES = st.lists(LABELS, min_size=1, max_size=5).map(".".join)
DATA = {
    "A": st.ip_addresses(v=4).map(str),
    "AAAA": st.ip_addresses(v=6).map(str),
    "MX": st.tuples(st.integers(0, 65_535), NAMES).map(lambda pair: f"{pair[0]} {pair[1]}."),
    "PTR": NAMES.map(lambda name: f"{name}."),
    "TXT": st.lists(st.text("ab c;=", max_size=40), min_size=1, max_size=4).map(
        lambda texts: " ".join(f'"{text}"' for text in texts)
    ),
}
ZONES = st.sampled_from(sorted(DATA)).flatmap(
    lambda rdtype: st.tuples(st.just(rdtype), st.lists(DATA[rdtype], max_size=6, unique=True))
)


def asking(name, rdtype):
    return dns.message.make_query(dnswire.domain(name), rdtype, id=7)


def reply(name, rdtype, data, aliases=()):
    message = dns.message.make_response(asking(name, rdtype))
    message.flags |= dns.flags.RA
    for alias in aliases:
        message.answer.append(dns.rrset.from_text(f"{name}.", 9, "IN", "CNAME", f"{alias}."))
        name = alias
    if data:
        message.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", rdtype, *data))
    return message.to_wire(max_size=65_535)


@given(NAMES, ZONES, st.lists(NAMES, max_size=2, unique_by=str.lower))
def test_answers_are_read_as_a_zone_file_is(name, zone, aliases):
    rdtype, data = zone
    if name.lower() in {alias.lower() for alias in aliases}:
        aliases = []
    wire = reply(name, rdtype, data, aliases)
    expected = ZoneResolver("\n".join(f"{name} {rdtype} {text}" for text in data))._records.get(
        (name.lower(), rdtype), []
    )
    answer = dnswire.read(wire)
    assert dnswire.answers(asking(name, rdtype), wire)
    assert sorted(text.lower() for text in set(answer.records)) == sorted({text.lower() for text in expected})
    assert answer.ttl == (0 if not data else 9 if aliases else 60)


WHOLE = reply("x.example", "MX", ["10 a.x.example.", "20 b.x.example."], ["y.example"])


@given(st.integers(0, len(WHOLE)), st.binary(max_size=40), st.integers(0, len(WHOLE)))
@example(0, b"", len(WHOLE))
def test_damaged_answers_are_read_or_refused(start, put, rest):
    damaged = WHOLE[:start] + put + WHOLE[rest:]
    if dnswire.answers(asking("x.example", "MX"), damaged):
        try:
            told = dnswire.read(damaged).records
        except dnswire.WireError as error:
            told = str(error)
        assert told is not None
    else:
        assert damaged != WHOLE


@given(st.binary(max_size=200))
def test_any_bytes_behind_our_question_are_read_or_refused(behind):
    asked = asking("x.example", "TXT").to_wire()[12:27]
    try:
        told = dnswire.read(b"\0\7\x81\x80\0\1\0\2\0\1\0\0" + asked + behind).records
    except dnswire.WireError as error:
        told = str(error)
    assert told is not None


def test_bytes_that_no_host_name_has_are_escaped():
    name = b"\x04a.b\n\x02\xff\\\0"
    record = b"\xc0\x0c\0\x0c\0\1\0\0\0\1" + len(name).to_bytes(2) + name
    wire = b"\0\7\x81\x80\0\1\0\1\0\0\0\0" + asking("x.example", "PTR").to_wire()[12:27] + record
    assert dnswire.read(wire).records == ("a\\.b\\010.\\255\\\\",)


def test_a_type_that_does_not_exist_is_a_mistake_of_ours():
    with pytest.raises(dns.rdatatype.UnknownRdatatype):
        asyncio.run(DnsResolver(("127.0.0.1",)).query("x.example", "NONSENSE"))
