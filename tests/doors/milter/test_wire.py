"""Packets: cut out of any stream of bytes, in bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter import limits
from ndrfilter.doors.milter import wire

PACKETS = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=300)), max_size=12)


def bytes_of(packets):
    return b"".join((len(data) + 1).to_bytes(4, "big") + bytes([command]) + data for command, data in packets)


def read(reader):
    found = []
    while (packet := reader.next()) is not None:
        found.append(packet)
    return found


@given(PACKETS, st.lists(st.integers(1, 40), min_size=1))
def test_any_chunking_gives_the_same_packets(packets, sizes):
    data, reader, found, step = bytes_of(packets), wire.Reader(), [], 0
    while data:
        size = sizes[step % len(sizes)]
        reader.feed(data[:size])
        data, step = data[size:], step + 1
        found += read(reader)
    assert found == packets


@pytest.mark.parametrize("length", [0, limits.MILTER_PACKET + 1, 2**31, 2**32 - 1])
def test_lengths_that_no_mta_sends_are_refused_before_anything_is_kept(length):
    reader = wire.Reader()
    reader.feed(length.to_bytes(4, "big"))
    with pytest.raises(wire.WireError):
        reader.next()


def test_the_largest_packet_is_taken():
    reader = wire.Reader()
    reader.feed(bytes_of([(66, b"x" * (limits.MILTER_PACKET - 1))]))
    assert len(read(reader)[0][1]) == limits.MILTER_PACKET - 1


@pytest.mark.parametrize(
    ("data", "found"), [(b"", []), (b"a\0b\0", [b"a", b"b"]), (b"a\0b", [b"a", b"b"]), (b"\0", [b""])]
)
def test_strings_end_with_a_zero_or_with_the_packet(data, found):
    assert wire.strings(data) == found


def test_macros_have_names_with_and_without_braces():
    assert wire.macros(b"Mi\0Q1\0{auth_authen}\0bob\0odd\0") == (wire.MAIL, {b"i": b"Q1", b"auth_authen": b"bob"})


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"mx.example\x004\x12\x67192.0.2.1\0", ("mx.example", "192.0.2.1", 0x1267)),
        (b"[2001:db8::1]\x006\0\0IPv6:2001:db8::1\0", ("[2001:db8::1]", "2001:db8::1", 0)),
        (b"localhost\0L\0\0/run/x\0", ("localhost", "", 0)),
        (b"localhost\0U", ("localhost", "", 0)),
        (b"", ("", "", 0)),
    ],
)
def test_a_client_by_its_family(data, found):
    assert wire.client(data) == found


@given(st.binary())
def test_reading_what_a_packet_carries_never_fails(data):
    wire.strings(data), wire.macros(data), wire.client(data)


def test_a_reply_cannot_be_a_format_nor_end_early():
    assert wire.reply("550 5.7.1 100% \0sure") == b"\0\0\0\x17y550 5.7.1 100%% ?sure\0"
