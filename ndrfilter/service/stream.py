"""A client's socket without TLS as asyncio's transport, with as few turns of the loop as there can be.

asyncio's own needs a task and three turns before it reads from a new client, and a fourth to let it go. Here a client
that has spoken when it is accepted is read, answered and closed in one turn, and the loop never hears of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PIECE = 256 * 1024  # bytes read at once
_HIGH, _LOW = 64 * 1024, 16 * 1024  # bytes not taken: from there on the client is slow, and until there
_GLANCES = 4  # pieces that a new client may be ahead of us before others have their turn


class Stream(asyncio.Transport):
    """Reads and writes one connected socket for one protocol, which hears of everything in the order asyncio has.

    What the protocol asks for while it is told something is done when it returns: `connection_lost` included.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, client: socket.socket, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._loop = loop
        self._socket = client
        self._number = client.fileno()
        self._protocol = protocol
        self._unsent = bytearray()
        self._watched = False  # the loop tells us when there is something to read
        self._paused = False
        self._heard_all = False  # the client will say no more
        self._said_all = self._shut = False  # we shall say no more; the client was told
        self._busy = False  # the protocol is being told something
        self._slow = False  # the protocol knows that the client takes nothing
        self._closing = self._gone = False
        self._error: Exception | None = None

    def begin(self) -> None:
        """Tell the protocol of its client, and of what that has said already."""
        self._busy = True
        try:
            self._protocol.connection_made(self)
        except Exception as error:
            self._fail(error)
        self._busy = False
        for _ in range(_GLANCES):
            if not self._read():
                break
        self._settle()

    def _readable(self) -> None:
        self._read()
        self._settle()

    def _read(self) -> bool:
        """Tell the protocol what is there; whether there may be more."""
        if self._closing or self._heard_all or self._paused:
            return False
        try:
            data = self._socket.recv(_PIECE)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError as error:
            self._lose(error)
            return False
        self._busy = True
        try:
            if data:
                self._protocol.data_received(data)
            else:
                self._heard_all = True
                if not self._protocol.eof_received():
                    self.close()
        except Exception as error:
            self._fail(error)
        self._busy = False
        return True

    def _settle(self) -> None:
        """Do what was asked for meanwhile."""
        if self._said_all and not self._shut and not self._unsent:
            self._read()  # who has ended before us need not be told, and can be closed at once
        if self._closing:
            if not self._unsent:
                self._end()
            return
        if self._said_all and not self._shut and not self._unsent:
            self._shut = True
            with contextlib.suppress(OSError):  # it is gone; reading will say so
                self._socket.shutdown(socket.SHUT_WR)
        self._watch(not self._heard_all and not self._paused)

    def _watch(self, on: bool) -> None:
        if on != self._watched:
            self._watched = on
            if on:
                self._loop.add_reader(self._number, self._readable)
            else:
                self._loop.remove_reader(self._number)

    def _soon(self) -> None:
        if not self._busy:
            self._loop.call_soon(self._settle)

    def _end(self) -> None:
        """The last that happens."""
        if self._gone:
            return
        self._gone = True
        self._watch(False)
        try:
            self._protocol.connection_lost(self._error)
        finally:
            self._socket.close()

    def _lose(self, error: Exception | None) -> None:
        """The connection is of no use any more."""
        if self._unsent:
            self._loop.remove_writer(self._number)
            self._unsent.clear()
        if not self._closing or error is not None:
            self._closing, self._error = True, error
        self._watch(False)
        self._soon()

    def _fail(self, error: Exception) -> None:
        """The protocol raised, which costs this one connection."""
        told = {"message": "a door failed", "exception": error, "transport": self, "protocol": self._protocol}
        self._loop.call_exception_handler(told)
        self._lose(error)

    # asyncio.Transport

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Send what the client takes now, and keep the rest for it."""
        if self._closing or self._gone:
            return
        if not self._unsent:
            try:
                sent = self._socket.send(data)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError as error:
                self._lose(error)
                return
            if sent == len(data):
                return
            data = memoryview(data)[sent:]
            self._loop.add_writer(self._number, self._writable)
        self._unsent += data
        if len(self._unsent) > _HIGH and not self._slow:
            self._slow = True
            self._protocol.pause_writing()

    def _writable(self) -> None:
        try:
            del self._unsent[: self._socket.send(self._unsent)]
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lose(error)
            return
        if self._slow and len(self._unsent) <= _LOW:
            self._slow = False
            self._protocol.resume_writing()
        if not self._unsent:
            self._loop.remove_writer(self._number)
            self._settle()

    def write_eof(self) -> None:
        """Say no more after what was written."""
        self._said_all = True
        self._soon()

    def can_write_eof(self) -> bool:
        """Yes: the client sees the end, and may still speak."""
        return True

    def close(self) -> None:
        """Close when the client has taken what was written."""
        if not self._closing:
            self._closing = True
            self._watch(False)
            self._soon()

    def abort(self) -> None:
        """Close at once."""
        self._lose(None)

    def is_closing(self) -> bool:
        """Whether it closes, or is closed."""
        return self._closing

    def pause_reading(self) -> None:
        """Hear nothing of the client for a while."""
        self._paused = True
        self._watch(False)

    def resume_reading(self) -> None:
        """Hear it again."""
        if self._paused:
            self._paused = False
            self._soon()

    def get_write_buffer_size(self) -> int:
        """Bytes that the client has not taken yet."""
        return len(self._unsent)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Of `socket` and `peername`."""
        if name == "socket":
            return self._socket
        if name == "peername":
            with contextlib.suppress(OSError):
                return self._socket.getpeername()
        return default
