"""What a condition needs: questions one of which must not be answered with False, or the condition is False.

A *trigger* is a set of questions joined by "or". A condition may have several: it is False as soon as one of them has
nothing but False. Questions are asked outside of quantifiers only, so none has a variable of one.
"""

from __future__ import annotations

from ndrfilter.noun import Noun
from ndrfilter.plan.leaves import Question, Trigger, asked, leaf
from ndrfilter.plan.reading import facts_of, varies

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    Ir = tuple[Any, ...]

MOST = 3
"""Triggers of one condition: the first that fails decides, and more of them cost more than they spare."""
_SOME = 0.3


class Prices(Noun):
    """What may be asked beforehand: `cheap` facts of every message, `dear` ones, the cheapest of them in front, where a
    condition is left that waits for them."""

    cheap: frozenset[str]
    dear: tuple[str, ...] = ()

    def stage(self, subject: Ir) -> int | None:
        """When the subject may be asked: 0 at once, else later; None for never."""
        left = facts_of(subject) - self.cheap
        if not left:
            return 0
        return max(map(self.dear.index, left)) + 1 if left.issubset(self.dear) else None

    def stage_in(self, trigger: Trigger, question: Question) -> int:
        """When the question of this trigger is asked."""
        return 0 if trigger.now else self.stage(question.subject) or 0


def triggers(ir: Ir, prices: Prices, *, first: bool = False) -> tuple[Trigger, ...]:
    """The best triggers of a condition, most telling first, at most one of them late; none if there is nothing simpler
    to ask than itself.

    Of its first part, which the plain evaluator always asks, any fact is asked if `first`.
    """
    found = sorted(_parts(ir, prices, first), key=lambda one: one.chance)
    late = [one for one in found if any(prices.stage_in(one, question) for question in one.questions)]
    early = [one for one in found if one not in late]
    more = [one for one in early[1:] if not _searches(one)]
    if early and late and early[0].chance < late[0].chance:
        late = []
    return (*early[:1], *more[: MOST - 1 - len(late[:1])], *late[:1])


def _searches(trigger: Trigger) -> bool:
    """Whether patterns must be searched for: a second trigger is not worth that."""
    return any(question.test[0] == "matches" for question in trigger.questions)


def _parts(ir: Ir, prices: Prices, first: bool) -> Iterator[Trigger]:
    """The triggers of each part of a conjunction."""
    inner = _seen_through(ir)
    if inner[0] == "and":
        for number, part in enumerate(inner[1]):
            yield from _parts(part, prices, first and number == 0)
    else:
        found = _found(inner, prices, first)
        if found is not None and (first or all(prices.stage(one.subject) is not None for one in found.questions)):
            yield found._replace(now=first)


def _seen_through(ir: Ir) -> Ir:
    """Without the wrappers that are False whenever what they wrap is."""
    while True:
        if ir[0] == "shared":
            ir = ir[2]
        elif ir[0] == "surely" or (ir[0] == "truth" and ir[1][0] in ("shared", "surely")):
            ir = ir[1]
        else:
            return ir


def _found(ir: Ir, prices: Prices, first: bool) -> Trigger | None:
    """The trigger of a condition that is no conjunction."""
    if ir[0] == "or":
        return _any_of([_trigger(part, prices, first) for part in ir[1]])
    if ir[0] == "at_least":
        # Of n conditions m can only hold if one of any n - m + 1 does.
        parts = [_trigger(part, prices, first) for part in ir[2]]
        parts.sort(key=lambda one: one.chance if one else 1.0)
        return _any_of(parts[: len(parts) - ir[1] + 1])
    return _any(ir, prices) if ir[0] == "any" else leaf(ir)


def _trigger(ir: Ir, prices: Prices, first: bool) -> Trigger | None:
    """The best trigger of a condition."""
    return min(_parts(ir, prices, first), key=lambda one: one.chance, default=None)


def _any_of(parts: Sequence[Trigger | None]) -> Trigger | None:
    found = [one for one in parts if one is not None]
    if len(found) < len(parts):  # one of them may be True whatever is answered
        return None
    return Trigger(frozenset[Question]().union(*(one.questions for one in found)), sum(one.chance for one in found))


def _any(ir: Ir, prices: Prices) -> Trigger:
    over, body, depth = ir[1:]
    inner = _trigger(body, prices, False) if depth == 0 else None
    # What is asked of no item would not tell of a list that nobody could establish.
    if inner is None or inner.chance > _SOME or not all(varies(one.subject) for one in inner.questions):
        return asked(over, "exists", _SOME)
    of_items = (one._replace(subject=("each", over, one.subject)) for one in inner.questions)
    return Trigger(frozenset(of_items), inner.chance)
