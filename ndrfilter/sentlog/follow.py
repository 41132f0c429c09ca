"""Following mail logs into the sent log: what left is recorded, and how far the logs have been read is remembered.

What is kept in the store: the entries; the mark "sent_log.place FILE", from where a later start reads on (some way
back, so that messages under way are joined again: to record one twice changes nothing); and the coverage
(`log.covered`). After a gap the coverage begins anew: a log that went away unread, a long stretch that is no log, too
many messages at once. A log in which nothing was ever seen leaving covers nothing: it may be the wrong one.
"""

from __future__ import annotations

import json

from ndrfilter import limits
from ndrfilter.errors import TemporaryError
from ndrfilter.sentlog.log import covered, covered_since, record, record_passed
from ndrfilter.sentlog.reader import Pipe, Reader
from ndrfilter.sentlog.tail import Place, Tail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Protocol

    from ndrfilter.ports import Store
    from ndrfilter.sentlog.log import Entry
    from ndrfilter.sentlog.trust import Trust

    class Lines(Protocol):
        """Where lines come from: a `Tail` or a `Pipe`."""

        lost: bool
        trouble: str
        latest: float | None

        @property
        def position(self) -> int:
            """Where reading goes on."""

        def read(self) -> list[tuple[int, bytes]]:
            """The next lines."""

        def place(self, position: int, /) -> Place | None:
            """Where to begin, to begin there."""

        def close(self) -> None:
            """Let go."""


_PLACE, _NOWHERE = "sent_log.place", Place(0, "", 0)


class Follower:
    """Follows one log. `say` tells a person what went wrong, once for each trouble; `trouble` is what is wrong now."""

    def __init__(
        self,
        store: Store,
        trust: Trust,
        name: str,
        say: Callable[[str], None],
        chosen: str = "auto",
        retention: float = limits.SENT_RETENTION,
    ) -> None:
        self._store, self._name, self._say, self._retention = store, name, say, retention
        self._trust, self._chosen = trust, chosen
        self._lines: Lines | None = None
        self._pending: list[Entry] = []
        self._passed: list[Entry] = []
        self._floor = 0.0
        self._since: float | None = None
        self._broken = True
        self._resumes = False
        self._leaves = False
        self._news = False
        self._strange = 0
        self.trouble = ""

    def open(self, path: Path | None, stream: int = 0) -> None:
        """Begin where the last run stopped; without a path, with the stream. Raises TemporaryError."""
        place, self._floor, again = _kept(self._store.mark(f"{_PLACE} {self._name}"))
        self._leaves = self._floor > 0.0
        self._reader = Reader(self._trust, self._chosen, again)
        lines = self._lines = Pipe(stream) if path is None else Tail(path, place)
        self._resumes = path is None
        if place is not None and not lines.lost and self._leaves:
            self._since, self._broken = self._floor, False

    @property
    def ended(self) -> bool:
        """Whether a stream has come to its end."""
        return isinstance(self._lines, Pipe) and self._lines.ended

    @property
    def full(self) -> bool:
        """Whether there is enough to be written."""
        return len(self._pending) + len(self._passed) >= limits.FOLLOW_BATCH

    def step(self, now: float) -> bool:
        """Read what there is, up to a bound; whether there was anything."""
        lines = self._opened().read()
        self._troubles()
        self._reader.written(min(self._opened().latest or now, now))
        for place, line in lines:
            known = self._reader.read(line, place)
            self._strange = 0 if known else self._strange + 1
            if self._strange == limits.FOLLOW_STRANGE:
                self._gap(f"{limits.FOLLOW_STRANGE} lines that are no lines of a mail log")
            if self._since is None and known and self._reader.time:
                self._begin(self._reader.time)
        self._pending += self._reader.take()
        self._passed += self._reader.passed()
        self._leaves = self._leaves or bool(self._pending or self._passed)
        if self._reader.dropped():
            self._gap("more messages under way than can be followed")
        self._news = self._news or bool(lines)
        return bool(lines)

    def _begin(self, time: float) -> None:
        """The first line is of that time: is it where the last run, or what was read before a gap, came to its end?"""
        if time > self._floor:
            self._since = time
        elif self._resumes:
            self._since, self._broken = self._floor, False
        self._resumes = False

    def commit(self, now: float, *, cover: bool = True) -> None:
        """Write what has been read, how far, and with `cover` that nothing is missing until there.

        Raises TemporaryError, after which it can be tried again.
        """
        if not self._news:
            return
        lines, until = self._opened(), min(self._reader.time, now)
        record(self._store, self._pending, now, retention=self._retention)
        record_passed(self._store, self._passed, now, retention=self._retention)
        self._pending, self._passed = [], []
        if cover and self._leaves and self._since is not None and until >= self._since:
            if self._broken:
                covered_since(self._store, self._since)
            covered(self._store, self._since, until)
            self._since, self._floor, self._broken = until, until, False
        place = lines.place(self._from(lines.position)) or _NOWHERE
        self._store.set_mark(f"{_PLACE} {self._name}", json.dumps([*place, self._floor, sorted(self._reader.again)]))
        self._news = False

    def _from(self, position: int) -> int:
        """Where a later start has to begin."""
        least, most = limits.FOLLOW_REPLAY
        oldest = self._reader.oldest()
        return max(position - most, min(position - least, position if oldest is None else oldest), 0)

    def _troubles(self) -> None:
        lines = self._opened()
        if lines.lost:
            lines.lost = False
            self._gap("a part of the log went away, or became unreadable, before it was read")
        if lines.trouble != self.trouble:
            self.trouble = lines.trouble
            if self.trouble:
                self._say(f"cannot read {self.trouble}")

    def _gap(self, why: str) -> None:
        self._say(f"{self._name}: {why}; the sent log counts as complete only from here on")
        self._floor, self._since = max(self._floor, self._reader.time) if self._leaves else 0.0, None
        self._broken, self._resumes = True, False

    def _opened(self) -> Lines:
        if self._lines is None:
            raise TemporaryError(f"{self._name} is not open")
        return self._lines

    def close(self) -> None:
        """Let go of the log."""
        if self._lines is not None:
            self._lines.close()


def _kept(text: str | None) -> tuple[Place | None, float, list[str]]:
    """Place (None in a stream), time and channels from a mark; nothing of it if it says nothing of use."""
    try:
        length, digest, offset, time, again = json.loads(text or "")
        place = Place(int(length), str(digest), int(offset))
        return (None if place == _NOWHERE else place), float(time), [str(channel) for channel in again]
    except (ValueError, TypeError):
        return None, 0.0, []
