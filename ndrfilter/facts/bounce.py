"""Facts of the bounce: kind, dialect, reporting MTA, recipients; and whether it is dressed as a bounce at all."""

from __future__ import annotations

import re

from ndrfilter import limits
from ndrfilter.facts.recipients import RecipientFact, mta_of_text, recipients
from ndrfilter.facts.recognised import Applying
from ndrfilter.plugin import hookimpl
from ndrfilter.schema import BOOLEAN, DOMAIN, KINDS, STRING, Evidence, FactSpec, enum, list_of, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ndrfilter.facts.world import Facts
    from ndrfilter.message.model import Report
    from ndrfilter.message.original import Original
    from ndrfilter.schema import Recogniser

DSN_KINDS = frozenset({"failure", "delay", "success", "relayed", "expanded"})
_STATUS_PARTS = ("message/delivery-status", "message/global-delivery-status")
_KIND_OF_ACTION = (
    ("failed", "failure"), ("delayed", "delay"), ("delivered", "success"), ("relayed", "relayed"),
    ("expanded", "expanded"),
)  # fmt: skip
_DAEMON = re.compile(
    r"^(mailer-?daemon|mail-?daemon|postmaster|mdaemon|double-bounce|bounces?|mail\.?delivery.*)$", re.I
)
_ANSWER_TYPES = (
    *_STATUS_PARTS, "message/feedback-report", "message/disposition-notification",
    "message/global-disposition-notification",
)  # fmt: skip
_BOUNCE_WORDS = re.compile(
    r"undeliver|deliver\w* (status|fail|problem|error|delay|incomplete|notif)"
    r"|(fail|return|reject|bounc|undelivered)\w*[ :-]+\w*[ :-]*(mail|message|deliver|notice)"
    r"|mail(er)?[ -](delivery|daemon|system)|non[- ]?(remis|recapit|consegn|entreg)"
    r"|unzustellbar|nicht zugestellt|zustell\w*|onbestelbaar|niet bezorgd|échec|echec|no se puede entregar|no entregado"
    r"|no se (pudo|ha podido)( ser)? entregar|devuelt|mancata consegna|impossibile recapitare"
    r"|não (foi possível )?entreg|devolvid|niedostarcz|niedoręcz|nedoru[čc]|teslim edilem|kézbesíthet|kan inte lever"
    r"|配信|返送|不達|недостав|не (удалось )?достав|退信|无法|未送达|반송",
    re.I,
)

# What shows, beside a recogniser that holds, where the facts of these names are true.
_TYPE = ("field", ("variable", 0), "type")
_RETURNED = ("any", ("fact", "mime.parts"), ("in", _TYPE, ("const", _ANSWER_TYPES), "text", "exact", "", False), 0)
_SENDER_NAME = ("field", ("first", ("index", ("fact", "headers"), ("const", "From"))), "text")
_BY_DAEMON = ("matches", ("field", ("fact", "author"), "local"), _DAEMON.pattern, "i", False)
_LOOKS_LIKE_BOUNCE = ("or", (
    ("truth", ("fact", "returned")),
    ("exists", ("fact", "mime.report_type")),
    ("matches", ("fact", "subject"), _BOUNCE_WORDS.pattern, "i", False),
    ("matches", _SENDER_NAME, _BOUNCE_WORDS.pattern, "i", False),
    ("and", (_BY_DAEMON, ("surely", ("truth", ("fact", "envelope.null"))))),
))  # fmt: skip


def kind_of(facts: Facts) -> str:
    """The bounce's kind, from its report and its parts, else as the recognisers that hold say; "none" if it is none."""
    # A report that merely stands in the text may be one that a person quotes.
    told = _kind_of_report(facts.message.report) if facts.message.status_part or facts.once(Applying) else ""
    return told or _kind_of_parts(facts) or _kind_of_recognisers(facts.once(Applying), facts)


def recognisers(facts: Facts) -> Iterable[Recogniser]:
    """The recognisers that hold; none where the message is no bounce all the same."""
    return () if facts.once(kind_of) == "none" else facts.once(Applying)


def reporting_mta(facts: Facts) -> str:
    """The reporting MTA, lower case, as the report or else a recogniser has it, or an empty string."""
    if facts.once(kind_of) == "none":
        return ""
    report = facts.message.report
    return (report.reporting_mta if report else "") or mta_of_text(facts)


def _all_recipients(facts: Facts) -> tuple[RecipientFact, ...]:
    """At most one more than we look at."""
    kind = facts.once(kind_of)
    return () if kind == "none" else recipients(facts, kind)


def failed(facts: Facts) -> tuple[RecipientFact, ...]:
    """Whom the bounce is about."""
    return facts.once(_all_recipients)[: limits.MAX_RECIPIENTS]


def too_many_recipients(facts: Facts) -> bool:
    """Whether there are more of them than we look at."""
    return len(facts.once(_all_recipients)) > limits.MAX_RECIPIENTS


def _kind_of_report(report: Report | None) -> str:
    actions = {recipient.action for recipient in report.recipients} if report else set()
    return next((kind for action, kind in _KIND_OF_ACTION if action in actions), "")


def _kind_of_parts(facts: Facts) -> str:
    if facts.message.feedback is not None:
        return "feedback"
    return "receipt" if facts.message.disposition is not None else ""


def _kind_of_recognisers(applied: Iterable[Recogniser], facts: Facts) -> str:
    for recogniser in applied:
        for kind, condition in recogniser.kinds:
            if condition is None or condition(facts) is True:
                return kind
        if not recogniser.kinds:
            return "failure"
    return "none"


def original(facts: Facts) -> Original | None:
    """The message that came back, once a message."""
    return facts.once(_original)


def _original(facts: Facts) -> Original | None:
    """Where MIME or its shape says, else behind a dialect's separator."""
    message = facts.message
    if message.original is not None:
        return message.original
    if facts.once(kind_of) == "none":
        return None
    telling = facts.once(Applying).that(lambda one: one.originals)
    separators = tuple([pattern for one in telling for pattern in one.originals])
    return message.find_original(separators) if separators else None


def _looks_like_bounce(facts: Facts) -> bool:
    if facts.once(kind_of) in DSN_KINDS or facts.message.root.param("report-type").lower() == "delivery-status":
        return True
    author = facts.fact("author")
    daemon = author is not None and bool(_DAEMON.match(author.local))
    null = facts.envelope.told and facts.envelope.sender is None
    subject = facts.message.headers.text("Subject")
    name = facts.message.headers.text("From")
    return bool((_BOUNCE_WORDS.search(subject) or _BOUNCE_WORDS.search(name.rpartition("<")[0])) or (daemon and null))


def _dialect(facts: Facts) -> Recogniser | None:
    return next(iter(facts.once(recognisers)), None)


def _reason(facts: Facts) -> str | None:
    found = facts.once(failed)
    return found[0].reason if found else None


def _bounce_facts() -> Iterable[FactSpec]:
    def fact(name: str, type_: Any, doc: str, fetch: Any, optional: bool = False, seen: Any = ()) -> FactSpec:
        return FactSpec(name, type_, Evidence.STRUCTURE, doc, fetch, optional=optional, seen=seen)

    yield fact("kind", enum("kind", *KINDS), "what sort of answer this is", lambda f: f.once(kind_of))
    yield fact("returned", BOOLEAN, "it answers mail of ours, or claims to", lambda f: f.once(kind_of) != "none",
               seen=("if", _RETURNED))  # fmt: skip
    yield fact("looks_like_bounce", BOOLEAN, "dressed as a bounce, whoever wrote it", _looks_like_bounce,
               seen=("if", _LOOKS_LIKE_BOUNCE))  # fmt: skip
    yield fact("bounce.by_mta", BOOLEAN, "carries an MTA's own structure", lambda f: f.once(kind_of) in DSN_KINDS)
    yield fact(
        "bounce.dialect", STRING, "the recogniser that knew it", lambda f: getattr(_dialect(f), "name", None), True
    )
    yield fact("bounce.software", STRING, "the software that wrote it",
               lambda f: getattr(_dialect(f), "software", None), True)  # fmt: skip
    yield fact("bounce.mta", DOMAIN, "the reporting MTA", lambda f: f.once(reporting_mta) or None, True)
    yield fact("bounce.recipients", list_of(record("recipient")), "whom it is about", lambda f: f.once(failed))
    yield fact("bounce.reason", STRING, "why, of the first recipient", _reason, True)


@hookimpl
def declare() -> Iterable[FactSpec]:
    """The facts of the bounce."""
    return tuple(_bounce_facts())
