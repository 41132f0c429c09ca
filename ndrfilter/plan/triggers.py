"""What a condition needs: questions one of which must not be answered with False, or the condition is False.

A *trigger* is a set of questions joined by "or". A condition may have several: it is False as soon as one of them has
nothing but False. Questions are asked outside of quantifiers only, so none has a variable of one.
"""

from __future__ import annotations

from ndrfilter.lang.operators import FOLDS
from ndrfilter.noun import Noun
from ndrfilter.plan.quick import TEXT, varies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    Ir = tuple[Any, ...]

MOST = 3
"""Triggers of one condition: the first that fails decides, and more of them cost more than they spare."""
_SOME = 0.3


class Question(Noun):
    """A test of one value: "true", "exists", "missing", "present" (anything but absent), "holds" (the value is a
    condition's own), ("equal", fold, text) or ("matches", pattern, flags)."""

    subject: Ir
    test: Any


class Trigger(Noun):
    """Questions one of which must not be answered with False. `chance` guesses how often that is so."""

    questions: frozenset[Question]
    chance: float


def triggers(ir: Ir, cheap: frozenset[str], *, first: bool = False) -> tuple[Trigger, ...]:
    """The best triggers of a condition, most telling first; none if there is nothing simpler to ask than itself.

    Only `cheap` facts are asked; of its first part, which the plain evaluator always asks, also others if `first`.
    """
    found = sorted(_parts(ir, cheap, first), key=lambda one: one.chance)
    return (*found[:1], *[one for one in found[1:] if not _searches(one)][: MOST - 1])


def _searches(trigger: Trigger) -> bool:
    """Whether patterns must be searched for: a second trigger is not worth that."""
    return any(question.test[0] == "matches" for question in trigger.questions)


def _parts(ir: Ir, cheap: frozenset[str], first: bool) -> Iterator[Trigger]:
    """The triggers of each part of a conjunction."""
    inner = _seen_through(ir)
    if inner[0] == "and":
        for number, part in enumerate(inner[1]):
            yield from _parts(part, cheap, first and number == 0)
    else:
        found = _TRIGGERS.get(inner[0], _none)(inner, cheap, first)
        if found is not None and (first or all(facts_of(one.subject) <= cheap for one in found.questions)):
            yield found


def _seen_through(ir: Ir) -> Ir:
    """Without the wrappers that are False whenever what they wrap is."""
    while True:
        if ir[0] == "shared":
            ir = ir[2]
        elif ir[0] == "surely" or (ir[0] == "truth" and ir[1][0] in ("shared", "surely")):
            ir = ir[1]
        else:
            return ir


def _trigger(ir: Ir, cheap: frozenset[str], first: bool) -> Trigger | None:
    """The best trigger of a condition."""
    return min(_parts(ir, cheap, first), key=lambda one: one.chance, default=None)


def _one(subject: Ir, test: Any, chance: float) -> Trigger:
    return Trigger(frozenset((Question(subject, test),)), chance)


def _none(_ir: Ir, _cheap: frozenset[str], _first: bool) -> None:
    return None


def _any_of(parts: Sequence[Trigger | None]) -> Trigger | None:
    found = [one for one in parts if one is not None]
    if len(found) < len(parts):  # one of them may be True whatever is answered
        return None
    return Trigger(frozenset[Question]().union(*(one.questions for one in found)), sum(one.chance for one in found))


def _or(ir: Ir, cheap: frozenset[str], first: bool) -> Trigger | None:
    return _any_of([_trigger(part, cheap, first) for part in ir[1]])


def _at_least(ir: Ir, cheap: frozenset[str], first: bool) -> Trigger | None:
    """Of n conditions m can only hold if one of any n - m + 1 does."""
    parts = [_trigger(part, cheap, first) for part in ir[2]]
    parts.sort(key=lambda one: one.chance if one else 1.0)
    return _any_of(parts[: len(parts) - ir[1] + 1])


def _truth(ir: Ir, _cheap: frozenset[str], _first: bool) -> Trigger:
    return _one(ir[1], "true", 0.4)


def _exists(ir: Ir, _cheap: frozenset[str], _first: bool) -> Trigger:
    return _one(ir[1], "exists", 0.01 if entry_of(ir[1]) else 0.4)


def _missing(ir: Ir, _cheap: frozenset[str], _first: bool) -> Trigger:
    return _one(ir[1], "missing", 0.5)


def _any(ir: Ir, cheap: frozenset[str], first: bool) -> Trigger:
    over, body, depth = ir[1:]
    inner = _trigger(body, cheap, first) if depth == 0 else None
    # What is asked of no item would not tell of a list that nobody could establish.
    if inner is None or inner.chance > _SOME or not all(varies(one.subject) for one in inner.questions):
        return _one(over, "exists", _SOME)
    of_items = (one._replace(subject=("each", over, one.subject)) for one in inner.questions)
    return Trigger(frozenset(of_items), inner.chance)


def _matches(ir: Ir, _cheap: frozenset[str], _first: bool) -> Trigger:
    subject, pattern, flags, negated = ir[1:]
    if negated:
        return _one(subject, "present", 0.5)
    return _one(subject, ("matches", pattern, flags), 0.06 if subject == TEXT else 0.02 if entry_of(subject) else 0.03)


def _compare(ir: Ir, _cheap: frozenset[str], _first: bool) -> Trigger:
    sign, left, right, shape, fold = ir[1:]
    if left[0] == "const":
        left, right = right, left
    if sign != "==" or shape != "text" or right[0] != "const":
        return _one(left, "present", 0.5)
    return _one(left, ("equal", fold, FOLDS[fold](right[1])), _equality(left))


def _in(ir: Ir, _cheap: frozenset[str], _first: bool) -> Trigger:
    left, right, shape, fold, _field, negated = ir[1:]
    if negated or shape != "text" or right[0] != "const" or not right[1]:
        return _one(left, "present", 0.5)
    tests = frozenset(Question(left, ("equal", fold, FOLDS[fold](text))) for text in right[1])
    return Trigger(tests, _equality(left) * len(tests))


def _equality(subject: Ir) -> float:
    return 0.01 if entry_of(subject) else 0.05


def _part(ir: Ir, _cheap: frozenset[str], _first: bool) -> Trigger:
    """`contains` and its like: asked as they are of a single literal, which costs little and tells much."""
    if ir[4] or ir[2][0] != "const":
        return _one(ir[1], "present", 0.5)
    return _one(ir, "holds", 0.08)


def _within(ir: Ir, _cheap: frozenset[str], _first: bool) -> Trigger:
    left, right, negated = ir[1:]
    if negated or right[0] != "const" or not right[1]:
        return _one(left, "present", 0.5)
    names = (right[1],) if right[1].__class__ is str else right[1]
    domains = (FOLDS["domain"](name.removeprefix("*.")) for name in names)
    tests = frozenset(Question(left, ("below", "", domain)) for domain in domains)
    return Trigger(tests, 0.03 * len(tests))


def _present(ir: Ir, _cheap: frozenset[str], _first: bool) -> Trigger:
    return _one(ir[1], "present", 0.5)


def _rule(ir: Ir, _cheap: frozenset[str], _first: bool) -> Trigger:
    return _one(ir, "holds", 0.02)


_TRIGGERS: dict[str, Callable[[Ir, frozenset[str], bool], Trigger | None]] = {
    "or": _or,
    "at_least": _at_least,
    "truth": _truth,
    "exists": _exists,
    "missing": _missing,
    "any": _any,
    "matches": _matches,
    "cmp": _compare,
    "in": _in,
    "in_net": _present,
    "in_named": _present,
    "contains": _part,
    "starts": _part,
    "ends": _part,
    "within": _within,
    "rule": _rule,
}


def facts_of(ir: Any) -> frozenset[str]:
    """The facts that an expression may ask; for a rule that it asks, the rule's name behind "rule "."""
    found: set[str] = set()
    waiting = [ir]
    while waiting:
        part = waiting.pop()
        if part.__class__ is tuple and part:
            if part[0] == "fact":
                found.add(part[1])
            elif part[0] == "rule":
                found.add(f"rule {part[1]}")
            elif part[0] != "const":
                waiting += part[1:] if part[0].__class__ is str else part
    return frozenset(found)


def entry_of(ir: Ir) -> tuple[str, str] | None:
    """The map and the key where the value is of one entry of a map, such as a header field: X, X.first, X.first.text.

    Where there is no such entry, the first of these is empty and the others are absent.
    """
    inner = ir[1] if ir[0] == "field" and ir[1][0] in ("first", "last") else ir
    inner = inner[1] if inner[0] in ("first", "last") else inner
    if inner[0] == "index" and inner[1][0] == "fact" and inner[2][0] == "const" and inner[2][1].__class__ is str:
        return inner[1][1], inner[2][1]
    return None
