"""Replies as bytes: everything that does not depend on the answer is made at start-up. Pure, but for the clock."""

from __future__ import annotations

from email.utils import formatdate
from http import HTTPStatus
from time import time

from ndrfilter.doors.http.rspamd import encode

JSON, TEXT, HTML = b"application/json", b"text/plain; charset=utf-8", b"text/html; charset=utf-8"
METRICS = b"application/openmetrics-text; version=1.0.0; charset=utf-8"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LEGACY_TEMPORARY = b"RSPAMD/1.3 75 EX_TEMPFAIL\r\n\r\n"
NO_SNIFFING = b"X-Content-Type-Options: nosniff\r\n"
_RETRY = b"Retry-After: 5\r\n"
_KEEP = {(True, False): b"", (True, True): b"Connection: keep-alive\r\n"}
_CLOSE = b"Connection: close\r\n"
_WORDS = {
    503: "not now",
    408: "the request took too long",
    411: "a message needs a Content-Length",
    413: "the message is too large",
    415: "send the message itself: no compression, encryption, file or shared memory",
}

_second = 0
_date = b""


def _dated() -> bytes:
    global _second, _date  # made once a second
    now = int(time())
    if now != _second:
        _second, _date = now, b"Server: ndrfilter\r\nDate: %b\r\n" % formatdate(now, usegmt=True).encode()
    return _date


def reply(
    body: bytes, kind: bytes, *, keep: bool, old: bool = False, status: int = 200, more: bytes = b"", bare: bool = False
) -> bytes:
    """A whole reply. `keep` and `old` say whether the connection stays open, and for a client of HTTP/1.0.

    `more` are further fields with their line ends; a `bare` reply has no body, as HEAD asks.
    """
    return b"%b%bContent-Type: %b\r\nContent-Length: %d\r\n%b%b\r\n%b" % (
        _STATUS[status], _dated(), kind, len(body), more, _KEEP[True, old] if keep else _CLOSE, b"" if bare else body,
    )  # fmt: skip


def refusal(status: int, *, keep: bool = False, old: bool = False, more: bytes = b"", bare: bool = False) -> bytes:
    """A reply that says no, in JSON as rspamd's errors are."""
    words = _WORDS.get(status) or HTTPStatus(status).phrase.lower()
    body = encode({"error": words, "error_domain": "ndrfilter"}).encode()
    more += _RETRY if status == 503 else b""
    return reply(body, JSON, keep=keep, old=old, status=status, more=more, bare=bare)


_STATUS = {status.value: b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode()) for status in HTTPStatus}
