"""What all doors share: one client's connection with its deadlines, its bound on bytes, and its orderly end.

A door derives from `Connection`, reads in `received` and `ended`, asks the desk with `ask`, answers with `send`. It
says when a request begins (`begin`) and when it is answered (`rest`); time, memory and draining follow from that. What
it cannot read yet, because it is `working`, it keeps; `received` is called again when the answer was given.
"""

from __future__ import annotations

import asyncio
from time import monotonic

from ndrfilter import limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any, TypeVar

    from ndrfilter.config.model import Listener
    from ndrfilter.service.desk import Desk, Done, Question
    from ndrfilter.service.ward import Ward

    T = TypeVar("T")


class Connection(asyncio.Protocol):
    """One client of one door. Subclasses say how long it may be silent (`idle`, seconds) and how they turn it away."""

    idle = limits.IDLE_DEADLINE
    request = limits.REQUEST_DEADLINE
    lasting = False  # a client who keeps to us for many requests, and is harmed if we leave after one

    def __init__(self, desk: Desk, ward: Ward, listener: Listener) -> None:
        self.desk = desk
        self.ward = ward
        self.listener = listener
        self.transport: asyncio.Transport | None = None
        self.deadline: float | None = None
        self.since: float | None = None  # when it began to rest or to be waited for; None while we are at work
        self.moved = 0.0  # when it last ended something, or said more than who only wants to stay
        self.resting = True
        self.held = 0  # bytes
        self._said = 0  # bytes since it moved
        self._asked: asyncio.Task[Any] | None = None
        self._done: Callable[[Any], None]
        self._waiting = False  # for an answer that did not come at once
        self.working = False  # a question is being answered, or we said the last we had to say
        self._unread: list[bytes] = []
        self._half_closed = False
        self._closing = False

    # For doors to override.

    def received(self, data: bytes) -> None:
        """Bytes came, or none and the door may go on; never while it is `working`."""
        raise NotImplementedError

    def ended(self) -> None:
        """The client will say no more; never while the door is `working`."""
        self.close()

    def turn_away(self, why: str) -> None:  # noqa: ARG002 - for those who can tell it
        """End the connection with the protocol's own temporary answer, if there is something to answer."""
        self.close()

    # For doors to use.

    def begin(self) -> None:
        """The client began a request."""
        if self.resting:
            self.resting = False
            self.deadline = monotonic() + self.request

    def rest(self) -> None:
        """The request is over: what it held is given back, and another may come unless we are leaving."""
        self._give_back()
        self.resting = True
        self._wait(self.idle)
        if self.ward.draining and not self.lasting:
            self.close()

    def hold(self, size: int) -> bool:
        """Whether `size` more bytes of this request may be kept."""
        if self.held + size > limits.SERVICE_MESSAGE or not self.ward.take(size, self):
            return False
        self.held += size
        return True

    def ask(self, question: Question, done: Done) -> None:
        """Ask the desk; nothing is read before `done` was called. It is not called once the connection is gone."""
        self._work(done)
        task = self.desk.ask(question, self._answered)
        if task is not None:
            self._asked, self._waiting = task, True

    def wait_for(self, work: Coroutine[Any, Any, T], done: Callable[[T], None]) -> None:
        """As `ask`, for whatever else takes time: `done` gets what `work` returns, and `work` raises nothing."""
        self._work(done)
        self._asked = asyncio.get_running_loop().create_task(work)
        self._asked.add_done_callback(lambda ended: None if ended.cancelled() else self._answered(ended.result()))
        self._waiting = True

    def _work(self, done: Callable[[Any], None]) -> None:
        self.working, self.deadline, self.since = True, None, None
        self._done, self._waiting = done, False

    def _answered(self, answer: Any) -> None:
        waiting, self._asked = self._waiting, None
        if self._closing or self.transport is None:
            return
        self.working = False
        self._wait(self.request)
        self._done(answer)
        if waiting:
            self._read_on()

    def send(self, data: bytes) -> None:
        """Write; a client that does not take it is cut off in time."""
        if self.transport is not None:
            self.transport.write(data)

    def close(self) -> None:
        """Close when everything that was sent has been taken, and the client, told of the end, has ended too.

        To close while it still writes would reset the connection, and it might never see what we said last.
        """
        if self.transport is None or self._closing:
            return
        self._closing = self.working = True
        self._unread.clear()
        self._wait(limits.REPLY_DEADLINE)
        if self._half_closed or not self.transport.can_write_eof():
            self.transport.close()
        else:
            self.transport.write_eof()
            self.transport.resume_reading()
            if not self.transport.get_write_buffer_size():
                self.deadline = monotonic() + limits.LINGER

    def abort(self) -> None:
        """Close at once."""
        if self.transport is not None:
            self.transport.abort()

    @property
    def peer(self) -> Any:
        """The client's address as the socket gives it; a Unix socket has none."""
        return self.transport.get_extra_info("peername") if self.transport is not None else None

    # For the ward.

    def overdue(self) -> None:
        """The deadline passed."""
        if self._closing or self.transport is None or self.transport.get_write_buffer_size():
            self.abort()
        else:
            self.dismiss("slow")

    def dismiss(self, why: str) -> None:
        """Turn it away, in the log too; `why` is a word."""
        self.desk.remark(self.listener.door, refused=why)
        self.turn_away(why)
        self.close()

    def leave(self, why: str) -> None:
        """Make room now: what was said last is sent, and nobody waits for the client."""
        if self._closing:
            self.abort()
        elif self.transport is not None:
            self.dismiss(why)
            self.transport.close()
        self._give_back()
        self.ward.leave(self)

    def drain(self) -> None:
        """We are leaving: close now if no request is under way."""
        if self.resting:
            self.close()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        self.transport = transport  # type: ignore[assignment]
        self.ward.enter(self)
        self._wait(self.idle)

    def data_received(self, data: bytes) -> None:
        """Bytes came; while we are at work they wait, and beyond a bound the client waits too."""
        if self.working:
            if not self._closing:
                self._unread.append(data)
                if len(self._unread) >= limits.SERVICE_READ_AHEAD and self.transport is not None:
                    self.transport.pause_reading()
            return
        self.since = monotonic()
        self._said += len(data)
        if self._said >= limits.MIN_PROGRESS and self._said >= self.held // limits.PROGRESS_SHARE:
            self.moved, self._said = self.since, 0
        self.received(data)

    def eof_received(self) -> bool:
        """The client half-closed; we may still answer, but not over TLS, which knows no half."""
        self._half_closed = True
        if self._closing and self.transport is not None:
            self.transport.close()
        elif not self.working:
            self.ended()
        return self.transport is not None and self.transport.can_write_eof()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """The connection is gone, and with it what it held."""
        if self._asked is not None:
            self._asked.cancel()
            self._asked = None
        self.transport = None
        self._give_back()
        self._unread.clear()
        self.ward.leave(self)

    def pause_writing(self) -> None:
        """The client takes our answer slowly."""
        self.deadline = monotonic() + limits.REPLY_DEADLINE

    def resume_writing(self) -> None:
        """It took it."""
        self._wait(self.idle if self.resting else self.request)

    def _read_on(self) -> None:
        """Go on with what came meanwhile."""
        while not self.working:
            unread, self._unread = b"".join(self._unread), []
            self.received(unread)
            if not self._unread:
                break
        if not self.working and self.transport is not None:
            self.transport.resume_reading()
            if self._half_closed:
                self.ended()

    def _wait(self, seconds: float) -> None:
        now = monotonic()
        self.deadline, self.since, self.moved, self._said = now + seconds, now, now, 0

    def _give_back(self) -> None:
        if self.held:
            self.ward.give_back(self.held)
            self.held = 0
