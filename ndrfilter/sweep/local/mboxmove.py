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
from ndrfilter.sweep.local.mboxindex import digest_in, open_mbox, scan
from ndrfilter.sweep.local.mboxjournal import Journal
from ndrfilter.sweep.nouns import Moved
from ndrfilter.terminal import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from typing import BinaryIO

    Moves = tuple[tuple[str, mboxplan.Span], ...]


@contextmanager
def _both(source: Path, target: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Both files locked, always in the same order, so that two who move do not wait for each other."""
    with ExitStack() as stack:
        held = {path: stack.enter_context(locked(path)) for path in sorted((source, target))}
        yield held[source], held[target]


def move(source: Path, target: Path, uids: Collection[str]) -> list[Moved]:
    """Move what can be moved of these; where it is now. Raises PlaceError and its kin, TemporaryError."""
    settle(source)
    for path in (source, target):
        open_mbox(path).close()
    with _both(source, target) as (stream, into):
        before = mboxplan.look_at(into)
        plan = mboxplan.plan(source, stream, uids, before.last)
        if not plan.moved:
            return []
        journal = Journal.of(target, source, before, plan)
        try:
            journal.write(source)
            _carry_out(source, stream, target, into, before, plan)
            journal.remove(source)
        except OSError as error:
            raise files.trouble(error, source) from error
    return list(_told(plan.moved, before.counts))


def _carry_out(
    source: Path, stream: BinaryIO, target: Path, into: BinaryIO, before: mboxplan.Target, plan: mboxplan.Plan
) -> None:
    was = os.fstat(stream.fileno())
    try:
        _append(stream, into, before, plan.moved)
        if target.stat().st_ino != os.fstat(into.fileno()).st_ino:
            raise TemporaryError(f"{escape(str(target))} was changed meanwhile by another program; start again")
        _replace(source, stream, plan.moved, was)
    except BaseException:
        if source.stat().st_ino == was.st_ino:  # else it was done already
            into.truncate(before.size)
            os.fsync(into.fileno())
            Journal.remove(source)
        raise


def _told(moved: Moves, counts: Counter[str]) -> Iterator[Moved]:
    for uid, _span in moved:
        digest = digest_in(uid)
        counts[digest] += 1
        yield Moved(uid, digest if counts[digest] == 1 else f"{digest}-{counts[digest]}", 0)


def _append(stream: BinaryIO, into: BinaryIO, before: mboxplan.Target, moved: Moves) -> None:
    for block in _appended(stream, into, before.size, moved):
        into.seek(0, os.SEEK_END)
        into.write(block)
    into.flush()
    os.fsync(into.fileno())


def _appended(stream: BinaryIO, into: BinaryIO, size: int, moved: Moves) -> Iterator[bytes]:
    """What is written behind the first `size` bytes of `into`."""
    into.seek(0)
    crlf = into.readline(1000).endswith(b"\r\n")
    into.seek(max(0, size - 4))
    end = into.read(min(4, size))
    return mboxplan.pieces_moved(stream, end, crlf, moved, limits.MBOX_COPY)


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
            if _signature(source.stat()) != _signature(was):
                raise TemporaryError(f"{escape(str(source))} was changed meanwhile by another program; start again")
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


def _signature(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns


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
    here = [(uid, mboxplan.Span(piece.start, piece.size)) for uid, piece in scan(stream)]
    now = Counter(digest_in(uid) for uid, _span in here)
    moving = tuple((uid, span) for uid, span in here if uid in wanted)
    if all(now[digest] == number for digest, number in journal.in_source.items()) and _in_part(
        stream, into, journal.size, moving
    ):
        into.truncate(journal.size)
        os.fsync(into.fileno())
        return
    there = mboxplan.look_at(into).counts
    left = Counter(
        {
            digest: min(number, there[digest] - journal.in_target[digest]) - (journal.in_source[digest] - now[digest])
            for digest, number in Counter(map(digest_in, journal.moving)).items()
        }
    )
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
    for block in _appended(stream, into, size, moving):
        into.seek(place)
        found = into.read(len(block))
        if not block.startswith(found) or (len(found) < len(block) and place + len(found) < end):
            return False
        place, whole = place + len(found), whole and len(found) == len(block)
    return size <= end and place == end and not whole
