"""The connection itself: TLS always, every read bounded in bytes and time, what comes counted.

The library's own reads a literal as long as the server announces it, and waits as long as bytes trickle in.
"""

from __future__ import annotations

import contextlib
import imaplib
import socket
import time

from ndrfilter import limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl

    from _typeshed import ReadableBuffer as Buffer

_PIECE = 256 * 1024


class InTheClearError(Exception):
    """The server does not do STARTTLS as it should, so nothing is said to it."""


class Wire(imaplib.IMAP4):
    """A connection to a server that is not trusted; `fetched` counts the bytes that came, TLS taken off.

    Reading raises `abort` beyond a bound, OSError (TimeoutError) when the connection fails. Until `begin` is called
    again, all that comes has to keep within what that allowed.
    """

    def __init__(self, host: str, port: int, context: ssl.SSLContext, *, tls: bool, silence: float) -> None:
        """Connects and reads the greeting; without `tls` STARTTLS comes next, and what was said before is forgotten."""
        self.fetched = 0
        self._context, self._tls, self._silence = context, tls, silence
        self._buffer = bytearray()
        self.begin(limits.IMAP_LINE, limits.IMAP_LOGIN)
        super().__init__(host, port)
        if not tls:
            self._start_tls()

    def begin(self, allowance: int, seconds: float) -> None:
        """From now on so many bytes may come, within that time."""
        self._allowance, self._lines = allowance, limits.IMAP_LINES
        self._deadline = time.monotonic() + seconds

    def open(self, host: str = "", port: int = 0, timeout: float | None = None) -> None:  # noqa: ARG002 - imaplib's
        """Connects, for imaplib."""
        self.host, self.port = host, port
        self.sock = socket.create_connection((host, port), self._silence)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # IDLE is silent for long
        if self._tls:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=host)

    def _start_tls(self) -> None:
        """RFC 3501 section 6.2.1; what came in the clear, however it was slipped in, counts no longer."""
        if self.state != "NONAUTH":
            raise InTheClearError("logs everybody in before TLS begins")
        if "STARTTLS" not in self.capabilities:
            raise InTheClearError("offers no STARTTLS")
        if self._simple_command("STARTTLS")[0] != "OK":
            raise InTheClearError("refuses STARTTLS")
        if self._buffer:
            raise InTheClearError("goes on in the clear behind STARTTLS")
        self.sock = self._context.wrap_socket(self.sock, server_hostname=self.host)
        self._tls_established = True
        self.untagged_responses.clear()
        self._get_capabilities()

    def read(self, size: int) -> bytes:
        """So many bytes."""
        if size > limits.IMAP_LITERAL:
            raise self.abort(f"announces {size} bytes at once")
        while len(self._buffer) < size:
            if not self._more():
                raise self.abort("it ended within a message")
        return self._take(size)

    def readline(self) -> bytes:
        """A line with its end; what came without one stays for the next call if time runs out; empty at the end."""
        searched = 0
        self._lines -= 1
        if self._lines < 0:
            raise self.abort("sends far more than was asked for")
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > limits.IMAP_LINE:
                raise self.abort("a line without end")
            if not self._more():
                return b""
        return self._take(end + 1)

    def has_line(self, seconds: float) -> bool:
        """Whether a line has come, or comes within that time."""
        until = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            left = until - time.monotonic()
            if left <= 0 or len(self._buffer) > limits.IMAP_LINE:
                return bool(left > 0)
            try:
                if not self._more(left):
                    raise self.abort("it ended")
            except TimeoutError:
                return False
        return True

    def _take(self, size: int) -> bytes:
        taken = bytes(memoryview(self._buffer)[:size])
        del self._buffer[:size]
        return taken

    def _more(self, patience: float = limits.IMAP_COMMAND) -> bool:
        left = min(patience, self._silence, self._deadline - time.monotonic())
        if left <= 0:
            raise TimeoutError("it takes too long")
        self.sock.settimeout(left)
        piece = self.sock.recv(_PIECE)
        self.fetched += len(piece)
        self._allowance -= len(piece)
        if self._allowance < 0:
            raise self.abort("sends far more than was asked for")
        self._buffer += piece
        return bool(piece)

    def send(self, data: Buffer) -> None:
        """All of it."""
        self.sock.settimeout(self._silence)
        self.sock.sendall(data)

    def shutdown(self) -> None:
        """Lets go; nothing is raised."""
        with contextlib.suppress(OSError):
            self.sock.close()

    def forget(self) -> None:
        """Empties imaplib's memory of the last commands: the login is among them."""
        getattr(self, "_cmd_log", {}).clear()
