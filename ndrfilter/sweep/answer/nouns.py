"""The nouns of an answer: what was asked (`Scope`), and what is told, in numbers and keys that no language is in yet.

Times are wall-clock times of the person's zone. Texts are as in the mail, only shorter: who shows them escapes them.
"""

from __future__ import annotations

from ndrfilter import schema
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from typing import Protocol

    class Book(Protocol):
        """The addresses of the person's own mail."""

        def wrote_to(self, address: str) -> int:
            """How many messages in Sent went there."""

        def all(self) -> Iterator[tuple[str, int, int]]:
            """Every address, with how many messages were sent to it and received from it."""


BACKSCATTER, GENUINE, UNDETERMINED, FAKE = "backscatter", "genuine", "undetermined", "fake"
VERDICTS = (BACKSCATTER, GENUINE, UNDETERMINED, FAKE)
ORDINARY = "not-a-bounce"

HACKED, REPUTATION, SPOOFED, PHISHED, MISTAKE, RETURNED, UNCLEAR, NOTHING = DIAGNOSES = (
    "hacked", "reputation", "spoofed", "fake", "mistake", "returned", "unclear", "nothing",
)  # fmt: skip
"""What may have happened, worst first."""

SURE, LIKELY, UNSURE = CERTAINTIES = ("sure", "likely", "unsure")

REASONS = (
    "address_unknown", "mailbox_full", "policy", "authentication", "too_big", "network", "expired", "content",
    "suspended", "unknown",
)  # fmt: skip
"""The reason classes that have words; any other is told as "unknown"."""

KINDS = tuple(kind for kind in schema.KINDS if kind != "none")
"""The kinds of returned mail that have words; any other is told as "report"."""

DOUBTS = ("trouble", "nothing_back", "before_sent", "answer", "contradicted", "between")
"""Why a message is unclear."""

HINTS = ("no_sent", "sent_starts_late", "sent_incomplete", "relays_unknown", "nothing_back")
"""What would make an answer surer."""


class SentScope(Noun):
    """The Sent folder as evidence: its messages, the time they span in seconds since the epoch, whether all clients
    save into it, and how many messages bear witness of the relays."""

    messages: int
    since: float
    until: float
    complete: bool
    witnesses: int


class Scope(Noun):
    """What was looked at, for whom, when (seconds since the epoch), and how many messages were moved into which folder.

    `counts` has the number of messages for each verdict; `sent` is None where no Sent folder is known.
    """

    place: str
    me: tuple[str, ...]
    looked_at: int
    counts: Mapping[str, int]
    sent: SentScope | None
    now: float
    moved: int
    into: str


class Wrong(Noun):
    """An address that mail came back from, with what its server said.

    `meant` is the likely spelling or "", `wrote` how often that address was written to.
    """

    address: str
    reason: str
    status: str
    said: str
    meant: str
    wrote: int


class Letter(Noun):
    """One message worth showing: `title` is its own subject, `subject`, `to` and `written` are the original's.

    `host` is the reporting server, `writer` its software, `more` how many addresses are not in `wrong`.
    """

    time: datetime | None
    sender: str
    host: str
    writer: str
    title: str
    kind: str
    wrong: tuple[Wrong, ...]
    more: int
    subject: str
    written: datetime | None
    to: str


class Finding(Noun):
    """Something that happened: one of DIAGNOSES, how sure that is, and on how many messages, people or places."""

    name: str
    certainty: str
    number: int
    places: int = 0


class Bar(Noun):
    """What came within one unit of time, by VERDICTS."""

    start: datetime
    counts: tuple[int, int, int, int]


class Wave(Noun):
    """Much returned mail of one verdict: `state` is "over", "fading" or "going", `ends` a guess, or None."""

    verdict: str
    number: int
    began: datetime
    last: datetime
    peak: datetime
    peak_unit: str
    peak_number: int
    state: str
    ends: datetime | None


class Timeline(Noun):
    """Returned mail by `unit` ("hour", "day", "week", "month", "year"); `outside` is what the picture leaves out."""

    unit: str
    bars: tuple[Bar, ...]
    first: datetime
    last: datetime
    outside: int
    wave: Wave | None


class Counted(Noun):
    """Something and how often it was met."""

    what: str
    number: int


class Answer(Noun):
    """All that a person is told after a sweep. `counts` adds up to `looked_at`, ordinary mail included."""

    scope: Scope
    now: datetime
    looked_at: int
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]
    read: tuple[Letter, ...]
    timeline: Timeline | None
    hints: tuple[str, ...]
    doubts: tuple[Counted, ...]
    unclear: tuple[Letter, ...]
    days: tuple[tuple[datetime, int], ...]
    hosts: tuple[Counted, ...]
    fakes: tuple[str, ...]
