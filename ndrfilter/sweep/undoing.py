"""Taking back: what was filed away goes where it came from, what was marked is as it was."""

from __future__ import annotations

from ndrfilter.noun import Noun
from ndrfilter.sweep.mailbox import GoneError, QuotaError, ReadOnlyError
from ndrfilter.sweep.moves import DONE, DOUBLED, MOVED, RETURNING, UNDONE
from ndrfilter.sweep.nouns import Key
from ndrfilter.sweep.settling import by_digest, opened, present, settle, told_of
from ndrfilter.sweep.tagging import untag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ndrfilter.sweep.ledger import Ledger
    from ndrfilter.sweep.mailbox import Mailbox
    from ndrfilter.sweep.moves import Way
    from ndrfilter.sweep.nouns import Done, Folder
    from ndrfilter.sweep.run import Progress


class Undone(Noun):
    """How many messages are back, how many somebody else moved or deleted meanwhile, how many could not be taken back.

    `untagged` are those whose mark is gone. `folders` are those that were filed into: they stay, even if empty.
    `trouble` is what ended it early, in a sentence.
    """

    back: int
    gone: int
    left: int
    untagged: int = 0
    folders: tuple[str, ...] = ()
    trouble: str = ""


def undo(mailbox: Mailbox, ledger: Ledger, now: float, progress: Progress) -> Undone:
    """Take back all that was ever moved or marked and not taken back yet.

    A folder that is gone is made again. What cannot be found is no error. Raises PlaceError, TemporaryError: what was
    taken back until then is recorded, and a second call does the rest.
    """
    before = settle(mailbox, ledger)
    progress.start(ledger.moves.number(MOVED, DONE))
    ways = ledger.moves.ways(MOVED, DONE)
    work = _Returning(mailbox, ledger, now)
    untagged, trouble = 0, ""
    try:
        for way in ways:
            progress.folder(way.target)
            work.all(way, progress)
        untagged = untag(mailbox, ledger, now)
    except (QuotaError, ReadOnlyError, GoneError) as error:
        trouble = str(error)
        work.settle()
    left = ledger.moves.number(MOVED, DONE) + ledger.moves.number(MOVED, DOUBLED)
    folders = tuple(dict.fromkeys(way.target for way in ways))
    return Undone(work.back, work.gone + before.gone, left, untagged, folders, trouble)


class _Returning:
    """The way back."""

    def __init__(self, mailbox: Mailbox, ledger: Ledger, now: float) -> None:
        self._mailbox, self._ledger, self._now = mailbox, ledger, now
        self.back = self.gone = 0
        self._elsewhere: dict[bytes, list[str]] | None = None

    def all(self, way: Way, progress: Progress) -> None:
        """Take back all that went that way."""
        self._elsewhere = None
        origin = opened(self._mailbox, way.folder) or self._mailbox.open(self._mailbox.make(way.folder))
        self._ledger.moves.look(origin, (item.uid for item in self._mailbox.items()))
        for records in self._ledger.moves.batches(MOVED, DONE, way):
            self._batch(way, records)
            progress.advance(len(records))

    def _batch(self, way: Way, records: tuple[Done, ...]) -> None:
        """Take back these."""
        now = opened(self._mailbox, way.target, write=True)
        if now and not now.generation:
            self._elsewhere = None  # the second of two same messages may be called the first now
        known = present(self._mailbox, now, {_place(one): one.digest for one in records})
        uids = {one: _place(one).uid if _place(one).uid in known else self._found(now, one) for one in records}
        lost = [one._replace(state=UNDONE, time=self._now) for one, uid in uids.items() if not uid]
        self._ledger.moves.write(lost)
        self.gone += len(lost)
        if now and len(lost) < len(records):
            self._move(way.folder, [self._meant(one, now, uid) for one, uid in uids.items() if uid])

    def _meant(self, one: Done, now: Folder, uid: str) -> Done:
        return one._replace(state=RETURNING, into_generation=now.generation, into_uid=uid, time=self._now)

    def _found(self, now: Folder | None, one: Done) -> str:
        """The message where it was filed, under another key than we know; "" if it is not there."""
        if now is None:
            return ""
        if self._elsewhere is None:
            wanted = self._wanted(now)
            self._elsewhere = by_digest(self._mailbox, wanted, self._unclaimed(now))
        return next(iter(self._elsewhere.get(one.digest, ())), "") and self._elsewhere[one.digest].pop(0)

    def _unclaimed(self, now: Folder) -> Callable[[str], bool]:
        return lambda uid: not self._ledger.moves.claimed(Key(now.name, now.generation, uid))

    def _wanted(self, now: Folder) -> frozenset[bytes]:
        return frozenset(one.digest for one in self._ledger.moves.all(DONE) if one.into == now.name)

    def _move(self, origin: str, meant: Iterable[Done]) -> None:
        intents = {one.into_uid: one for one in meant}
        self._ledger.moves.write(intents.values())
        done: list[Done] = []
        arrived: list[Key] = []
        try:
            for moved in self._mailbox.move(list(intents), origin):
                if one := intents.pop(moved.old, None):
                    arrived.append(Key(origin, moved.generation, moved.uid))
                    done.append(told_of(one, False, arrived[-1]))
        finally:
            self._ledger.moves.write(done, arrived)
            places = zip(map(_place, done), arrived, strict=True)
            self._ledger.moves.rename([(old, new) for old, new in places if new.uid])
            self.back += len(done)
        if intents:
            self.settle()

    def settle(self) -> None:
        """Count what the mailbox did not tell of."""
        settled = settle(self._mailbox, self._ledger)
        self.back += settled.arrived
        self.gone += settled.gone


def _place(one: Done) -> Key:
    return Key(one.into, one.into_generation, one.into_uid)
