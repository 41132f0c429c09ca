"""From the engine's verdict to the result: hits in words, what is undecided and why, the original, the advice."""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.engine.advice import advise
from ndrfilter.engine.result import NO_HEADER, Hit, OriginalSummary, Recipient, Result, Trouble, Undecided
from ndrfilter.schema import Evidence, Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from ndrfilter.engine.evaluate import Evaluation, FactSource, Outcome
    from ndrfilter.engine.step import Verdict

_FORWARDED = "forwarded"
NOT_ASKED = "not asked: no answer could have changed the verdict"
_CARRIES = {"backscatter": "backscatter", "genuine": "genuine", "fake": "fake"}


def explain(verdict: Verdict, facts: FactSource, *, envelope_source: str, trace: bool = False) -> Result:
    """The result of one message; with `trace`, the value of every condition as well."""
    decision, evaluation = verdict.decision, verdict.evaluation
    hits = tuple(_hits(verdict.outcomes, evaluation))
    kind = _value(facts, "kind") or "none"
    recipients = tuple(
        Recipient(one.address, one.action, one.status, one.diagnostic, one.reason, one.reason_text)
        for one in _value(facts, "bounce.recipients") or ()
    )
    exempt = next((o.rule.exempt for o in verdict.outcomes if o.value is True and o.rule.exempt), "") or ""
    defects = tuple(dict.fromkeys(_value(facts, "defects") or ()))
    why = "no-mail" if decision.verdict == "not-a-bounce" and NO_HEADER in defects else decision.why
    evidence = _evidence(decision.verdict, verdict.outcomes)
    traced = tuple(_traced(verdict.outcomes, evaluation)) if trace else ()
    return Result(
        verdict=decision.verdict,
        kind=kind,
        score=decision.score,
        required=decision.required,
        hits=hits,
        undecided=tuple(_undecided(decision.verdict, verdict.outcomes)),
        evidence=evidence,
        original=_original(facts),
        recipients=recipients,
        dialect=_value(facts, "bounce.software") or "",
        reporting_mta=_value(facts, "bounce.mta") or "",
        defects=defects,
        errors=tuple(Trouble(where, what) for where, what in facts.troubles),
        advice=advise(decision.verdict, why, kind, recipients, exempt, _carrier(evidence, verdict.outcomes)),
        envelope_source=envelope_source,
        trace=traced,
    )


def _value(facts: FactSource, name: str) -> Any:
    value = facts.fact(name)
    return None if isinstance(value, Unknown) else value


def _hits(outcomes: Iterable[Outcome], evaluation: Evaluation) -> Iterable[Hit]:
    held = [outcome.rule for outcome in outcomes if outcome.value is True]
    for rule in sorted(held, key=lambda rule: (-rule.evidence, -rule.score)):
        yield Hit(
            rule.name,
            rule.toward or "",
            rule.score,
            Evidence(rule.evidence).word,
            evaluation.describe(rule)[: limits.MAX_DESCRIPTION_CHARS],
            rule.group or "",
            rule.mode == "shadow",
        )


def _undecided(verdict: str, outcomes: Iterable[Outcome]) -> Iterator[Undecided]:
    """What could not be found out; where nothing is certain, also what nobody asked."""
    for rule, value in outcomes:
        if isinstance(value, Unknown) and (not value.pending or verdict == "undetermined"):
            yield Undecided(rule.name, NOT_ASKED if value.pending else value.cause)


def _evidence(verdict: str, outcomes: Iterable[Outcome]) -> str:
    side = _CARRIES.get(verdict)
    classes = [o.rule.evidence for o in outcomes if o.value is True and o.rule.toward == side and o.rule.mode == "live"]
    return Evidence(max(classes)).word if side and classes else ""


def _carrier(evidence: str, outcomes: Iterable[Outcome]) -> str:
    """The class, or "forwarded" where every rule of that class toward genuine has this tag: we only sent it on."""
    held = [o.rule for o in outcomes if o.value is True and o.rule.toward == "genuine" and o.rule.mode == "live"]
    tags = [rule.tags for rule in held if Evidence(rule.evidence).word == evidence]
    return _FORWARDED if tags and all(_FORWARDED in one for one in tags) else evidence


def _traced(outcomes: Iterable[Outcome], evaluation: Evaluation) -> Iterable[tuple[str, str]]:
    for outcome in outcomes:
        yield outcome.rule.name, _word(outcome.value)
        for text, value in outcome.rule.trace(evaluation):
            yield f"  {text}", _word(value)


def _word(value: Any) -> str:
    if isinstance(value, Unknown):
        return f"unknown ({value.cause})"
    if value is None:
        return "absent"
    return str(value).lower() if isinstance(value, bool) else str(value)[: limits.MAX_DESCRIPTION_CHARS]


def _original(facts: FactSource) -> OriginalSummary | None:
    came_back = _value(facts, "original")
    if came_back is None:
        return None
    return OriginalSummary(
        source=came_back.source,
        full=came_back.full,
        sender=_text(facts, "original.sender"),
        author=_text(facts, "original.author"),
        to=tuple(address.text for address in _value(facts, "original.to") or ()),
        subject=_value(facts, "original.subject") or "",
        message_id=_value(facts, "original.message_id") or "",
        date=_value(facts, "original.date"),
        handover=_host(_value(facts, "original.handover")),
        stranger=_host(_value(facts, "original.stranger")),
    )


def _text(facts: FactSource, name: str) -> str:
    address = _value(facts, name)
    return address.text if address is not None else ""


def _host(hop: Any) -> str:
    if hop is None:
        return ""
    name = hop.rdns or hop.helo or "a host"
    return f"{name} [{hop.ip}]" if hop.ip else name
