"""One client of the HTTP door: bytes to requests, requests to the desk or a page, answers to bytes."""

from __future__ import annotations

import asyncio
from collections import deque

from ndrfilter import limits
from ndrfilter.doors.http import rspamd
from ndrfilter.doors.http.legacy import LegacyReader, is_legacy
from ndrfilter.doors.http.pages import PATHS, page
from ndrfilter.doors.http.questions import is_elsewhere, question
from ndrfilter.doors.http.replies import CONTINUE, JSON, LEGACY_TEMPORARY, last_word, refusal, reply
from ndrfilter.doors.http.requests import Reader, Refusal
from ndrfilter.service.connection import Connection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.config.model import Listener
    from ndrfilter.doors.http.requests import Request
    from ndrfilter.service.desk import Answer, Desk
    from ndrfilter.service.ward import Ward

_CHECKS = (b"/checkv2", b"/check")
_METHODS = {**dict.fromkeys(_CHECKS, (b"POST", b"GET")), **dict.fromkeys(PATHS, (b"GET", b"HEAD"))}
_ALLOW = {methods: b"Allow: %b\r\n" % b", ".join(methods) for methods in _METHODS.values()}


class HttpConnection(Connection):
    """Answers what rspamd's clients ask of a scanner, Exim's old protocol, and ours."""

    def __init__(self, desk: Desk, ward: Ward, listener: Listener) -> None:
        super().__init__(desk, ward, listener)
        self._start = b""
        self._reader: Reader | LegacyReader | None = None  # until it is clear which protocol this is
        self._queue: deque[Request | Refusal] = deque()
        self._counted = 0
        self._legacy = False

    def received(self, data: bytes) -> None:
        """Bytes came, or a question was answered: go on with what is there."""
        reader = self._reader or self._reader_for(data)
        if reader is None:
            return
        if data:
            self._queue.extend(reader.feed(self._start + data if self._start else data))
            self._start = b""
        self._go_on(reader)

    def ended(self) -> None:
        """The client will say no more; what it said already is answered first."""
        if not self._queue:
            self.close()

    def turn_away(self, why: str) -> None:
        """Say so to whoever began a request."""
        if not self.resting:
            self.send(LEGACY_TEMPORARY if self._legacy else last_word(408 if why == "slow" else 503))

    def _reader_for(self, data: bytes) -> Reader | LegacyReader | None:
        """The reader of the protocol that the connection begins with, None while that cannot be told."""
        start = self._start + data
        legacy = is_legacy(start)
        if legacy is None:
            self._start = start
            if start:
                self.begin()
            return None
        self._legacy = legacy
        self._reader = LegacyReader() if legacy else Reader()
        return self._reader

    def _go_on(self, reader: Reader | LegacyReader) -> None:
        """Answer what is there, a few at a time: other clients wait too."""
        for _ in range(limits.SERVICE_BURST):
            if self.working or not self._queue:
                break
            self.begin()
            self._answer(self._queue.popleft())
        if self.working or self.transport is None:
            return
        if self._queue:
            self.transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._after_others, reader)
        elif reader.unfinished:
            self._await(reader)

    def _after_others(self, reader: Reader | LegacyReader) -> None:
        if self.working or self.transport is None:
            return
        self.transport.resume_reading()
        self._go_on(reader)
        if self._half_closed and not self.working:
            self.ended()

    def _await(self, reader: Reader | LegacyReader) -> None:
        """More of a request is to come: account for what is held of it, and ask for the rest."""
        self.begin()
        size = reader.size
        if size > self._counted:
            if not self.hold(size - self._counted):
                self.dismiss("large" if size > limits.SERVICE_MESSAGE else "memory")
                return
            self._counted = size
        if reader.waits:
            reader.waits = False
            self.send(CONTINUE)

    def _answer(self, one: Request | Refusal) -> None:
        if isinstance(one, Refusal):
            self._end_with(one.status)
        elif self._legacy:
            self._check(one)
        elif (methods := _METHODS.get(one.path)) is None:
            self._reply(one, refusal(404), status=404)
        elif one.method not in methods:
            self._reply(one, refusal(405), status=405, more=_ALLOW[methods])
        elif one.path in _CHECKS:
            self._check(one)
        else:
            body, kind, status, more = page(one, self.desk, self.peer)
            self._reply(one, body or refusal(status), kind if body else JSON, status, more)

    def _check(self, request: Request) -> None:
        if is_elsewhere(request) or not request.framed:
            status = 415 if request.framed else 411
            self._reply(request, refusal(status), status=status)
            return
        asked = question(request, self.listener.door)

        def done(answer: Answer) -> None:
            if self._legacy:
                self.send(rspamd.lines(answer))
                self._rest(request)
            elif request.path == b"/checkv2":
                self._reply(request, rspamd.checkv2(answer))
            else:
                self._reply(request, rspamd.full(answer, asked.queue_id))

        self.ask(asked, done)

    def _reply(self, request: Request, body: bytes, kind: bytes = JSON, status: int = 200, more: bytes = b"") -> None:
        keep, bare = request.keep and not self.ward.draining, request.method == b"HEAD"
        self.send(reply(body, kind, status, more, keep=keep, old=request.old, bare=bare))
        self._rest(request)

    def _rest(self, request: Request) -> None:
        """Answered: the connection stays for the next request, or closes if the client wants it so."""
        self._counted = 0
        self.rest()
        if not request.keep:
            self.close()

    def _end_with(self, status: int) -> None:
        """Nothing more can be read here."""
        self.desk.remark(self.listener.door, refused=f"http-{status}")
        self.send(LEGACY_TEMPORARY if self._legacy else last_word(status))
        self.close()
