"""The board: what all workers count, in memory they share. One row a seat; only who sits there writes to it.

The supervisor makes the board before it forks; a worker takes a seat and counts on where its predecessor left off. A
number is eight aligned bytes, so nobody ever reads half of one, and a worker that is killed leaves nothing broken.
"""

from __future__ import annotations

import json
import mmap
import os
import time
from bisect import bisect_left
from pathlib import Path

from ndrfilter import limits
from ndrfilter.adapters.dns import TALLY
from ndrfilter.service import columns
from ndrfilter.service.columns import BUCKETS, FIXED, NOTHING, OTHER
from ndrfilter.service.desk import Observer
from ndrfilter.service.words import Words, shape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ndrfilter.service.desk import Answer, Question, Remark

_STATM = Path("/proc/self/statm")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Board:
    """Counters of a whole service. Making one raises OSError where there is no memory for it."""

    def __init__(self, seats: int) -> None:
        """`seats` is how many workers there may be at once, those counted that drain while new ones serve."""
        self.seats = seats
        self.rules: list[str] = [OTHER]
        self._memory = mmap.mmap(-1, (seats + 1) * columns.ROW + _Slate.SIZE)
        whole = memoryview(self._memory)
        self.rows = [whole[number * columns.ROW : (number + 1) * columns.ROW] for number in range(seats + 1)]
        self._slate = _Slate(whole[(seats + 1) * columns.ROW :])
        self._events = Words(self.rows[seats])

    def know(self, names: Iterable[str]) -> None:
        """Give each rule a place; to be called before the fork of workers that have these rules."""
        known = frozenset(self.rules)
        new = [name for name in dict.fromkeys(names) if name not in known]
        self.rules += new[: limits.BOARD_RULES - len(self.rules)]

    def seat(self, number: int) -> Counters:
        """The counters of that seat, for the process that calls this."""
        return Counters(self.rows[number], {name: place for place, name in enumerate(self.rules)})

    def vacate(self, number: int) -> None:
        """Nobody sits there any more; what was counted stays."""
        numbers = self.numbers(number)
        for state in columns.STATES:
            numbers[FIXED[state,]] = 0

    def beats(self, number: int) -> float:
        """When the worker of that seat was last alive (`time.monotonic`); 0.0 if nobody sits there."""
        return self.numbers(number)[FIXED["beat",]] / 1e9

    def numbers(self, number: int) -> memoryview[int]:
        """The numbers of that row; the one after the last seat is the supervisor's."""
        return self.rows[number][: 8 * columns.NUMBERS].cast("Q")

    def happened(self, what: str, how: str) -> None:
        """Count something the supervisor did or saw: ("reload", "ok"), ("worker", "died") …; only it may call this."""
        self._events.count("event", f"{what} {how}")

    def note(self, **words: str | float) -> None:
        """Let every worker know, those already forked too: `started` and `reloaded` (seconds since the epoch),
        `reload` ("ok", "failed"), `error` (diagnostics of a reload that failed), `generation`, `ruleset`, `version`.
        """
        self._slate.write({**self.notes, **words})

    @property
    def notes(self) -> dict[str, str | float]:
        """What was noted."""
        return self._slate.read()


class _Slate:
    """A few words that one process writes and all read: two copies, of which the number in front names the newer."""

    HALF = limits.BOARD_NOTES_BYTES
    SIZE = 8 + 2 * HALF

    def __init__(self, memory: memoryview) -> None:
        self._turn = memory[:8].cast("Q")
        self._halves = tuple(memory[8 + half * self.HALF : 8 + (half + 1) * self.HALF] for half in (0, 1))

    def write(self, words: Mapping[str, str | float]) -> None:
        text = json.dumps({key: value[:2_000] if isinstance(value, str) else value for key, value in words.items()})
        data = text.encode() + b"\0"
        if len(data) <= self.HALF:
            turn = self._turn[0] + 1
            self._halves[turn % 2][: len(data)] = data
            self._turn[0] = turn

    def read(self) -> dict[str, str | float]:
        text = bytes(self._halves[self._turn[0] % 2]).partition(b"\0")[0]
        try:
            words: dict[str, str | float] = json.loads(text or b"{}")
        except ValueError:  # written twice meanwhile
            return {}
        return words


_COUNTED = {"refused": "refused", "action": "decision", "sent": "sent"}
"""The words of remarks that are counted by their values, each with its family."""


class Counters(Observer):
    """One worker's row: counts the answers and remarks of its desk."""

    def __init__(self, row: memoryview, rules: Mapping[str, int]) -> None:
        self._numbers = row[: 8 * columns.NUMBERS].cast("Q")
        self._rules = {name: columns.RULES + 2 * place for name, place in rules.items()}
        self._words = Words(row)
        before = self._numbers
        self._before = {name: before[FIXED[name]] for name in (("cpu",), ("lost",), *_DNS)}
        self._dns_before = (TALLY.questions, TALLY.failures)
        before[FIXED["pid",]] = os.getpid()
        before[FIXED["began",]] = time.monotonic_ns()
        self.beat()

    def answered(self, question: Question, answer: Answer) -> None:
        """Count an answer: what it says, what is done, how long it took."""
        numbers, result = self._numbers, answer.result
        door = question.door if question.door in columns.ALL_DOORS else OTHER
        if answer.unjudged:
            self._unjudged(answer.unjudged)
        else:
            numbers[FIXED["messages", door, result.verdict, result.kind]] += 1
        numbers[FIXED["action", answer.action or NOTHING]] += 1
        if answer.would:
            numbers[FIXED["would", answer.would]] += 1
        numbers[FIXED["latency", door, "0"] + bisect_left(BUCKETS, answer.seconds)] += 1
        numbers[FIXED["nanoseconds", door]] += int(answer.seconds * 1e9)
        for hit in result.hits:
            numbers[self._rules.get(hit.name, columns.RULES)] += 1
        for rule in result.undecided:
            numbers[self._rules.get(rule.name, columns.RULES) + 1] += 1
            self._words.count("cause", shape(rule.cause))
        for trouble in result.errors:
            self._words.count("trouble", shape(trouble.where))
        numbers[FIXED["beat",]] = time.monotonic_ns()  # several messages may come between two beats, each of them large

    def remarked(self, remark: Remark) -> None:
        """Count a remark: a refusal by its reason, an answer without a verdict, what became of mail that we send."""
        words = dict(remark.words)
        if "unjudged" in words:
            self._unjudged(words["unjudged"])
        if "trouble" in words:
            self._words.count("trouble", remark.door)
        name = next((one for one in _COUNTED if one in words), None)
        if name is None and "unjudged" not in words:
            self._words.count("remark", f"{remark.door} {next(iter(words), NOTHING)}")
        elif name is not None:
            self._words.count(_COUNTED[name], f"{remark.door} {words[name].partition(' ')[0]}")

    def _unjudged(self, why: str) -> None:
        self._numbers[FIXED["unjudged", why if why in columns.UNJUDGED else OTHER]] += 1

    def beat(self, connections: int = 0, lost: int = 0) -> None:
        """Say that this worker lives, how many connections it has open, how many log lines it has lost so far."""
        numbers, before = self._numbers, self._before
        numbers[FIXED["connections",]] = connections
        numbers[FIXED["memory",]] = _resident()
        numbers[FIXED["cpu",]] = before["cpu",] + time.process_time_ns()
        numbers[FIXED["lost",]] = before["lost",] + lost
        asked = (TALLY.questions, TALLY.failures)
        for name, now, then in zip(_DNS, asked, self._dns_before, strict=True):
            numbers[FIXED[name]] = before[name] + now - then
        numbers[FIXED["beat",]] = time.monotonic_ns()


_DNS = (("dns", "questions"), ("dns", "failures"))


def _resident() -> int:
    """Bytes of memory this process holds; 0 where the system does not say."""
    try:
        return int(_STATM.read_bytes().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0
