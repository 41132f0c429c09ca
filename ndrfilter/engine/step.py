"""One step of the engine: with the facts known so far, either what must be fetched first, or the verdict. Pure."""

from __future__ import annotations

from ndrfilter.engine.decide import Decision, Standing, decide
from ndrfilter.engine.evaluate import Evaluation, Outcome, ask
from ndrfilter.engine.score import tally, unreplaced
from ndrfilter.noun import Noun
from ndrfilter.schema import Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from ndrfilter.engine.evaluate import FactSource
    from ndrfilter.engine.ruleset import RuleSet


class Need(Noun):
    """The network facts that could still change the verdict."""

    names: tuple[str, ...]


class Verdict(Noun):
    """The decision with the outcomes it rests on."""

    decision: Decision
    standing: Standing
    outcomes: tuple[Outcome, ...]
    evaluation: Evaluation


def step(ruleset: RuleSet, facts: FactSource, lists: Mapping[str, Any], complete: frozenset[str]) -> Need | Verdict:
    """Ask the rules and decide, or say which facts to fetch before that is possible."""
    evaluation = Evaluation(ruleset, facts, lists)
    standing = standing_of(facts)
    asked = ruleset.scored if standing.returned else tuple(rule for rule in ruleset.scored if rule.toward == "fake")
    if not standing.configured:  # whose it is has no meaning then, and no symbol may say that it has
        asked = tuple(rule for rule in asked if rule.toward not in ("backscatter", "genuine"))
    outcomes = ask(evaluation, asked)
    decision = decide(tally(outcomes, ruleset, complete), standing, ruleset.required)
    pending = [outcome for outcome in outcomes if _pending(outcome)]
    if pending and any(
        decide(tally(other, ruleset, complete), standing, ruleset.required).verdict != decision.verdict
        for other in _futures(outcomes)
    ):
        return Need(tuple(sorted({name for outcome in pending for name in outcome.value.pending})))
    return Verdict(decision, standing, unreplaced(outcomes), evaluation)


def standing_of(facts: FactSource) -> Standing:
    """The standing facts; what is unknown stands in the way of a hard verdict."""
    handover, claimed = facts.fact("original.handover"), facts.fact("original.ours_claimed")
    return Standing(
        returned=facts.fact("returned") is True,
        configured=facts.fact("site.configured") is True,
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
