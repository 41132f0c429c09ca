"""Clients of a filter daemon: what a mail server would say to it, as cheaply as Python can."""

from __future__ import annotations

import http.client
import selectors
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice, takewhile
from time import perf_counter
from typing import Protocol

Place = tuple[str, int]


class Client(Protocol):
    """Asks a daemon about a message."""

    def ask(self, raw: bytes, *, null: bool) -> None:
        """Send it, from the null sender or another; raises OSError, HTTPException if no answer comes."""


class Http:
    """rspamd's protocol, all on one connection."""

    def __init__(self, place: Place) -> None:
        self._connection = http.client.HTTPConnection(*place, timeout=60)

    def ask(self, raw: bytes, *, null: bool) -> None:
        headers = {"From": "" if null else "someone@example.org"}
        self._connection.request("POST", "/checkv2", raw, headers)
        self._connection.getresponse().read()


class Spamd:
    """spamd's protocol, a connection for each message."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def ask(self, raw: bytes, *, null: bool) -> None:
        body = _delivered(raw, b"" if null else b"someone@example.org")
        with socket.create_connection(self._place, timeout=60) as connection:
            connection.sendall(b"SYMBOLS SPAMC/1.5\r\nContent-length: %d\r\n\r\n" % len(body) + body)
            connection.shutdown(socket.SHUT_WR)
            reply = b"".join(iter(lambda: connection.recv(65_536), b""))
        if not reply.startswith(b"SPAMD/"):
            raise OSError("no reply of spamd's")


def _delivered(raw: bytes, sender: bytes) -> bytes:
    """As a mail server hands it over, which says the envelope's sender in the header."""
    start = raw.find(b"\n") + 1 if raw.startswith(b"From ") else 0
    return b"Return-Path: <%b>%b" % (sender, b"\r\n" if b"\r\n" in raw[:1_000] else b"\n") + raw[start:]


def request(raw: bytes, number: int = 0) -> bytes:
    """A request to `/checkv2` about a bounce; the number makes it one of its own."""
    head = b"POST /checkv2 HTTP/1.1\r\nHost: localhost\r\nFrom: <>\r\nQueue-Id: 4T%d\r\n" % number
    return head + b"Content-Length: %d\r\n\r\n" % len(raw) + raw


class _Flow:
    """One connection that always has a few requests on the way, as long as there are any."""

    def __init__(self, place: Place, requests: Iterator[bytes], ahead: int) -> None:
        self.socket = socket.create_connection(place, timeout=60)
        self._requests, self._ahead, self._tail = requests, ahead, b""
        self.waiting = 0

    def send(self) -> None:
        batch = list(islice(self._requests, self._ahead))
        self.waiting = len(batch)
        self.socket.sendall(b"".join(batch))

    def receive(self) -> int:
        """How many answers came with what is there to be read."""
        data = self.socket.recv(1 << 20)
        if not data:
            raise OSError("the connection was closed")
        seen = self._tail + data
        came = seen.count(_ANSWER)
        self._tail = seen[-len(_ANSWER) + 1 :]
        self.waiting -= came
        if not self.waiting:
            self.send()
        return came


_ANSWER = b"HTTP/1.1 200 OK\r\n"


def flood(place: Place, requests: Iterator[bytes], *, connections: int = 16, ahead: int = 8) -> Iterator[int]:
    """Sends them on many connections, several at a time, so that no worker ever waits for us.

    Yields how many answers came, again and again until the last.
    """
    with ExitStack() as stack, selectors.DefaultSelector() as chooser:
        for _ in range(connections):
            flow = _Flow(place, requests, ahead)
            chooser.register(stack.enter_context(flow.socket), selectors.EVENT_READ, flow)
            flow.send()
        while any(key.data.waiting for key in chooser.get_map().values()):
            yield sum(key.data.receive() for key, _ in chooser.select())


def rate(place: Place, requests: Iterator[bytes], seconds: float, clock: Callable[[], float]) -> float:
    """Answers a second of the clock's time to requests that never end, after a moment to warm up.

    Nothing is left to be answered then.
    """
    began = perf_counter() + seconds / 4
    end = began + seconds
    came, times = 0, []
    for some in flood(place, takewhile(lambda _: perf_counter() < end, requests)):
        now = perf_counter()
        if (not times and now >= began) or (len(times) == 1 and now >= end):
            times.append(clock())
        elif len(times) == 1:
            came += some
    return came / (times[1] - times[0])
