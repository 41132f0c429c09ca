"""When it came: returned mail by hour in bounded memory, the wave in it, and the picture's bars."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from ndrfilter import limits
from ndrfilter.sweep.answer.nouns import VERDICTS, Bar, Timeline, Wave

UNITS = ("hour", "quarter", "day", "week", "month", "year")
"""A quarter is one of a day."""

MOST_BARS = 60  # what is still readable at the width of a telephone and on a terminal
_QUIET = timedelta(days=3)  # without any: what comes later is another wave; servers that were away are back by then
_OVER = timedelta(hours=36)  # after the last one; a night and a day
_DAY = timedelta(days=1)
_FADING = 0.25  # of the busiest day: the forger has stopped, what comes was waiting in queues
_QUEUES = timedelta(days=5)  # servers give up after at least four or five days (RFC 5321 section 4.5.4.1)
_LEAST = 5  # messages of a wave
_FOCUS = 0.8  # of all messages in the wave: then the picture shows the wave alone, by a finer unit


def floor(when: datetime, unit: str) -> datetime:
    """When the unit began that `when` lies in; a week begins on Monday."""
    if unit == "hour":
        return when.replace(minute=0, second=0, microsecond=0)
    day = when.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit == "quarter":
        return day.replace(hour=when.hour // 6 * 6)
    if unit == "week":
        return day - timedelta(days=day.weekday())
    return {"day": day, "month": day.replace(day=1), "year": day.replace(month=1, day=1)}[unit]


def following(start: datetime, unit: str) -> datetime:
    """When the next unit begins."""
    if unit in _STEPS:
        return start + _STEPS[unit]
    if unit == "year" or start.month == 12:
        return start.replace(year=start.year + 1, month=1)
    return start.replace(month=start.month + 1)


_STEPS = {"hour": timedelta(hours=1), "quarter": timedelta(hours=6), "day": _DAY, "week": timedelta(days=7)}


class Buckets:
    """Messages counted by the hour; by coarser units where there are more hours than `limits.ANSWER_BUCKETS`."""

    def __init__(self) -> None:
        self.unit = UNITS[0]
        self.counts: dict[datetime, list[int]] = {}

    def add(self, when: datetime, verdict: str) -> None:
        """Count one."""
        self._count(floor(when, self.unit), VERDICTS.index(verdict), 1)
        while len(self.counts) > limits.ANSWER_BUCKETS:
            self._coarsen()

    def _count(self, start: datetime, index: int, number: int) -> None:
        self.counts.setdefault(start, [0] * len(VERDICTS))[index] += number

    def _coarsen(self) -> None:
        self.unit = UNITS[UNITS.index(self.unit) + 1]
        old, self.counts = self.counts, {}
        for start, numbers in old.items():
            for index, number in enumerate(numbers):
                self._count(floor(start, self.unit), index, number)

    def of(self, verdict: str) -> dict[datetime, int]:
        """The numbers of one verdict, in order."""
        index = VERDICTS.index(verdict)
        return {start: self.counts[start][index] for start in sorted(self.counts) if self.counts[start][index]}

    def by_day(self, verdict: str) -> dict[datetime, int]:
        """The same by days."""
        return _grouped(self.of(verdict), "day")


def _grouped(counts: Mapping[datetime, int], unit: str) -> dict[datetime, int]:
    found: dict[datetime, int] = {}
    for start, number in counts.items():
        key = floor(start, unit)
        found[key] = found.get(key, 0) + number
    return found


def timeline(buckets: Buckets, verdict: str, now: datetime) -> Timeline | None:
    """The picture, and the greatest wave of that verdict; None where there is nothing."""
    if not buckets.counts:
        return None
    first, last = min(buckets.counts), max(buckets.counts)
    counts = buckets.of(verdict)
    run = _greatest_run(counts)
    total = sum(map(sum, buckets.counts.values()))
    begin, end = _around(run, buckets.counts) if run else (first, last)
    inside = sum(sum(numbers) for start, numbers in buckets.counts.items() if begin <= start <= end)
    unit = _unit(first, last, buckets.unit)
    finer = _unit(begin, end, buckets.unit)
    if finer == unit or inside < _FOCUS * total:
        begin, end, finer, inside = first, last, unit, total
    wave = _wave(verdict, {start: counts[start] for start in run}, now) if run else None
    return Timeline(finer, tuple(_bars(buckets, begin, end, finer)), first, last, total - inside, wave)


def _greatest_run(counts: Mapping[datetime, int]) -> list[datetime]:
    """The starts of the greatest wave, or none."""
    runs: list[list[datetime]] = [[]]
    for start in counts:
        if runs[-1] and start - runs[-1][-1] > _QUIET:
            runs.append([])
        runs[-1].append(start)
    best = max(runs, key=lambda run: sum(counts[start] for start in run))
    return best if sum(counts[start] for start in best) >= _LEAST else []


def _around(run: list[datetime], starts: Iterable[datetime]) -> tuple[datetime, datetime]:
    """The time of a wave, with what else came shortly before and after."""
    near = [start for start in starts if run[0] - _QUIET <= start <= run[-1] + _QUIET]
    return min(near), max(near)


def _wave(verdict: str, counts: Mapping[datetime, int], now: datetime) -> Wave:
    began, last = min(counts), max(counts)
    unit = "hour" if last - began < 2 * _DAY else "day"
    units = _grouped(counts, unit)
    peak = max(units, key=lambda start: (units[start], start))
    state, ends = _state(counts, peak, last, now)
    return Wave(verdict, sum(counts.values()), began, last, peak, unit, units[peak], state, ends)


def _state(
    counts: Mapping[datetime, int], peak: datetime, last: datetime, now: datetime
) -> tuple[str, datetime | None]:
    """How the wave stands now, and when it probably ends."""
    if now - last >= _OVER:
        return "over", None
    busiest = max(_grouped(counts, "day").values())
    lately = sum(number for start, number in counts.items() if start > now - _DAY)
    if lately > _FADING * busiest:
        return "going", None
    return "fading", max(floor(peak, "day") + _QUEUES, floor(now, "day") + _DAY)


def _unit(first: datetime, last: datetime, finest: str) -> str:
    """The finest unit that gives few enough bars; years beyond."""
    lengths = {"hour": 1, "quarter": 6, "day": 24, "week": 168, "month": 672}
    hours = (last - first) / timedelta(hours=1)
    units = UNITS[UNITS.index(finest) :]
    return next((unit for unit in units if unit in lengths and hours / lengths[unit] < MOST_BARS - 1), "year")


def _bars(buckets: Buckets, begin: datetime, end: datetime, unit: str) -> Iterable[Bar]:
    """Every unit from `begin` to `end`, empty ones too."""
    sums: dict[datetime, list[int]] = {}
    for start, numbers in buckets.counts.items():
        if begin <= start <= end:
            into = sums.setdefault(floor(start, unit), [0] * len(VERDICTS))
            into[:] = map(int.__add__, into, numbers)
    start = floor(begin, unit)
    while start <= end:
        a, b, c, d = sums.get(start, (0, 0, 0, 0))
        yield Bar(start, (a, b, c, d))
        start = following(start, unit)
