"""Requests out of bytes: the same however they are cut, strict where two readers might differ, and bounded."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ndrfilter import limits
from ndrfilter.doors.http.legacy import LegacyReader, is_legacy
from ndrfilter.doors.http.requests import Reader, Refusal, Request

POST = b"POST /check HTTP/1.1\r\n"


def read(*pieces, reader=None):
    reader = reader or Reader()
    return [one for piece in pieces for one in reader.feed(piece)]


def status(data):
    last = read(data)[-1]
    return last.status if isinstance(last, Refusal) else 200


NAMES = st.sampled_from(["From", "Rcpt", "rcpt", "Queue-Id", "X-Any", "Expect"])
VALUES = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)


@st.composite
def requests(draw):
    """A request that is right, and what is to be read from it."""
    body = draw(st.binary(max_size=200))
    chunked = draw(st.booleans())
    head = f"POST /check{draw(st.sampled_from(['', '?a=b']))} HTTP/1.1\r\n"
    for name, value in draw(st.lists(st.tuples(NAMES, VALUES), max_size=5)):
        head += f"{name}: {value}\r\n"
    if not chunked:
        return head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body, body
    places = sorted(draw(st.lists(st.integers(0, len(body)), max_size=3)))
    chunks = [body[a:b] for a, b in zip([0, *places], [*places, len(body)], strict=True) if a < b]
    sent = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + sent + b"0\r\n\r\n", body


def cut(data, places):
    edges = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    return [data[start:end] for start, end in pairwise(edges)]


@settings(max_examples=300, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=3), st.lists(st.integers(0, 5_000), max_size=12))
def test_the_same_however_it_is_cut(made, places):
    data = b"".join(sent for sent, _ in made)
    whole = read(data)
    assert [one.body for one in whole] == [body for _, body in made]
    assert read(*cut(data, places)) == whole
    assert read(*(data[at : at + 1] for at in range(len(data)))) == whole


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode)), st.lists(st.integers(0, 500), max_size=6)
)
def test_anything_is_read_and_is_the_same_however_it_is_cut(data, places):
    assert read(*cut(data, places)) == read(data)
    legacy = b"CHECK RSPAMC/1.3\r\n" + data
    one, other = LegacyReader(), LegacyReader()
    assert read(*cut(legacy, places), reader=one) == read(legacy, reader=other)


CHUNKED = POST + b"Transfer-Encoding: chunked\r\n"
REFUSED = {
    "both lengths": (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nx", 400),
    "both lengths, the other way": (CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n", 400),
    "two lengths": (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", 400),
    "the same length twice": (POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
    "lengths in one field": (POST + b"Content-Length: 3, 3\r\n\r\nabc", 400),
    "a length with a sign": (POST + b"Content-Length: +3\r\n\r\nabc", 400),
    "a length below nothing": (POST + b"Content-Length: -1\r\n\r\n", 400),
    "a length in hex": (POST + b"Content-Length: 0x3\r\n\r\nabc", 400),
    "a length beyond numbers": (POST + b"Content-Length: 99999999999999999999999\r\n\r\n", 400),
    "a length beyond the limit": (POST + b"Content-Length: %d\r\n\r\n" % (limits.SERVICE_MESSAGE + 1), 413),
    "a folded field": (POST + b"X: a\r\n b\r\n\r\n", 400),
    "a folded length": (POST + b"Content-Length:\r\n 3\r\n\r\nabc", 400),
    "a blank before the colon": (POST + b"Content-Length : 3\r\n\r\nabc", 400),
    "a NUL in a field": (POST + b"From: a\0b\r\n\r\n", 400),
    "a bare CR": (POST + b"From: a\rRcpt: b\r\n\r\n", 400),
    "a bare LF": (POST + b"From: a\nRcpt: b\n\n", 400),
    "a coding before chunked": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    "chunked twice": (POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    "chunked in two fields": (CHUNKED + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "nearly chunked": (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    "chunked to HTTP/1.0": (CHUNKED.replace(b"1.1", b"1.0") + b"\r\n0\r\n\r\n", 400),
    "a chunk that is no number": (CHUNKED + b"\r\nxyz\r\nabc\r\n0\r\n\r\n", 400),
    "a chunk without its end": (CHUNKED + b"\r\n3\r\nabcd\r\n0\r\n\r\n", 400),
    "a chunk beyond numbers": (CHUNKED + b"\r\nffffffffffffffffff\r\nabc", 400),
    "a chunk with a sign": (CHUNKED + b"\r\n+3\r\nabc\r\n0\r\n\r\n", 400),
    "two hosts": (b"GET /ping HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    "another protocol": (b"GET /ping HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 400),
    "a tunnel": (b"CONNECT a:1 HTTP/1.1\r\n\r\n", 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "a version of its own": (b"GET /ping HTTP/2.0\r\n\r\n", 505),
    "no version": (b"GET /ping\r\n\r\n", 505),
    "no method": (b"FETCH /ping HTTP/1.1\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", 400),
    "a long target": (b"GET /%b HTTP/1.1\r\n\r\n" % (b"a" * limits.MAX_HTTP_TARGET), 414),
    "many fields": (POST + b"X: a\r\n" * (limits.MAX_HTTP_FIELDS + 1) + b"\r\n", 431),
    "long fields": (POST + (b"X: %b\r\n" % (b"a" * 60_000)) * 9 + b"\r\n", 431),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_might_be_read_in_two_ways_is_not_read(what):
    data, wanted = REFUSED[what]
    assert status(data) == wanted
    reader = Reader()
    assert isinstance(read(data, b"GET /ping HTTP/1.1\r\n\r\n", reader=reader)[-1], Refusal)
    assert not reader.unfinished


def test_a_trailer_has_nothing_to_say():
    data = CHUNKED + b"From: a@b.example\r\n\r\n3\r\nabc\r\n0\r\nFrom: evil@b.example\r\nRcpt: you@c.example\r\n\r\n"
    (one,) = read(data)
    assert (one.body, one.fields[b"from"], b"rcpt" in one.fields) == (b"abc", [b"a@b.example"], False)


def test_a_head_that_never_ends_is_not_kept():
    reader, fed = Reader(), 0
    reader.feed(POST + b"X: ")
    while reader.unfinished:
        fed += 65_536
        reader.feed(b"a" * 65_536)
        assert reader.size <= 2 * limits.MAX_HTTP_HEAD + 65_536
    assert fed < 3 * limits.MAX_HTTP_HEAD


def test_a_chunked_body_is_bounded(monkeypatch):
    monkeypatch.setattr(limits, "SERVICE_MESSAGE", 100)
    found = read(CHUNKED + b"\r\n" + b"32\r\n" + b"a" * 50 + b"\r\n", b"33\r\n" + b"a" * 51 + b"\r\n0\r\n\r\n")
    assert found == [Refusal(413)]


@pytest.mark.parametrize(
    ("target", "path"),
    [
        (b"/check", b"/check"),
        (b"/check?x=/y", b"/check"),
        (b"http://localhost:11433/check?x", b"/check"),
        (b"http://localhost", b"/"),
        (b"*", b"/"),
    ],
)
def test_the_path_of_a_target(target, path):
    method = b"OPTIONS" if target == b"*" else b"POST"
    assert read(method + b" " + target + b" HTTP/1.1\r\n\r\n")[0].path == path


@pytest.mark.parametrize(
    ("head", "keep", "old"),
    [
        (b"HTTP/1.1\r\n", True, False),
        (b"HTTP/1.1\r\nConnection: close\r\n", False, False),
        (b"HTTP/1.0\r\n", False, True),
        (b"HTTP/1.0\r\nConnection: keep-alive\r\n", True, True),
    ],
)
def test_whether_the_connection_stays(head, keep, old):
    (one,) = read(b"GET /ping " + head + b"\r\n")
    assert (one.keep, one.old) == (keep, old)


def test_the_old_protocol():
    sent = b"CHECK RSPAMC/1.3\r\nContent-length: 5\r\nFrom: <>\r\nRcpt: <a@b>\r\nRcpt: <c@d>\r\n\r\nhello and more"
    (one,) = read(sent, reader=LegacyReader())
    fields = {b"content-length": [b"5"], b"from": [b"<>"], b"rcpt": [b"<a@b>", b"<c@d>"]}
    assert one == Request(b"CHECK", b"", fields, b"hello", keep=False)


@pytest.mark.parametrize(
    ("sent", "wanted"),
    [
        (b"CHECK RSPAMC/1.3\r\n\r\n", 400),
        (b"CHECK RSPAMC/2.0\r\nContent-length: 1\r\n\r\nx", 400),
        (b"CHECK SPAMC/1.2\r\nContent-length: 1\r\n\r\nx", 400),
        (b"CHECK RSPAMC/1.3\r\nContent-length: -1\r\n\r\nx", 400),
        (b"CHECK RSPAMC/1.3\r\nContent-length: 1\r\nContent-length: 2\r\n\r\nxx", 400),
        (b"CHECK RSPAMC/1.3\r\nContent-length: 999999999999\r\n\r\nx", 413),
        (b"CHECK RSPAMC/1.3\r\n" + b"a" * limits.MAX_HTTP_HEAD, 431),
    ],
)
def test_the_old_protocol_is_bounded_too(sent, wanted):
    assert read(sent, reader=LegacyReader()) == [Refusal(wanted)]


@pytest.mark.parametrize(
    ("start", "legacy"),
    [(b"", None), (b"C", None), (b"CHECK", None), (b"CHECK ", True), (b"SYMBOLS R", True), (b"CHECKOUT", False),
     (b"CO", False), (b"P", False), (b"\r\n", False)],
)  # fmt: skip
def test_which_protocol_it_is(start, legacy):
    assert is_legacy(start) is legacy
