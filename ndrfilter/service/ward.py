"""The ward: all connections of one worker. Who may come in, who was silent for too long, and how much they may hold."""

from __future__ import annotations

import asyncio
from time import monotonic

from ndrfilter import limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ndrfilter.service.connection import Connection


class Ward:
    """Bounds the connections of one worker and the bytes of their unfinished requests. Lives in one event loop."""

    def __init__(self, connections: int = limits.SERVICE_CONNECTIONS, memory: int = limits.SERVICE_MEMORY) -> None:
        self.most = connections
        self.draining = False
        self.freed: Callable[[], None] = lambda: None  # called when somebody has left
        self.free = memory
        self._inside: set[Connection] = set()

    def __len__(self) -> int:
        return len(self._inside)

    @property
    def full(self) -> bool:
        """Whether another connection would be one too many."""
        return len(self._inside) >= self.most

    def make_room(self) -> bool:
        """Turn away who has not moved for the longest time, if it was a while; whether there is room."""
        eldest = min(self._idlers(), key=lambda one: one.moved, default=None)
        if eldest is not None:
            _guarded(eldest, lambda: eldest.leave("full"))
        return not self.full

    def _idlers(self) -> Iterator[Connection]:
        """Those for whom we have been waiting for a while."""
        recent = monotonic() - limits.MIN_EVICTION
        return (one for one in self._inside if one.since is not None and one.moved <= recent)

    def enter(self, connection: Connection) -> None:
        """That connection is there."""
        self._inside.add(connection)

    def leave(self, connection: Connection) -> None:
        """It is not any more."""
        self._inside.discard(connection)
        self.freed()

    def take(self, size: int, asker: Connection) -> bool:
        """Whether the asker may hold so many more bytes; if so they are taken.

        If there are too few, who keeps us waiting and holds the most of them has to go for who would hold less.
        """
        while size > self.free:
            greediest = max(self._idlers(), key=lambda one: one.held, default=asker)
            if greediest.held <= asker.held + size:
                return False
            _guarded(greediest, lambda one=greediest: one.leave("memory"))  # type: ignore[misc]
        self.free -= size
        return True

    def give_back(self, size: int) -> None:
        """So many bytes are held no longer."""
        self.free += size

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
