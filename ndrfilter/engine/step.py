"""One step of the engine: with the facts known so far, either what must be fetched first, or the verdict. Pure."""

from __future__ import annotations

from ndrfilter.engine.decide import Decision, Standing, decide
from ndrfilter.engine.evaluate import Evaluation, Outcome, ask
from ndrfilter.engine.score import tally, unreplaced
from ndrfilter.noun import Noun
from ndrfilter.schema import NOTHING_DECLARED, Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from ndrfilter.engine.evaluate import FactSource
    from ndrfilter.engine.ruleset import RuleSet
    from ndrfilter.lang.rule import Rule


STANDING = frozenset({"kind", "returned", "original", "original.handover", "original.ours_claimed", "site.configured"})
"""Facts that are known once `standing_of` is."""


class Need(Noun):
    """The network facts that could still change the verdict."""

    names: tuple[str, ...]


class Verdict(Noun):
    """The decision with the outcomes it rests on: of rules that came to True or that nobody could decide."""

    decision: Decision
    standing: Standing
    outcomes: tuple[Outcome, ...]
    evaluation: Evaluation

    def all_outcomes(self) -> tuple[Outcome, ...]:
        """Also those of rules that came to False."""
        asked = self.evaluation.ruleset.asked(self.standing.returned, self.standing.configured)
        return unreplaced(ask(self.evaluation, asked))


def step(ruleset: RuleSet, facts: FactSource, lists: Mapping[str, Any], complete: frozenset[str]) -> Need | Verdict:
    """Ask the rules and decide, or say which facts to fetch before that is possible."""
    evaluation = Evaluation(ruleset, facts, lists)
    standing = standing_of(facts)
    rules = _asked(evaluation, standing, facts)
    outcomes = tuple([Outcome(rule, value) for rule in rules if (value := evaluation.rule(rule.name)) is not False])
    decision = decide(tally(outcomes, ruleset, complete), standing, ruleset.required)
    pending = [outcome for outcome in outcomes if _pending(outcome)]
    if pending and any(
        decide(tally(other, ruleset, complete), standing, ruleset.required).verdict != decision.verdict
        for other in _futures(outcomes)
    ):
        return Need(tuple(sorted({name for outcome in pending for name in outcome.value.pending})))
    return Verdict(decision, standing, unreplaced(outcomes), evaluation)


def _asked(evaluation: Evaluation, standing: Standing, facts: FactSource) -> Iterable[Rule]:
    """The rules to ask: all that count, or without those that the rule set's index knows to come to False."""
    ruleset, part = evaluation.ruleset, (standing.returned, standing.configured)
    silent = getattr(facts, "schema", NOTHING_DECLARED).silent
    possible = ruleset.ruling and ruleset.ruling.possible(evaluation, silent, part, lambda: ruleset.asked(*part))
    return ruleset.asked(*part) if possible is None else possible


def standing_of(facts: FactSource) -> Standing:
    """The standing facts, of those only that matter; what is unknown stands in the way of a hard verdict."""
    returned, configured = facts.fact("returned") is True, facts.fact("site.configured") is True
    if not (returned and configured):
        return Standing(returned, configured, handover=False, claimed=False)
    handover, claimed = facts.fact("original.handover"), facts.fact("original.ours_claimed")
    return Standing(
        returned,
        configured,
        handover=handover is not None,
        claimed=claimed is True or isinstance(claimed, Unknown),
    )


def _pending(outcome: Outcome) -> bool:
    return isinstance(outcome.value, Unknown) and bool(outcome.value.pending)


def _futures(outcomes: tuple[Outcome, ...]) -> Iterator[tuple[Outcome, ...]]:
    """The corner cases of how pending rules may come out: sums are monotone in each side, so no other matters."""
    sides: tuple[tuple[str, ...], ...] = ((), ("backscatter",), ("genuine",), ("fake",), ("exempt",))
    for side in sides:
        yield tuple(
            outcome._replace(value=_side(outcome) in side) if _pending(outcome) else outcome for outcome in outcomes
        )


def _side(outcome: Outcome) -> str:
    return outcome.rule.toward or "exempt"
