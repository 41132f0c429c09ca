"""Outcomes to sums: the origin axis, the fake axis, group caps, and how far what is undecided could still move them."""

from __future__ import annotations

from ndrfilter.engine.ruleset import counts_as_absence, is_strong
from ndrfilter.noun import Noun
from ndrfilter.schema import Evidence, Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ndrfilter.engine.evaluate import Outcome
    from ndrfilter.engine.ruleset import RuleSet
    from ndrfilter.lang.rule import Rule

ABSENCE_SHARE = 0.9
"""Absence that the site has not declared complete reaches at most this share of what is required."""


class Tally(Noun):
    """The sums and what they rest on. `room` is how much undecided rules toward genuine could still take off."""

    origin: float
    fake: float
    exempt: Rule | None
    exempt_open: bool
    strong_genuine: tuple[Rule, ...]
    strong_open: bool
    weighty_backscatter: bool  # a counted hit of class trace or better
    weighty_genuine: bool  # class trace or better reaches what is required without any help
    room: float


def unreplaced(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """The outcomes without those of rules that a live hit replaces."""
    found = tuple(outcomes)
    replacing = (one.rule for one in found if one.rule.replaces and one.value is True and one.rule.mode == "live")
    replaced = {name for rule in replacing for name in rule.replaces}
    return tuple(one for one in found if one.rule.name not in replaced) if replaced else found


def tally(outcomes: Iterable[Outcome], ruleset: RuleSet, complete: frozenset[str]) -> Tally:
    """Sum up. Rules in shadow mode are in no sum, nor are those that a hit replaces."""
    live = [outcome for outcome in unreplaced(outcomes) if outcome.rule.mode == "live"]
    hits = [outcome.rule for outcome in live if outcome.value is True]
    still_open = [outcome.rule for outcome in live if isinstance(outcome.value, Unknown)]
    toward = {side: [rule for rule in hits if rule.toward == side] for side in ("backscatter", "genuine", "fake")}
    against, rescue = toward["backscatter"], toward["genuine"]
    counted: list[Rule] = []
    absences: list[Rule] = []
    for rule in against:
        (absences if counts_as_absence(rule, complete) else counted).append(rule)
    allowed = ABSENCE_SHARE * ruleset.required.origin
    genuine = capped(rescue, ruleset.caps)
    open_rescue = [rule for rule in still_open if rule.toward == "genuine"]
    return Tally(
        origin=capped(counted, ruleset.caps) + min(allowed, capped(absences, ruleset.caps)) - genuine,
        fake=capped(toward["fake"], ruleset.caps),
        exempt=next((rule for rule in hits if rule.exempt), None),
        exempt_open=any(rule.exempt for rule in still_open),
        strong_genuine=tuple(rule for rule in rescue if is_strong(rule)),
        strong_open=any(is_strong(rule) for rule in open_rescue),
        weighty_backscatter=any(rule.evidence >= Evidence.TRACE for rule in counted),
        weighty_genuine=_weight(rescue, ruleset) >= ruleset.required.origin,
        room=capped([*rescue, *open_rescue], ruleset.caps) - genuine,
    )


def _weight(rules: Iterable[Rule], ruleset: RuleSet) -> float:
    return capped((rule for rule in rules if rule.evidence >= Evidence.TRACE), ruleset.caps)


def capped(rules: Iterable[Rule], caps: Mapping[str, float]) -> float:
    """The sum of the scores, each group at most its cap."""
    groups: dict[str, float] = {}
    total = 0.0
    for rule in rules:
        if rule.group:
            groups[rule.group] = groups.get(rule.group, 0.0) + rule.score
        else:
            total += rule.score
    return total + sum(min(score, caps.get(group, score)) for group, score in groups.items())
