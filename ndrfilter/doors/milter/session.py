"""What the MTA tells, in order: a client, then any number of messages. Pure: packets in, what to answer out."""

from __future__ import annotations

from ndrfilter.doors.milter import negotiation, wire
from ndrfilter.doors.milter.mail import Mail, Peer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_NONE: dict[bytes, bytes] = {}
_CONTENT = (wire.HEADER, wire.END_OF_HEADER, wire.BODY, wire.END)
_OF_MESSAGE = (wire.MAIL, wire.RECIPIENT, wire.DATA, *_CONTENT)
_KNOWN = (b"j", b"client_name", b"client_resolve", b"i", b"auth_authen")


class Session:
    """One connection of an MTA.

    After a packet, `complete` says whether it ended a message, which is to be judged and then to be forgotten with
    `reset`; `inside` whether the content of one is coming; `over` whether the MTA has taken its leave.
    """

    def __init__(self, wanted: int, hold: Callable[[int], bool]) -> None:
        """`wanted` are the actions that the configuration may ask for, `hold` is who lends memory."""
        self._wanted = wanted
        self._hold = hold
        self.terms = negotiation.Terms()
        self.over = False
        self._forget_client()

    def _forget_client(self) -> None:
        self.peer = Peer()
        self._of_client = _NONE
        self.reset()

    def reset(self) -> None:
        """The message is done with."""
        self.mail = Mail(self._hold)
        self._of_message = _NONE
        self.complete = self.inside = False

    def take(self, command: int, data: bytes) -> bytes:
        """One packet; what to send at once. Raises WireError for what no MTA says."""
        if command == wire.NEGOTIATE:
            self.terms, answer = negotiation.agree(data, self._wanted)
            return answer
        if not self.terms.version:
            raise wire.WireError("no negotiation first")
        if command in _SILENT:
            _SILENT[command](self, data)
            return b""
        if command not in _TOLD:
            raise wire.WireError(f"command {command}")
        self.inside = self.inside or command in _CONTENT
        _TOLD[command](self, data)
        if self.complete or not self.terms.answers(command):
            return b""
        enough = command == wire.BODY and self.mail.full and self.terms.skips
        if enough:
            self.mail.whole = False  # of the rest, if there is one, we hear nothing
        return wire.packet(wire.SKIP if enough else wire.ACCEPT_CONTINUE)

    def _macros(self, data: bytes) -> None:
        command, found = wire.macros(data)
        told = {name: value for name, value in found.items() if name in _KNOWN}
        if command == wire.MAIL:
            self._of_message = told
        elif command in _OF_MESSAGE:
            self._of_message = {**self._of_message, **told}
        else:
            self._of_client = {**self._of_client, **told}

    def _quit(self, _data: bytes) -> None:
        self.over = True

    def _abort(self, _data: bytes) -> None:
        self.reset()

    def _new_client(self, _data: bytes) -> None:
        self._forget_client()

    def _connect(self, data: bytes) -> None:
        name, address, port = wire.client(data)
        self.peer = Peer(self._verified(name), address, port, "", self._macro(b"j"))

    def _verified(self, name: str) -> str:
        """The name that the MTA looked up both ways; it says [192.0.2.1] or "unknown" where there is none."""
        if self._macro(b"client_resolve") not in ("", "OK"):
            return ""
        told = self._macro(b"client_name") or name
        return "" if told.startswith("[") or told.lower() == "unknown" else told

    def _helo(self, data: bytes) -> None:
        self.peer = self.peer._replace(helo=_text(data))

    def _mail(self, data: bytes) -> None:
        self.mail = Mail(self._hold)
        told = wire.strings(data)
        self.mail.begin(told[0] if told else b"<>")

    def _recipient(self, data: bytes) -> None:
        self.mail.receiver(data.partition(b"\0")[0])

    def _header(self, data: bytes) -> None:
        name, _, value = data.partition(b"\0")
        value = value.removesuffix(b"\0")
        blank = b"" if self.terms.blanks_kept or value.startswith(b"\t") else b" "  # MTAs take one blank away, no tab
        self.mail.field(name, blank + value)

    def _body(self, data: bytes) -> None:
        self.mail.body(data)

    def _end(self, data: bytes) -> None:
        self.mail.body(data)
        self.mail.queue_id = self._macro(b"i")
        self.mail.user = self._macro(b"auth_authen")
        self.peer = self.peer._replace(mta=self.peer.mta or self._macro(b"j"))
        self.complete = True

    def _nothing(self, data: bytes) -> None:
        """What is told, but says nothing to us."""

    def _macro(self, name: bytes) -> str:
        found = self._of_message.get(name) or self._of_client.get(name) or b""
        return found.decode("utf-8", "replace")


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode("utf-8", "replace")


_SILENT = {
    wire.MACRO: Session._macros,
    wire.ABORT: Session._abort,
    wire.QUIT: Session._quit,
    wire.QUIT_NEW: Session._new_client,
}
_TOLD = {
    wire.CONNECT: Session._connect,
    wire.HELO: Session._helo,
    wire.MAIL: Session._mail,
    wire.RECIPIENT: Session._recipient,
    wire.DATA: Session._nothing,
    wire.UNKNOWN: Session._nothing,
    wire.HEADER: Session._header,
    wire.END_OF_HEADER: Session._nothing,
    wire.BODY: Session._body,
    wire.END: Session._end,
}
