"""What the board counts, and where in a worker's row each number stands. The same in every process of one service."""

from __future__ import annotations

from itertools import product

from ndrfilter import limits
from ndrfilter.config.model import ACTIONS
from ndrfilter.config.serving import DOORS
from ndrfilter.schema import KINDS, VERDICTS
from ndrfilter.service.desk import INTERNAL, OPT_OUT

OTHER, NOTHING = "other", "none"
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the latency histogram, in seconds; one more bucket has what took longer."""

ALL_DOORS = (*DOORS, OTHER)
DONE = (*ACTIONS, NOTHING)
UNJUDGED = (OPT_OUT, INTERNAL, "memory", OTHER)
STATES = ("pid", "began", "beat", "connections", "memory")
"""Of the worker that sits there now: times in nanoseconds of the monotonic clock, memory in bytes."""


def _fixed() -> dict[tuple[str, ...], int]:
    names: list[tuple[str, ...]] = [(state,) for state in STATES]
    names += [("messages", *labels) for labels in product(ALL_DOORS, VERDICTS, KINDS)]
    names += [("action", word) for word in DONE] + [("would", word) for word in DONE]
    names += [("unjudged", word) for word in UNJUDGED]
    names += [("latency", door, str(number)) for door in ALL_DOORS for number in range(len(BUCKETS) + 1)]
    names += [("nanoseconds", door) for door in ALL_DOORS]
    names += [("dns", "questions"), ("dns", "failures"), ("lost",), ("cpu",)]
    return {name: number for number, name in enumerate(names)}


FIXED = _fixed()
RULES = len(FIXED)
"""Where two numbers for each known rule begin: hits, and how often it was undecided."""

WORDS = RULES + 2 * limits.BOARD_RULES
"""Where the numbers of words begin that nobody can know before they occur: their names stand behind the numbers."""

FAMILIES = {"cause": 64, "refused": 32, "remark": 32, "decision": 32, "sent": 32, "trouble": 48, "event": 16}
"""How many words of each family are told apart; the last of them is "other"."""

NUMBERS = WORDS + sum(FAMILIES.values())
NAME = limits.BOARD_WORD_BYTES
ROW = 8 * NUMBERS + NAME * sum(FAMILIES.values())
"""Bytes of one row: all numbers, eight bytes each, then the names of the words."""


def slots(family: str) -> range:
    """Which numbers, counted from WORDS, a family has."""
    first = 0
    for name, size in FAMILIES.items():
        if name == family:
            break
        first += size
    return range(first, first + FAMILIES[family])
