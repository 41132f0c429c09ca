"""Requests out of bytes, in whatever pieces they come: HTTP/1.x by httptools, bounded and stricter. No I/O here."""

from __future__ import annotations

import httptools

from ndrfilter import limits
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_UNKNOWN: tuple[bytes, ...] = ()


class Request(Noun):
    """One request (RFC 9112). `path` is without the query; field names are lower case, values in the order they came.

    `keep` says whether another request may follow, `old` that the client speaks HTTP/1.0, `framed` that it said how
    long its body is.
    """

    method: bytes
    path: bytes
    fields: Mapping[bytes, list[bytes]]
    body: bytes
    keep: bool = True
    old: bool = False
    framed: bool = True

    def first(self, name: bytes) -> bytes | None:
        """The first value of that field, None if it is not there."""
        found = self.fields.get(name)
        return found[0] if found else None


class Refusal(Noun):
    """What is no request that we take; nothing after it can be read. `status` is the answer to give."""

    status: int


class Reader:
    """Collects what one client says. What it holds of an unfinished request is at most a head and a message."""

    def __init__(self) -> None:
        self.waits = False
        """Whether the client said that it waits for our consent before it sends the body (RFC 9110 section 10.1.1)."""
        self._parser = httptools.HttpRequestParser(self)
        self._whole: list[Request | Refusal] = []
        self._refused = 0
        self._over = False
        self._forget()

    @property
    def unfinished(self) -> bool:
        """Whether a request was begun and not ended."""
        return self._begun and not self._over

    @property
    def size(self) -> int:
        """Bytes of the unfinished request."""
        return max(self._head, self._raw) + len(self._body)

    def _forget(self) -> None:
        self._begun = self._in_head = False
        self._fields: dict[bytes, list[bytes]] = {}
        self._count = self._head = self._raw = 0
        self._target = b""
        self._body: bytes | bytearray = b""
        self.waits = False

    def feed(self, data: bytes) -> list[Request | Refusal]:
        """The requests that these bytes complete; after a Refusal there is nothing more to read."""
        if self._over:
            return []
        whole: list[Request | Refusal] = []
        self._whole = whole
        began_in_head = self._in_head
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._end(self._refused or 400)
        if self._in_head and began_in_head:
            self._raw += len(data)
            if self._raw > 2 * limits.MAX_HTTP_HEAD:
                self._end(431)
        return whole

    def _end(self, status: int) -> None:
        self._whole.append(Refusal(status))
        self._over = True

    def _refuse(self, status: int) -> None:
        self._refused = status
        raise ValueError(status)  # httptools stops, and passes it on as an error of its own

    # Called by httptools.

    def on_message_begin(self) -> None:
        """A request begins."""
        self._begun = self._in_head = True

    def on_url(self, url: bytes) -> None:
        """A piece of the request's target."""
        self._target += url
        if len(self._target) > limits.MAX_HTTP_TARGET:
            self._refuse(414)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the header, or of the trailer, which has nothing to say here."""
        self._count += 1
        self._head += len(name) + len(value)
        if self._count > limits.MAX_HTTP_FIELDS or self._head > limits.MAX_HTTP_HEAD:
            self._refuse(431)
        if self._in_head:
            name = name.lower()
            if name in self._fields:
                self._fields[name].append(value)
            else:
                self._fields[name] = [value]

    def on_headers_complete(self) -> None:
        """The header is there; whoever could be understood in two ways is not."""
        self._in_head = False
        fields, version = self._fields, self._parser.get_http_version()
        if version not in ("1.1", "1.0"):
            self._refuse(505)
        codings = fields.get(b"transfer-encoding", _UNKNOWN)
        if codings and ([coding.lower() for coding in codings] != [b"chunked"] or version == "1.0"):
            self._refuse(501 if version == "1.1" else 400)
        if len(fields.get(b"host", _UNKNOWN)) > 1 or self._parser.should_upgrade():
            self._refuse(400)
        length = fields.get(b"content-length")
        if length and int(length[0]) > limits.SERVICE_MESSAGE:
            self._refuse(413)
        self._old = version == "1.0"
        self.waits = not self._old and fields.get(b"expect", [b""])[0].lower() == b"100-continue"

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self.waits = False
        if not self._body:
            self._body = body  # mostly the whole of it, which need not be copied
        else:
            if isinstance(self._body, bytes):
                self._body = bytearray(self._body)
            self._body += body
        if len(self._body) > limits.SERVICE_MESSAGE:
            self._refuse(413)

    def on_message_complete(self) -> None:
        """The request is whole."""
        fields = self._fields
        framed = b"content-length" in fields or b"transfer-encoding" in fields
        self._whole.append(
            Request(
                self._parser.get_method(), _path(self._target), fields, bytes(self._body),
                self._parser.should_keep_alive(), self._old, framed,
            )
        )  # fmt: skip
        self._forget()


def _path(target: bytes) -> bytes:
    """The path in a request's target, which proxies may be told with scheme and host (RFC 9112 section 3.2.2)."""
    if not target.startswith(b"/"):
        _, _, rest = target.partition(b"://")
        slash = rest.find(b"/")
        target = rest[slash:] if slash >= 0 else b"/"
    return target.partition(b"?")[0]
