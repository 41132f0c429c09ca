"""Asks the rules. Pure: the same facts give the same outcomes; a network fact not fetched yet leaves a rule pending."""

from __future__ import annotations

from ndrfilter.noun import Noun
from ndrfilter.schema import Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, Protocol

    from ndrfilter.engine.ruleset import RuleSet
    from ndrfilter.lang.rule import Rule

    class FactSource(Protocol):
        """Where facts come from: `facts.world.Facts`, or anything like it; `troubles` are (where, what)."""

        troubles: list[tuple[str, str]]

        def fact(self, name: str) -> Any:
            """The fact's value, None if absent, or an Unknown."""

        def blame(self, where: str, what: str) -> None:
            """Note a failure of one of our parts."""


class Outcome(Noun):
    """What a rule came to: True, False or an Unknown."""

    rule: Rule
    value: Any


class Evaluation:
    """The scope of the rules' conditions over one message; a rule asked twice is worked out once.

    `fact(name)` gives the fact's value, None if absent, or an Unknown.
    """

    __slots__ = ("_facts", "_lists", "_outcomes", "_rules", "fact", "memo", "ruleset")

    def __init__(self, ruleset: RuleSet, facts: FactSource, lists: Any) -> None:
        self.ruleset = ruleset
        self.fact: Callable[[str], Any] = facts.fact
        self._facts = facts
        self._rules = ruleset.rules
        self._lists = lists
        self._outcomes: dict[str, Any] = {}
        self.memo: dict[Any, Any] = {}  # the compiled conditions keep there what they share

    def knows(self, rules: Mapping[str, Rule], outcomes: dict[str, Any]) -> None:
        """From now on: the same rules in a form that is asked at less cost, and what some of them came to."""
        self._rules, self._outcomes = rules, outcomes

    def list(self, name: str) -> Any:
        """The named list; an unknown where it could not be read."""
        found = self._lists.get(name)
        return Unknown(f"list {name} is not there") if found is None else found

    def rule(self, name: str) -> Any:
        """What that rule came to; a rule not in force is unknown."""
        if name not in self._outcomes:
            rule = self._rules.get(name)
            self._outcomes[name] = Unknown(f"rule {name} is off") if rule is None else self._ask(rule)
        return self._outcomes[name]

    def _ask(self, rule: Rule) -> Any:
        try:
            return rule.condition(self)
        except Exception as error:
            self._facts.blame(f"rule {rule.name}", f"{type(error).__name__}: {error}")
            return Unknown("the rule failed")

    def describe(self, rule: Rule) -> str:
        """The rule's description for this message."""
        try:
            return rule.describe(self)
        except Exception as error:
            self._facts.blame(f"rule {rule.name}", f"describe: {type(error).__name__}: {error}")
            return rule.name


def ask(evaluation: Evaluation, rules: Iterable[Rule]) -> tuple[Outcome, ...]:
    """The outcome of each rule."""
    return tuple([Outcome(rule, evaluation.rule(rule.name)) for rule in rules])
