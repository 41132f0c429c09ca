"""Replies as bytes: everything that does not depend on the answer is made at start-up. Pure, but for the clock."""

from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus
from time import time

from ndrfilter.doors.http.rspamd import encode

JSON, TEXT = b"application/json", b"text/plain; charset=utf-8"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LEGACY_TEMPORARY = b"RSPAMD/1.3 75 EX_TEMPFAIL\r\n\r\n"
_STAY = {(True, False): b"", (True, True): b"Connection: keep-alive\r\n"}
_CLOSE = b"Connection: close\r\n"
_WORDS = {
    403: "for this machine alone",
    408: "the request took too long",
    411: "a message needs a Content-Length",
    413: "the message is too large",
    415: "send the message itself: no compression, encryption, file or shared memory",
    503: "not now",
}
_STARTS = {
    status.value: b"HTTP/1.1 %d %b\r\n%b"
    % (status, status.phrase.encode(), b"Retry-After: 5\r\n" if status == 503 else b"")
    for status in HTTPStatus
}

_second = 0
_date = b""


def reply(
    body: bytes, kind: bytes, status: int = 200, more: bytes = b"", *, keep: bool, old: bool = False, bare: bool = False
) -> bytes:
    """A whole reply of media type `kind`.

    `more` are further fields with their line ends. `keep` says whether the connection stays open, `old` that the client
    speaks HTTP/1.0; a `bare` reply has no body, as HEAD asks.
    """
    return b"%b%bContent-Type: %b\r\nContent-Length: %d\r\n%b%b\r\n%b" % (
        _STARTS[status], _dated(), kind, len(body), more, _STAY[True, old] if keep else _CLOSE, b"" if bare else body,
    )  # fmt: skip


def refusal(status: int) -> bytes:
    """The body of a reply that says no, in JSON as rspamd's errors are."""
    words = _WORDS.get(status) or HTTPStatus(status).phrase.lower()
    return encode({"error": words, "error_domain": "ndrfilter"}).encode()


def last_word(status: int) -> bytes:
    """A whole reply that says no and ends the connection."""
    return reply(refusal(status), JSON, status, keep=False)


def _dated() -> bytes:
    """The fields that are the same for a second."""
    global _second, _date
    now = int(time())
    if now != _second:
        _second, _date = now, b"Server: ndrfilter\r\nDate: %b\r\n" % formatdate(now, usegmt=True).encode()
    return _date
