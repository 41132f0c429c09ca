"""What is to be moved from one mbox to another and what stays: decided so that no message is torn or glued to another.

Where an mbox is cut depends on what stands before: a returned message with its own `From ` line stays in a bounce that
announces it. So a message stays where it is if, once moved or once others are, it would not be told apart any more.
"""

from __future__ import annotations

from pathlib import Path

from ndrfilter import limits, mbox
from ndrfilter.errors import TemporaryError
from ndrfilter.noun import Noun
from ndrfilter.sweep.local.mboxindex import Index, digest_in, namer
from ndrfilter.sweep.mailbox import PlaceError
from ndrfilter.sweep.nouns import Moved
from ndrfilter.terminal import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import BinaryIO

    from ndrfilter.sweep.local.mboxindex import Entry

    Moves = tuple[tuple[str, "Span"], ...]

_SEPARATIONS = range(5)  # bytes that end a body and begin no message: an empty line or two


class Span(Noun):
    """Bytes of a file."""

    start: int
    size: int


def plan(path: Path, index: Index, uids: Collection[str], last: mbox.Edge | None) -> Moves:
    """What of `uids` can be moved from there behind `last`; raises PlaceError where messages could be torn apart."""
    entries = index.entries.values()
    if not all(entry.edge.headed for entry in entries):
        raise _unsound(path)
    starts = {index.signature[1], *(entry.start for entry in entries)}
    if any(entry.claim + more in starts for entry in entries if entry.claim for more in _SEPARATIONS):
        raise _unsound(path)
    chosen = _Chosen(last)
    for uid, entry in index.entries.items():
        chosen.add(uid, entry, uid in uids)
    if chosen.wanted and not chosen.moved:
        raise PlaceError(
            f"{escape(str(path))}: behind the last message of the other folder these could not be told apart any more;"
            " move them with your mail program, or put any other message at the end of that folder first"
        )
    return tuple((uid, Span(entry.start, entry.size)) for uid, entry in chosen.moved)


def _unsound(path: Path) -> PlaceError:
    return PlaceError(
        f"{escape(str(path))}: it is not certain where its messages end, so nothing is moved; let your mail program"
        " copy them to a new folder and sweep that, or sweep it without --move"
    )


class _Chosen:
    """Takes messages in the order of the file."""

    def __init__(self, last: mbox.Edge | None) -> None:
        self.moved: list[tuple[str, Entry]] = []
        self.wanted = 0
        self._target = last
        self._kept: mbox.Edge | None = None  # of the last that stays
        self._run = 0  # how many were moved since

    def add(self, uid: str, entry: Entry, wanted: bool) -> None:
        """The next message."""
        before = self.moved[-1][1].edge if self.moved else self._target
        self.wanted += wanted
        if wanted and (before is None or mbox.parts(before, entry.edge)):
            self.moved.append((uid, entry))
            self._run += 1
            return
        after = entry.edge
        while self._run and self._kept and not mbox.parts(self._kept, after):
            after = self.moved.pop()[1].edge
            self._run -= 1
        self._kept, self._run = entry.edge, 0


def without(index: Index, moved: Moves, signature: tuple[int, int, int]) -> Index:
    """The index of the source when they are gone."""
    gone, entries, name, shift = {uid for uid, _span in moved}, {}, namer(), 0
    for uid, entry in index.entries.items():
        if uid in gone:
            shift += entry.size
        else:
            claim = entry.claim and entry.claim - shift
            entries[name(digest_in(uid))] = entry._replace(start=entry.start - shift, claim=claim)
    return Index(signature, entries)


def pieces_moved(stream: BinaryIO, end: bytes, crlf: bool, moved: Moves) -> Iterator[tuple[str, bytes]]:
    """The bytes to write behind a file that ends with `end`, each message's first with its uid.

    Every message is followed by an empty line.
    """
    yield "", _empty_line(end, crlf) if end else b""
    for uid, span in moved:
        stream.seek(span.start)
        opening = stream.readline(1000)
        if not opening.startswith(b"From "):
            raise TemporaryError("a message is not where it was: the mailbox was changed meanwhile; start again")
        crlf = opening.endswith(b"\r\n")
        stream.seek(span.start)
        left, last = span.size, b""
        while left and (read := stream.read(min(left, limits.MBOX_COPY))):
            left, last = left - len(read), (last + read)[-4:]
            yield uid, read
            uid = ""
        yield "", _empty_line(last, crlf)


def together(
    there: Index, here: Index, starts: dict[str, int], signature: tuple[int, int, int]
) -> tuple[Index, list[Moved]]:
    """The index of the target when messages from `here` begin at `starts`, and how they are called there."""
    entries, name, moved = dict(there.entries), namer(there.counts()), []
    for uid, start in starts.items():
        entry = here.entries[uid]
        new = name(digest_in(uid))
        moved.append(Moved(uid, new, 0))
        entries[new] = entry._replace(start=start, claim=entry.claim and entry.claim - entry.start + start)
    ends = [*(entry.start for entry in entries.values()), signature[1]][1:]
    sized = {
        uid: entry._replace(size=end - entry.start) for (uid, entry), end in zip(entries.items(), ends, strict=True)
    }
    return Index(signature, sized), moved


def _empty_line(end: bytes, crlf: bool) -> bytes:
    feed = b"\r\n" if crlf else b"\n"
    if end.endswith((b"\n\n", b"\n\r\n")):
        return b""
    return feed if end.endswith(b"\n") else feed * 2


def rest(moved: Moves, size: int) -> Iterator[Span]:
    """What stays of a file of that size."""
    start = 0
    for _uid, span in moved:
        if span.start > start:
            yield Span(start, span.start - start)
        start = span.start + span.size
    if size > start:
        yield Span(start, size - start)
