"""One client of the HTTP door: bytes to requests, requests to the desk or a page, answers to bytes."""

from __future__ import annotations

from collections import deque

from ndrfilter import limits
from ndrfilter.doors.http import pages, rspamd
from ndrfilter.doors.http.legacy import LegacyReader, is_legacy
from ndrfilter.doors.http.questions import is_elsewhere, question
from ndrfilter.doors.http.replies import CONTINUE, JSON, LEGACY_TEMPORARY, TEXT, refusal, reply
from ndrfilter.doors.http.requests import Reader, Refusal
from ndrfilter.service.connection import Connection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.config.model import Listener
    from ndrfilter.doors.http.requests import Request
    from ndrfilter.service.desk import Answer, Desk
    from ndrfilter.service.ward import Ward

_CHECKS = (b"/checkv2", b"/check")
_GET, _POST = (b"GET", b"HEAD"), (b"POST", b"GET")
_ALLOWED = {b"/checkv2": _POST, b"/check": _POST, b"/ping": _GET, b"/healthz": _GET, b"/metrics": _GET, b"/": _GET}
_ALLOW = {methods: b"Allow: %b\r\n" % b", ".join(methods) for methods in (_GET, _POST)}


class HttpConnection(Connection):
    """Answers what rspamd's clients ask of a scanner, Exim's old protocol, and ours."""

    def __init__(self, desk: Desk, ward: Ward, listener: Listener) -> None:
        super().__init__(desk, ward, listener)
        self._start: bytes | None = b""  # until it is clear which protocol this is
        self._reader: Reader | LegacyReader = Reader()
        self._queue: deque[Request | Refusal] = deque()
        self._counted = 0

    @property
    def _legacy(self) -> bool:
        return isinstance(self._reader, LegacyReader)

    def received(self, data: bytes) -> None:
        """Bytes came, or a question was answered: go on with what is there."""
        if self._start is not None:
            data = self._start + data
            legacy = is_legacy(data)
            if legacy is None:
                self._start = data
                if data:
                    self.begin()
                return
            self._start = None
            if legacy:
                self._reader = LegacyReader()
        if data:
            self._queue.extend(self._reader.feed(data))
        while self._queue and not self.working:
            self.begin()
            self._answer(self._queue.popleft())
        if not self.working and self._reader.unfinished:
            self._await()

    def turn_away(self, why: str) -> None:
        """Say so to whoever began a request."""
        if self.resting:
            return
        if self._legacy:
            self.send(LEGACY_TEMPORARY)
        else:
            self.send(refusal(408 if why == "slow" else 503))

    def _await(self) -> None:
        """More of a request is to come: account for what is held of it, and ask for the rest."""
        self.begin()
        size = self._reader.size
        if size > self._counted:
            if not self.hold(size - self._counted):
                self.dismiss("large" if size > limits.SERVICE_MESSAGE else "memory")
                return
            self._counted = size
        if self._reader.waits:
            self._reader.waits = False
            self.send(CONTINUE)

    def _answer(self, one: Request | Refusal) -> None:
        if isinstance(one, Refusal):
            self._refuse(one.status)
        elif self._legacy or (one.path in _CHECKS and one.method in _POST):
            self._check(one)
        elif (allowed := _ALLOWED.get(one.path)) is None:
            self._end(one, refusal(404, keep=one.keep, old=one.old, bare=one.method == b"HEAD"))
        elif one.method not in allowed:
            self._end(one, refusal(405, keep=one.keep, old=one.old, more=_ALLOW[allowed]))
        else:
            self._page(one)

    def _refuse(self, status: int) -> None:
        """Nothing more can be read here."""
        self.desk.remark(self.listener.door, refused=f"http-{status}")
        self.send(LEGACY_TEMPORARY if self._legacy else refusal(status))
        self.close()

    def _check(self, request: Request) -> None:
        if is_elsewhere(request) or not request.framed:
            self._end(request, refusal(415 if request.framed else 411, keep=request.keep, old=request.old))
            return
        asked = question(request)
        keep = request.keep and not self.ward.draining

        def done(answer: Answer) -> None:
            if self._legacy:
                self._end(request, rspamd.lines(answer))
            elif request.path == b"/checkv2":
                self._end(request, reply(rspamd.checkv2(answer), JSON, keep=keep, old=request.old))
            else:
                self._end(request, reply(rspamd.full(answer, asked.queue_id), JSON, keep=keep, old=request.old))

        self.ask(asked, done)

    def _page(self, request: Request) -> None:
        keep, bare = request.keep and not self.ward.draining, request.method == b"HEAD"
        if request.path == b"/ping":
            self._end(request, reply(b"pong\r\n", TEXT, keep=keep, old=request.old, bare=bare))
            return
        status, kind, body, more = pages.page(request, self.desk, self.peer)
        if status == 200:
            self._end(request, reply(body, kind, keep=keep, old=request.old, more=more, bare=bare))
        else:
            self._end(request, refusal(status, keep=keep, old=request.old, bare=bare))

    def _end(self, request: Request, answer: bytes) -> None:
        """Answered: the connection stays for the next request, or closes if the client wants it so."""
        self.send(answer)
        self._counted = 0
        self.rest()
        if not request.keep:
            self.close()
