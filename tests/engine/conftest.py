"""Rules made by hand, and a source of facts: what the engine's tests are built of."""

from __future__ import annotations

import pytest

from ndrfilter.engine.ruleset import RuleSet, Thresholds
from ndrfilter.lang.rule import Rule
from ndrfilter.schema import Evidence, Unknown


def make_rule(name, value, toward="backscatter", score=1.0, **more):
    """A rule whose condition gives `value`, or asks the fact of that name if it is a string."""
    condition = (lambda scope: scope.fact(value)) if isinstance(value, str) else (lambda _scope: value)
    fields = {
        "name": name, "place": "test:1", "condition": condition, "describe": lambda _scope: name, "toward": toward,
        "score": score, "exempt": "", "group": "", "tags": (), "evidence": Evidence.TRACE, "facts": frozenset(),
        "references": frozenset(), "needs_complete": frozenset(), "mode": "live", "replaces": (), "expires": None,
        "because": "", "describe_source": name, "when_text": "", "trace": lambda _scope: [],
    }  # fmt: skip
    return Rule(**{**fields, **more})


def make_ruleset(rules, caps=None, required=5.0):
    """A rule set of these rules in force."""
    by_name = {rule.name: rule for rule in rules}
    scored = tuple(rule for rule in by_name.values() if rule.toward or rule.exempt)
    return RuleSet("test", by_name, scored, Thresholds(required, required), caps or {})


class FactTable:
    """Facts from a table; a name that is not in it is pending."""

    def __init__(self, **values):
        self.values = {"returned": True, "site.configured": True, "original.handover": None,
                       "original.ours_claimed": False} | values  # fmt: skip
        self.troubles = []

    def fact(self, name):
        return self.values.get(name, Unknown(f"{name} was not asked yet", (name,)))

    def blame(self, where, what):
        self.troubles.append((where, what))


@pytest.fixture
def build():
    """The builders, as one object."""

    class Build:
        rule = staticmethod(make_rule)
        ruleset = staticmethod(make_ruleset)
        facts = FactTable

    return Build
