"""A streaming splitter for mbox files: message after message, in memory only one at a time, bytes untouched.

An mbox (RFC 4155) has no grammar that all writers keep. We cut where a line begins with `From `, ends in a time and a
year as every delivery agent writes them, stands after an empty line, and is followed by a header field. But bounces
return originals together with their `From ` line: we do not cut where the text before it announces a returned message
("… is shown below:", message/rfc822) and its time is not after that of the message it stands in. `>From` stays as it
is, because undoing the quoting would change bytes.
"""

from __future__ import annotations

import re

from ndrfilter import limits
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_SEPARATOR = re.compile(rb"From .*?(?:([A-Z][a-z]{2}) +(\d\d?) +)?(\d\d?:\d\d(?::\d\d)?)\b.* (\d{4})\b.*\s*\Z")
_BARE = re.compile(rb"From -?[ \t]*\r?\n\Z")  # as Thunderbird writes it
_MONTHS = b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
_HEADER = re.compile(rb"(?:[!-9;-~]+[ \t]*:|>From )")
_ANNOUNCED = re.compile(rb"(?i)(?:.*:|content-type:[ \t]*message/.*)\s*\Z")
_EMPTY = (b"\n", b"\r\n")
_LINE = 64 * 1024
_LONGEST = 500  # bytes of a `From ` line


class Piece(Noun):
    """One message as it stands in a file: `raw` with its own `From ` line and without the mailbox's empty line.

    `raw` is `cut` at `limits.MAX_MESSAGE`. In the file it has `size` bytes from `start`, the empty line included;
    `opening` is the first line, `last` the last that is not empty, which `edge_of` looks at.
    """

    raw: bytes
    cut: bool
    start: int
    size: int
    opening: bytes
    last: bytes


def split(stream: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """The messages of `stream`, each with its own `From ` line, and whether it was cut at `limits.MAX_MESSAGE`.

    A stream that does not begin with `From ` is one message, whatever is in it.
    """
    for piece in pieces(stream):
        yield piece.raw, piece.cut


def pieces(stream: BinaryIO) -> Iterator[Piece]:
    """What `split` gives, and where it stands; offsets count from where the stream is now."""
    first = stream.readline(_LINE)
    if not first.startswith(b"From "):
        raw, cut = _rest(first, stream)
        yield Piece(raw, cut, 0, len(raw), b"", b"")
        return
    message = _Growing(0)
    message.add(first)
    for line, starts in _lines(first, stream):
        if starts:
            yield message.close(b"\r\n" if message.crlf else b"\n")
            message = _Growing(message.start + message.size)
        message.add(line)
    yield message.close(b"")


class Edge(Noun):
    """What of a message tells whether it is cut off from the one before, and the next one from it."""

    opening: bytes
    headed: bool
    announces: bool


def edge_of(piece: Piece) -> Edge:
    """The edge of that message; it is not headed where a piece was torn off a message, or where there is no mbox."""
    headed = bool(piece.opening) and _HEADER.match(piece.raw, len(piece.opening)) is not None
    return Edge(piece.opening, headed, _ANNOUNCED.match(piece.last) is not None)


def parts(before: Edge, after: Edge) -> bool:
    """Whether these two would be told apart if an empty line and then the second came behind the first."""
    return after.headed and _starts(after.opening, before.announces, before.opening)


def trimmed(raw: bytes, separator: bytes) -> bytes:
    """`raw` without the mailbox's empty line at its end; one that ends the header is the message's own."""
    header_only = raw.find(separator * 2) + 2 * len(separator) == len(raw)
    return raw if header_only else raw.removesuffix(separator)


def headed(piece: Piece) -> bool:
    """Whether a header follows the `From ` line: else this is a piece that was torn off a message."""
    return bool(piece.opening) and _HEADER.match(piece.raw, len(piece.opening)) is not None


def _rest(first: bytes, stream: BinaryIO) -> tuple[bytes, bool]:
    raw = first + stream.read(limits.MAX_MESSAGE - len(first) + 1)
    return raw[: limits.MAX_MESSAGE], len(raw) > limits.MAX_MESSAGE


def _lines(first: bytes, stream: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """The lines after the first, each with whether a message starts with it. Very long lines come in pieces."""
    opening, before, text, line = first, b"", b"", stream.readline(_LINE)
    while line:
        following = stream.readline(_LINE)
        starts = before in _EMPTY and line.startswith(b"From ")
        starts = starts and _starts(line, _ANNOUNCED.match(text) is not None, opening)
        starts = starts and _HEADER.match(following) is not None
        yield line, starts
        opening = line if starts else opening
        text = text if line in _EMPTY else line
        before, line = line, following


def _starts(line: bytes, announced: bool, opening: bytes) -> bool:
    """Whether `line` begins a new message and not an original, `announced` by the last text, returned in this one."""
    if _BARE.match(line):
        return True
    if len(line) > _LONGEST or not _SEPARATOR.match(line):
        return False
    return not announced or _time(line) > _time(opening)


def _time(line: bytes) -> tuple[int, int, int, bytes]:
    """The time in a `From ` line as something to compare; zeros where it has none."""
    found = _SEPARATOR.match(line[:_LONGEST])
    if not found:
        return 0, 0, 0, b""
    month, day, clock, year = found.groups(b"0")
    return int(year), _MONTHS.find(month), int(day), clock


class _Growing:
    """One message while it is read, in memory never beyond the limit."""

    __slots__ = ("crlf", "cut", "data", "last", "opening", "size", "start")

    def __init__(self, start: int) -> None:
        self.data = bytearray()
        self.cut = False
        self.crlf = False
        self.start, self.size = start, 0
        self.opening = self.last = b""

    def add(self, line: bytes) -> None:
        if not self.size:
            self.crlf = line.endswith(b"\r\n")
            self.opening = line
        elif line not in _EMPTY:
            self.last = line
        room = limits.MAX_MESSAGE - len(self.data)
        self.cut = self.cut or len(line) > room
        self.data += line[:room]
        self.size += len(line)

    def close(self, separator: bytes) -> Piece:
        """The message without the empty line that belongs to the mailbox."""
        raw = bytes(self.data)
        raw = raw if self.cut else trimmed(raw, separator)
        return Piece(raw, self.cut, self.start, self.size, self.opening, self.last)
