"""Reading the lines of one log, whoever wrote them; and lines from a stream, as `journalctl -f` writes them."""

from __future__ import annotations

import os
import select

from ndrfilter import limits
from ndrfilter.sentlog.exim_log import EximLog
from ndrfilter.sentlog.flight import Flight
from ndrfilter.sentlog.logline import Clock, syslog_line
from ndrfilter.sentlog.postfix_log import PostfixLog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ndrfilter.sentlog.log import Entry
    from ndrfilter.sentlog.trust import Trust


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

    def passed(self) -> list[Entry]:
        """What else was seen leaving."""
        return [entry for flight in self._flights for entry in flight.passed()]

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
