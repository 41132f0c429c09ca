"""One pass over the rows, in bounded memory: what is counted, what is kept to be shown, what the diagnosis asks."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, tzinfo
from heapq import heappush, heapreplace

from ndrfilter import limits
from ndrfilter.sweep.answer.nouns import (
    BACKSCATTER,
    FAKE,
    GENUINE,
    UNDETERMINED,
    VERDICTS,
    Letter,
    Scope,
    Wrong,
)
from ndrfilter.sweep.answer.timeline import Buckets
from ndrfilter.sweep.book import folded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from ndrfilter.sweep.answer.nouns import Book
    from ndrfilter.sweep.nouns import Row

ADDRESS_REASONS = frozenset({"address_unknown"})
MISSPELT = frozenset({"address_unknown", "network", "expired", "unknown"})
"""What a server says of an address with a slip in it: nobody there, or no such server."""
STANDING_REASONS = frozenset({"policy", "authentication"})
"""What is said of the sender's servers and domain, not of the address."""

_STILL_KEPT = 14 * 86_400.0  # seconds after the latest message in Sent: who has saved until then still does
_SOON = 86_400.0  # seconds a clock may be wrong; a message from later than tomorrow has no date we know


class Newest:
    """The newest messages, so many at most, each with how many addresses it had before it was shortened."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[float, int, Row, int]] = []
        self._met = 0

    def add(self, row: Row) -> None:
        """Keep it, if it is among the newest; of those of one time, the one met first."""
        self._met += 1
        order = (_orderly(row.received), -self._met)
        if len(self._heap) < self._most:
            heappush(self._heap, (*order, shortened(row), len(row.failed)))
        elif order > self._heap[0][:2]:
            heapreplace(self._heap, (*order, shortened(row), len(row.failed)))

    def rows(self) -> list[tuple[Row, int]]:
        """What was kept, newest first."""
        return [(row, addresses) for _, _, row, addresses in sorted(self._heap, reverse=True)]


def _orderly(time: float) -> float:
    return time if time == time else 0.0


def shortened(row: Row) -> Row:
    """The row with no more of a stranger's text than is shown; one character more, so that a cut is seen."""
    most = limits.ANSWER_TEXT + 1
    address, said = limits.ANSWER_ADDRESS + 1, limits.ANSWER_SAID + 1
    failed = tuple(
        one._replace(address=one.address[:address], diagnostic=one.diagnostic[:said])
        for one in row.failed[: limits.ANSWER_ADDRESSES]
    )
    return row._replace(
        sender=row.sender[:most], title=row.title[:most], writer=row.writer[:most], subject=row.subject[:most],
        reporting_mta=row.reporting_mta[:most], to=tuple(to[:most] for to in row.to[:1]), failed=failed,
    )  # fmt: skip


class Tally(Counter[str]):
    """Things counted by name, the rarest forgotten where there are too many."""

    def count(self, what: str) -> None:
        """Count one."""
        self[what] += 1
        if len(self) > 2 * limits.ANSWER_TALLY:
            kept = self.most_common(limits.ANSWER_TALLY)
            self.clear()
            self.update(dict(kept))


class Intrusion:
    """Messages that somebody else may have sent, and the people whom they went to."""

    def __init__(self) -> None:
        self.number = 0
        self.people: set[str] = set()
        self.verdicts = Counter[str]()

    def add(self, row: Row) -> None:
        """Count one."""
        self.number += 1
        self.verdicts[row.verdict] += 1
        for one in row.failed:
            if len(self.people) < limits.ANSWER_PEOPLE:
                self.people.add(one.address[: limits.ANSWER_ADDRESS].casefold())


class Gathered:
    """What the rows come to; `now` and all times are in the zone given, None for this computer's own."""

    def __init__(self, scope: Scope, book: Book | None, zone: tzinfo | None) -> None:
        self.scope, self.book, self.zone = scope, book, zone
        self.counts = dict.fromkeys(VERDICTS, 0)
        self.buckets = Buckets()
        self.kept = {GENUINE: Newest(limits.ANSWER_LETTERS), UNDETERMINED: Newest(limits.ANSWER_UNCLEAR)}
        self.kept[FAKE] = Newest(limits.ANSWER_FAKES)
        self.hosts, self.doubts, self.refusers = Tally(), Counter[str](), Tally()
        self.refused: set[str] = set()
        self.reasons = Counter[str]()
        self.intrusion, self.covered_intrusion = Intrusion(), Intrusion()
        self.strangers = 0

    def add(self, row: Row) -> None:
        """Count one row; one that is neither returned mail nor a fake counts for nothing."""
        if row.verdict not in self.counts:
            return
        self.counts[row.verdict] += 1
        when = self.wall(row.received)
        if when is not None:
            self.buckets.add(when, row.verdict)
        if row.verdict in self.kept:
            self.kept[row.verdict].add(row)
        if row.verdict == BACKSCATTER:
            self.hosts.count(row.reporting_mta[: limits.ANSWER_TEXT].casefold())
        elif row.verdict == GENUINE:
            self._genuine(row)
        elif row.verdict == UNDETERMINED:
            self.doubts[self._doubt(row)] += 1
            # Where Sent is known to be complete, what is missing there is not called genuine, though we handed it over.
            if not self._intruded(row):
                self.strangers += bool(row.failed) and self._to_strangers(row)

    def wall(self, time: float | None) -> datetime | None:
        """That time on the person's clock; None where it is none, or beyond any that could be true."""
        if time is None or not 0.0 < time < self.scope.now + _SOON:
            return None
        try:
            return datetime.fromtimestamp(time, self.zone).replace(tzinfo=None, microsecond=0)
        except (OverflowError, OSError, ValueError):
            return None

    def _genuine(self, row: Row) -> None:
        failures = row.failed if row.kind == "failure" else ()
        reasons = {one.reason for one in failures}
        if reasons & STANDING_REASONS:
            self.reasons["standing"] += 1
            for one in failures[: limits.ANSWER_ADDRESSES]:
                self.refusers.count(one.address.rpartition("@")[2][: limits.ANSWER_TEXT].casefold())
        if self._intruded(row):
            return
        if reasons & ADDRESS_REASONS:
            self.reasons["address"] += 1
            for one in failures[: limits.ANSWER_ADDRESSES]:
                if one.reason in ADDRESS_REASONS and len(self.refused) < limits.ANSWER_TALLY:
                    self.refused.add(folded(one.address))
        elif not reasons & STANDING_REASONS:
            self.reasons["other"] += 1

    def _intruded(self, row: Row) -> bool:
        """Whether somebody else may have sent it; then it is counted as that."""
        found = self.not_by_owner(row)
        if found:
            self.intrusion.add(row)
            if self._covered(row):
                self.covered_intrusion.add(row)
        return found

    def not_by_owner(self, row: Row) -> bool:
        """Whether somebody else may have sent it through the person's servers."""
        return row.through_us and not row.recorded and bool(row.failed) and self._to_strangers(row)

    def _covered(self, row: Row) -> bool:
        """Whether the original would be in Sent, had the person sent it."""
        sent = self.scope.sent
        when = row.written if row.written is not None else row.received
        return sent is not None and sent.messages > 0 and sent.since <= when <= sent.until + _STILL_KEPT

    def _to_strangers(self, row: Row) -> bool:
        """Whether the person is not known to have ever written to any of its addresses."""
        book = self.book
        return book is None or not any(book.wrote_to(one.address) for one in row.failed[: limits.ANSWER_ADDRESSES])

    def _doubt(self, row: Row) -> str:
        """Why a message is unclear, one of DOUBTS."""
        if row.kind == "none":
            return "trouble"
        if row.kind in ("autoreply", "challenge", "receipt", "feedback"):
            return "answer"
        if not (row.message_id or row.subject or row.author or row.to):
            return "nothing_back"
        if row.through_us:
            return "contradicted"
        return "between" if self._covered(row) else "before_sent"


def letter(gathered: Gathered, row: Row, addresses: int, meant: Mapping[str, str]) -> Letter:
    """What is shown of a row that had so many addresses; `meant` has the likely spelling of some."""
    book = gathered.book
    wrong = tuple(
        Wrong(one.address, one.reason, one.status[:20], one.diagnostic, to, book.wrote_to(to) if book and to else 0)
        for one in row.failed
        for to in [meant.get(one.address, "")]
    )
    return Letter(
        gathered.wall(row.received), row.sender, row.reporting_mta, row.writer, row.title, row.kind, wrong,
        addresses - len(wrong),
        row.subject, gathered.wall(row.written), row.to[0] if row.to else "",
    )  # fmt: skip
