"""An IMAP server that says what it is told to say, over TLS: for all that no real server does to a client."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from pathlib import Path

from dovecot_server import certificate

ANSWERS = {
    "CAPABILITY": b"* CAPABILITY IMAP4rev1 AUTH=PLAIN UIDPLUS MOVE IDLE\r\n%T OK\r\n",
    "AUTHENTICATE": b"+ \r\n",
    "LOGIN": b"%T OK\r\n",
    "LIST": b'* LIST () "/" INBOX\r\n%T OK\r\n',
    "SELECT": b"* 2 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [PERMANENTFLAGS (\\Seen)] x\r\n%T OK [READ-WRITE] x\r\n",
    "EXAMINE": b"* 2 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n%T OK [READ-ONLY] x\r\n",
    "LOGOUT": b"* BYE\r\n%T OK\r\n",
}


class ScriptedServer:
    """A context manager; `answers` maps a command ("UID FETCH") to what is answered, %T being its tag.

    None hangs up, an iterable is sent piece by piece for as long as the client listens; a function is given the command
    and returns one of these. What is not in `answers` is as in ANSWERS, else OK. `said` is what clients said.
    """

    def __init__(
        self, folder: Path, *, tls: bool = True, greeting: bytes = b"* OK hello\r\n", **answers: object
    ) -> None:
        certificate(folder, ["localhost"])
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(folder / "server.pem", folder / "server.key")
        self._tls, self._greeting, self.ca = tls, greeting, folder / "ca.pem"
        self._answers = {**ANSWERS, **{name.replace("_", " "): answer for name, answer in answers.items()}}
        self.said: list[bytes] = []

    def __enter__(self) -> ScriptedServer:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.place = f"{'imaps' if self._tls else 'imap'}://alice@localhost:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        try:
            with connection:
                wrapped = self._context.wrap_socket(connection, server_side=True) if self._tls else connection
                wrapped.sendall(self._greeting)
                while self._turn(wrapped):
                    pass
        except (OSError, ValueError):
            pass

    def _turn(self, connection: socket.socket) -> bool:
        line = _line(connection)
        if not line:
            return False
        self.said.append(line)
        tag, _, command = line.rstrip().partition(b" ")
        words = command.decode("latin-1").upper().split()
        name = " ".join(words[:2]) if words[:1] == ["UID"] else "".join(words[:1])
        answer = self._answers.get(name, b"%T OK\r\n")
        if callable(answer):
            answer = answer(command)
        if answer is None:
            return False
        for piece in [answer] if isinstance(answer, bytes) else answer:
            connection.sendall(re.sub(rb"%T (OK|NO|BAD)\r", rb"%T \1 done\r", piece).replace(b"%T", tag))
        if name == "AUTHENTICATE" and answer == b"+ \r\n":
            self.said.append(_line(connection))
            connection.sendall(tag + b" OK done\r\n")
        return True


def _line(connection: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        piece = connection.recv(1)
        if not piece:
            return b""
        line += piece
    return line
