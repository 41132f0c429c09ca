"""The index of many conditions: which of them may hold for a message, found without asking each of them."""

from __future__ import annotations

from ndrfilter.lang.closures import build
from ndrfilter.plan.probes import answers, each_probe, joined, map_probe, patterns_of, probe
from ndrfilter.plan.quick import Searches
from ndrfilter.plan.reading import entry_of
from ndrfilter.plan.triggers import MOST, triggers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from ndrfilter.lang.closures import Build
    from ndrfilter.plan.probes import Bits, Probe
    from ndrfilter.plan.together import Together
    from ndrfilter.plan.triggers import Prices

    Ir = tuple[Any, ...]
    Asked = dict[Ir, dict[Any, int]]
    Table = tuple[int, int, tuple[Asked, ...]]


def table(conditions: Sequence[Ir], prices: Prices, *, first: bool = False) -> Table:
    """What the index of these conditions is made of, plain data; `prices` and `first` are as in `triggers`.

    How many conditions there are, the bits that are always set, and the bits of each test by subject: those to ask at
    once, and those of each later stage.
    """
    width, always = len(conditions), 0
    stages: dict[int, Asked] = {0: {}}
    for number, ir in enumerate(conditions):
        if ir == ("const", False):
            continue
        found = triggers(ir, prices, first=first)
        always |= joined(1 << (number + place * width) for place in range(len(found), MOST))
        for place, trigger in enumerate(found):
            for question in trigger.questions:
                subject, test = question
                tests = stages.setdefault(prices.stage_in(trigger, question), {}).setdefault(subject, {})
                tests[test] = tests.get(test, 0) | 1 << (number + place * width)
    return width, always, tuple(stages[stage] for stage in sorted(stages))


FEWEST = 5
"""Conditions for which something dear is asked beforehand; fewer ask it at less cost themselves."""


class Stage:
    """The subjects that are asked at one time; `bits` are all that they may set, `numbers` whose these are."""

    __slots__ = ("_asked", "_build", "_probes", "_searches", "bits", "numbers")

    def __init__(self, asked: Asked, width: int, searches: Searches, build: Build) -> None:
        self._asked, self._searches, self._build = asked, searches, build
        self._probes: tuple[Probe, ...] | None = None
        self.bits = joined(bits for tests in asked.values() for bits in tests.values())
        self.numbers = joined(self.bits >> place * width for place in range(MOST)) & (1 << width) - 1

    def ask(self, scope: Any) -> int:
        """The bits of what is not False."""
        probes, found = self._probes, 0
        if probes is None:
            probes = self._probes = tuple(_probes(self._asked, self._searches, self._build))
        for ask in probes:
            found |= ask(scope)
        return found


class Index:
    """Conditions by number, in the order in which they are to be asked.

    The triggers of a condition have the bits `number`, `number + width`, … of what the probes answer: with one of them
    missing it is False. What is dear is asked only while a condition waits for nothing else, and other rules come last.
    Made with the `conditions` it is exact about patterns, and `build` makes quick closures of them; without, it is for
    few messages. For fewer than `fewest` conditions nothing dear is asked.
    """

    __slots__ = ("_after", "_after_bits", "_all", "_always", "_early", "_fewest", "_late", "_open", "_width", "build")

    def __init__(self, made_of: Table, conditions: Sequence[Ir] = (), fewest: int = FEWEST) -> None:
        self._fewest = fewest
        self._width, self._always, stages = made_of
        self._all = (1 << self._width) - 1
        patterns = ((ir, patterns_of(tests)) for asked in stages for ir, tests in asked.items())
        searches = Searches(conditions, patterns, exact=bool(conditions))
        self.build = searches.builder() if conditions else build
        rules = {ir: tests for ir, tests in stages[0].items() if ir[0] == "rule"}
        self._after = tuple((ir[1], joined(tests.values())) for ir, tests in rules.items())
        self._after_bits = joined(bits for _, bits in self._after)
        facts = {ir: tests for ir, tests in stages[0].items() if ir[0] != "rule"}
        self._early = Stage(facts, self._width, searches, self.build)
        late = [Stage(asked, self._width, searches, self.build) for asked in stages[1:]]
        self._late = tuple(one for one in late if one.numbers.bit_count() >= fewest)
        self._always |= joined(one.bits for one in late if one not in self._late)
        self._open = tuple(joined(one.bits for one in self._late[place:]) for place in range(len(self._late) + 1))

    def in_order(self, scope: Any) -> Iterator[int]:
        """The numbers of the conditions that may be other than False; what is dear is asked when one depends on it."""
        bits, place = self._always | self._early.ask(scope), 0
        left = self._candidates(bits | self._open[0])
        while left:
            number = (left & -left).bit_length() - 1
            if place < len(self._late) and not self._candidates(bits) >> number & 1:
                bits |= self._late[place].ask(scope)
                place += 1
                left &= self._candidates(bits | self._open[place])
            else:
                left ^= 1 << number
                yield number

    def possible(self, scope: Any, wanted: int) -> tuple[int, int]:
        """The conditions that may be other than False, bits by number, and the bits with which `narrowed` goes on.

        What is dear is asked only for the wanted ones.
        """
        bits = self._always | self._early.ask(scope)
        waiting = self._candidates(bits | self._open[0] | self._after_bits) & wanted
        for place, stage in enumerate(self._late):
            if (waiting & stage.numbers).bit_count() >= self._fewest:
                bits |= stage.ask(scope)
                waiting &= self._candidates(bits | self._open[place + 1] | self._after_bits)
            else:
                bits |= stage.bits
        return self._candidates(bits | self._after_bits), bits

    def narrowed(self, scope: Any, wanted: int, bits: int) -> int:
        """The wanted conditions without those that other rules prevent, which are asked for it."""
        left = self._candidates(bits | self._after_bits) & wanted
        for name, waiting in self._after:
            if left & self._numbers(waiting) and scope.rule(name) is not False:
                bits |= waiting
        return self._candidates(bits) & wanted

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
        ask = probe(subject, build, answer)
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
