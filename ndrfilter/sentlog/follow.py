"""Following mail logs into the sent log: what left is recorded, and how far the logs have been read is remembered.

What is kept in the store: the entries; the mark "sent_log.place FILE", from where a later start reads on (some way
back, so that messages under way are joined again: to record one twice changes nothing); and the coverage
(`log.covered`). After a gap the coverage begins anew: a log that went away unread, a long stretch that is no log, too
many messages at once.
"""

from __future__ import annotations

import json
import os
import select

from ndrfilter import limits
from ndrfilter.errors import TemporaryError
from ndrfilter.sentlog.exim_log import EximLog
from ndrfilter.sentlog.flight import Flight
from ndrfilter.sentlog.log import covered, record
from ndrfilter.sentlog.logline import Clock, syslog_line
from ndrfilter.sentlog.postfix_log import PostfixLog
from ndrfilter.sentlog.tail import Place, Tail

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
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


_PLACE = "sent_log.place"


class Reader:
    """Reads the lines of one log, of one MTA or of both."""

    def __init__(self, trust: Trust, chosen: str = "auto", again: Iterable[str] = ()) -> None:
        self._clock = Clock(0.0)
        self._flights = Flight(trust, again), Flight(trust, again)
        self._postfix = PostfixLog(self._flights[0], self._clock) if chosen != "exim" else None
        self._exim = EximLog(self._flights[1], self._clock) if chosen != "postfix" else None

    def read(self, raw: bytes, place: int) -> bool:
        """Take one line; whether it is a line of a log."""
        text = raw.decode(errors="replace").rstrip("\r")
        if self._exim is not None and text[10:11] == " " and text[:4].isdigit():
            return self._exim.read(text, place)
        line = syslog_line(text)
        if line is None:
            return False
        if self._exim is not None and line.program.startswith("exim"):
            return self._exim.take(line, place)
        return self._postfix is None or self._postfix.take(line, place)

    def written(self, latest: float) -> None:
        """The lines that follow were written before that time."""
        self._clock.latest = latest

    @property
    def time(self) -> float:
        """The time of the latest line, 0 before the first."""
        return max(log.time for log in (self._postfix, self._exim) if log is not None)

    @property
    def again(self) -> set[str]:
        """The channels by which messages came in again."""
        return self._flights[0].again | self._flights[1].again

    def take(self) -> list[Entry]:
        """What has become known as sent since the last call."""
        return [entry for flight in self._flights for entry in flight.take()]

    def oldest(self) -> int | None:
        """Where the oldest message stands that may still become an entry."""
        places = [flight.oldest(self.time) for flight in self._flights]
        return min((place for place in places if place is not None), default=None)

    def dropped(self) -> bool:
        """Whether messages had to be forgotten since the last call."""
        dropped = any(flight.dropped for flight in self._flights)
        for flight in self._flights:
            flight.dropped = 0
        return dropped


class Pipe:
    """Lines from a stream that cannot be read again, as `journalctl -f` writes them."""

    def __init__(self, stream: int) -> None:
        self.lost, self.trouble = False, ""
        self.latest: float | None = None
        self.ended = False
        self.position = 0
        self._stream = stream
        self._rest = b""

    def read(self) -> list[tuple[int, bytes]]:
        """The next whole lines; none if there are none within a moment."""
        if not select.select([self._stream], [], [], limits.FOLLOW_PAUSE)[0]:
            return []
        data = os.read(self._stream, limits.FOLLOW_READ)
        self.ended = not data
        *lines, self._rest = (self._rest + data).split(b"\n")
        self.position += len(data)
        if len(self._rest) > limits.MAX_LOG_LINE:
            self._rest = b"\0"
        return [(self.position, line) for line in lines if len(line) <= limits.MAX_LOG_LINE]

    def place(self, _position: int, /) -> None:
        """There is no way back in a stream."""

    def close(self) -> None:
        """Nothing to let go of."""


class Follower:
    """Follows one log. `say` tells a person what went wrong, once for each trouble."""

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
        self._floor = 0.0
        self._since: float | None = None
        self._strange = 0
        self._said = ""

    def open(self, path: Path | None, stream: int = 0) -> None:
        """Begin where the last run stopped; without a path, with the stream. Raises TemporaryError."""
        kept = _kept(self._store.mark(f"{_PLACE} {self._name}")) if path is not None else None
        self._reader = Reader(self._trust, self._chosen, kept[2] if kept else ())
        lines = self._lines = Pipe(stream) if path is None else Tail(path, kept[0] if kept else None)
        if kept:
            self._floor = kept[1]
            self._since = None if lines.lost else kept[1]

    @property
    def ended(self) -> bool:
        """Whether a stream has come to its end."""
        return isinstance(self._lines, Pipe) and self._lines.ended

    @property
    def full(self) -> bool:
        """Whether there is enough to be written."""
        return len(self._pending) >= limits.FOLLOW_BATCH

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
            if self._since is None and self._reader.time > self._floor:
                self._since = self._reader.time
        self._pending += self._reader.take()
        if self._reader.dropped():
            self._gap("more messages under way than can be followed")
        return bool(lines)

    def commit(self, now: float) -> None:
        """Write what has been read, and how far. Raises TemporaryError, after which it can be tried again."""
        lines, until = self._opened(), min(self._reader.time, now)
        record(self._store, self._pending, now, retention=self._retention)
        self._pending = []
        if self._since is not None and until >= self._since:
            covered(self._store, self._since, until)
            self._since = self._floor = until
        place = lines.place(self._from(lines.position))
        if place is not None:
            again = sorted(self._reader.again)
            self._store.set_mark(f"{_PLACE} {self._name}", json.dumps([*place, until, again]))

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
        if lines.trouble != self._said:
            self._said = lines.trouble
            if self._said:
                self._say(f"{self._said}; waiting for it")

    def _gap(self, why: str) -> None:
        self._say(f"{self._name}: {why}; the sent log counts as complete only from here on")
        self._floor, self._since = max(self._floor, self._reader.time), None

    def _opened(self) -> Lines:
        if self._lines is None:
            raise TemporaryError(f"{self._name} is not open")
        return self._lines

    def close(self) -> None:
        """Let go of the log."""
        if self._lines is not None:
            self._lines.close()


def _kept(text: str | None) -> tuple[Place, float, list[str]] | None:
    """Place, time and channels from a mark; None if it says nothing of use."""
    try:
        length, digest, offset, time, again = json.loads(text or "")
        place = Place(int(length), str(digest), int(offset))
        return place, float(time), [str(channel) for channel in again]
    except (ValueError, TypeError):
        return None
