"""The parser of requests: what it reads, what it refuses and in whose words, and that chunks make no difference."""

from __future__ import annotations

import zlib
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from spamd_servers import request

from ndrfilter import limits
from ndrfilter.doors.spamd.protocol import TOO_LARGE, Reader, Refusal, Request, inflate


def read(*pieces: bytes) -> Request | Refusal:
    """What the pieces and then the end come to."""
    reader = Reader()
    for piece in pieces:
        found = reader.feed(piece)
        if found is not None:
            return found
    return reader.end()


@pytest.mark.parametrize("method", ["CHECK", "SYMBOLS", "REPORT", "REPORT_IFSPAM", "HEADERS", "PROCESS"])
@pytest.mark.parametrize("minor", range(2, 10))
def test_reads_a_message_of_told_length(method, minor):
    found = read(request(method, b"Subject: x\n\nbody", f"1.{minor}", "User: alice") + b"more")
    assert found == Request(method, minor, "alice", b"Subject: x\n\nbody")


def test_a_message_without_length_ends_with_the_client():
    assert read(b"CHECK SPAMC/1.2\r\n\r\nabc", b"def") == Request("CHECK", 2, "", b"abcdef")


def test_is_liberal_in_letters_blanks_and_line_ends():
    found = read(b"CHECK  SPAMC/1.5 \nCONTENT-LENGTH:3\nuser :  bob \nMessage-class: spam\nX-New: y\n\nabc")
    assert found == Request("CHECK", 5, "bob", b"abc")


def test_an_empty_message_of_told_length_is_whole_at_once():
    assert Reader().feed(b"PROCESS SPAMC/1.5\r\nContent-length: 0\r\n\r\n") == Request("PROCESS", 5)


@pytest.mark.parametrize(
    ("said", "method"),
    [(b"PING SPAMC/1.2\r\n", "PING"), (b"PING SPAMC/1.5\r\n\r\n", "PING"), (b"SKIP SPAMC/1.4\n", "SKIP"),
     (b"SKIP SPAMC/1.5\r\nUser: x\r\n\r\n", "SKIP")],
)  # fmt: skip
def test_what_has_no_message_is_whole_with_its_head(said, method):
    reader = Reader()
    assert reader.feed(said[:-1]) is None
    assert reader.feed(said[-1:]).method == method


REFUSED = {
    b"": b"76 Bad header line: (closed before headers)",
    b"GET / HTTP/1.1\r\n": b"76 Bad header line: GET / HTTP/1.1",
    b"CHECK RSPAMC/1.3\r\n": b"76 Bad header line: CHECK RSPAMC/1.3",
    b"CHECK SPAMC/2.0\r\n": b"76 Bad header line: CHECK SPAMC/2.0",
    b"\x1b]0;evil\x07\xff\r\n": b"76 Bad header line: \\x1b]0;evil\\x07\\xff",
    b"CHECK SPAMC/1.5\r\n": b"76 Bad header line: (EOF during headers)",
    b"CHECK SPAMC/1.5\r\nwhat\r\n": b"76 Bad header line: (header not in 'Name: value' format)",
    b"CHECK SPAMC/1.5\r\nContent-length: -1\r\n": b"76 Bad header line: (Content-Length contains non-numeric bytes)",
    b"CHECK SPAMC/1.5\r\nContent-length:\r\n": b"76 Bad header line: (Content-Length contains non-numeric bytes)",
    b"CHECK SPAMC/1.5\r\nContent-length: 9\r\n\r\nab":
        b"76 Bad header line: (Content-Length mismatch: Expected 9 bytes, got 2 bytes)",
    b"CHECK SPAMC/1.5\r\nContent-length: 99999999999999999999\r\n": b"75 Temporary failure: ",
    b"CHECK SPAMC/1.5\r\nCompress: gzip\r\n": b"76 Bad header line: (compression type not supported: gzip)",
    b"CHECK SPAMC/1.5\r\nCompress: zlib\r\n\r\n": b"69 Service Unavailable: Compress requires Content-length header",
    b"CHECK SPAMC/1.5\r\nUser: a\x07b\r\n": b"76 Bad header line: (User header contains control chars)",
    b"TELL SPAMC/1.5\r\nMessage-class: spam\r\nSet: local\r\nContent-length: 3\r\n\r\nabc": b"69 Service Unavailable: ",
    b"CHECK SPAMC/1.5\r\n" + b"A: b\r\n" * (limits.SPAMD_FIELDS + 1): b"76 Bad header line: (too many headers)",
    b"CHECK SPAMC/1.5\r\nA: " + b"b" * limits.SPAMD_LINE: b"76 Bad header line: (line too long)",
    b"x" * (limits.SPAMD_LINE + 1) + b"\n": b"76 Bad header line: (line too long)",
}  # fmt: skip


@pytest.mark.parametrize("said", REFUSED, ids=lambda said: repr(said[:40]))
def test_refuses_in_the_words_of_spamd_and_without_an_empty_line(said):
    found = read(said)
    assert isinstance(found, Refusal)
    assert found.line.startswith(b"SPAMD/1.0 " + REFUSED[said])
    assert found.line.count(b"\n") == 1
    assert found.line.endswith(b"\r\n")
    assert found.line.isascii()


SAID = st.one_of(
    st.binary(max_size=200),
    st.sampled_from(sorted(REFUSED)),
    st.builds(
        lambda method, minor, fields, body: b"%s SPAMC/1.%d\r\n%s\r\n%s" % (method, minor, fields, body),
        st.sampled_from([b"CHECK", b"PROCESS", b"HEADERS", b"PING", b"SKIP", b"TELL"]),
        st.integers(0, 9),
        st.lists(
            st.sampled_from([b"Content-length: 5\r\n", b"User: a@b.example\r\n", b"Compress: zlib\r\n", b"\r", b"X\n"]),
            max_size=4,
        ).map(b"".join),
        st.binary(max_size=12),
    ),
)


@given(SAID, st.lists(st.integers(0, 300), max_size=6))
@example(b"CHECK SPAMC/1.5\r\n\r", [16])
@example(b"PING SPAMC/1.5\r\n\r", [17])
def test_however_it_is_cut_it_is_the_same_request(said, cuts):
    places = sorted({0, len(said), *(cut for cut in cuts if cut < len(said))})
    pieces = [said[start:end] for start, end in pairwise(places)]
    assert read(*pieces) == read(said) == read(*(said[place : place + 1] for place in range(len(said))))


def test_inflates_and_holds_what_it_makes():
    raw = bytes(range(256)) * 4096
    held: list[int] = []
    assert inflate(zlib.compress(raw) + b"rest", lambda size: held.append(size) is None) == raw
    assert sum(held) == len(raw)
    assert max(held) <= limits.SPAMD_INFLATE


def test_a_bomb_is_not_unpacked():
    held: list[int] = []

    def hold(size: int) -> bool:
        held.append(size)
        return sum(held) <= 1024 * 1024

    assert inflate(zlib.compress(bytes(100 * 1024 * 1024)), hold) == TOO_LARGE
    assert sum(held) <= 1024 * 1024 + limits.SPAMD_INFLATE


@pytest.mark.parametrize("packed", [b"", b"abc", zlib.compress(b"Subject: x\n\n")[:-1], zlib.compress(b"x" * 9)[:5]])
def test_damaged_data_is_refused(packed):
    assert inflate(packed, lambda size: True).code == 69


@given(st.binary(max_size=300))
def test_nothing_compressed_raises(packed):
    assert isinstance(inflate(packed, lambda size: True), bytes | Refusal)
