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


class Result:
    """The verdict on one message with everything that led to it. Nobody changes a result.

    What few ask for (`original`, `recipients`, `dialect`, `reporting_mta`, `defects`, `advice`) is worked out when it
    is first asked for, and then kept; until all of it was, as `to_dict` does, the result holds the message in memory.
    `errors` has what failed so far.
    """

    __slots__ = (
        "_later", "advice", "defects", "dialect", "envelope_source", "errors", "evidence", "hits", "kind", "original",
        "recipients", "reporting_mta", "required", "score", "trace", "undecided", "verdict",
    )  # fmt: skip

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
    trace: tuple[tuple[str, str], ...]  # condition texts with their values, when asked for

    def __init__(
        self,
        verdict: str,
        kind: str,
        score: float,
        required: float,
        hits: tuple[Hit, ...],
        undecided: tuple[Undecided, ...],
        evidence: str,
        original: OriginalSummary | None,
        recipients: tuple[Recipient, ...],
        dialect: str,
        reporting_mta: str,
        defects: tuple[str, ...],
        errors: tuple[Trouble, ...],
        advice: Advice,
        envelope_source: str,
        trace: tuple[tuple[str, str], ...] = (),
    ) -> None:
        values = (
            verdict, kind, score, required, hits, undecided, evidence, original, recipients, dialect, reporting_mta,
            defects, errors, advice, envelope_source, trace,
        )  # fmt: skip
        for name, value in zip(FIELDS, values, strict=True):
            _put(self, name, value)
        _put(self, "_later", None)

    @classmethod
    def of(cls, later: Any, **known: Any) -> Result:
        """A result with the `known` fields; `later` has for each other one the method that works it out."""
        made = cls.__new__(cls)
        _put(made, "_later", later)
        for name, value in known.items():
            _put(made, name, value)
        return made

    def __getattr__(self, name: str) -> Any:
        """A field that nobody has asked for before."""
        later = self._later if name in _FIELDS else None
        if later is None:
            raise AttributeError(f"a Result has no {name}")
        value = getattr(later, name)()
        if name != "errors":  # more may follow
            _put(self, name, value)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"nobody changes a Result, so {name} stays")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"nobody changes a Result, so {name} stays")

    def _asdict(self) -> dict[str, Any]:
        """Every field by name. What was to be worked out later now has been, and the message is let go of."""
        if self._later is not None:
            for name in FIELDS:
                getattr(self, name)
            _put(self, "errors", self._later.errors())
            _put(self, "_later", None)
        return {name: getattr(self, name) for name in FIELDS}

    def _replace(self, **fields: Any) -> Result:
        """This result with other values in these fields."""
        return Result(**{**self._asdict(), **fields})

    def __eq__(self, other: object) -> bool:
        return self._asdict() == other._asdict() if isinstance(other, Result) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self._asdict().values()))

    def __repr__(self) -> str:
        return f"Result({', '.join(f'{name}={value!r}' for name, value in self._asdict().items())})"

    def __reduce__(self) -> tuple[type[Result], tuple[Any, ...]]:
        return Result, tuple(self._asdict().values())

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, keys as the attributes, with `"v"`, the version of this shape."""
        return {"v": RESULT_VERSION, **{key: _plain(value) for key, value in self._asdict().items()}}


FIELDS = tuple(Result.__annotations__)
"""The fields of a result, in the order in which they are shown."""
_FIELDS = frozenset(FIELDS)
_put = object.__setattr__


def _plain(value: Any) -> Any:
    if hasattr(value, "_asdict"):
        return {key: _plain(item) for key, item in value._asdict().items()}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return round(value, 3) if isinstance(value, float) else value
