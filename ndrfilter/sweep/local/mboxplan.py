"""What is to be moved from one mbox to another and what stays: decided so that no message is torn or glued to another.

Where an mbox is cut depends on what stands before: a returned message with its own `From ` line stays in a bounce that
announces it. So a message stays where it is if, once moved or once others are, it would not be told apart any more.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from ndrfilter import mbox
from ndrfilter.noun import Noun
from ndrfilter.sweep.local.mboxindex import body_end, digest_in, scan
from ndrfilter.sweep.mailbox import PlaceError
from ndrfilter.terminal import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import BinaryIO

_FRONT = 300  # bytes after the `From ` line that tell whether a header begins there
_SEPARATIONS = range(5)  # bytes that end a body and begin no message: an empty line or two


class Span(Noun):
    """Bytes of a file."""

    start: int
    size: int


class Plan(Noun):
    """Uids and spans of what is moved, in order; how often each digest is in the file."""

    moved: tuple[tuple[str, Span], ...]
    counts: Counter[str]
    size: int


class Target(Noun):
    """The file that messages are moved to: how often each digest is in it, its last message, its length."""

    counts: Counter[str]
    last: mbox.Piece | None
    size: int


def look_at(stream: BinaryIO) -> Target:
    """What is in that mbox."""
    counts: Counter[str] = Counter()
    last, size = None, 0
    for uid, piece in scan(stream):
        counts[digest_in(uid)] += 1
        last, size = _front(piece), piece.start + piece.size
    return Target(counts, last, size)


def plan(path: Path, stream: BinaryIO, uids: Collection[str], last: mbox.Piece | None) -> Plan:
    """What of `uids` can be moved from there behind `last`; raises PlaceError where messages could be torn apart."""
    chosen = _Chosen(last)
    counts: Counter[str] = Counter()
    starts, claims, size = set(), [], 0
    for uid, piece in scan(stream):
        if not mbox.headed(piece):
            raise _unsound(path)
        counts[digest_in(uid)] += 1
        chosen.add(uid, piece, uid in uids)
        size = piece.start + piece.size
        starts.add(piece.start)
        if end := body_end(piece):
            claims.append(end)
    starts.add(size)
    if any(end + more in starts for end in claims for more in _SEPARATIONS):
        raise _unsound(path)
    moved = tuple((uid, Span(piece.start, piece.size)) for uid, piece in chosen.moved)
    if chosen.wanted and not moved:
        raise PlaceError(
            f"{escape(str(path))}: behind the last message of the other folder these could not be told apart any more;"
            " move them with your mail program, or put any other message at the end of that folder first"
        )
    return Plan(moved, counts, size)


def _unsound(path: Path) -> PlaceError:
    return PlaceError(
        f"{escape(str(path))}: it is not certain where its messages end, so nothing is moved; let your mail program"
        " copy them to a new folder and sweep that, or sweep it without --move"
    )


def _front(piece: mbox.Piece) -> mbox.Piece:
    return piece._replace(raw=piece.raw[: len(piece.opening) + _FRONT])


class _Chosen:
    """Takes messages in the order of the file."""

    def __init__(self, last: mbox.Piece | None) -> None:
        self.moved: list[tuple[str, mbox.Piece]] = []
        self.wanted = 0
        self._target = last
        self._kept: mbox.Piece | None = None  # the last that stays
        self._run = 0  # how many were moved since

    def add(self, uid: str, piece: mbox.Piece, wanted: bool) -> None:
        """The next message."""
        piece, before = _front(piece), self.moved[-1][1] if self.moved else self._target
        self.wanted += wanted
        if wanted and (before is None or mbox.parts(before, piece)):
            self.moved.append((uid, piece))
            self._run += 1
            return
        after = piece
        while self._run and self._kept and not mbox.parts(self._kept, after):
            after = self.moved.pop()[1]
            self._run -= 1
        self._kept, self._run = piece, 0


def pieces_moved(
    stream: BinaryIO, end: bytes, crlf: bool, moved: tuple[tuple[str, Span], ...], block: int
) -> Iterator[bytes]:
    """The bytes to write behind a file that ends with `end`: every message is followed by an empty line."""
    yield _empty_line(end, crlf) if end else b""
    for _uid, span in moved:
        stream.seek(span.start)
        crlf = stream.readline(1000).endswith(b"\r\n")
        stream.seek(span.start)
        left, last = span.size, b""
        while left and (read := stream.read(min(left, block))):
            left, last = left - len(read), (last + read)[-4:]
            yield read
        yield _empty_line(last, crlf)


def _empty_line(end: bytes, crlf: bool) -> bytes:
    feed = b"\r\n" if crlf else b"\n"
    if end.endswith((b"\n\n", b"\n\r\n")):
        return b""
    return feed if end.endswith(b"\n") else feed * 2


def rest(moved: tuple[tuple[str, Span], ...], size: int) -> Iterator[Span]:
    """What stays of a file of that size."""
    start = 0
    for _uid, span in moved:
        if span.start > start:
            yield Span(start, span.start - start)
        start = span.start + span.size
    if size > start:
        yield Span(start, size - start)
