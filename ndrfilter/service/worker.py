"""One worker: an event loop that accepts on inherited sockets, speaks through the doors, and leaves in good order."""

from __future__ import annotations

import asyncio
import signal
from socket import socket
from typing import TYPE_CHECKING

from ndrfilter import limits
from ndrfilter.config.model import Listener
from ndrfilter.noun import Noun

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from ssl import SSLContext

    from ndrfilter.service.connection import Connection
    from ndrfilter.service.desk import Desk
    from ndrfilter.service.ward import Ward


class Bound(Noun):
    """A listener with its listening socket, non-blocking and shared by all workers."""

    listener: Listener
    socket: socket
    tls: SSLContext | None = None


class Worker:
    """Serves until it is told to leave."""

    def __init__(self, bound: Sequence[Bound], doors: Mapping[str, type[Connection]], desk: Desk, ward: Ward) -> None:
        self._bound = tuple(bound)
        self._doors = doors
        self._desk = desk
        self._ward = ward
        self._leave = asyncio.Event()
        self._greeted: set[asyncio.Task[object]] = set()

    async def serve(self) -> None:
        """Accept and answer until SIGTERM; then take nothing new, end what was begun, and return."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._leave.set)
        for one in self._bound:
            loop.add_reader(one.socket.fileno(), self._accept, one)
        while not self._leave.is_set():
            self._ward.tick()
            await self._pause()
        for one in self._bound:
            loop.remove_reader(one.socket.fileno())
        await self._drain()

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._leave.wait(), limits.SERVICE_TICK)
        except TimeoutError:
            return

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._desk.filter.config.service.drain
        self._ward.drain()
        while len(self._ward) and loop.time() < end:
            self._ward.tick()
            await asyncio.sleep(min(limits.SERVICE_TICK, 0.05))
        self._ward.close()

    def _accept(self, bound: Bound) -> None:
        if self._ward.full and not self._ward.make_room():
            return
        try:
            client, _ = bound.socket.accept()
        except OSError:  # another worker took it, or the client is gone
            return
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        task = loop.create_task(loop.connect_accepted_socket(lambda: self._connection(bound), client, ssl=bound.tls))
        self._greeted.add(task)
        task.add_done_callback(self._greeted.discard)

    def _connection(self, bound: Bound) -> Connection:
        return self._doors[bound.listener.door](self._desk, self._ward, bound.listener)
