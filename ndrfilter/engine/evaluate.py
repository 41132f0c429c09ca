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

    __slots__ = ("_facts", "_lists", "_numbers", "_outcomes", "_possible", "_rules", "fact", "memo", "ruleset")

    def __init__(self, ruleset: RuleSet, facts: FactSource, lists: Any) -> None:
        self.ruleset = ruleset
        self.fact: Callable[[str], Any] = facts.fact
        self._facts = facts
        self._rules = ruleset.rules
        self._numbers: Mapping[str, int] = {}
        self._possible = -1
        self._lists = lists
        self._outcomes: dict[str, Any] = {}
        self.memo: dict[Any, Any] = {}  # the compiled conditions keep there what they share

    def knows(self, rules: Mapping[str, Rule], numbers: Mapping[str, int], possible: int) -> None:
        """From now on: the same rules in a form that is asked at less cost. A rule whose number is no bit of `possible`
        comes to False."""
        self._rules, self._numbers, self._possible = rules, numbers, possible

    def list(self, name: str) -> Any:
        """The named list; an unknown where it could not be read."""
        found = self._lists.get(name)
        return Unknown(f"list {name} is not there") if found is None else found

    def rule(self, name: str) -> Any:
        """What that rule came to; a rule not in force is unknown."""
        outcomes = self._outcomes
        if name not in outcomes:
            rule = self._rules.get(name)
            if rule is None:
                outcomes[name] = Unknown(f"rule {name} is off")
            elif not self._possible >> self._numbers.get(name, 0) & 1:
                outcomes[name] = False
            else:
                try:
                    outcomes[name] = rule.condition(self)
                except Exception as error:
                    self._facts.blame(f"rule {rule.name}", f"{type(error).__name__}: {error}")
                    outcomes[name] = Unknown("the rule failed")
        return outcomes[name]

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
