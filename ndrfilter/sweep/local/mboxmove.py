"""Messages go from one mbox to another so that whenever we are killed, none is lost, and the next one puts it right.

1. A journal beside the source says which messages go where, and how often each was in both files before.
2. They are written behind the target, to the disk.
3. What stays is written to a new file; if nobody has changed the source meanwhile, it takes the source's name.
4. The journal goes away.

Killed between 2 and 3 a message is in both files. Whoever opens the source for writing next reads the journal, and
takes out of the source what arrived in the target, or what arrived only in part out of the target.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ndrfilter import limits
from ndrfilter.errors import TemporaryError
from ndrfilter.sweep.local import files, mboxplan
from ndrfilter.sweep.local.lock import locked
from ndrfilter.sweep.local.mboxindex import Index, digest_in, index_of, open_mbox, signature
from ndrfilter.sweep.local.mboxjournal import Journal
from ndrfilter.sweep.nouns import Moved
from ndrfilter.terminal import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import BinaryIO

    from ndrfilter.sweep.local.mboxplan import Moves


@contextmanager
def _both(source: Path, target: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Both files locked, always in the same order, so that two who move do not wait for each other."""
    with ExitStack() as stack:
        held = {path: stack.enter_context(locked(path)) for path in sorted((source, target))}
        yield held[source], held[target]


def move(source: Path, target: Path, uids: Collection[str], known: dict[Path, Index]) -> list[Moved]:
    """Move what can be moved of these; where it is now. Indexes that are `known` are used, and brought up to date.

    Raises PlaceError and its kin, TemporaryError.
    """
    settle(source)
    for path in (source, target):
        open_mbox(path).close()
    with _both(source, target) as (stream, into):
        try:
            here, there = index_of(stream, known.get(source)), index_of(into, known.get(target))
            last = next((entry.edge for entry in reversed(there.entries.values())), None)
            moves = mboxplan.plan(source, here, uids, last)
            known.clear()
            if not moves:
                return []
            Journal.of(target, source, here, there, tuple(uid for uid, _span in moves)).write(source)
            starts = _carry_out(source, stream, target, into, there.signature[1], moves)
            Journal.remove(source)
            known[source] = mboxplan.without(here, moves, signature(source.stat()))
            known[target], moved = mboxplan.together(there, here, starts, signature(target.stat()))
        except OSError as error:
            raise files.trouble(error, source) from error
    return moved


def _carry_out(source: Path, stream: BinaryIO, target: Path, into: BinaryIO, size: int, moves: Moves) -> dict[str, int]:
    """Write them behind the first `size` bytes of `into`, and a source without them; where each begins there."""
    was = os.fstat(stream.fileno())
    try:
        starts = _append(stream, into, size, moves)
        if target.stat().st_ino != os.fstat(into.fileno()).st_ino:
            raise _changed(target)
        _replace(source, stream, moves, was)
    except BaseException:
        if source.stat().st_ino == was.st_ino:  # else it was done already
            into.truncate(size)
            os.fsync(into.fileno())
            Journal.remove(source)
        raise
    return starts


def _changed(path: Path) -> TemporaryError:
    return TemporaryError(f"{escape(str(path))} was changed meanwhile by another program; start again")


def _append(stream: BinaryIO, into: BinaryIO, size: int, moves: Moves) -> dict[str, int]:
    starts, place = {}, size
    for uid, block in _appended(stream, into, size, moves):
        if uid:
            starts[uid] = place
        into.seek(place)
        into.write(block)
        place += len(block)
    into.flush()
    os.fsync(into.fileno())
    return starts


def _appended(stream: BinaryIO, into: BinaryIO, size: int, moved: Moves) -> Iterator[tuple[str, bytes]]:
    """What is written behind the first `size` bytes of `into`."""
    into.seek(0)
    crlf = into.readline(1000).endswith(b"\r\n")
    into.seek(max(0, size - 4))
    end = into.read(min(4, size))
    return mboxplan.pieces_moved(stream, end, crlf, moved)


def _replace(source: Path, stream: BinaryIO, moved: Moves, was: os.stat_result) -> None:
    """Put a file without these messages in the source's place, unless the source has changed. Raises OSError too."""
    draft = source.with_name(f".{source.name}.ndrfilter-new")
    draft.unlink(missing_ok=True)
    try:
        with files.create(draft, was) as new:
            for span in mboxplan.rest(moved, was.st_size):
                _copy(stream, new, span)
            new.flush()
            os.fsync(new.fileno())
            if signature(source.stat()) != signature(was):
                raise _changed(source)
            if os.name == "nt":  # where an open file cannot be replaced
                new.close()
                stream.close()
            draft.replace(source)
            if os.name != "nt":
                # A program that knows no locks may have written to the old file until now.
                grown = os.fstat(stream.fileno()).st_size - was.st_size
                _copy(stream, new, mboxplan.Span(was.st_size, max(0, grown)))
    finally:
        draft.unlink(missing_ok=True)
    files.sync_folder(source.parent)


def _copy(stream: BinaryIO, new: BinaryIO, span: mboxplan.Span) -> None:
    stream.seek(span.start)
    left = span.size
    while left:
        block = stream.read(min(left, limits.MBOX_COPY))
        if not block:
            raise TemporaryError("the mailbox became shorter while it was read; start again")
        new.write(block)
        left -= len(block)


def settle(source: Path) -> None:
    """Finish or take back a move from that mbox which was cut short; raises PlaceError and its kin, TemporaryError."""
    journal = Journal.read(source)
    if journal is None:
        return
    target = source.parent / journal.into
    try:
        if target.exists():
            with _both(source, target) as (stream, into):
                journal = Journal.read(source) or journal._replace(moving=())  # another one may have settled it
                _settle(source, stream, into, journal)
        Journal.remove(source)
    except OSError as error:
        raise files.trouble(error, source) from error


def _settle(source: Path, stream: BinaryIO, into: BinaryIO, journal: Journal) -> None:
    wanted = set(journal.moving)
    index = index_of(stream)
    here = [(uid, mboxplan.Span(entry.start, entry.size)) for uid, entry in index.entries.items()]
    now, there = index.counts(), index_of(into).counts()
    moving = tuple((uid, span) for uid, span in here if uid in wanted)
    untouched = all(now[digest] == number for digest, number in journal.in_source.items())
    if untouched and _in_part(stream, into, journal.size, moving):
        into.truncate(journal.size)
        os.fsync(into.fileno())
        return
    left = Counter[str]()
    for digest, number in Counter(map(digest_in, journal.moving)).items():
        arrived = min(number, there[digest] - journal.in_target[digest])
        left[digest] = arrived - (journal.in_source[digest] - now[digest])
    out = []
    for uid, span in here:
        if left[digest_in(uid)] > 0:
            left[digest_in(uid)] -= 1
            out.append((uid, span))
    if out:
        _replace(source, stream, tuple(out), os.fstat(stream.fileno()))


def _in_part(stream: BinaryIO, into: BinaryIO, size: int, moving: Moves) -> bool:
    """Whether behind the first `size` bytes of `into` stands a beginning of what should, and nothing else."""
    end = into.seek(0, os.SEEK_END)
    place, whole = size, True
    for _uid, block in _appended(stream, into, size, moving):
        into.seek(place)
        found = into.read(len(block))
        if not block.startswith(found) or (len(found) < len(block) and place + len(found) < end):
            return False
        place, whole = place + len(found), whole and len(found) == len(block)
    return size <= end and place == end and not whole
