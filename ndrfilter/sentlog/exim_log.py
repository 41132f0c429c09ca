"""Exim's main log: what was submitted to it, by whom, and what it handed to other servers.

The default `log_selector` suffices; other selectors, milliseconds, process ids, zones and syslog's frame are
understood. Read are `<=` (arrival), `=>` `->` `>>` `**` `==` (deliveries) and `Completed`, joined by Exim's message id.
`id=` is the Message-ID without its brackets; Exim leaves it away where it is malformed. Values that mail can choose are
taken from their fixed place: a client is authenticated if the protocol that Exim writes behind the client says so.
"""

from __future__ import annotations

import re

from ndrfilter.sentlog.flight import FOREIGN, LIKELY, OURS, Flight, Message
from ndrfilter.sentlog.logline import Clock, Line, syslog_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from re import Match

_LINE = re.compile(r"(?:(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?)(?: ([+-]\d{4}))? )?(?:\[\d+\] )?(.*)", re.ASCII)
_MESSAGE = re.compile(r"([0-9A-Za-z]{6}-[0-9A-Za-z]{6,11}-[0-9A-Za-z]{2,4}) (<=|[=-]>|>>|\*\*|==|Completed)(?: (.*)|)")
_ADDRESS = r'(?:"(?:[^"\\]|\\.)*"|[^\s"<>])+'
_IP = r"\[([0-9A-Fa-f:.]+)\](?::\d+)?"
_ARRIVAL = re.compile(
    rf"({_ADDRESS}) (?:H=(?:([\w.-]+) )?(?:\([^\s()]*\) )?{_IP}(?: (?:(?:PRX|I)=[^\s=]+|DS|TFO\*?))*(?: U=[^\s=]+)?"
    r"|U=([^\s=]+)) P=([\w-]+)((?: .*)?)"
)
_AUTHENTICATED = re.compile(r"(?:utf8)?e?smtps?a")
_LOCAL = re.compile(r"local|(?:utf8)?local-e?smtp")
_FIELD = re.compile(r' (?:(\w+)=("(?:[^"\\]|\\.)*"(?:@[^\s"]+)?|[^\s"]+)|([A-Z][A-Z.*-]*)(?= |\Z))')
_TAIL = (" from <", " for ", " T=")
_PLAIN = re.compile(rf"({_ADDRESS})(?: <({_ADDRESS})>)?(?= [A-Z][a-z]?=|: | routing | \S+ defer )")
_QUOTED = re.compile(r'[^"<>]*<("(?:[^"\\]|\\.)*"@[^\s<>"]+)> ')
_REMOTE = re.compile(r" T=\S+(?: S=\d+)?(?: defer \(-?\d+\))? H=(\S+) \[([0-9A-Fa-f:.]+)\]")
_FAILED = ("**", "==")


class EximLog:
    """Reads Exim's lines into a `Flight`."""

    def __init__(self, flight: Flight, clock: Clock) -> None:
        self._flight = flight
        self._clock = clock
        self.time = 0.0

    def read(self, text: str, place: int) -> bool:
        """Take one line (without its end) that stands at `place`; whether it is a line of a log."""
        if text[:1].isdigit() and text[10:11] == " ":
            return self._take(text, "", place)
        line = syslog_line(text)
        return line is not None and self.take(line, place)

    def take(self, line: Line, place: int) -> bool:
        """As `read`, for a line in syslog's frame that has been split already."""
        return self._take(line.text, line.stamp, place) if line.program.startswith("exim") else True

    def _take(self, text: str, stamp: str, place: int) -> bool:
        found = _LINE.fullmatch(text)
        if found is None:
            return False
        time = self._clock.read(found[1] + (found[2] or "") if found[1] else stamp)
        if time is None:
            return False
        self.time = max(self.time, time)
        event = _MESSAGE.fullmatch(found[3])
        if event is not None:
            self._event(event, time, place)
        return True

    def _event(self, event: Match[str], time: float, place: int) -> None:
        name, sign, rest = event[1], event[2], event[3] or ""
        if sign == "<=":
            self._arrival(name, rest, time, place)
        elif sign == "Completed":
            self._flight.close(name)
        else:
            message = self._flight.get(name)
            if message is not None:
                self._delivery(message, sign, rest, time)

    def _arrival(self, name: str, rest: str, time: float, place: int) -> None:
        found = _ARRIVAL.fullmatch(rest)
        if found is None or _twice(found[6]):
            self._flight.close(name)
            return
        sender, host, ip, user, protocol, more = found.groups()
        message = Message(place, time, self._origin(host or "", ip, user, protocol), ip or f"user={user}")
        message.sender, message.queued = sender, True
        self._flight.open(name, message)
        message_id = _message_id(more)
        if message_id:
            self._flight.name(message, f"<{message_id}>", made_here=name in message_id)

    def _origin(self, host: str, ip: str | None, user: str | None, protocol: str) -> str:
        trust = self._flight.trust
        if ip is not None:
            if _AUTHENTICATED.fullmatch(protocol):
                return OURS
            return LIKELY if trust.client(host, ip) else FOREIGN
        return LIKELY if _LOCAL.fullmatch(protocol) and trust.user(user or "") else FOREIGN

    def _delivery(self, message: Message, sign: str, rest: str, time: float) -> None:
        found = (_QUOTED if '<"' in rest else _PLAIN).match(rest)
        if found is None:
            return
        final, original = found[1], found[2] if found.re is _PLAIN else ""
        addresses = [address for address in (final, original or "") if "@" in address]
        if not addresses:
            return
        trust = self._flight.trust
        at_home = trust.owns(addresses[0])
        to = _REMOTE.match(rest, rest.find(" T=", found.end() - 1))
        away = to is not None and not (at_home and trust.client(to[1], to[2]))
        away = away or (sign in _FAILED and not at_home)
        self._flight.sent(message, addresses[0], "".join(addresses[1:]), time, away=away)


def _twice(fields: str) -> bool:
    """Whether another protocol and size follow: then a HELO, say, pretends to be the first of them."""
    place = fields.find(" P=")
    return place >= 0 and " S=" in fields[place:]


def _message_id(fields: str) -> str:
    """The value of `id=` among the fields behind the protocol; what follows a text that mail chose is not read."""
    place = 0
    while (field := _FIELD.match(fields, place)) and not fields.startswith(_TAIL, place):
        if field[1] == "id":
            return field[2]
        place = field.end()
    return ""
