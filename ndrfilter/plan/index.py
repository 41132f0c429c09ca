"""The index of many conditions: which of them may hold for a message, found without asking each of them."""

from __future__ import annotations

from ndrfilter.plan.probes import answers, joined, map_probe, probe
from ndrfilter.plan.quick import build
from ndrfilter.plan.triggers import MOST, entry_of, triggers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from ndrfilter.plan.probes import Bits, Probe

    Ir = tuple[Any, ...]
    Table = tuple[int, int, dict[Ir, dict[Any, int]]]

_LATE = ("fact", "body.text")
"""Asked when nothing else has decided: the text must be decoded first."""


def table(conditions: Sequence[Ir], cheap: frozenset[str], *, first: bool = False) -> Table:
    """What the index of these conditions is made of, plain data; `cheap` and `first` are as in `triggers`.

    How many conditions there are, the bits that are always set, and by subject the bits of each test.
    """
    width, always = len(conditions), 0
    asked: dict[Ir, dict[Any, int]] = {}
    for number, ir in enumerate(conditions):
        found = triggers(ir, cheap, first=first)
        always |= joined(1 << (number + place * width) for place in range(len(found), MOST))
        for place, trigger in enumerate(found):
            for subject, test in trigger.questions:
                tests = asked.setdefault(subject, {})
                tests[test] = tests.get(test, 0) | 1 << (number + place * width)
    return width, always, asked


class Index:
    """Conditions by number, in the order in which they are to be asked.

    The triggers of a condition have the bits `number`, `number + width`, … of what the probes answer: with one of them
    missing it is False. The text is asked after all else but other rules. `late` is for few messages: what most of them
    do not need is then prepared when it is.
    """

    __slots__ = ("_after", "_after_bits", "_all", "_always", "_early", "_late", "_late_bits", "_width")

    def __init__(self, made_of: Table, *, late: bool = False) -> None:
        self._width, self._always, asked = made_of
        self._all = (1 << self._width) - 1
        of_text = asked.get(_LATE, {})
        self._after = tuple((ir[1], joined(tests.values())) for ir, tests in asked.items() if ir[0] == "rule")
        self._after_bits = joined(bits for _, bits in self._after)
        self._early = tuple(
            _probes({ir: tests for ir, tests in asked.items() if ir != _LATE and ir[0] != "rule"}, late)
        )
        self._late, self._late_bits = probe(build(_LATE), of_text), joined(of_text.values())

    def in_order(self, scope: Any) -> Iterator[int]:
        """The numbers of the conditions that may be other than False; the text is looked at when one depends on it."""
        bits, late = self._answers(scope), self._late_bits
        left = self._candidates(bits | late)
        while left:
            number = (left & -left).bit_length() - 1
            if late and not self._candidates(bits) >> number & 1:
                bits, late = bits | self._late(scope), 0
                left &= self._candidates(bits)
            else:
                left ^= 1 << number
                yield number

    def possible(self, scope: Any) -> tuple[int, int]:
        """The conditions that may be other than False, bits by number, and the bits with which `narrowed` goes on."""
        bits = self._answers(scope)
        if self._candidates(bits | self._late_bits | self._after_bits) & self._numbers(self._late_bits):
            bits |= self._late(scope)
        else:
            bits |= self._late_bits
        return self._candidates(bits | self._after_bits), bits

    def narrowed(self, scope: Any, wanted: int, bits: int) -> int:
        """The wanted conditions without those that other rules prevent, which are asked for it."""
        left = self._candidates(bits | self._after_bits) & wanted
        for name, waiting in self._after:
            if left & self._numbers(waiting) and scope.rule(name) is not False:
                bits |= waiting
        return self._candidates(bits) & wanted

    def _answers(self, scope: Any) -> int:
        bits = self._always
        for ask in self._early:
            bits |= ask(scope)
        return bits

    def _candidates(self, bits: int) -> int:
        """The conditions of which every trigger has its bit."""
        width = self._width
        return bits & bits >> width & bits >> 2 * width & self._all

    def _numbers(self, bits: int) -> int:
        """The conditions of which some trigger has its bit."""
        width = self._width
        return (bits | bits >> width | bits >> 2 * width) & self._all


def numbers(bits: int) -> Iterator[int]:
    """The numbers whose bits are set, lowest first."""
    while bits:
        low = bits & -bits
        yield low.bit_length() - 1
        bits ^= low


def _probes(asked: Mapping[Ir, Bits], late: bool) -> Iterator[Probe]:
    """The probes of these subjects; those of single entries of a map are joined."""
    maps: dict[str, dict[str, list[tuple[Probe, int]]]] = {}
    for subject, tests in asked.items():
        ask, entry = probe(build(subject), tests, late), entry_of(subject)
        if entry is None:
            yield ask
        else:
            absent = answers(tests, True)(() if subject[0] == "index" else None)
            maps.setdefault(entry[0], {}).setdefault(entry[1].lower(), []).append((ask, absent))
    for fact, entries in maps.items():
        yield map_probe(fact, entries)
