"""What may stand at a service's place instead of it: nobody, somebody who says nothing, or something else."""

from __future__ import annotations

import socket
import threading

ANSWERS = {
    "hangs": None,
    "closes": b"",
    "garbage": b"\0\xff garbage\r\n\r\n",
    "http": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
    "half a message": b"SPAMD/1.1 0 EX_OK\r\nContent-length: 1000\r\nSpam: False ; 1.0 / 5.0\r\n\r\nX-NDR-Status: genuine;\n",
    "no length": b"SPAMD/1.1 0 EX_OK\r\n\r\nX-NDR-Status: genuine;\n\nshort",
    "not now": b"SPAMD/1.0 75 later\r\n",
}
STATES = ("dead", *ANSWERS)


class Wrong:
    """A server in one of STATES on a port of its own; a context manager, giving (host, port)."""

    def __init__(self, state: str) -> None:
        self._state = state
        self._clients: list[socket.socket] = []

    def __enter__(self) -> tuple[str, int]:
        self._listening = socket.socket()
        self._listening.bind(("127.0.0.1", 0))
        place: tuple[str, int] = self._listening.getsockname()
        if self._state != "dead":  # a port that is bound and not listening refuses
            self._listening.listen(16)
            threading.Thread(target=self._serve, daemon=True).start()
        return place

    def __exit__(self, *_: object) -> None:
        if self._state != "dead":
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for client in self._clients:
            client.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            self._clients.append(client)
            answer = ANSWERS[self._state]
            if answer is not None:
                client.recv(1 << 20)
                client.sendall(answer)
                client.close()
