"""One look through a mailbox: header by header, whole messages only where a header leaves it open.

What was found is remembered batch by batch, so that an interrupted look goes on where it was.
"""

from __future__ import annotations

from itertools import islice

from ndrfilter import limits
from ndrfilter.noun import Noun
from ndrfilter.sweep.judge import Needed, authors
from ndrfilter.sweep.mailbox import BusyError, GoneError, PlaceError
from ndrfilter.sweep.nouns import ALL, DRAFTS, INBOX, SENT, TRASH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from typing import Protocol, TypeVar

    from ndrfilter.sweep.judge import Judge
    from ndrfilter.sweep.ledger import Ledger
    from ndrfilter.sweep.mailbox import Mailbox
    from ndrfilter.sweep.nouns import Folder, Head, Item, Row

    T = TypeVar("T")

    class Progress(Protocol):
        """Who shows how far it is."""

        def start(self, total: int) -> None:
            """A stretch of so many messages begins."""

        def advance(self, number: int) -> None:
            """So many more are done."""

        def folder(self, name: str) -> None:
            """What follows is about that folder."""


SKIPPED = (TRASH, DRAFTS, SENT, ALL)
"""Roles of folders that hold nothing returned, or the same messages once more."""


class Receipt(Noun):
    """What was looked at: messages by folder, those already known included; `judged` are those that were not."""

    looked_at: int
    judged: int
    folders: tuple[tuple[str, int], ...]
    remarks: tuple[str, ...]


def sweep(
    mailbox: Mailbox,
    folders: Sequence[str],
    judge: Judge,
    ledger: Ledger,
    progress: Progress,
    *,
    skip: Collection[str] = (),
    tell: Callable[[Row], None] | None = None,
) -> Receipt:
    """Look through these folders, or through all but those in `skip` and those that hold nothing returned.

    A folder that cannot be looked through is passed over and remarked on; the inbox is not, nor the only one that is
    left: who was told that nothing came back would believe it.

    `tell` is told of every message that was returned, as soon as it is remembered.

    The ledger's run has begun, and whoever calls ends it when this has returned. Raises GoneError for a named folder
    that is not there, PlaceError, and TemporaryError (a CutOffError among them): all that was judged until then is
    remembered, and a second call goes on behind it.
    """
    chosen = _chosen(mailbox.folders(), folders, skip)
    looked: list[tuple[str, int]] = []
    remarks: list[str] = []
    judged = 0
    for folder in chosen:
        progress.folder(folder.name)
        try:
            look = _Look(mailbox, mailbox.open(folder.name), judge, ledger, progress, tell or _nobody)
            seen, new = look.new()
            progress.start(seen)
            progress.advance(seen - len(new))
            look.through(new)
        except (PlaceError, BusyError) as error:
            if folder.role == INBOX or (folder is chosen[-1] and not looked):
                raise
            remarks.append(f"{folder.name} was not looked through: {error}")
            continue
        looked.append((folder.name, seen))
        judged += len(new)
    return Receipt(sum(seen for _, seen in looked), judged, tuple(looked), tuple(remarks[: limits.SWEEP_REMARKS]))


def _chosen(all_: Sequence[Folder], named: Sequence[str], skip: Collection[str]) -> list[Folder]:
    """The folders to look through, the inbox first."""
    there = {folder.name: folder for folder in all_}
    for name in named:
        if name not in there:
            raise GoneError(f"there is no folder {name}; there are {', '.join(list(there)[:20])}")
    if named:
        chosen = [there[name] for name in dict.fromkeys(named)]
    else:
        chosen = [folder for folder in all_ if folder.role not in SKIPPED and folder.name not in skip]
    return sorted(chosen, key=lambda folder: folder.role != INBOX)


class _Look:
    """A look through one open folder, as it is now: what comes meanwhile is for the next run."""

    def __init__(
        self,
        mailbox: Mailbox,
        folder: Folder,
        judge: Judge,
        ledger: Ledger,
        progress: Progress,
        tell: Callable[[Row], None],
    ) -> None:
        self._mailbox, self._folder, self._judge = mailbox, folder, judge
        self._ledger, self._progress, self._tell = ledger, progress, tell

    def new(self) -> tuple[int, list[Item]]:
        """How many messages there are, and those that are not known."""
        new: list[Item] = []
        seen = 0
        for items in _batches(self._mailbox.items(), limits.SWEEP_PAGE):
            known = self._ledger.known(self._folder, [item.uid for item in items])
            new += [item for item in items if item.uid not in known]
            seen += len(items)
        return seen, new

    def through(self, new: Iterable[Item]) -> None:
        """Look at these."""
        for items in _batches(new, limits.SWEEP_HEADS):
            self._batch({item.uid: item for item in items})
            self._progress.advance(len(items))

    def _batch(self, items: dict[str, Item]) -> None:
        """Judge these, and remember what was judged even if not all could be."""
        rows: list[Row] = []
        ordinary: dict[str, tuple[str, ...]] = {}
        try:
            for uid, found, head in self._judged(items):
                if found is None:
                    ordinary[uid] = authors(head)
                else:
                    rows.append(found)
        finally:
            self._ledger.add(self._folder, ordinary, rows)
            self._ledger.book.received(one for found in ordinary.values() for one in found)
            for row in rows:
                self._tell(row)

    def _judged(self, items: dict[str, Item]) -> Iterator[tuple[str, Row | None, bytes]]:
        """Each message with what it is and its header, whole messages last."""
        waiting: dict[str, Head] = {}
        left = dict(items)
        for head in self._mailbox.heads(list(items)):
            item = left.pop(head.uid, None)
            if item is None:
                continue
            found = self._judge.by_head(self._folder, item, head)
            if isinstance(found, Needed):
                waiting[head.uid] = head
            else:
                yield head.uid, found, head.header
        for uids in _together([items[uid] for uid in waiting]):
            for uid, raw in self._mailbox.raws(uids, limits.SWEEP_MESSAGE):
                if one := waiting.pop(uid, None):
                    yield uid, self._judge.by_raw(self._folder, items[uid], raw, one.header), one.header


def _nobody(_row: Row) -> None:
    """Nobody wants to be told."""


def _together(items: Iterable[Item]) -> Iterator[list[str]]:
    """The messages in such groups as can be held in memory at once."""
    group: list[str] = []
    size = 0
    for item in items:
        bytes_ = min(item.size, limits.SWEEP_MESSAGE)
        if group and size + bytes_ > limits.SWEEP_RAWS:
            yield group
            group, size = [], 0
        group.append(item.uid)
        size += bytes_
    if group:
        yield group


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
