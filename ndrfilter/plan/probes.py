"""Probes: one value is looked at once, and all that is asked about it is answered.

Who asked is a bit of a number, one bit for each trigger, so that answers are joined by `|`. A bit is missing only
where the answer is False for certain: a value nobody could establish, or of an odd type, sets every bit.
"""

from __future__ import annotations

from ndrfilter.lang.operators import FOLDS
from ndrfilter.plan.together import Together
from ndrfilter.schema import Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    Probe = Callable[[Any], int]
    Bits = Mapping[Any, int]


def answers(tests: Bits, late: bool = False) -> Callable[[Any], int]:
    """What gives, for a value, the bits of the tests that are not False of it; `tests` are the bits by test.

    `late`: what is asked of texts is prepared for the first of them.
    """
    words = ("true", "exists", "missing", "present", "holds")
    true, exists, missing, given, holds = (tests.get(word, 0) for word in words)
    of_text = {test: bits for test, bits in tests.items() if test not in words}
    if tests.keys() == {"holds"}:
        return lambda value: 0 if value is False else holds
    texts = None if late else _texts(of_text)
    held = joined(of_text.values())
    absent, present, untrue = missing | holds, true | exists | given | holds, exists | given | held
    there, every = present | held, present | held | missing

    def run(value: Any) -> int:
        nonlocal texts
        if value is None:
            return absent
        if value.__class__ is str:
            if texts is None:
                texts = _texts(of_text)
            return present | texts(value)
        if value is False:
            return untrue
        return every if value.__class__ is Unknown or value == () else there

    return run


def joined(bits: Iterable[int]) -> int:
    """All of these bits."""
    found = 0
    for one in bits:
        found |= one
    return found


def _texts(tests: Bits) -> Callable[[str], int]:
    """What gives the bits of the tests that hold for a text."""
    equal: dict[str, dict[str, int]] = {}
    patterns: dict[tuple[str, str], int] = {}
    for (kind, first, second), bits in tests.items():
        if kind == "equal":
            equal.setdefault(first, {})[second] = bits
        else:
            patterns[first, second] = bits
    tables = tuple((FOLDS[fold], table.get) for fold, table in equal.items())
    hits, of_pattern = Together(tuple(patterns)).hits, tuple(patterns.values())

    def run(text: str) -> int:
        found = 0
        for change, get in tables:
            found |= get(change(text), 0)
        if of_pattern:
            for number in hits(text):
                found |= of_pattern[number]
        return found

    return run


def probe(read: Callable[[Any, tuple[Any, ...]], Any], tests: Bits, late: bool = False) -> Probe:
    """What gives, for a scope, the bits of all tests of the value that the closure `read` reads there."""
    answer = answers(tests, late)
    return lambda scope: answer(read(scope, ()))


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
