"""One worker: an event loop that accepts on inherited sockets, speaks through the doors, and leaves in good order."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from math import inf
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from ndrfilter import limits
from ndrfilter.service.sockets import Bound
from ndrfilter.terminal import complain, escape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from ndrfilter.service.connection import Connection
    from ndrfilter.service.desk import Desk
    from ndrfilter.service.ward import Ward

__all__ = ["Bound", "Worker", "room"]

STOP, RETIRE = signal.SIGTERM, signal.SIGUSR1
_FEWEST = 8
_GLANCE = 0.05  # seconds between looks at who is still there


def room() -> int:
    """How many connections this process may have, by the files that it may open."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else limits.SERVICE_RESERVED_FILES  # noqa: PTH208
    return max(_FEWEST, min(limits.SERVICE_CONNECTIONS, allowed - opened - limits.SERVICE_RESERVED_FILES))


class Worker:
    """Serves until it is told to leave.

    SIGTERM means that the service stops: who waits for us is still answered, who is silent is not waited for. SIGUSR1
    means that a successor serves: every client may ask once more, within the time for draining.
    """

    def __init__(
        self,
        bound: Sequence[Bound],
        doors: Mapping[str, type[Connection]],
        desk: Desk,
        ward: Ward,
        *,
        lifeline: int = -1,
        beat: Callable[[int], None] = lambda _: None,
        log: Callable[[str], None] = complain,
    ) -> None:
        """`lifeline` is a pipe that ends when the supervisor does; `beat` is called with the number of connections."""
        self._bound = tuple(bound)
        self._doors = doors
        self._desk = desk
        self._ward = ward
        self._lifeline = lifeline
        self._beat = beat
        self._log = log
        self._leave = asyncio.Event()
        self._stopping = self._replaced = False
        self._accepting = False
        self._greeted: dict[asyncio.Task[Any], float] = {}  # the eldest first, with the time when it came

    async def serve(self, ready: Callable[[], None] = lambda: None) -> None:
        """Accept and answer until told to leave; then take nothing new, end what was begun, and return."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._blunder)
        loop.add_signal_handler(STOP, self._go, True)
        loop.add_signal_handler(RETIRE, self._go, False)
        if self._lifeline >= 0:
            loop.add_reader(self._lifeline, self._orphaned)
        self._accept_on(True)
        self._ward.freed = self._accept_again
        ready()
        while not self._leave.is_set():
            self._look_around()
            if self._has_room():
                self._accept_again()
            await self._pause()
        self._accept_on(False)
        await self._drain()

    def _go(self, stopping: bool) -> None:
        self._stopping |= stopping
        self._replaced |= not stopping
        self._leave.set()

    def _orphaned(self) -> None:
        """The supervisor is gone: nobody would replace us, reload, or tell us to stop."""
        asyncio.get_running_loop().remove_reader(self._lifeline)
        self._log("the supervisor is gone; leaving")
        self._go(True)

    def _look_around(self) -> None:
        self._beat(len(self._ward))
        self._ward.tick()

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._leave.wait(), limits.SERVICE_TICK)
        except TimeoutError:
            return

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._desk.filter.config.service.drain
        emptied = False
        while True:
            if self._stopping and not self._replaced and not emptied:
                emptied = True
                self._empty()
            left = end - loop.time()
            if not self._inside or left <= 0:
                break
            self._ward.drain(self._patience(left))
            self._look_around()
            await asyncio.sleep(min(_GLANCE, left))
        self._ward.close()
        for task in tuple(self._greeted):
            task.cancel()
        await asyncio.sleep(0)

    def _patience(self, left: float) -> float:
        """How long a client may rest before we close, with so many seconds left of those for draining."""
        if left <= limits.SERVICE_FAREWELL:
            return 0.0
        return limits.SERVICE_FAREWELL if self._stopping else inf

    def _empty(self) -> None:
        """Take in who already waits at the door of a service that stops; systemd keeps its own sockets' clients."""
        for one in self._bound:
            while not one.listener.inherited and self._has_room() and self._accept(one):
                continue
            one.socket.close()

    def _has_room(self) -> bool:
        if self._inside < self._ward.most:
            return True
        self._ward.make_room()
        eldest = next(iter(self._greeted), None)
        if eldest and self._inside >= self._ward.most and monotonic() - self._greeted[eldest] >= limits.MIN_EVICTION:
            del self._greeted[eldest]
            eldest.cancel()  # it had its time to agree on TLS
        return self._inside < self._ward.most

    @property
    def _inside(self) -> int:
        """Connections, with those that still agree on TLS."""
        return len(self._ward) + len(self._greeted)

    def _accept_again(self) -> None:
        if not self._accepting and not self._leave.is_set():
            self._accept_on(True)

    def _accept_on(self, on: bool) -> None:
        loop = asyncio.get_running_loop()
        self._accepting = on
        for one in self._bound:
            if on:
                loop.add_reader(one.socket.fileno(), self._accept, one)
            else:
                loop.remove_reader(one.socket.fileno())

    def _accept(self, bound: Bound) -> bool:
        """Take one client in; whether another may be waiting."""
        if not self._has_room():
            self._accept_on(False)  # a socket that stays readable would keep us turning
            return False
        try:
            client, _ = bound.socket.accept()
        except BlockingIOError:  # another worker took it
            return False
        except ConnectionError:  # it is gone already
            return True
        except OSError as error:  # no file or no memory for it: it waits until somebody has left
            self._desk.remark(bound.listener.door, refused="files", error=str(error.strerror))
            self._ward.make_room()
            self._accept_on(False)
            return False
        client.setblocking(False)
        self._greet(bound, client)
        return True

    def _greet(self, bound: Bound, client: Any) -> None:
        loop = asyncio.get_running_loop()
        patience = limits.TLS_HANDSHAKE if bound.tls else None
        coming = loop.connect_accepted_socket(
            lambda: self._doors[bound.listener.door](self._desk, self._ward, bound.listener),
            client,
            ssl=bound.tls,
            ssl_handshake_timeout=patience,
        )
        task = loop.create_task(coming)
        self._greeted[task] = monotonic()

        def came(task: asyncio.Task[Any]) -> None:
            self._greeted.pop(task, None)
            if not task.cancelled() and task.exception() is not None:
                self._desk.remark(bound.listener.door, refused="tls" if bound.tls else "gone")
            elif task.cancelled() and not self._leave.is_set():
                self._desk.remark(bound.listener.door, refused="full")

        task.add_done_callback(came)

    def _blunder(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Something was raised where nothing may be: a bug of ours, which costs one connection."""
        error = context.get("exception")
        what = f"{type(error).__name__}: {error}" if error is not None else ""
        self._log(f"internal error: {escape(context.get('message', ''))} {escape(what)}".rstrip())
