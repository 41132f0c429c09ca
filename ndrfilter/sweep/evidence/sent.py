"""The Sent folder as the record of what was sent: read once, header by header, into the sent log.

Who can put a message into a Sent folder? The person's programs and server; and whoever made a filter, or the person's
own hand, move a received one there. A received message is no record: its real sender may be anybody. So what bears any
mark of having been delivered is only noted as not missing.

Beside the log the store keeps of every message when it was, by whom, and who made its id (in clear: an address of the
person's, a domain), and which messages were read, by digest; both outlive the message.
"""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice

from ndrfilter import limits
from ndrfilter.noun import Noun
from ndrfilter.sweep.nouns import SENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ndrfilter.adapters.store import SqliteStore
    from ndrfilter.message.model import Headers
    from ndrfilter.sentlog import Entry
    from ndrfilter.sweep.evidence.propose import Book, Progress
    from ndrfilter.sweep.mailbox import Mailbox
    from ndrfilter.sweep.nouns import Folder, Head, Item

    Row = tuple[bytes, bytes, float]

SEEN, MAIL = "sweep.seen", "sweep.sent"
OWN, DELIVERED, NAMELESS = "own", "delivered", "nameless"
_KEEP = limits.SWEEP_RETENTION
_WIDTH = 320  # characters of an address (RFC 5321) that are kept
_MARKS = (
    "Return-Path", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To", "Received-SPF",
    "X-Resolved-To", "X-Apparently-To", "X-Rcpt-To", "ARC-Seal",
)  # fmt: skip

_BY_USERS = ("mapi", "http")  # how Exchange and webmails note what their user handed in


class Sent(Noun):
    """What the Sent folders told so far. Times in seconds since the epoch, None where there is nothing.

    `authors` are the addresses in From with the number of messages, `makers` the domains in their Message-IDs;
    `delivered` is how many messages there had been received, `nameless` when the last one without an id was sent.
    """

    messages: int = 0
    since: float | None = None
    until: float | None = None
    authors: Mapping[str, int] = {}
    makers: frozenset[str] = frozenset()
    delivered: int = 0
    nameless: float | None = None


class Sheet(Noun):
    """What one message in a Sent folder says: its entry for the log, and of what kind it is."""

    key: bytes
    entry: Entry
    kind: str


def sent_folders(mailbox: Mailbox, named: Sequence[str]) -> tuple[str, ...]:
    """The names of the Sent folders: those `named`, else those that the server or their names tell."""
    return tuple(named) or tuple(folder.name for folder in mailbox.folders() if folder.role == SENT)


def received(headers: Headers) -> bool:
    """Whether anything in the header tells that the message was delivered to somebody, rather than sent.

    Servers that save what they take from their user leave his submission on top; all other lines are deliveries.
    """
    from ndrfilter.message.trace import Hops

    if any(name in headers for name in _MARKS):
        return True
    trace = Hops(headers)
    return bool(len(trace)) and not (trace[0].authenticated or (trace[0].with_ or "").split(" ")[0] in _BY_USERS)


class Reader:
    """Reads Sent folders into the log of one person, who has the addresses `me` and all of the domains `own`."""

    def __init__(self, store: SqliteStore, book: Book, now: float, me: Iterable[str], own: Iterable[str]) -> None:
        from ndrfilter.sentlog.names import mailbox_of

        self.store = store
        self.book = book
        self.now = now
        self.me = tuple(me)
        self.own = frozenset(own)
        self.mailboxes = frozenset(map(mailbox_of, self.me))
        self.expires = now + limits.SWEEP_RETENTION

    def read(self, mailbox: Mailbox, name: str, progress: Progress) -> None:
        """Record what is new in that folder. Raises PlaceError, TemporaryError."""
        folder = mailbox.open(name)
        progress.folder(name)
        new = [item for item in mailbox.items() if not self.store.values(SEEN, self._seen(folder, item.uid))]
        progress.start(len(new))
        stream = iter(new)
        while batch := list(islice(stream, limits.SWEEP_HEADS)):
            self._take(folder, {item.uid: item for item in batch}, mailbox.heads([item.uid for item in batch]))
            progress.advance(len(batch))

    def _seen(self, folder: Folder, uid: str) -> bytes:
        return self.store.digest("seen", folder.name, str(folder.generation), uid)

    def _take(self, folder: Folder, items: Mapping[str, Item], heads: Iterable[Head]) -> None:
        """What a batch says; that it was read is written last, so that a death on the way loses nothing."""
        from ndrfilter.sentlog import record
        from ndrfilter.sentlog.log import record_passed

        sheets = [self._sheet(folder, items[head.uid], head) for head in heads if head.uid in items]
        own = [sheet.entry for sheet in sheets if sheet.kind == OWN]
        record(self.store, (one for entry in own for one in self._copies(entry)), self.now, retention=_KEEP)
        passed = [sheet.entry for sheet in sheets if sheet.kind == DELIVERED]
        record_passed(self.store, passed, self.now, retention=_KEEP)
        self.store.add(MAIL, [self._row(sheet) for sheet in sheets])
        self.book.sent(address for entry in own if self._mine(entry.sender) for address in entry.recipients)
        self.store.add(SEEN, [(self._seen(folder, uid), b"\1", self.expires) for uid in items])

    def _sheet(self, folder: Folder, item: Item, head: Head) -> Sheet:
        from ndrfilter.message import parse
        from ndrfilter.message.dates import parse_date
        from ndrfilter.sentlog.log import key_of
        from ndrfilter.sentlog.outgoing import entry_of

        headers = parse(head.header).headers
        date = parse_date(headers.text("Date"))
        entry = entry_of(headers, max(0.0, min(item.received if date is None else date, self.now)))
        key = key_of(self.store, entry.message_id)
        kind = DELIVERED if received(headers) else OWN if key else NAMELESS
        return Sheet(key or self._seen(folder, item.uid), entry, kind)

    def _copies(self, entry: Entry) -> Iterator[Entry]:
        """The entry under its From; and under all addresses of the person, for a bounce goes to the envelope's."""
        yield entry
        if self._mine(entry.sender):
            yield from (entry._replace(sender=one) for one in self.me)

    def _mine(self, address: str) -> bool:
        from ndrfilter.sentlog.names import mailbox_of

        mailbox = mailbox_of(address)
        return mailbox in self.mailboxes or mailbox.rpartition("@")[2] in self.own

    def _row(self, sheet: Sheet) -> Row:
        from ndrfilter.sentlog.names import canonical_id, mailbox_of

        author, maker = mailbox_of(sheet.entry.sender), canonical_id(sheet.entry.message_id).rpartition("@")[2]
        told = [int(sheet.entry.time), sheet.kind, author[:_WIDTH], maker[:_WIDTH]]
        return sheet.key, json.dumps(told).encode(), self.expires


def told(store: SqliteStore) -> Sent:
    """What all Sent folders told so far, this time or before; each message counts once. Raises TemporaryError."""
    tally, last = _Tally(), b""
    for key, value, _ in store.items(MAIL):
        if key != last:
            tally.add(*json.loads(value))
        last = key
    return tally.sent()


class _Tally:
    def __init__(self) -> None:
        self.kinds: Counter[str] = Counter()
        self.authors: Counter[str] = Counter()
        self.makers: set[str] = set()
        self.since, self.until, self.nameless = float("inf"), float("-inf"), float("-inf")

    def add(self, time: float, kind: str, author: str, maker: str) -> None:
        self.kinds[kind] += 1
        if kind == DELIVERED:
            return
        self.since, self.until = min(self.since, time), max(self.until, time)
        if kind == NAMELESS:
            self.nameless = max(self.nameless, time)
        if author in self.authors or len(self.authors) < limits.SWEEP_AUTHORS:
            self.authors[author] += 1
        if maker and len(self.makers) < limits.SWEEP_AUTHORS:
            self.makers.add(maker)

    def sent(self) -> Sent:
        messages = self.kinds[OWN] + self.kinds[NAMELESS]
        return Sent(
            messages=messages,
            since=self.since if messages else None,
            until=self.until if messages else None,
            authors=self.authors,
            makers=frozenset(self.makers),
            delivered=self.kinds[DELIVERED],
            nameless=self.nameless if self.kinds[NAMELESS] else None,
        )
