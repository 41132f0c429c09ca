"""The board as a reader sees it: what all workers counted together, and how each of them is."""

from __future__ import annotations

import time

from ndrfilter.noun import Noun
from ndrfilter.service import columns
from ndrfilter.service.columns import BUCKETS, FIXED
from ndrfilter.service.words import Words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ndrfilter.service.board import Board

_STATES = frozenset((state,) for state in columns.STATES)


class Seat(Noun):
    """A worker: how long it has run, since when it is silent, processor time of all who sat there; in seconds, bytes.

    `pid` 0 is a seat that is free.
    """

    number: int
    pid: int
    up: float
    silent: float
    connections: int
    memory: int
    cpu: float


class Rule(Noun):
    """How often a rule hit, and how often it could not be decided."""

    hits: int
    undecided: int


class Latency(Noun):
    """A histogram: messages by `columns.BUCKETS` and one bucket more, and their seconds together."""

    buckets: tuple[int, ...]
    seconds: float

    @property
    def messages(self) -> int:
        """How many messages."""
        return sum(self.buckets)

    def percentile(self, share: float) -> float:
        """The seconds within which that share (0.0-1.0) of the messages was answered, as near as the buckets tell."""
        wanted, below, low = share * self.messages, 0, 0.0
        for size, high in zip(self.buckets, BUCKETS, strict=False):
            if size and below + size >= wanted:
                return low + (high - low) * (wanted - below) / size
            below, low = below + size, high
        return BUCKETS[-1]


class Reading(Noun):
    """All counters at one moment. `counts` has the names of `columns.FIXED`; `words` what occurred, by family."""

    counts: Mapping[tuple[str, ...], int]
    rules: Mapping[str, Rule]
    words: Mapping[str, Mapping[str, int]]
    seats: tuple[Seat, ...]
    notes: Mapping[str, str | float]

    def latency(self, door: str) -> Latency:
        """How long a door's answers took."""
        sizes = (self.counts["latency", door, str(number)] for number in range(len(BUCKETS) + 1))
        return Latency(tuple(sizes), self.counts["nanoseconds", door] / 1e9)

    def summed(self, family: str, label: int) -> dict[str, int]:
        """What one family counted, by one of its labels (1: the first), without the zeros."""
        found: dict[str, int] = {}
        for name, count in self.counts.items():
            if name[0] == family and count:
                found[name[label]] = found.get(name[label], 0) + count
        return found


def read(board: Board) -> Reading:
    """The board as it is now."""
    rows = [board.numbers(number).tolist() for number in range(board.seats + 1)]
    together = [sum(column) for column in zip(*(row[: columns.WORDS] for row in rows), strict=True)]
    first = columns.RULES
    return Reading(
        {name: together[place] for name, place in FIXED.items() if name not in _STATES},
        {name: Rule(*together[first + 2 * n : first + 2 * n + 2]) for n, name in enumerate(board.rules)},
        _words(board),
        tuple(_seat(number, row) for number, row in enumerate(rows[: board.seats])),
        board.notes,
    )


def _words(board: Board) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {family: {} for family in columns.FAMILIES}
    for row in board.rows:
        for family, word, count in Words(row).counts():
            found[family][word] = found[family].get(word, 0) + count
    return found


def _seat(number: int, row: Sequence[int]) -> Seat:
    pid, began, beat, connections, memory = (row[FIXED[state,]] for state in columns.STATES)
    now = time.monotonic_ns()
    up, silent = ((now - began) / 1e9, max(0.0, (now - beat) / 1e9)) if pid else (0.0, 0.0)
    return Seat(number, pid, up, silent, connections, memory, row[FIXED["cpu",]] / 1e9)
