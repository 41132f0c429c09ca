"""Marking messages with keywords, and taking the marks away again. To do either twice does no harm."""

from __future__ import annotations

from collections import Counter

from ndrfilter.noun import Noun
from ndrfilter.sweep.mailbox import GoneError, PlaceError, QuotaError, ReadOnlyError
from ndrfilter.sweep.moves import DONE, MEANT, TAGGED, UNDONE
from ndrfilter.sweep.settling import GONE, opened, present

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ndrfilter.sweep.ledger import Ledger
    from ndrfilter.sweep.mailbox import Mailbox
    from ndrfilter.sweep.moves import Way
    from ndrfilter.sweep.nouns import Done, Row
    from ndrfilter.sweep.run import Progress

KEYWORDS = {
    "backscatter": "$NDRBackscatter",
    "fake": "$NDRFake",
    "genuine": "$NDRGenuine",
    "undetermined": "$NDRUndetermined",
}
"""IMAP keywords (RFC 3501 section 2.3.2) for the verdicts."""


class Tagged(Noun):
    """What was marked, and how many were not, by reason. `trouble` is what ended it early, in a sentence."""

    tagged: int
    left: Mapping[str, int]
    trouble: str = ""


def tag(
    mailbox: Mailbox, ledger: Ledger, now: float, progress: Progress, *, keywords: Mapping[str, str] = KEYWORDS
) -> Tagged:
    """Mark this run's messages with the keyword of their verdict.

    Raises PlaceError where there are no keywords, TemporaryError: what was marked until then is recorded.
    """
    counts = ledger.counts()
    progress.start(sum(counts.get(verdict, 0) for verdict in keywords))
    tagged, left, trouble = 0, Counter[str](), ""
    try:
        for name in ledger.folders(keywords):
            progress.folder(name)
            for verdict, keyword in keywords.items():
                for rows in ledger.batches(name, (verdict,)):
                    marked = _mark(mailbox, ledger, name, rows, keyword, now)
                    tagged, left[GONE] = tagged + marked, left[GONE] + len(rows) - marked
                    progress.advance(len(rows))
    except (QuotaError, ReadOnlyError, GoneError) as error:
        trouble = str(error)
    return Tagged(tagged, +left, trouble)


def _mark(mailbox: Mailbox, ledger: Ledger, name: str, rows: Sequence[Row], keyword: str, now: float) -> int:
    """Mark those of them that are still there; how many that are."""
    there = present(mailbox, opened(mailbox, name, write=True), {row.key: row.digest for row in rows})
    wanted = [row for row in rows if row.key.uid in there]
    if not wanted:
        return 0
    intents = {one.key.uid: one for one in ledger.moves.mean(wanted, TAGGED, keyword, now)}
    try:
        marked = mailbox.tag(list(intents), keyword)
    except PlaceError:
        ledger.moves.forget(intents.values())  # nothing was marked: there is nothing to take away
        raise
    done = [intents.pop(uid) for uid in marked if uid in intents]
    ledger.moves.write(one._replace(state=DONE) for one in done)
    ledger.moves.forget(intents.values())
    return len(done)


def untag(mailbox: Mailbox, ledger: Ledger, now: float) -> int:
    """Take away every mark that was set, or meant to be; of how many messages that was done."""
    number = 0
    for state in (DONE, MEANT):
        for way in ledger.moves.ways(TAGGED, state):
            for records in ledger.moves.batches(TAGGED, state, way):
                number += _unmark(mailbox, ledger, way, records, now)
    return number


def _unmark(mailbox: Mailbox, ledger: Ledger, way: Way, records: Sequence[Done], now: float) -> int:
    there = present(mailbox, opened(mailbox, way.folder, write=True), {one.key: one.digest for one in records})
    taken = sum(1 for _ in mailbox.tag(sorted(there), way.target, on=False)) if there else 0
    ledger.moves.write(one._replace(state=UNDONE, time=now) for one in records)
    return taken
