"""Postfix' policy protocol: bytes to requests, words to answers. No I/O, and nothing is believed.

A request is `name=value` lines and an empty one; a client sends any number of them over one connection. The order of
the attributes means nothing, those that we do not know are passed over, and of two with one name the first counts.
"""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.noun import Noun
from ndrfilter.terminal import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

DUNNO = "DUNNO"
_KIND = "smtpd_access_policy"


class MalformedError(ValueError):
    """What came is no request of Postfix, or larger than any."""


class Request(Noun):
    """What Postfix says of the mail that it is offered; unsaid is "" or 0, but a `sender` of "" is the null sender.

    `instance` is the same for all requests about one message. `recipient` is there in RCPT, and later if it is the
    only one; `recipient_count` from DATA on. `user` is who logged in.
    """

    state: str
    sender: str | None = None
    recipient: str = ""
    recipient_count: int = 0
    instance: str = ""
    queue_id: str = ""
    client_address: str = ""
    client_name: str = ""
    helo: str = ""
    user: str = ""


class Parser:
    """One client's requests, however its bytes are cut."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0  # of the buffer, without a line's end in it
        self._read = 0  # bytes of this request
        self._attributes: dict[bytes, bytes] = {}

    @property
    def midway(self) -> bool:
        """Whether a part of a request is there."""
        return bool(self._buffer or self._read)

    def feed(self, data: bytes) -> None:
        """These bytes came."""
        self._buffer += data

    def next(self) -> Request | None:
        """The next request, None until all of it is there. Raises MalformedError; after that nothing can be read."""
        while (line := self._line()) is not None:
            if not line:
                return self._ended()
            name, equals, value = line.partition(b"=")
            if not equals or not name or b"\0" in line:
                raise MalformedError("not name=value")
            self._attributes.setdefault(name, value)
            if self._read > limits.MAX_POLICY_REQUEST or len(self._attributes) > limits.MAX_POLICY_ATTRIBUTES:
                raise MalformedError("too much in one request")
        return None

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\n", self._searched)
        self._searched = len(self._buffer)
        if (end if end >= 0 else self._searched) > limits.MAX_POLICY_LINE:
            raise MalformedError("a line is too long")
        if end < 0:
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._searched = 0
        self._read += end + 1
        return line

    def _ended(self) -> Request:
        said, self._attributes, self._read = self._attributes, {}, 0
        if said.get(b"request") != _KIND.encode():
            raise MalformedError(f"not request={_KIND}")
        return _request(said)


def _request(said: Mapping[bytes, bytes]) -> Request:
    def text(name: bytes) -> str:
        return said.get(name, b"").decode("utf-8", "surrogateescape")

    count = said.get(b"recipient_count", b"")[:9]
    return Request(
        state=text(b"protocol_state"),
        sender=text(b"sender") if b"sender" in said else None,
        recipient=text(b"recipient"),
        recipient_count=int(count) if count.isdigit() else 0,
        instance=text(b"instance"),
        queue_id=text(b"queue_id"),
        client_address=text(b"client_address"),
        client_name=text(b"client_name"),
        helo=text(b"helo_name"),
        user=text(b"sasl_username"),
    )


def reply(action: str) -> bytes:
    """The answer with that action, in one line whatever is in it."""
    return b"action=" + escape(action).encode("ascii", "backslashreplace") + b"\n\n"
