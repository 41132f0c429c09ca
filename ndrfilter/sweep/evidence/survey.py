"""A look at the newest mail that came: what it tells of our servers, and which messages the person must have sent.

A forger writes to the person in his own name, answers mail that never was, and knows the ids of what he was sent. So a
copy "to oneself" tells of relays only if Sent says that the person wrote it to himself, and where two messages bear one
id, none does.
"""

from __future__ import annotations

from collections import deque
from itertools import islice

from ndrfilter import limits
from ndrfilter.noun import Noun
from ndrfilter.sweep.evidence.sent import received
from ndrfilter.sweep.evidence.trail import DAY, House, Sightings, Way, way_out
from ndrfilter.sweep.evidence.witnesses import COPY, REPLY, Witness
from ndrfilter.sweep.nouns import ALL, ARCHIVE, INBOX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ndrfilter.message.model import Headers, Hop
    from ndrfilter.sentlog import Known
    from ndrfilter.site import Site
    from ndrfilter.sweep.evidence.propose import Progress
    from ndrfilter.sweep.mailbox import Mailbox
    from ndrfilter.sweep.nouns import Head, Item

_FOLDERS = (INBOX, ALL, ARCHIVE)
_THREAD = 10
_ROBOTS = ("List-Id", "List-Unsubscribe", "Precedence", "X-Autoreply", "X-Auto-Response-Suppress")


class Copy(Noun):
    """A message from the person that came to himself."""

    message_id: str
    time: float
    trace: tuple[Hop, ...]


class Reply(Noun):
    """An answer to the person: `answered` is the id, `thread` those before it, `sender` who wrote it."""

    answered: str
    thread: tuple[str, ...]
    sender: str
    time: float


class Person(Noun):
    """Whose mailbox it is, as far as known: the mailboxes of his addresses, and the domains that are his alone."""

    mailboxes: frozenset[str]
    own: tuple[str, ...]

    def has(self, address: str) -> bool:
        """Whether that is an address of his."""
        from ndrfilter.sentlog.names import mailbox_of

        return mailbox_of(address) in self.mailboxes


class Survey:
    """What was seen. `bounces` are the folders and uids of what looks like returned mail."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.house = House()
        self.copies: dict[str, Copy | None] = {}
        self.replies: dict[str, Reply] = {}
        self.received: set[int] = set()
        self.bounces: dict[str, list[str]] = {}

    def look(self, mailbox: Mailbox, progress: Progress) -> None:
        """Read the headers of the newest messages. Raises PlaceError, TemporaryError."""
        left = limits.SWEEP_LOOKED_AT
        for role in _FOLDERS:
            for folder in mailbox.folders():
                if folder.role == role and left:
                    mailbox.open(folder.name)
                    items = _chosen(mailbox.items(), left)
                    left -= len(items)
                    self._folder(mailbox, folder.name, items, progress)

    def _folder(self, mailbox: Mailbox, name: str, items: dict[str, Item], progress: Progress) -> None:
        progress.folder(name)
        progress.start(len(items))
        stream = iter(items)
        while batch := list(islice(stream, limits.SWEEP_HEADS)):
            for head in mailbox.heads(batch):
                if head.uid in items:
                    self._head(name, head, items[head.uid])
            progress.advance(len(batch))

    def _head(self, folder: str, head: Head, item: Item) -> None:
        from ndrfilter.message import parse
        from ndrfilter.message.addresses import addresses_of
        from ndrfilter.message.trace import Hops

        headers = parse(head.header).headers
        author = addresses_of(headers, "From")
        sender = author[0].text if author else ""
        if not received(headers):
            return
        hops = Hops(headers)
        time = next((hop.time for hop in islice(hops, 1) if hop.time is not None), item.received)
        self.house.add(tuple(islice(hops, limits.MAX_HOPS)), time)
        if _returned(headers):
            self.bounces.setdefault(folder, []).append(head.uid)
        elif self.person.has(sender):
            self._copy(headers, tuple(islice(hops, limits.MAX_HOPS)), time)
        else:
            self._other(headers, sender, time)

    def _copy(self, headers: Headers, trace: tuple[Hop, ...], time: float) -> None:
        message_id = _id(headers)
        twice = message_id in self.copies
        if message_id:
            self.copies[message_id] = None if twice else Copy(message_id, time, trace)

    def _other(self, headers: Headers, sender: str, time: float) -> None:
        """Somebody else's message: its id is not the person's; it may answer one of his."""
        from ndrfilter.message.addresses import addresses_of
        from ndrfilter.sentlog.names import ids_in

        self.received.add(hash(_id(headers)))
        to = addresses_of(headers, "To")
        if not to or not self.person.has(to[0].text) or any(name in headers for name in _ROBOTS):
            return
        if headers.text("Auto-Submitted").strip().lower() not in ("", "no"):
            return
        thread = ids_in(_raw(headers, "References"))
        answered = next(iter(ids_in(_raw(headers, "In-Reply-To")) or thread), "")
        if answered:
            reply = Reply(answered, thread[:_THREAD], sender, time)
            self.replies[answered] = min(reply, self.replies.get(answered, reply), key=lambda one: one.time)

    def sightings(self, ask: Callable[[str], Known | None]) -> Sightings:
        """The relays of what the person wrote to himself; `ask` tells what Sent has of an id, to him, from him."""
        found, house = Sightings(self.person.own), self.house.organisation
        for copy in filter(None, self.copies.values()):
            known = ask(copy.message_id)
            if house and known and known.sender and known.recipient:
                found.add(copy.message_id, way_out(copy.trace, house, self.person.own).hosts, copy.time, by_us=True)
        return found

    def witnesses(
        self,
        ask: Callable[[str], Known | None],
        wrote_to: Callable[[str], int],
        site: Site,
        makers: frozenset[str],
    ) -> Iterator[Witness]:
        """The messages that the person must have sent. `site` has the relays, `makers` are the domains in his ids."""
        house = self.house.organisation
        for copy in filter(None, self.copies.values()):
            known = ask(copy.message_id)
            if known is not None and known.sender:
                yield Witness(known.time, COPY, True)
            elif known is None and _ours(way_out(copy.trace, house, self.person.own), site):
                yield Witness(copy.time, COPY, False)
        for reply in self.replies.values():
            known = ask(reply.answered)
            if known is not None and known.sender:
                yield Witness(known.time, REPLY, True)
            elif known is None and self._must_be(reply, ask, wrote_to, makers):
                yield Witness(reply.time, REPLY, False)

    def _must_be(
        self,
        reply: Reply,
        ask: Callable[[str], Known | None],
        wrote_to: Callable[[str], int],
        makers: frozenset[str],
    ) -> bool:
        """Whether what was answered is the person's: nobody else's that came, and from his thread, pen or friend."""
        if hash(reply.answered) in self.received:
            return False
        if reply.answered.rpartition("@")[2] in makers or wrote_to(reply.sender):
            return True
        return any(found is not None and found.sender for found in map(ask, reply.thread))


def _chosen(items: Iterable[Item], number: int) -> dict[str, Item]:
    """So many items by uid: some of each day, newest first, for a flood has to leave room; else the newest of all."""
    days: dict[float, deque[Item]] = {}
    newest: deque[Item] = deque(maxlen=number)
    for item in items:
        days.setdefault(item.received // DAY, deque(maxlen=limits.SWEEP_LOOKED_AT_DAY)).append(item)
        newest.append(item)
    some = (item for day in sorted(days, reverse=True) for item in reversed(days[day]))
    found = {item.uid: item for item in islice(some, number)}
    rest = (item for item in reversed(newest) if item.uid not in found)
    return found | {item.uid: item for item in islice(rest, number - len(found))}


def _ours(way: Way, site: Site) -> bool:
    """Whether the message left by a relay of the site, or was handed in at our house."""
    from ipaddress import ip_address

    return way.within or any(
        site.relay(host.name or None, ip_address(host.ip) if host.ip else None) is not None for host in way.hosts
    )


def _returned(headers: Headers) -> bool:
    """Whether it looks like a bounce, from the header alone."""
    path = headers.text("Return-Path").strip()
    author = headers.text("From").lower()
    return path == "<>" or "report-type" in headers.text("Content-Type").lower() or "mailer-daemon" in author


def _id(headers: Headers) -> str:
    from ndrfilter.sentlog.names import canonical_id

    return canonical_id(_raw(headers, "Message-ID"))


def _raw(headers: Headers, name: str) -> str:
    field = headers.first(name)
    return field.raw.decode("utf-8", "replace") if field else ""
