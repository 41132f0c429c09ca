"""What our log lines say together. Everything is bounded, whatever the log holds and whoever may write to it."""

from __future__ import annotations

import math
import re
from collections import Counter
from statistics import median
from typing import TYPE_CHECKING

from ndrfilter import limits
from ndrfilter.noun import Noun
from ndrfilter.schema import VERDICTS
from ndrfilter.service.words import shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ndrfilter.service.journal_lines import Entry

HOUR = 3_600
FAMILIES = (
    "verdicts", "unjudged", "kinds", "doors", "actions", "would", "rules", "undecided", "causes", "backscatter_to",
    "troubles", "refused", "decisions", "sent",
)  # fmt: skip
_FLOOD_LEAST, _FLOOD_TIMES = 20, 5
_MORE = re.compile(r"\+\d+")
_COUNTED = {"refused": "refused", "action": "decisions", "would": "would", "sent": "sent"}


class Bounded(Counter[str]):
    """Counts words; when there are too many, those that occurred least are forgotten."""

    def add(self, word: str) -> None:
        """One more."""
        self[word[: limits.JOURNAL_WORD]] += 1
        if len(self) > 2 * limits.REPORT_WORDS:
            kept = self.most_common(limits.REPORT_WORDS)
            self.clear()
            self.update(dict(kept))

    def add_all(self, words: Iterable[str]) -> None:
        """One more of each; "+3", the end of a list that was cut, is none."""
        for word in words:
            if not _MORE.fullmatch(word):
                self.add(word)


class Flood(Noun):
    """An hour with much more backscatter than the others: its beginning (seconds since the epoch), how much."""

    begin: int
    backscatter: int


class Tally:
    """The sum of log entries."""

    def __init__(self) -> None:
        self.messages = 0
        self.untimed = 0  # entries that do not say when, of those that were counted or passed over
        self.first, self.last = math.inf, -math.inf
        self.counts = {name: Bounded() for name in FAMILIES}
        self._hours: Counter[int] = Counter()
        self._milliseconds: Counter[float] = Counter()

    def add(self, entry: Entry, when: float | None) -> None:
        """Count a line; one that says neither a verdict nor a door is none that we know."""
        if entry.word("verdict") in VERDICTS:
            self._message(entry, when)
        elif entry.word("door"):
            self._remark(entry)
        else:
            return
        if when is None:
            self.untimed += 1
        else:
            self.first, self.last = min(self.first, when), max(self.last, when)

    @property
    def empty(self) -> bool:
        """Whether no line was counted."""
        return not self.untimed and self.first > self.last

    def percentile(self, share: float) -> float:
        """The milliseconds within which that share (0.0-1.0) of the messages was answered, to two digits."""
        wanted, seen = share * self._milliseconds.total(), 0
        for value, count in sorted(self._milliseconds.items()):
            seen += count
            if seen >= wanted:
                return value
        return 0.0

    @property
    def usual_hour(self) -> float:
        """How much backscatter the median of those hours had that had any."""
        return median(self._hours.values()) if self._hours else 0.0

    @property
    def floods(self) -> list[Flood]:
        """The hours that had five times as much as usual, and 20 at least, the worst first."""
        least = max(_FLOOD_LEAST, _FLOOD_TIMES * self.usual_hour)
        found = sorted(self._hours.items(), key=lambda item: (-item[1], item[0]))
        return [Flood(hour * HOUR, count) for hour, count in found if count >= least]

    def _message(self, entry: Entry, when: float | None) -> None:
        counts, verdict = self.counts, entry.word("verdict")
        self.messages += 1
        if unjudged := entry.word("unjudged"):
            counts["unjudged"].add(unjudged)
        else:
            counts["verdicts"].add(verdict)
            counts["kinds"].add(entry.word("kind"))
        for name, family in (("door", "doors"), ("action", "actions"), ("would", "would")):
            if word := entry.word(name):
                counts[family].add(word)
        counts["rules"].add_all(entry.fields.get("rules", ()))
        counts["undecided"].add_all(entry.fields.get("undecided", ()))
        counts["causes"].add_all(entry.fields.get("why", ()))
        counts["troubles"].add_all(map(shape, entry.fields.get("error", ())))
        if verdict == "backscatter":
            counts["backscatter_to"].add_all(address.lower() for address in entry.fields.get("to", ()))
            self._hour(when)
        self._took(entry.word("ms"))

    def _remark(self, entry: Entry) -> None:
        door = entry.word("door")
        for name, family in _COUNTED.items():
            if word := entry.word(name):
                self.counts[family].add(f"{door} {word.partition(' ')[0]}")
        for name in ("trouble", "error"):
            if word := entry.word(name):
                self.counts["troubles"].add(f"{door}: {shape(word)}")

    def _hour(self, when: float | None) -> None:
        if when is not None and (len(self._hours) < limits.REPORT_HOURS or when // HOUR in self._hours):
            self._hours[int(when // HOUR)] += 1

    def _took(self, written: str) -> None:
        try:
            value = float(written)
        except ValueError:
            return
        if 0 <= value < 1e9:
            self._milliseconds[float(f"{value:.2g}")] += 1
