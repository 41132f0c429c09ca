"""The protocol before HTTP, as Exim's `variant=rspamd` speaks it on the same port: `CHECK RSPAMC/1.3`. Pure."""

from __future__ import annotations

import re

from ndrfilter import limits
from ndrfilter.doors.http.requests import Refusal, Request

VERBS = (b"CHECK ", b"SYMBOLS ")
_LINE = re.compile(rb"(?:CHECK|SYMBOLS) RSPAMC/1\.\d{1,2}")
_LENGTH = re.compile(rb"\d{1,12}")


def is_legacy(start: bytes) -> bool | None:
    """Whether a connection that begins so speaks it; None if that cannot be told yet. No method of HTTP is so named."""
    if any(start.startswith(verb) for verb in VERBS):
        return True
    return None if any(verb.startswith(start) for verb in VERBS) else False


class LegacyReader:
    """Collects the one request of a connection, as `requests.Reader` does."""

    waits = False

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0
        self._fields: dict[bytes, list[bytes]] | None = None
        self._missing = 0
        self._over = False

    @property
    def size(self) -> int:
        """Bytes of the unfinished request."""
        return len(self._buffer)

    @property
    def unfinished(self) -> bool:
        """Whether the request is not all there."""
        return not self._over

    def feed(self, data: bytes) -> list[Request | Refusal]:
        """The request, if these bytes complete it; what follows it is nothing to us."""
        if self._over:
            return []
        self._buffer += data
        if self._fields is None and not self._head():
            too_long = len(self._buffer) > limits.MAX_HTTP_HEAD
            return self._end(Refusal(431)) if too_long else []
        if self._fields is None or self._missing > limits.SERVICE_MESSAGE:
            return self._end(Refusal(400 if self._fields is None else 413))
        if len(self._buffer) < self._missing:
            return []
        body = bytes(memoryview(self._buffer)[: self._missing])
        return self._end(Request(b"CHECK", b"", self._fields, body, keep=False))

    def _end(self, last: Request | Refusal) -> list[Request | Refusal]:
        self._over = True
        self._buffer = bytearray()
        return [last]

    def _head(self) -> bool:
        """Whether the head is whole; then it is taken off, and `_fields` stays None if it is none."""
        end = self._buffer.find(b"\r\n\r\n", max(0, self._searched - 3))
        self._searched = len(self._buffer)
        if end < 0:
            return False
        line, *rest = bytes(self._buffer[:end]).split(b"\r\n")
        del self._buffer[: end + 4]
        fields: dict[bytes, list[bytes]] = {}
        for field in rest:
            name, _, value = field.partition(b":")
            fields.setdefault(name.strip().lower(), []).append(value.strip())
        lengths = fields.get(b"content-length", [])
        if (
            len(rest) <= limits.MAX_HTTP_FIELDS
            and _LINE.fullmatch(line)
            and len(lengths) == 1
            and _LENGTH.fullmatch(lengths[0])
        ):
            self._fields, self._missing = fields, int(lengths[0])
        return True
