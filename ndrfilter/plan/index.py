"""The index of many conditions: which of them may hold for a message, found without asking each of them."""

from __future__ import annotations

from ndrfilter.lang.closures import build
from ndrfilter.plan.probes import answers, each_probe, joined, map_probe, patterns_of, probe
from ndrfilter.plan.quick import TEXT, Searches
from ndrfilter.plan.triggers import MOST, entry_of, triggers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from ndrfilter.lang.closures import Build
    from ndrfilter.plan.probes import Bits, Probe
    from ndrfilter.plan.together import Together

    Ir = tuple[Any, ...]
    Table = tuple[int, int, dict[Ir, dict[Any, int]]]


def table(conditions: Sequence[Ir], cheap: frozenset[str], *, first: bool = False) -> Table:
    """What the index of these conditions is made of, plain data; `cheap` and `first` are as in `triggers`.

    How many conditions there are, the bits that are always set, and by subject the bits of each test.
    """
    width, always = len(conditions), 0
    asked: dict[Ir, dict[Any, int]] = {}
    for number, ir in enumerate(conditions):
        if ir == ("const", False):
            continue
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
    missing it is False. The text is asked after all else but other rules. Made with the `conditions` it is exact about
    patterns, and `build` makes quick closures of them; without, it is for few messages.
    """

    __slots__ = ("_after", "_after_bits", "_all", "_always", "_early", "_late", "_late_bits", "_width", "build")

    def __init__(self, made_of: Table, conditions: Sequence[Ir] = ()) -> None:
        self._width, self._always, asked = made_of
        self._all = (1 << self._width) - 1
        late = asked.get(TEXT, {})
        self._after = tuple((ir[1], joined(tests.values())) for ir, tests in asked.items() if ir[0] == "rule")
        self._after_bits = joined(bits for _, bits in self._after)
        searches = Searches(conditions, patterns_of(late), exact=bool(conditions))
        self.build = searches.builder() if conditions else build
        early = {ir: tests for ir, tests in asked.items() if ir != TEXT and ir[0] != "rule"}
        self._early = tuple(_probes(early, searches, self.build))
        self._late_bits = joined(late.values())
        self._late = probe(self.build(TEXT), answers(late, _finder(searches, TEXT, late)))

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


def numbers(bits: int) -> list[int]:
    """The numbers whose bits are set, lowest first."""
    found = []
    while bits:
        low = bits & -bits
        found.append(low.bit_length() - 1)
        bits ^= low
    return found


def _finder(searches: Searches, subject: Ir, tests: Bits) -> Callable[[], Together]:
    return lambda: searches.of(subject, patterns_of(tests))


def _probes(asked: Mapping[Ir, Bits], searches: Searches, build: Build) -> Iterator[Probe]:
    """The probes of these subjects; those of entries of a map, or of a list, are joined."""
    maps: dict[str, dict[str, list[tuple[Probe, int]]]] = {}
    lists: dict[Ir, list[tuple[Ir, Bits]]] = {}
    for subject, tests in asked.items():
        if subject[0] == "each":
            lists.setdefault(subject[1], []).append((subject[2], tests))
            continue
        answer, entry = answers(tests, _finder(searches, subject, tests)), entry_of(subject)
        ask = probe(build(subject), answer)
        if entry is None:
            yield ask
        else:
            absent = answer(() if subject[0] == "index" else None)
            maps.setdefault(entry[0], {}).setdefault(entry[1].lower(), []).append((ask, absent))
    for over, parts in lists.items():
        reads = [(build(item), answers(tests, _finder(searches, item, tests))) for item, tests in parts]
        yield each_probe(build(over), reads, joined(joined(tests.values()) for _, tests in parts))
    for fact, entries in maps.items():
        yield map_probe(fact, entries)
