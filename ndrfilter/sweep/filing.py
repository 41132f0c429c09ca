"""Filing away what is not the person's, and marking messages: the intent is written before, what was done after.

Architecture invariant: only backscatter and fakes are moved, each verified to be the message that was judged; after
any interruption the next call finds out what happened (`settling`).
"""

from __future__ import annotations

from collections import Counter

from ndrfilter.noun import Noun
from ndrfilter.sweep.mailbox import GoneError, PlaceError, QuotaError, ReadOnlyError
from ndrfilter.sweep.moves import DONE, DOUBLED, MOVABLE, MOVED
from ndrfilter.sweep.nouns import ALL, DRAFTS, INBOX, SENT, TRASH, Key
from ndrfilter.sweep.roles import role_of
from ndrfilter.sweep.settling import CHANGED, GONE, IN_BOTH, STOPPED, Settled, opened, present, settle, told_of
from ndrfilter.sweep.tagging import KEYWORDS, Tagged, tag
from ndrfilter.sweep.undoing import Undone, undo
from ndrfilter.terminal import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ndrfilter.sweep.ledger import Ledger
    from ndrfilter.sweep.mailbox import Mailbox
    from ndrfilter.sweep.nouns import Done, Folder, Row
    from ndrfilter.sweep.run import Progress

FOLDER = "Backscatter"
_OTHERS = {
    INBOX: "where your mail comes in",
    SENT: "the record of what you sent",
    DRAFTS: "for what you write",
    TRASH: "emptied by many programs",
    ALL: "everything that there is",
}
__all__ = ["FOLDER", "KEYWORDS", "Filed", "Tagged", "Undone", "demand_place", "file_away", "tag", "undo"]


class Filed(Noun):
    """What was moved, and how many were left, by reason. `trouble` is what ended it early, in a sentence."""

    moved: int
    left: Mapping[str, int]
    into: str
    trouble: str = ""


def demand_place(mailbox: Mailbox, into: str) -> None:
    """Raise PlaceError for a folder into which nothing may be filed: what it is for would suffer, or the messages."""
    told = next((folder.role for folder in mailbox.folders() if folder.name == into), "")
    if why := _OTHERS.get(told) or _OTHERS.get(role_of(into)):
        raise PlaceError(f"nothing is filed into {escape(into)}, which is {why}; name another folder, as {FOLDER}")


def file_away(
    mailbox: Mailbox,
    ledger: Ledger,
    into: str,
    now: float,
    progress: Progress,
    *,
    verdicts: Sequence[str] = MOVABLE,
) -> Filed:
    """Move this run's messages of these verdicts into that folder, which is made if need be.

    Raises ValueError for a verdict that is never moved, PlaceError where the folder cannot be made, TemporaryError (a
    CutOffError among them): what was moved until then is recorded, and a second call does the rest.
    """
    if strange := set(verdicts) - set(MOVABLE):
        raise ValueError(f"messages that are {', '.join(sorted(strange))} are not moved")
    demand_place(mailbox, into)
    before = settle(mailbox, ledger)
    work = _Filing(mailbox, ledger, mailbox.make(into), now)
    demand_place(mailbox, work.into)
    counts = ledger.counts()
    total = sum(counts.get(verdict, 0) for verdict in verdicts)
    progress.start(total)
    trouble = ""
    try:
        for name in ledger.folders(verdicts):
            if name == work.into:
                continue
            progress.folder(name)
            for rows in ledger.batches(name, verdicts):
                work.batch(name, rows)
                progress.advance(len(rows))
    except (QuotaError, ReadOnlyError, GoneError) as error:
        trouble = str(error)
        work.stop(settle(mailbox, ledger), total)
    return Filed(work.moved + before.arrived, +work.left, work.into, trouble)


class _Filing:
    """The way into one folder."""

    def __init__(self, mailbox: Mailbox, ledger: Ledger, into: str, now: float) -> None:
        self._mailbox, self._ledger, self._now = mailbox, ledger, now
        self.into = into
        self.moved = self._known = 0
        self.left: Counter[str] = Counter()
        if found := opened(mailbox, into):
            ledger.moves.look(found, (item.uid for item in mailbox.items()))

    def batch(self, name: str, rows: Sequence[Row]) -> None:
        """Move these messages of one folder."""
        folder = opened(self._mailbox, name, write=True)
        wanted = self._wanted(folder, rows)
        if not wanted:
            return
        intents = {one.key.uid: one for one in self._ledger.moves.mean(wanted, MOVED, self.into, self._now)}
        done: list[Done] = []
        try:
            for moved in self._mailbox.move(list(intents), self.into):
                if one := intents.pop(moved.old, None):
                    new = Key(self.into, moved.generation, moved.uid)
                    done.append(told_of(one, True, new))  # at once: more may not come
        finally:
            self._keep(done)
        if intents:
            settled = settle(self._mailbox, self._ledger)
            self._count(settled)
            self.left[CHANGED] += settled.stayed

    def _keep(self, done: Sequence[Done]) -> None:
        """Write down what was moved."""
        arrived = [Key(one.into, one.into_generation, one.into_uid) for one in done]
        self._ledger.moves.write(done, arrived)
        self._ledger.moves.rename([(one.key, new) for one, new in zip(done, arrived, strict=True) if new.uid])
        self.moved += len(done)

    def _wanted(self, folder: Folder | None, rows: Sequence[Row]) -> list[Row]:
        """Those that are still there, and the messages that were judged."""
        there = present(self._mailbox, folder, {row.key: row.digest for row in rows})
        wanted = []
        for row in rows:
            state = self._ledger.moves.state(row.key, MOVED)
            if state == DOUBLED:
                self.left[IN_BOTH] += 1
            elif (state == DONE and row.key.uid not in there) or self._is_filed(row.key):
                self._known += 1
            elif row.key.uid in there:
                wanted.append(row)
            else:
                self.left[CHANGED if folder and folder.generation != row.key.generation else GONE] += 1
        return wanted

    def _is_filed(self, key: Key) -> bool:
        """Whether we have moved it to where it is: moved on, it would not come back to where it was."""
        return self._ledger.moves.claimed(key)

    def _count(self, settled: Settled) -> None:
        """Count what the mailbox did not tell of."""
        self.moved += settled.arrived
        self.left.update({GONE: settled.gone, IN_BOTH: settled.doubled})

    def stop(self, settled: Settled, total: int) -> None:
        """No more can be moved of the `total`."""
        self._count(settled)
        self.left[STOPPED] += max(0, total - self.moved - self.left.total() - self._known)
