"""The rules in force: chosen, overridden and frozen. Rule files say what holds; rulesets say what counts."""

from __future__ import annotations

from ndrfilter.noun import Noun
from ndrfilter.schema import Evidence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from ndrfilter.lang.rule import Rule


class Thresholds(Noun):
    """How much is required on each axis."""

    origin: float = 5.0
    fake: float = 5.0


class RuleSet(Noun):
    """The rules in force, by name; `scored` are asked for every returned message, the others only through `hit`."""

    name: str
    rules: Mapping[str, Rule]
    scored: tuple[Rule, ...]
    required: Thresholds
    caps: Mapping[str, float]
    until: float = float("inf")  # when the next rule expires, seconds since the epoch
    ruling: Any = None  # an index of the rules, as `plan.asking.Ruling` is; without it each is asked for itself

    def asked(self, returned: bool, configured: bool) -> tuple[Rule, ...]:
        """The rules that count for a message that was returned or not, with a site that is configured or not."""
        asked = self.scored if returned else tuple(rule for rule in self.scored if rule.toward == "fake")
        if configured:
            return asked
        # Whose it is has no meaning then, and no symbol may say that it has.
        return tuple(rule for rule in asked if rule.toward not in ("backscatter", "genuine"))


def choose(
    name: str,
    rules: Iterable[Rule],
    *,
    required: Thresholds,
    caps: Mapping[str, float],
    scores: Mapping[str, float],
    mode: Callable[[Rule], str],
) -> RuleSet:
    """The rule set that a ruleset's choices make of the rules. `mode` says live, shadow or off."""
    active: dict[str, Rule] = {}
    for rule in rules:
        chosen = mode(rule)
        if chosen != "off":
            active[rule.name] = rule._replace(score=scores.get(rule.name, rule.score), mode=chosen)
    scored = tuple(rule for rule in active.values() if (rule.toward and rule.score) or rule.exempt)
    until = min((rule.expires for rule in active.values() if rule.expires is not None), default=float("inf"))
    return RuleSet(name, active, scored, required, dict(caps), until)


def counts_as_absence(rule: Rule, complete: frozenset[str]) -> bool:
    """Whether a hit of this rule is only an absence that the site has not declared to mean anything."""
    return rule.toward == "backscatter" and not rule.needs_complete <= complete


def is_strong(rule: Rule) -> bool:
    """Whether the rule rests on proof or on a record."""
    return rule.evidence >= Evidence.RECORD
