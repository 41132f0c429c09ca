"""What became of moves that nobody saw the end of: a killed process, a lost connection, a half-done copy.

A message is known again by its digest, its copies by not having been there before and not having been put there by an
earlier move. So an intent becomes a fact or nothing, and no message is doubled by being moved a second time.
"""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.noun import Noun
from ndrfilter.sweep.mailbox import GoneError, ReadOnlyError
from ndrfilter.sweep.moves import DONE, DOUBLED, MEANT, MOVED, RETURNING, UNDONE
from ndrfilter.sweep.nouns import Key
from ndrfilter.sweep.state import digest_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from ndrfilter.sweep.ledger import Ledger
    from ndrfilter.sweep.mailbox import Mailbox
    from ndrfilter.sweep.moves import Way
    from ndrfilter.sweep.nouns import Done, Folder

GONE, CHANGED, IN_BOTH, STOPPED = "gone", "changed", "in both", "stopped"
"""Why a message was left: not there any more; folder or message is another now; a move cut off; not tried any more."""


class Settled(Noun):
    """How many are where they were, have arrived, are in both folders, and are in neither: somebody else took them."""

    stayed: int = 0
    arrived: int = 0
    doubled: int = 0
    gone: int = 0

    def and_(self, other: Settled) -> Settled:
        """Both together."""
        return Settled(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def settle(mailbox: Mailbox, ledger: Ledger) -> Settled:
    """Find out about every move of which the end is not known. Raises PlaceError, TemporaryError."""
    found = Settled()
    for state in (MEANT, RETURNING):
        for way in ledger.moves.ways(MOVED, state):
            for records in ledger.moves.batches(MOVED, state, way):
                found = found.and_(_Doubt(mailbox, ledger, way, state == MEANT).settle(records))
    return found


class _Doubt:
    """Moves between two folders, `there` or back, of which the end is not known."""

    def __init__(self, mailbox: Mailbox, ledger: Ledger, way: Way, there: bool) -> None:
        self._mailbox, self._ledger, self._there = mailbox, ledger, there
        self._from, self._to = (way.folder, way.target) if there else (way.target, way.folder)

    def settle(self, records: tuple[Done, ...]) -> Settled:
        """Write down what became of these."""
        to = opened(self._mailbox, self._to)
        copies = self._arrived(to, {one.digest for one in records}) if to else {}
        left = present(
            self._mailbox, opened(self._mailbox, self._from), {self._old(one): one.digest for one in records}
        )
        counts = dict.fromkeys(Settled._fields, 0)
        # Copies belong to those first that are not where they were.
        for one in sorted(records, key=lambda one: self._old(one).uid in left):
            known = copies.get(one.digest)
            new = Key(self._to, to.generation, known.pop(0)) if to and known else None
            what = self._became(one, new, stays=self._old(one).uid in left)
            counts[what] += 1
            self._write(one, what, new)
        return Settled(**counts)

    def _became(self, one: Done, new: Key | None, *, stays: bool) -> str:
        """What became of that move, by the name of its count."""
        if not stays:
            return "arrived" if new else "gone"
        if new is None:
            return "stayed"
        return "arrived" if self._finish(one, new.uid) else "doubled"

    def _old(self, one: Done) -> Key:
        """Where the message was."""
        return one.key if self._there else Key(one.into, one.into_generation, one.into_uid)

    def _write(self, one: Done, what: str, new: Key | None) -> None:
        moves = self._ledger.moves
        if what == "arrived" and new:
            moves.write([told_of(one, self._there, new)], [new])
            moves.rename([(self._old(one), new)])
        elif what == "doubled":
            moves.write([one._replace(state=DOUBLED)])
        elif self._there:
            moves.forget([one])
        else:
            moves.write([one._replace(state=DONE if what == "stayed" else UNDONE)])

    def _arrived(self, to: Folder, wanted: Collection[bytes]) -> dict[bytes, list[str]]:
        """What is new in the folder they were to go to, which is open."""
        return by_digest(self._mailbox, wanted, lambda uid: not self._ledger.moves.was_there(to, uid))

    def _prepared(self) -> Folder | None:
        """The folder that messages were moved from, opened for writing if it can be: a mailbox may put things right."""
        try:
            return opened(self._mailbox, self._from, write=True)
        except ReadOnlyError:
            return opened(self._mailbox, self._from)

    def _finish(self, one: Done, copy: str) -> bool:
        """Have the mailbox do the rest of a move, if it can, and if the copy is the message to the last byte.

        A mailbox that knows no such thing moves a message at once: what is still there is another one, and the same.
        """
        finish = getattr(self._mailbox, "finish", None)
        if finish is None:
            return True
        if opened(self._mailbox, self._to) is None:
            return False
        arrived = list(self._mailbox.raws([copy], limits.MAX_MESSAGE))
        if self._prepared() is None:
            return False
        uid = self._old(one).uid
        here = list(self._mailbox.raws([uid], limits.MAX_MESSAGE))
        same = len(arrived) == len(here) == 1 and arrived[0][1] == here[0][1]
        return same and bool(finish(uid, self._to, copy))


def told_of(one: Done, there: bool, new: Key) -> Done:
    """The record of a message that was moved, `there` or back."""
    if there:
        return one._replace(state=DONE, into=new.folder, into_generation=new.generation, into_uid=new.uid)
    return one._replace(state=UNDONE)


def opened(mailbox: Mailbox, name: str, *, write: bool = False) -> Folder | None:
    """That folder, None if it is gone."""
    try:
        return mailbox.open(name, write=write)
    except GoneError:
        return None


def present(mailbox: Mailbox, now: Folder | None, wanted: Mapping[Key, bytes]) -> frozenset[str]:
    """The uids of those that are in the open folder `now` under their key and with their digest."""
    if now is None:
        return frozenset()
    digests = {key.uid: digest for key, digest in wanted.items() if key.uid and key.generation == now.generation}
    heads = mailbox.heads(list(digests)) if digests else ()
    return frozenset(head.uid for head in heads if digests.get(head.uid) == digest_of(head.header))


def by_digest(mailbox: Mailbox, wanted: Collection[bytes], asked: Callable[[str], bool]) -> dict[bytes, list[str]]:
    """The messages of the open folder that have these digests, oldest first, among those whose uid is asked for."""
    found: dict[bytes, list[str]] = {}
    for uids in _some(item.uid for item in mailbox.items()):
        for head in mailbox.heads([uid for uid in uids if asked(uid)]):
            digest = digest_of(head.header)
            if digest in wanted:
                found.setdefault(digest, []).append(head.uid)
    return found


def _some(uids: Iterable[str]) -> Iterator[list[str]]:
    """The uids in lists: what is asked for while a list is going on may disturb it."""
    everything = list(uids)
    for start in range(0, len(everything), limits.SWEEP_HEADS):
        yield everything[start : start + limits.SWEEP_HEADS]
