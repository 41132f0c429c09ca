"""The program as plain data (tuples, texts, numbers: what `marshal` can keep), and how closures are made of it.

Checking ends in an image; linking begins with one, whether it comes fresh from the checker or from a cache.
"""

from __future__ import annotations

from ndrfilter.lang.closures import build
from ndrfilter.lang.guard import Condition
from ndrfilter.lang.lists import NamedList
from ndrfilter.lang.patterns import Pattern
from ndrfilter.lang.rule import Program, Rule
from ndrfilter.lang.show import filled, traced
from ndrfilter.schema import Evidence, Extract, Reason, Recogniser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Image = dict[str, Any]


def link(image: Image) -> Program:
    """The program of an image; without tests and worlds, which only the sources have."""
    return Program(
        tuple(map(_rule, image["rules"])),
        tuple(map(recogniser, image["recognisers"])),
        tuple(reason(*data) for data in image["reasons"]),
        dict(image["groups"]),
        {},
        (),
        {key: NamedList(name, entries) for key, (name, entries) in image["lists"].items()},
        (),
    )


def _rule(data: tuple[Any, ...]) -> Rule:
    """A rule: its fields in the order of `Rule`, with checked expressions where that has functions."""
    rule = Rule(*data)
    return rule._replace(
        condition=Condition(rule.condition),  # type: ignore[arg-type]
        describe=describer(rule.describe),
        evidence=Evidence(rule.evidence),
        trace=tracer(rule.trace),
    )


def tracer(steps: Any) -> Any:
    """The `trace` of a rule whose parts these are."""
    return lambda scope: [(text, traced(Condition(ir)(scope), kind)) for text, ir, kind in steps]


def describer(parts: Any) -> Any:
    """The `describe` of a rule: texts, and the expressions between them."""
    made: list[Any] = []

    def describe(scope: Any) -> str:
        if not made:  # most rules never hit, and then nobody asks for their words
            made.append(tuple(part if isinstance(part, str) else build(part) for part in parts))
        return filled(made[0], scope)

    return describe


def recogniser(data: tuple[Any, ...]) -> Recogniser:
    """The recogniser of an image's entry."""
    name, software, priority, when, kinds, originals, extracts, place = data
    return Recogniser(
        name,
        software,
        priority,
        Condition(when),
        tuple((kind, Condition(ir) if ir else None) for kind, ir in kinds),
        tuple(Pattern(*pattern) for pattern in originals),
        tuple(Extract(what, source, Pattern(*found) if found else None) for what, source, found in extracts),
        place,
    )


def reason(name: str, describe: str, statuses: tuple[str, ...], patterns: Any, place: str) -> Reason:
    """The reason of an image's entry."""
    return Reason(name, describe, statuses, tuple(Pattern(*pattern) for pattern in patterns), place)
