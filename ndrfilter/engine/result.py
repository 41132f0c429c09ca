"""What comes out: hits, undecided rules, recipients, the result. Plain data; words and lines are made by the doors."""

from __future__ import annotations

from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

RESULT_VERSION = 1
NO_HEADER = "no-header"
"""The defect of what is no mail message at all."""


class Hit(Noun):
    """A rule that held. `score` is its contribution before group caps, positive towards `toward`."""

    name: str
    toward: str  # "backscatter", "genuine", "fake", or "" for a rule without a score
    score: float
    evidence: str  # the evidence class's word
    text: str  # the description, placeholders filled; may hold text from mail: escape when printing
    group: str = ""
    shadow: bool = False  # counted in no sum


class Undecided(Noun):
    """A rule that could not be decided, and why."""

    name: str
    cause: str


class Recipient(Noun):
    """An address the bounce is about. `reason` is a reason class ("mailbox_full"), "unknown" if none fits."""

    address: str
    action: str  # "failed", "delayed", "delivered", "relayed", "expanded"
    status: str  # RFC 3463, "" if none
    diagnostic: str
    reason: str
    reason_text: str = ""  # the reason in words


class Trouble(Noun):
    """A part of us that failed: the mail is unharmed, and this says what happened."""

    where: str  # "plugin acme", "rule X", "config"
    what: str


class OriginalSummary(Noun):
    """What is known of the message that came back."""

    source: str  # "rfc822", "headers", "inline", "quoted", "attachment"
    full: bool
    sender: str
    author: str
    to: tuple[str, ...]
    subject: str
    message_id: str
    date: float | None
    handover: str  # words for the believed hop from us, empty if none
    stranger: str  # words for the stranger, empty if none


class Advice(Noun):
    """The answers for a person: did I send this, why do I get it, what to do; `reason` is a sentence for a header."""

    sent: str
    why: str
    do: str
    reason: str


class Result(Noun):
    """The verdict on one message with everything that led to it."""

    verdict: str
    kind: str
    score: float  # of the axis that decided: towards backscatter positive, genuine negative; for fakes the fake sum
    required: float
    hits: tuple[Hit, ...]
    undecided: tuple[Undecided, ...]
    evidence: str  # the strongest class among the hits that carry the verdict, or ""
    original: OriginalSummary | None
    recipients: tuple[Recipient, ...]
    dialect: str  # the software in people's words, or ""
    reporting_mta: str
    defects: tuple[str, ...]
    errors: tuple[Trouble, ...]
    advice: Advice
    envelope_source: str  # "arguments", "environment", "headers", "none"
    trace: tuple[tuple[str, str], ...] = ()  # condition texts with their values, when asked for

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, keys as the attributes, with `"v"`, the version of this shape."""
        return {"v": RESULT_VERSION, **{key: _plain(value) for key, value in self._asdict().items()}}


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return {key: _plain(item) for key, item in value._asdict().items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return round(value, 3) if isinstance(value, float) else value
