"""The ward: all connections of one worker. Who may come in, who was silent for too long, and how much they may hold."""

from __future__ import annotations

import asyncio
from time import monotonic

from ndrfilter import limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ndrfilter.service.connection import Connection


class Ward:
    """Bounds the connections of one worker and the bytes of their unfinished requests. Lives in one event loop."""

    def __init__(self, connections: int = limits.SERVICE_CONNECTIONS, memory: int = limits.SERVICE_MEMORY) -> None:
        self.most = connections
        self.draining = False
        self.freed: Callable[[], None] = lambda: None  # called when somebody has left
        self._free = memory
        self._inside: set[Connection] = set()

    def __len__(self) -> int:
        return len(self._inside)

    @property
    def full(self) -> bool:
        """Whether another connection would be one too many."""
        return len(self._inside) >= self.most

    def make_room(self) -> bool:
        """Turn away the connection that has been silent the longest, if one has for a while; whether there is room."""
        waiting = [one for one in self._inside if one.since is not None]
        eldest = min(waiting, key=lambda one: one.since or 0.0, default=None)
        if eldest is not None and eldest.since is not None and monotonic() - eldest.since >= limits.MIN_EVICTION:
            _guarded(eldest, lambda: eldest.dismiss("full"))
            eldest.leave()
        return not self.full

    def enter(self, connection: Connection) -> None:
        """That connection is there."""
        self._inside.add(connection)

    def leave(self, connection: Connection) -> None:
        """It is not any more."""
        self._inside.discard(connection)
        self.freed()

    def take(self, size: int) -> bool:
        """Whether so many more bytes may be held; if so they are taken."""
        if size > self._free:
            return False
        self._free -= size
        return True

    def give_back(self, size: int) -> None:
        """So many bytes are held no longer."""
        self._free += size

    def tick(self) -> None:
        """Turn away whoever's time is over; to be called every `limits.SERVICE_TICK` seconds."""
        now = monotonic()
        for connection in [one for one in self._inside if one.deadline is not None and one.deadline <= now]:
            _guarded(connection, connection.overdue)

    def drain(self, patience: float = 0.0) -> None:
        """Let nobody go on after an answer, and close whoever has rested for `patience` seconds.

        Who is closed while he rests may be about to ask: a worker that has a successor waits for his last question.
        """
        self.draining = True
        silent = monotonic() - patience
        for connection in tuple(self._inside):
            if connection.since is None or connection.since <= silent:
                _guarded(connection, connection.drain)

    def close(self) -> None:
        """Close every connection, whatever it does."""
        for connection in tuple(self._inside):
            connection.abort()


def _guarded(connection: Connection, act: Callable[[], None]) -> None:
    """What a door does wrong costs its own connection, not the others' deadlines."""
    try:
        act()
    except Exception as error:
        connection.abort()
        told = {"message": "a door failed to end a connection", "exception": error}
        asyncio.get_running_loop().call_exception_handler(told)
