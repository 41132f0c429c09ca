"""Requests of the SPAMC protocol: bytes in, a request or a refusal out. Pure; it knows nothing of sockets.

Versions 1.2 to 1.9. One connection carries one request; what stands behind it is nobody's.
"""

from __future__ import annotations

import re
import zlib

from ndrfilter import limits
from ndrfilter.noun import Noun
from ndrfilter.terminal import clip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

CHECK, SYMBOLS, REPORT, REPORT_IFSPAM = "CHECK", "SYMBOLS", "REPORT", "REPORT_IFSPAM"
HEADERS, PROCESS, TELL, PING, SKIP = "HEADERS", "PROCESS", "TELL", "PING", "SKIP"

_NO_HEAD_BELOW = 5  # before version 1.5, PING and SKIP are a line alone
_SHOWN = 60
_REQUEST = re.compile(
    rb"(CHECK|SYMBOLS|REPORT|REPORT_IFSPAM|HEADERS|PROCESS|TELL|PING|SKIP)[ \t]+SPAMC/1\.([2-9])[ \t]*"
)
_CONTROLS = re.compile(rb"[\x00-\x1f\x7f]")


class Request(Noun):
    """What a client wants, and the message (`body`) as it came. `minor` is that of its version, 1.`minor`."""

    method: str
    minor: int
    user: str = ""
    body: bytes = b""
    compressed: bool = False


class Refusal(Noun):
    """Why there is no request: a code of sysexits.h, as clients of spamd expect it, and a sentence, not escaped."""

    code: int
    why: str

    @property
    def line(self) -> bytes:
        """As it is sent. No empty line follows: spamc takes a reply with one for an answer (of `spamc -L`, success)."""
        return f"SPAMD/1.0 {self.code} {clip(self.why, 200)}\r\n".encode("ascii", "backslashreplace")


def protocol_error(why: str) -> Refusal:
    """EX_PROTOCOL, in the words of spamd."""
    return Refusal(76, f"Bad header line: ({why})")


def unavailable(why: str) -> Refusal:
    """EX_UNAVAILABLE: we do not do that."""
    return Refusal(69, f"Service Unavailable: {why}")


def temporary(why: str) -> Refusal:
    """EX_TEMPFAIL: not now."""
    return Refusal(75, f"Temporary failure: {why}")


TOO_LARGE = temporary("the message is too large, or there is no memory for it")


class Reader:
    """Reads the request of one connection. Once it has given a request or a refusal it must not be fed any more."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._line = 0  # where the line begins that is being read
        self._looked = 0  # where to look for its end
        self._fields = 0
        self._method = ""
        self._minor = 0
        self._user = ""
        self._length: int | None = None
        self._compressed = False
        self._in_body = False

    @property
    def untouched(self) -> bool:
        """Whether nothing came yet."""
        return not self._data and not self._method

    def feed(self, data: bytes) -> Request | Refusal | None:
        """More bytes; None while the request is not whole."""
        self._data += data
        if not self._in_body:
            found = self._head()
            if not self._in_body:
                return found
        if self._length is None or len(self._data) < self._length:
            return None
        del self._data[self._length :]
        return self._whole()

    def end(self) -> Request | Refusal:
        """The client says no more."""
        if self.untouched:
            return protocol_error("closed before headers")
        found = self.feed(b"\n") if not self._in_body and len(self._data) > self._line else None
        if found is not None:
            return found
        if not self._in_body:
            return protocol_error("EOF during headers")
        if self._length is None:
            return self._whole()
        return protocol_error(f"Content-Length mismatch: Expected {self._length} bytes, got {len(self._data)} bytes")

    def _whole(self) -> Request:
        body, self._data = bytes(self._data), bytearray()  # twice is too much while a client takes its answer slowly
        return Request(self._method, self._minor, self._user, body, self._compressed)

    def _head(self) -> Request | Refusal | None:
        """Read lines up to the empty one; afterwards `_data` is the body's beginning."""
        while (end := self._data.find(b"\n", self._looked)) >= 0:
            if end - self._line > limits.SPAMD_LINE:
                return protocol_error("line too long")
            line = bytes(self._data[self._line : end]).removesuffix(b"\r")
            self._line = self._looked = end + 1
            found = self._first(line) if not self._method else self._field(line) if line else self._end_of_head()
            if found is not None or self._in_body:
                return found
        self._looked = len(self._data)
        return protocol_error("line too long") if self._looked - self._line > limits.SPAMD_LINE else None

    def _first(self, line: bytes) -> Request | Refusal | None:
        found = _REQUEST.fullmatch(line)
        if found is None:
            return Refusal(76, f"Bad header line: {clip(line.decode('latin-1'), _SHOWN)}")
        self._method, self._minor = found[1].decode("ascii"), int(found[2])
        return self._whole_without_body() if self._method in (PING, SKIP) and self._minor < _NO_HEAD_BELOW else None

    def _field(self, line: bytes) -> Refusal | None:
        name, colon, value = line.partition(b":")
        self._fields += 1
        if self._fields > limits.SPAMD_FIELDS:
            return protocol_error("too many headers")
        if not colon:
            return protocol_error("header not in 'Name: value' format")
        read = {b"content-length": self._read_length, b"user": self._read_user, b"compress": self._read_compress}
        reader = read.get(name.strip().lower())
        return reader(value.strip(b" \t")) if reader else None

    def _read_length(self, value: bytes) -> Refusal | None:
        if not value.isdigit():
            return protocol_error("Content-Length contains non-numeric bytes")
        digits = value.lstrip(b"0") or b"0"
        if len(digits) > len(str(limits.SERVICE_MESSAGE)) or int(digits) > limits.SERVICE_MESSAGE:
            return TOO_LARGE
        self._length = int(digits)
        return None

    def _read_user(self, value: bytes) -> Refusal | None:
        if _CONTROLS.search(value):
            return protocol_error("User header contains control chars")
        self._user = value.decode("utf-8", "replace")
        return None

    def _read_compress(self, value: bytes) -> Refusal | None:
        if value.lower() != b"zlib":
            return protocol_error(f"compression type not supported: {clip(value.decode('latin-1'), _SHOWN)}")
        self._compressed = True
        return None

    def _end_of_head(self) -> Request | Refusal | None:
        if self._method == TELL:
            return unavailable("ndrfilter does not learn, TELL is not enabled")
        if self._method in (PING, SKIP):
            return self._whole_without_body()
        if self._compressed and self._length is None:
            return unavailable("Compress requires Content-length header")
        self._in_body = True
        del self._data[: self._line]
        return None

    def _whole_without_body(self) -> Request:
        return Request(self._method, self._minor, self._user)


def inflate(packed: bytes, hold: Callable[[int], bool]) -> bytes | Refusal:
    """A compressed body's message; `hold` says whether so many more bytes may be kept."""
    unpacker = zlib.decompressobj()
    pieces = []
    while not unpacker.eof:
        try:
            piece = unpacker.decompress(packed, limits.SPAMD_INFLATE)
        except zlib.error:
            return unavailable("zlib: the data is damaged")
        packed = unpacker.unconsumed_tail
        if not hold(len(piece)):
            return TOO_LARGE
        if not piece and not unpacker.eof:
            return unavailable("zlib: failed to find end of zlib stream")
        pieces.append(piece)
    return b"".join(pieces)
