"""One message as the MTA tells of it, piece by piece, and put together again as our own MTA will have it."""

from __future__ import annotations

import re
from email.utils import formatdate
from ipaddress import ip_address

from ndrfilter import limits
from ndrfilter.doors import reply
from ndrfilter.envelope import Envelope
from ndrfilter.message.delivery import path_of
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_UNSAFE = re.compile(r"[^!-'*-:=?-~]")
_LONE_LF = re.compile(rb"(?<!\r)\n")
_MAX_WORD = 255
_OURS = frozenset((reply.STATUS.lower().encode(), reply.REASON.lower().encode()))


class Peer(Noun):
    """The SMTP client of our MTA. `name` is empty unless the MTA verified it; `mta` is the MTA's own name.

    A client with an address but no port is none: so Postfix shows mail that a program on its own host handed in, and
    the bounces that it writes itself.
    """

    name: str = ""
    address: str = ""
    port: int = 0
    helo: str = ""
    mta: str = ""

    @property
    def program(self) -> bool:
        """Whether it is no SMTP client but a program on the MTA's host."""
        return self.port == 0 and _is_loopback(self.address)


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


class Mail:
    """What has come of one message. `hold` says whether so many more bytes may be kept.

    `whole` is false where only the front was kept, `lost` true where there was no memory for it. `counts` says how
    often each field's name, in lower case, stands in the header; of very many names, only how often ours do.
    """

    def __init__(self, hold: Callable[[int], bool]) -> None:
        self._hold = hold
        self._content = bytearray()
        self._header_ended = False
        self.sender: str | None = None
        self.recipients: list[str] = []
        self.counts: dict[bytes, int] = {}
        self.queue_id = ""
        self.user = ""
        self.whole = True
        self.lost = False

    def begin(self, path: bytes) -> None:
        """The envelope sender, as MAIL told it."""
        if self._take(len(path)):
            self.sender = path_of(path.decode("utf-8", "replace"))

    def receiver(self, path: bytes) -> None:
        """Another recipient; those beyond `limits.MAX_RECIPIENTS` are not kept, and then the mail is not whole."""
        if len(self.recipients) < limits.MAX_RECIPIENTS and self._take(len(path)):
            self.recipients.append(path_of(path.decode("utf-8", "replace")))
        else:
            self.whole = False

    def field(self, name: bytes, value: bytes) -> None:
        """A field of the header; `value` is all that stood behind the colon, its lines separated by LF."""
        lower = name.rstrip(b" \t").lower()
        if len(self.counts) < limits.MAX_HEADER_FIELDS or lower in self.counts or lower in _OURS:
            self.counts[lower] = self.counts.get(lower, 0) + 1
        self._add(name + b":" + _LONE_LF.sub(b"\r\n", value) + b"\r\n")

    def body(self, data: bytes) -> None:
        """A piece of the body."""
        if not self._header_ended:
            self._header_ended = True
            self._add(b"\r\n")
        self._add(data)

    @property
    def full(self) -> bool:
        """Whether more of the body would not be kept."""
        return self.lost or len(self._content) >= limits.MILTER_MESSAGE

    def _add(self, data: bytes) -> None:
        room = limits.MILTER_MESSAGE - len(self._content)
        if len(data) > room:
            self.whole = False
            data = data[: max(room, 0)]
        if data and self._take(len(data)):
            self._content += data

    def _take(self, size: int) -> bool:
        if not self.lost and not self._hold(size):
            self.lost = True
            self._content.clear()
        return not self.lost

    def content(self) -> bytes:
        """The message, or its front."""
        return bytes(self._content)

    def envelope(self, peer: Peer) -> Envelope:
        """The SMTP envelope; a program on the MTA's host is no client."""
        client = Peer() if peer.program else peer
        return Envelope(
            sender=self.sender,
            recipients=tuple(self.recipients),
            client_ip=client.address or None,
            client_name=client.name or None,
            helo=client.helo or None,
        )

    def received(self, peer: Peer, *, trusted: bool, now: float) -> bytes:
        """The `Received` field that the MTA puts on top after us, as far as we know it; each delivery has its own.

        `trusted` says whether the programs on the MTA's host are ours, so that its own bounces are not held for
        something that a user handed in.
        """
        word = peer.mta and _word(peer.mta)
        if not word or not self.queue_id:
            return b""
        if peer.program:
            origin = f"by {word} (Postfix)" if trusted else f"by {word} (Postfix, from userid 0)"
        else:
            shown = f"{_word(peer.name or 'unknown')} [{_word(peer.address)}]" if peer.address else "unknown"
            protocol = "ESMTPA" if self.user else "ESMTP"
            origin = f"from {_word(peer.helo or 'unknown')} ({shown}) by {word} (Postfix) with {protocol}"
        return f"Received: {origin} id {_word(self.queue_id)}; {formatdate(now)}\r\n".encode("ascii", "replace")


def _word(text: str) -> str:
    """One word of a `Received` field, without what has a meaning there."""
    return _UNSAFE.sub("_", text[:_MAX_WORD]) or "_"
