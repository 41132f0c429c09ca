"""From the engine's verdict to the result: hits in words, what is undecided and why, the original, the advice."""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.engine.advice import FORWARDED, advise, advise_owner
from ndrfilter.engine.result import Advice, Hit, OriginalSummary, Recipient, Result, Trouble, Undecided
from ndrfilter.schema import Evidence, Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from ndrfilter.engine.evaluate import Evaluation, FactSource, Outcome
    from ndrfilter.engine.step import Verdict
    from ndrfilter.lang.rule import Rule

NOT_ASKED = "not asked: no answer could have changed the verdict"
_WORDS = tuple(one.word for one in Evidence)


def explain(
    verdict: Verdict, facts: FactSource, *, envelope_source: str, is_mail: bool = True, trace: bool = False
) -> Result:
    """The result of one message; with `trace`, the value of every condition as well. `is_mail`: it has a header."""
    decision, outcomes = verdict.decision, verdict.outcomes
    held = [outcome.rule for outcome in outcomes if outcome.value is True]
    evidence = _evidence(decision.verdict, held)
    why = decision.why if is_mail or decision.verdict != "not-a-bounce" else "no-mail"
    kind = _value(facts, "kind") or "none"
    return Result.of(
        _Rest(decision.verdict, why, kind, held, evidence, facts),
        verdict=decision.verdict,
        kind=kind,
        score=decision.score,
        required=decision.required,
        hits=tuple(_hits(held, verdict.evaluation)),
        undecided=tuple(_undecided(decision.verdict, outcomes)),
        evidence=evidence,
        envelope_source=envelope_source,
        trace=tuple(_traced(verdict.all_outcomes(), verdict.evaluation)) if trace else (),
    )


class _NotReturned(Result):
    """What is the same of all mail that is no bounce, and of which no rule speaks."""

    __slots__ = ()

    verdict, kind, score, hits, undecided, evidence = "not-a-bounce", "none", 0.0, (), (), ""
    recipients, dialect, reporting_mta, trace = (), "", "", ()
    advice = advise("not-a-bounce", "not-returned", "")


def not_returned(required: float, facts: FactSource, *, envelope_source: str) -> Result:
    """The result for mail that is known to be no bounce, and of which no rule speaks; `required` for a fake."""
    later = _Rest("not-a-bounce", "not-returned", "none", [], "", facts)
    return _NotReturned.of(later, required=required, envelope_source=envelope_source)


class _Rest:
    """The fields of a result that are worked out when somebody asks."""

    __slots__ = ("_evidence", "_facts", "_held", "_kind", "_verdict", "_why")

    def __init__(self, verdict: str, why: str, kind: str, held: list[Rule], evidence: str, facts: FactSource) -> None:
        self._verdict = verdict
        self._why = why
        self._kind = kind
        self._held = held
        self._evidence = evidence
        self._facts = facts

    def original(self) -> OriginalSummary | None:
        return _original(self._facts)

    def recipients(self) -> tuple[Recipient, ...]:
        return tuple(
            Recipient(one.address, one.action, one.status, one.diagnostic, one.reason, one.reason_text)
            for one in _value(self._facts, "bounce.recipients") or ()
        )

    def dialect(self) -> str:
        return _value(self._facts, "bounce.software") or ""

    def reporting_mta(self) -> str:
        return _value(self._facts, "bounce.mta") or ""

    def defects(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(_value(self._facts, "defects") or ()))

    def errors(self) -> tuple[Trouble, ...]:
        return tuple([Trouble(where, what) for where, what in self._facts.troubles])

    def advice(self) -> Advice:
        if self._verdict == "genuine":
            carrier = _carrier(self._evidence, self._held)
            return advise_owner(self._kind, _value(self._facts, "bounce.recipients") or (), carrier)
        return advise(self._verdict, self._why, next((rule.exempt for rule in self._held if rule.exempt), ""))


def _value(facts: FactSource, name: str) -> Any:
    value = facts.fact(name)
    return None if isinstance(value, Unknown) else value


def _hits(held: list[Rule], evaluation: Evaluation) -> Iterator[Hit]:
    for rule in sorted(held, key=lambda rule: (-rule.evidence, -rule.score)):
        yield Hit(
            rule.name,
            rule.toward or "",
            rule.score,
            _WORDS[rule.evidence],
            evaluation.describe(rule)[: limits.MAX_DESCRIPTION_CHARS],
            rule.group or "",
            rule.mode == "shadow",
        )


def _undecided(verdict: str, outcomes: Iterable[Outcome]) -> Iterator[Undecided]:
    """What could not be found out; where nothing is certain, also what nobody asked."""
    for rule, value in outcomes:
        if value.__class__ is Unknown and (not value.pending or verdict == "undetermined"):
            yield Undecided(rule.name, NOT_ASKED if value.pending else value.cause)


def _evidence(verdict: str, held: list[Rule]) -> str:
    classes = [rule.evidence for rule in held if rule.toward == verdict and rule.mode == "live"]
    return _WORDS[max(classes)] if classes else ""


def _carrier(evidence: str, held: list[Rule]) -> str:
    """The class, or "forwarded" where every rule of that class toward genuine has this tag: we only sent it on."""
    tags = [
        rule.tags
        for rule in held
        if rule.toward == "genuine" and rule.mode == "live" and _WORDS[rule.evidence] == evidence
    ]
    return FORWARDED if tags and all(FORWARDED in one for one in tags) else evidence


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
