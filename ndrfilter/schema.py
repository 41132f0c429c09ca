"""The vocabulary that every floor shares: verdicts, kinds, evidence classes, and the types of facts.

A *fact* is one typed value under a dotted name, drawn from the message, the site or the network. Its
value is a Python value of the type's shape, `None` when it is absent (looked, not there), or an
`Unknown` when nobody could look.
"""

from __future__ import annotations

from ndrfilter.noun import Noun
from ndrfilter.rank import Rank

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any, Protocol

    from ndrfilter.ports import Ports

    class Scope(Protocol):
        """What a condition is evaluated over."""

        def fact(self, name: str) -> Any:
            """The fact's value, None if absent, or an Unknown."""

    Fetch = Callable[[Any], Any]
    AsyncFetch = Callable[[Any, Ports], Awaitable[Any]]

VERDICTS = ("genuine", "backscatter", "fake", "undetermined", "not-a-bounce")
KINDS = (
    "failure", "delay", "success", "relayed", "expanded",
    "autoreply", "challenge", "receipt", "feedback", "virus-notice", "report", "none",
)  # fmt: skip
ACTIONS = ("failed", "delayed", "delivered", "relayed", "expanded")
COMPLETENESS = ("relays", "log", "signing")
"""What a site may declare complete; only then is absence evidence."""


class Evidence(Rank):
    """How hard a fact is to forge, weakest first."""

    REPUTATION = 0
    CONTENT = 1
    STRUCTURE = 2
    TRACE = 3
    RECORD = 4
    PROOF = 5

    @property
    def word(self) -> str:
        """The class as people and rule files write it."""
        return self.name.lower()


class Unknown(Noun):
    """The value of a fact nobody could establish; `pending` while a driver may still fetch it."""

    cause: str
    pending: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return False


class Type(Noun):
    """A fact's type. `kind` is one of the scalar kinds, "list", "record", "map" or "enum".

    Scalars at run time: string str; number int or float; boolean bool; duration float (seconds); time
    float (seconds since the epoch, UTC); ip ipaddress.IPv4Address or IPv6Address; network
    ipaddress.IPv4Network or IPv6Network; domain str (lower case, A-labels, no final dot).
    A list is a tuple; a map is asked with a string key and gives a list (`headers["X"]`).
    """

    kind: str
    item: Type | None = None  # of a list or a map's lists
    record: str = ""  # the RecordSpec's name
    values: tuple[str, ...] = ()  # of an enum
    name: str = ""  # of an enum, for diagnostics

    def __str__(self) -> str:
        if self.kind in ("list", "map"):
            return f"{self.kind}<{self.item}>"
        return self.record or self.name or self.kind


STRING, NUMBER, BOOLEAN = Type("string"), Type("number"), Type("boolean")
DURATION, TIME = Type("duration"), Type("time")
IP, NETWORK, DOMAIN = Type("ip"), Type("network"), Type("domain")


def list_of(item: Type) -> Type:
    """The type of a list of `item`."""
    return Type("list", item=item)


def map_of(item: Type) -> Type:
    """The type of a map from a case-insensitive string to a list of `item`."""
    return Type("map", item=item)


def record(name: str) -> Type:
    """The type of a record declared elsewhere under `name`."""
    return Type("record", record=name)


def enum(name: str, *values: str) -> Type:
    """The type of one word out of `values`."""
    return Type("enum", name=name, values=values)


class FieldSpec(Noun):
    """A field of a record: the attribute of that name is read (`with` reads `with_`)."""

    name: str
    type: Type
    doc: str
    optional: bool = False


class RecordSpec(Noun):
    """A record type. Where a plain value is wanted, the field named `default` stands for the record."""

    name: str
    fields: tuple[FieldSpec, ...]
    doc: str
    default: str = ""


class FactSpec(Noun):
    """One declared fact.

    `fetch(facts)` computes a local fact; a network fact (`cost="network"`) has `afetch(facts, ports)`
    instead. `needs_complete` names the completeness mark without which this fact, used towards
    backscatter, is no evidence (DESIGN: absence). `stage` is "message" for what a `recognise` block may
    ask, else "bounce".

    `seen` says where a raw message shows the value, for who looks at nothing else (see `gate.derive`): ("text", name)
    the topmost field of that name, ("address", name) and ("addresses", name) what it holds, ("type", name) its MIME
    type, ("types",) those of all parts, ("address", "") the envelope's sender and ("null",) that it is null; ("if", …)
    a condition, in the language's checked form, without which the fact is absent or false.
    """

    name: str
    type: Type
    evidence: Evidence
    doc: str
    fetch: Fetch | None = None
    afetch: AsyncFetch | None = None
    optional: bool = False
    cost: str = "local"
    needs_complete: str = ""
    stage: str = "bounce"
    plugin: str = ""
    seen: tuple[Any, ...] = ()


def absent(_facts: Any) -> None:
    """The fetch function of a fact that nothing in any message could make present: its plugin is off."""


class Extract(Noun):
    """Where a `recognise` block reads something from.

    `what` is "recipient", "diagnostic" or "mta"; `source` "body" or a header's name; the pattern's named
    groups (address, status, diagnostic, action, mta) are the values, every match one more.
    """

    what: str
    source: str
    pattern: Any  # a compiled google-re2 pattern, or None: every address in the source


class Recogniser(Noun):
    """A compiled `recognise` block. Conditions take a Scope and give True, False or an Unknown."""

    name: str
    software: str
    priority: int
    when: Callable[[Scope], Any]
    kinds: tuple[tuple[str, Callable[[Scope], Any] | None], ...]
    originals: tuple[Any, ...]  # compiled patterns; the original begins after the matching line
    extracts: tuple[Extract, ...]
    place: str = ""  # file:line


class Reason(Noun):
    """A compiled `reason` block: why mail failed, for people."""

    name: str  # mailbox_full
    describe: str  # "the mailbox is full"
    statuses: tuple[str, ...]  # "x.2.2", "5.7.1", "4.4.x"
    patterns: tuple[Any, ...]  # compiled, searched in the diagnostic
    place: str = ""


NO_REASON = "unknown"


class Schema(Noun):
    """Everything declared: what rules may ask. Keys are the specs' own names; `silent` facts are always absent."""

    facts: dict[str, FactSpec]
    records: dict[str, RecordSpec]
    silent: frozenset[str] = frozenset()


NOTHING_DECLARED = Schema({}, {})
