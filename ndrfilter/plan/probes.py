"""Probes: one value is looked at once, and all that is asked about it is answered.

Who asked is a bit of a number, one bit for each trigger, so that answers are joined by `|`. A bit is missing only
where the answer is False for certain: a value nobody could establish, or of an odd type, sets every bit.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

from ndrfilter.lang.operators import FOLDS
from ndrfilter.limits import MAX_QUANTIFIED
from ndrfilter.plan.together import Together
from ndrfilter.schema import Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from ndrfilter.lang.closures import Build

    Ir = tuple[Any, ...]
    Probe = Callable[[Any], int]
    Read = Callable[[Any, tuple[Any, ...]], Any]
    Bits = Mapping[Any, int]


def patterns_of(tests: Iterable[Any]) -> list[tuple[str, str]]:
    """The patterns, with their flags, among these tests."""
    return [test[1:] for test in tests if test[0] == "matches"]


def answers(tests: Bits, find: Callable[[], Together]) -> Callable[[Any], int]:
    """What gives, for a value, the bits of the tests that are not False of it.

    `tests` are the bits by test; `find` gives what searches for the patterns among them, for the first text.
    """
    words = ("true", "exists", "missing", "present", "holds")
    true, exists, missing, given, holds = (tests.get(word, 0) for word in words)
    of_others = {test: bits for test, bits in tests.items() if test not in words}
    if tests.keys() == {"holds"}:
        return lambda value: 0 if value is False else holds
    texts: Callable[[str], int] | None = None
    held = joined(of_others.values())
    of_address = {test: of_others.pop(test) for test in tests if test[0] == "net"}
    addresses, of_nets = _networks(of_address), joined(of_address.values())
    of_texts = joined(of_others.values())
    absent, present, untrue = missing | holds, true | exists | given | holds, exists | given | held
    there, every = present | held, present | held | missing

    def run(value: Any) -> int:
        nonlocal texts
        if value is None:
            return absent
        if value.__class__ is str:
            if texts is None:
                texts = _texts(of_others, find())
            return present | of_nets | texts(value)
        if value is False:
            return untrue
        if value.__class__ in addresses:
            return present | of_texts | addresses[value.__class__](value)
        return every if value.__class__ is Unknown or value == () else there

    return run


def joined(bits: Iterable[int]) -> int:
    """All of these bits."""
    found = 0
    for one in bits:
        found |= one
    return found


def _texts(tests: Bits, together: Together) -> Callable[[str], int]:
    """What gives the bits of the tests that hold for a text."""
    equal: dict[str, dict[str, int]] = {}
    patterns: dict[int, int] = {}
    domains: dict[str, int] = {}
    for (kind, first, second), bits in tests.items():
        if kind == "equal":
            equal.setdefault(first, {})[second] = bits
        elif kind == "below":
            domains[second] = bits
        else:
            patterns[together.places[first, second]] = bits
    tables = tuple((FOLDS[fold], table.get) for fold, table in equal.items())
    hits, of_pattern = together.hits, patterns.get

    def run(text: str) -> int:
        found = 0
        for change, get in tables:
            found |= get(change(text), 0)
        if patterns:
            for place in hits(text):
                found |= of_pattern(place, 0)
        if domains:
            found |= _below(text, domains)
        return found

    return run


def _below(name: str, domains: dict[str, int]) -> int:
    """The bits of those of the domains in which that name lies."""
    found, rest = 0, FOLDS["domain"](name)
    while rest:
        found |= domains.get(rest, 0)
        rest = rest.partition(".")[2]
    return found


def _networks(tests: Bits) -> dict[type, Callable[[Any], int]]:
    """What gives, by the class of an address, the bits of the networks that it is in; nothing where there are none."""
    tables: dict[int, dict[int, dict[int, int]]] = {4: {}, 6: {}}
    for (_, (version, free), prefix), bits in tests.items():
        tables[version].setdefault(free, {})[prefix] = bits

    def of(version: int) -> Callable[[Any], int]:
        prefixes = tuple((free, table.get) for free, table in tables[version].items())

        def run(ip: Any) -> int:
            found, number = 0, int(ip)
            for free, get in prefixes:
                found |= get(number >> free, 0)
            return found

        return run

    return {IPv4Address: of(4), IPv6Address: of(6)} if tests else {}


def probe(subject: Ir, build: Build, answer: Callable[[Any], int]) -> Probe:
    """What gives, for a scope, the bits of all tests of the subject's value."""
    if subject[0] == "fact":
        name = subject[1]
        return lambda scope: answer(scope.fact(name))
    read = build(subject)
    return lambda scope: answer(read(scope, ()))


def each_probe(over: Read, asked: Sequence[tuple[Read, Callable[[Any], int]]], every: int) -> Probe:
    """As `probe`, of the values that the closures read of the items of a list; `every` bit is of one that is none."""

    def run(scope: Any) -> int:
        items = over(scope, ())
        if items is None:
            return 0
        if items.__class__ not in (tuple, list) or len(items) > MAX_QUANTIFIED[0]:
            return every
        found = 0
        for item in items:
            for read, answer in asked:
                found |= answer(read(scope, (item,)))
        return found

    return run


def map_probe(fact: str, entries: Mapping[str, Iterable[tuple[Probe, int]]]) -> Probe:
    """What gives the bits of all tests of single entries of a map, such as header fields.

    `entries` has, by lower-case key, the probes with their bits where there is no such entry. A map with `names`, those
    of its entries that are there, is asked for no others: most are not.
    """
    probes = {name: tuple(ask for ask, _ in asked) for name, asked in entries.items()}
    absent = {name: bits for name, asked in entries.items() if (bits := joined(bits for _, bits in asked))}

    def run(scope: Any) -> int:
        names = getattr(scope.fact(fact), "names", None)
        present = probes.keys() if names is None else probes.keys() & names
        found = 0
        for name, bits in absent.items():
            if name not in present:
                found |= bits
        for name in present:
            for ask in probes[name]:
                found |= ask(scope)
        return found

    return run
