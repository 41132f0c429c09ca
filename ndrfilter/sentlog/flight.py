"""The messages that a mail log shows on their way: who brought them, to whom they went. What is ours becomes entries.

A message that comes in again (from a content filter, a list manager, a forwarding) has the origin that its Message-ID
first came with; once that was an outsider, it is never ours. What else is seen leaving has passed: nobody sent it here,
yet it must not look as if it had never been here. Both parsers, Postfix and Exim, keep their messages here.
"""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.sentlog.log import Entry
from ndrfilter.sentlog.names import canonical_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ndrfilter.sentlog.trust import Trust

OURS, FOREIGN, LIKELY, INSIDE = "ours", "foreign", "likely", "inside"
"""An origin: authenticated; from outside; from a client that is trusted unless the Message-ID came from outside before;
made on the server itself, or by somebody whose word does not count: ours only if the Message-ID is."""


class Message:
    """One message in the server's queue. `place` is where its first line stands, `time` that of the last."""

    __slots__ = ("channel", "fresh", "ids", "origin", "place", "queued", "sender", "started", "time", "tried", "wanted")

    def __init__(self, place: int, time: float, origin: str, channel: str = "") -> None:
        self.place = place
        self.started = self.time = time
        self.origin = origin
        self.channel = channel
        self.ids: list[str] = []
        self.sender = ""
        self.queued = False
        self.wanted = 0
        self.tried: set[str] = set()
        self.fresh: list[str] = []

    @property
    def settled(self) -> bool:
        """Whether nothing more of it can be seen leaving; outsiders often break off before it is in the queue."""
        return 0 < self.wanted <= len(self.tried) if self.queued else self.origin == FOREIGN


class Flight:
    """Messages on their way, by the server's id for them. Bounded: the oldest are forgotten.

    `again` are the channels (client or user) that have been seen bringing messages in a second time.
    """

    def __init__(self, trust: Trust, again: Iterable[str] = ()) -> None:
        self.trust = trust
        self.again = set(again)
        self.dropped = 0
        self._messages: dict[str, Message] = {}
        self._leaving: dict[str, Message] = {}
        self._touched: dict[int, Message] = {}
        self._outside: dict[int, bool] = {}
        self._passed: list[Entry] = []

    def open(self, name: str, message: Message) -> Message:
        """A new message under that id; whatever had the id before is over."""
        self.close(name)
        self._messages[name] = message
        if len(self._messages) > limits.FOLLOW_MESSAGES:
            oldest = next(iter(self._messages))
            self.dropped += not self._messages[oldest].settled
            self.close(oldest)
        return message

    def get(self, name: str) -> Message | None:
        """The message of that id; also one that left since the last `take`."""
        return self._messages.get(name) or self._leaving.get(name)

    def close(self, name: str) -> None:
        """The message has left the queue."""
        message = self._messages.pop(name, None)
        if message is not None and message.fresh:
            self._leaving[name] = message

    def name(self, message: Message, text: str, *, made_here: bool = False) -> None:
        """The message has this Message-ID, `made_here` if the server has given it one only now."""
        canonical = canonical_id(text)
        key = hash(canonical)
        first = self._outside.get(key) if canonical else None
        if message.origin in (LIKELY, INSIDE):
            self._inherit(message, first, made_here)
        if canonical and len(message.ids) < limits.FOLLOW_IDS:
            message.ids.append(text)
            self._outside[key] = bool(first) or message.origin == FOREIGN
            if len(self._outside) > limits.FOLLOW_KNOWN_IDS:
                del self._outside[next(iter(self._outside))]

    def _inherit(self, message: Message, outside: bool | None, made_here: bool) -> None:
        if outside is not None:
            self._note(message)
            message.origin = FOREIGN if outside else OURS
        elif message.origin == INSIDE or (made_here and message.channel in self.again):
            message.origin = FOREIGN

    def _note(self, message: Message) -> None:
        if message.channel and len(self.again) < limits.FOLLOW_CHANNELS:
            self.again.add(message.channel)

    def became(self, message: Message, name: str) -> None:
        """A filter of ours says that it gave `message` back as the message of that id."""
        child = self.get(name)
        if child is not None and child is not message:
            self._note(child)
            if message.origin == FOREIGN:
                child.origin = FOREIGN

    def sent(self, message: Message, recipient: str, original: str, time: float, *, away: bool) -> None:
        """Delivery was tried, `away` if to another server; `original` is the recipient before aliases, or empty."""
        message.time = time
        tried = message.tried
        if recipient in tried or len(tried) >= limits.FOLLOW_RECIPIENTS:
            return
        tried.add(recipient)
        if away:
            message.fresh += dict.fromkeys(address for address in (recipient, original) if address)
            self._touched[id(message)] = message

    def take(self) -> list[Entry]:
        """What has become known as sent since the last call."""
        entries = [entry for message in self._touched.values() for entry in self._entries(message)]
        self._touched.clear()
        self._leaving.clear()
        return entries

    def passed(self) -> list[Entry]:
        """What else `take` has seen leaving since the last call; without sender and recipients."""
        passed, self._passed = self._passed, []
        return passed

    def _entries(self, message: Message) -> Iterator[Entry]:
        fresh, message.fresh = tuple(message.fresh), []
        if message.origin in (OURS, LIKELY) and self.trust.owns(message.sender):
            yield from (Entry(text, fresh, message.sender, message.time) for text in message.ids)
        else:
            self._passed += (Entry(text, (), "", message.time) for text in message.ids)

    def oldest(self, now: float) -> int | None:
        """Where the first line of the oldest message stands that may still become an entry."""
        for message in self._messages.values():
            if not message.settled and (message.queued or now - message.started < limits.FOLLOW_OPENING):
                return message.place
        return None
