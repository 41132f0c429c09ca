"""A log file and the ones it was rotated into, read as one stream of lines: older files first, then what is appended.

Rotation by rename and by copy and truncate, a file that is gone for a while, packed files, and lines that are not yet
whole are understood. A file is known again by its first bytes, whatever its name is now.
"""

from __future__ import annotations

import hashlib
import os
from itertools import pairwise
from pathlib import Path

from ndrfilter import limits
from ndrfilter.noun import Noun
from ndrfilter.sentlog.packed import UNREADABLE, open_log, packed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO


class Place(Noun):
    """A place in a log: `offset` bytes into the file whose first `length` bytes have this digest."""

    length: int
    digest: str
    offset: int

    def fits(self, head: bytes) -> bool:
        """Whether a file that begins so is the one."""
        return len(head) >= self.length and _digest(head[: self.length]) == self.digest


class _Segment(Noun):
    """A file in the stream, begun at `begin`; its first byte would be at position `zero`. It begins with `head`."""

    begin: int
    zero: int
    head: bytes


def _digest(head: bytes) -> str:
    return hashlib.sha256(head).hexdigest()[:32]


def rotated(path: Path) -> list[Path]:
    """The files that `path` was rotated into (mail.log.1, mail.log.2.gz, mail.log-20261122.gz), the oldest first."""
    prefixes = (f"{path.name}.", f"{path.name}-")
    try:
        found = [entry for entry in os.scandir(path.parent) if entry.name.startswith(prefixes) and entry.is_file()]
        named = [entry for entry in found if entry.name[len(path.name) + 1 :][:1].isdigit()]
        ordered = sorted(named, key=lambda entry: entry.stat().st_mtime_ns)
    except OSError:
        return []
    return [Path(entry.path) for entry in ordered[-limits.MAX_ROTATED_LOGS :]]


class Tail:
    """Reads on from `start`, or from the oldest file that there is. Positions count the bytes of the whole stream.

    `lost` becomes true when something was not read and cannot be any more; whoever has seen it sets it back. `trouble`
    says why the file itself cannot be opened, `latest` when the file that is being read was last written (None: now).
    """

    def __init__(self, path: Path, start: Place | None = None) -> None:
        self.path = path
        self.lost = False
        self.trouble = ""
        self.latest: float | None = None
        self._file: BinaryIO | None = None
        self._live = self._packed = False
        self._rest = b""
        self._skipping = False
        self._position = 0
        self._segments: list[_Segment] = []
        self._plan = self._from(start)

    def read(self) -> list[tuple[int, bytes]]:
        """The next whole lines, without their ends, with the position of each; none if there is no news."""
        while True:
            data = self._some()
            if data:
                lines = self._lines(data)
                if lines:
                    return lines
            elif not self._next():
                return []

    @property
    def position(self) -> int:
        """Where reading goes on: behind the last whole line."""
        return self._position - len(self._rest)

    def place(self, position: int) -> Place | None:
        """The place of that position, or the first after it that is still known; None if nothing was read yet."""
        known = [segment for segment in self._segments if segment.head]
        if not known:
            return None
        found = next((segment for segment in reversed(known) if segment.begin <= position), known[0])
        return Place(len(found.head), _digest(found.head), max(position, found.begin) - found.zero)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
        self._file = None

    def _from(self, start: Place | None) -> list[tuple[Path, int]]:
        """The files to read, each with the offset to begin at."""
        files = [*rotated(self.path), self.path]
        if start is None:
            return [(file, 0) for file in files]
        for index in range(len(files) - 1, -1, -1):
            if start.fits(_head_of(files[index])):
                return [(files[index], start.offset), *((file, 0) for file in files[index + 1 :])]
        self.lost = True
        return [(file, 0) for file in files]

    def _some(self) -> bytes:
        if self._live:
            self._check()
        if self._file is None:
            return b""
        try:
            data = self._file.read(limits.FOLLOW_READ)
        except UNREADABLE:
            self.lost = True
            self.close()
            return b""
        self._position += len(data)
        return data

    def _lines(self, data: bytes) -> list[tuple[int, bytes]]:
        position = self.position - len(data)
        *whole, self._rest = (self._rest + data).split(b"\n")
        lines = []
        for line in whole:
            if not self._skipping and len(line) <= limits.MAX_LOG_LINE:
                lines.append((position, line))
            self._skipping = False
            position += len(line) + 1
        if len(self._rest) > limits.MAX_LOG_LINE:
            self._rest, self._skipping = b"", True
        return lines

    def _check(self) -> None:
        """Of the live file: has it been truncated, or been begun anew? Then the rest is in its copy."""
        assert self._file is not None
        last = self._segments[-1]
        offset, number = self._position - last.zero, self._file.fileno()
        head = os.pread(number, limits.FOLLOW_HEAD, 0)
        if os.fstat(number).st_size >= offset and head.startswith(last.head):
            self._segments[-1] = last._replace(head=head)
            return
        place = Place(len(last.head), _digest(last.head), offset - len(self._rest))
        copy = next((file for file in reversed(rotated(self.path)) if place.fits(_head_of(file))), None)
        self.lost = self.lost or copy is None
        self._plan = [*([(copy, place.offset)] if copy else []), (self.path, 0)]
        self._position = self.position
        self._rest, self._live = b"", False
        self.close()

    def _next(self) -> bool:
        """Go on to the next file, if it is time to."""
        if not self._plan and not self._turned():
            return False
        while self._plan:
            path, offset = self._plan[0]
            if path == self.path and self._file is not None and not self._over():
                return False
            if self._open(path, offset):
                self._plan.pop(0)
                return True
            if path == self.path:
                return False
            self._plan.pop(0)
            self.lost = True
        return False

    def _over(self) -> bool:
        """Whether the writer has gone on to a new file, and nothing came into the open one since it was read."""
        assert self._file is not None
        try:
            begun = self.path.stat().st_size > 0
        except OSError:
            return False
        left = os.fstat(self._file.fileno()).st_size - (self._position - self._segments[-1].zero)
        return begun and (left <= 0 or self._packed)

    def _turned(self) -> bool:
        """Whether the live file has been moved away, and its writer has gone on to a new one."""
        if self._file is None or not self._over():
            return False
        try:
            now, mine = self.path.stat(), os.fstat(self._file.fileno())
            if os.path.samestat(now, mine):
                return False
            later = [file for file in rotated(self.path) if file.stat().st_mtime_ns >= mine.st_mtime_ns]
        except OSError:
            return False
        head = self._segments[-1].head
        others = [file for file in later if not (head and _head_of(file).startswith(head))]
        self._plan = [(file, 0) for file in (*others, self.path)]
        return True

    def _open(self, path: Path, offset: int) -> bool:
        own = path == self.path
        try:
            file = open_log(path)
            head, begin = file.read(limits.FOLLOW_HEAD), max(offset - 1, 0)
            file.seek(begin)
            self.latest = None if own else path.stat().st_mtime
        except UNREADABLE as error:
            self.trouble = f"{path}: {getattr(error, 'strerror', None) or error}" if own else self.trouble
            return False
        self.close()
        self._file, self._packed = file, packed(path)
        self._live = own and not self._packed
        self.trouble = "" if own else self.trouble
        self._position -= len(self._rest)
        self._rest, self._skipping = b"", offset > 0
        floor = self._position - limits.FOLLOW_REPLAY[1]
        kept = [segment for segment, after in pairwise(self._segments) if after.begin > floor] + self._segments[-1:]
        self._segments = [*kept, _Segment(self._position, self._position - begin, head)]
        return True


def _head_of(path: Path) -> bytes:
    try:
        with open_log(path) as file:
            return file.read(limits.FOLLOW_HEAD)
    except UNREADABLE:
        return b""
