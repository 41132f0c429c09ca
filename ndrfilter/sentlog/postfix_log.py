"""Postfix' log: what was submitted to it, by whom, and what it handed to other servers.

Formats: syslog's (with or without year and zone), `maillog_file`, `journalctl -o short-iso`. Read are `client=`
(smtpd), `uid=` (pickup), `message-id=` (cleanup), `from=…, size=…, nrcpt=…` (qmgr) and `to=…, relay=…, status=…` (smtp
and the other delivery agents), joined by host and queue id. Every value that mail can choose is taken from its fixed
place, up to what Postfix writes behind it; a line that can be read in two ways is passed over.
"""

from __future__ import annotations

import re

from ndrfilter.sentlog.flight import FOREIGN, INSIDE, LIKELY, OURS, Flight, Message
from ndrfilter.sentlog.logline import Clock, syslog_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ndrfilter.sentlog.logline import Line

_QUEUE = re.compile(r"([0-9A-Za-z]{5,24}): (.*)")
_PEER = r"([^\s\[\],=]+)\[([0-9A-Fa-f:.]+|IPv6:[0-9A-Fa-f:.]+)\](?::\d+)?"
_CLIENT = re.compile(f"client={_PEER}(?P<more>, .*)?")
_SASL = re.compile(r", sasl_method=[^,]*, sasl_username=.|, sasl_username=.")
_ORIGINAL = re.compile(rf", (?:orig_queue_id=(?P<queue>[0-9A-Za-z]+), )?orig_client={_PEER}")
_PICKUP = re.compile(r"uid=(\d+) from=<.*?>(?P<again> orig_id=(?P<queue>\w+))?")
_ID = re.compile(r"(?:resent-)?message-id=(.*)")
_ADDRESS = r'<((?:"(?:[^"\\]|\\.)*"|[^\s">])*)>'
_FROM = re.compile(rf"from={_ADDRESS}, size=\d+, nrcpt=(\d+) \(queue \w+\)")
_TO = re.compile(
    rf"to={_ADDRESS}, (?:orig_to={_ADDRESS}, )?relay=(?P<relay>[^\s,]+), (?:conn_use=\d+, )?delay=[\d.]+, "
    r"(?:delays=[\d./]+, )?(?:dsn=\d\.\d+\.\d+, )?status=(?:sent|bounced|deferred|expired)(?P<text> \(.*)?"
)
_BECAME = re.compile(r"(?:queued as|forwarded as) ([0-9A-Za-z]{5,24})\)*\Z")
_RELAY = re.compile(_PEER)
_AWAY, _GIVEN_UP, _HERE = ("smtp", "relay"), ("error", "retry"), ("lmtp", "local", "virtual", "pipe", "discard")


class PostfixLog:
    """Reads Postfix' lines into a `Flight`."""

    def __init__(self, flight: Flight, clock: Clock) -> None:
        self._flight = flight
        self._clock = clock
        self.time = 0.0
        self._read: dict[str, Callable[[str, str, str, int], None]] = {
            "smtpd": self._client,
            "pickup": self._pickup,
            "cleanup": self._id,
            "qmgr": self._queue,
            **dict.fromkeys((*_AWAY, *_GIVEN_UP, *_HERE), self._delivery),
        }

    def read(self, text: str, place: int) -> bool:
        """Take one line (without its end) that stands at `place`; whether it is a line of any program's log."""
        line = syslog_line(text)
        return line is not None and self.take(line, place)

    def take(self, line: Line, place: int) -> bool:
        """As `read`, for a line that has been split already."""
        time = self._clock.read(line.stamp)
        if time is None:
            return False
        self.time = max(self.time, time)
        instance, _, program = line.program.rpartition("/")
        reader = self._read.get(program) if instance else None
        if reader is not None:
            found = _QUEUE.match(line.text)
            if found is not None and found[1] != "NOQUEUE":
                self._now = time
                reader(program, f"{line.host}/{found[1]}", found[2], place)
        return True

    def _client(self, _program: str, name: str, text: str, place: int) -> None:
        found = _CLIENT.fullmatch(text)
        if found is None:
            return
        more = found["more"] or ""
        message = Message(place, self._now, FOREIGN, found[2])
        original = _ORIGINAL.match(more)
        if _SASL.match(more):
            message.origin = OURS
        elif original is None:
            message.origin = self._likely(found[1], found[2])
        else:
            parent = self._flight.get(f"{name.partition('/')[0]}/{original['queue']}")
            message.origin = parent.origin if parent else self._likely(original[2], original[3])
        self._flight.open(name, message)

    def _likely(self, name: str, ip: str) -> str:
        return LIKELY if self._flight.trust.client(name, ip) else FOREIGN

    def _pickup(self, _program: str, name: str, text: str, place: int) -> None:
        found = _PICKUP.fullmatch(text)
        if found is None:
            return
        origin = LIKELY if self._flight.trust.user(found[1]) and not found["again"] else INSIDE
        self._flight.open(name, Message(place, self._now, origin, f"uid={found[1]}"))

    def _id(self, _program: str, name: str, text: str, place: int) -> None:
        found = _ID.fullmatch(text)
        if found is None:
            return
        message = self._flight.get(name) or self._flight.open(name, Message(place, self._now, INSIDE))
        queue = name.rpartition("/")[2]
        made_here = re.fullmatch(rf"<(?:\d{{14}}\.)?{queue}@[^<>@\s]+>", found[1]) is not None
        self._flight.name(message, found[1], made_here=made_here)

    def _queue(self, _program: str, name: str, text: str, _place: int) -> None:
        if text == "removed":
            self._flight.close(name)
            return
        message, found = self._flight.get(name), _FROM.fullmatch(text)
        if message is not None and found is not None:
            message.sender, message.wanted, message.queued = found[1], int(found[2]), True

    def _by_ours(self, relay: str) -> bool:
        found = _RELAY.fullmatch(relay)
        return found is not None and self._flight.trust.client(found[1], found[2])

    def _delivery(self, program: str, name: str, text: str, _place: int) -> None:
        message = self._flight.get(name)
        found = _TO.fullmatch(text) if message is not None else None
        if message is None or found is None:
            return
        inside = self._by_ours(found["relay"])
        became = _BECAME.search((found["text"] or "")[-80:])
        if became is not None and (program == "local" or inside):
            self._flight.became(message, f"{name.partition('/')[0]}/{became[1]}")
        address = found[1]
        at_home = self._flight.trust.owns(address)
        away = (program in _AWAY and not (at_home and inside)) or (program in _GIVEN_UP and not at_home)
        self._flight.sent(message, address, found[2] or "", self._now, away=away and "@" in address)
