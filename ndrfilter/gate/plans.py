"""Whose plan is where: the gate's plan for some rules is made once in a process, unless it was kept on disk."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from ndrfilter.api import Filter
    from ndrfilter.engine.ruleset import RuleSet
    from ndrfilter.gate.plan import Plan
    from ndrfilter.lang.image import Image
    from ndrfilter.schema import Schema

    Kept = Mapping[str, Any] | None

VERSION = 1
_MADE: dict[int, tuple[Image, RuleSet, Plan | None]] = {}
"""Plans of this process, by the ruleset's identity; at most 32, as many as rulesets are kept."""


def plan_of(judge: Filter) -> Plan | None:
    """The plan for the rules that this filter has in force, until `ruleset.until`; None where the gate never closes."""
    plan: Plan | None = judge.loaded.plan(judge.ruleset)
    return plan


def plan_for(image: Image, schema: Schema, ruleset: RuleSet, kept: Callable[[], Kept] = lambda: None) -> Plan | None:
    """The plan for these rules. `kept` returns {"plan": …} as somebody kept it for the same rules, else None."""
    made = _MADE.get(id(ruleset))
    if made is None or made[0] is not image or made[1] is not ruleset:
        if len(_MADE) >= 32:
            _MADE.clear()
        found = kept()
        made = _MADE[id(ruleset)] = image, ruleset, _make(image, schema, ruleset) if found is None else found["plan"]
    return made[2]


def _make(image: Image, schema: Schema, ruleset: RuleSet) -> Plan | None:
    from ndrfilter.gate.plan import make

    return make(image, schema, ruleset)


def word_for(ruleset: RuleSet) -> tuple[object, ...]:
    """All that a plan depends on besides image and schema; equal in every process."""
    speaking = tuple(rule.name for rule in ruleset.scored if rule.toward == "fake")
    return VERSION, tuple(ruleset.rules), speaking, ruleset.required.fake > 0
