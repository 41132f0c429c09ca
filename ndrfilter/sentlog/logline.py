"""What every line of a mail log begins with: the time, in each of its spellings, the host and the program."""

from __future__ import annotations

import re
import time
from datetime import datetime

from ndrfilter.noun import Noun

_SYSLOG = re.compile(
    r"(?:<\d{1,3}>)?(?P<stamp>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.]{8,15}(?:Z|[+-]\d\d:?\d\d)?)"
    r" (?P<host>[^\s:\[\]]+) (?P<program>[\w./-]+)(?:\[\d+\])?: (?:\[ID \d+ \w+\.\w+\] )?(?P<text>.*)",
    re.ASCII,
)
_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, 1)}
_DAY = 86_400.0


class Line(Noun):
    """One line: `stamp` is the time as written (`Clock` reads it), `program` the tag without its process id."""

    stamp: str
    host: str
    program: str
    text: str


def syslog_line(text: str) -> Line | None:
    """The parts of a line in syslog's file formats or `journalctl -o short-iso`; None for anything else."""
    found = _SYSLOG.match(text)
    return Line(*found.groups()) if found else None


class Clock:
    """Reads time stamps, in local time where they name no zone (as syslog and Exim write them).

    One without a year is in the year that puts it nearest before `latest`, the time when the file was last written.
    """

    def __init__(self, latest: float) -> None:
        self.latest = latest
        self._stamp = ""
        self._time = 0.0

    def read(self, stamp: str) -> float | None:
        """Seconds since the epoch; None for a time that does not exist."""
        if stamp != self._stamp:
            try:
                self._time = (
                    self._without_year(stamp) if stamp[:1].isalpha() else datetime.fromisoformat(stamp).timestamp()
                )
            except (ValueError, OverflowError):
                return None
            self._stamp = stamp
        return self._time

    def _without_year(self, stamp: str) -> float:
        month, day, clock = _MONTHS.get(stamp[:3], 0), int(stamp[4:6]), stamp[7:].split(":")
        hour, minute, second = map(int, clock)
        if not (month and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 61):
            raise ValueError(stamp)
        year = time.localtime(self.latest).tm_year
        times = (self._local(one, month, day, hour, minute, second) for one in (year + 1, year))
        fitting = (found for found in times if found <= self.latest + _DAY)
        return next(fitting, self._local(year - 1, month, day, hour, minute, second))

    @staticmethod
    def _local(year: int, month: int, day: int, hour: int, minute: int, second: int) -> float:
        return time.mktime((year, month, day, hour, minute, second, 0, 0, -1))
