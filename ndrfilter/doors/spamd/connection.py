"""One client of the spamd door: the protocol and the desk brought together."""

from __future__ import annotations

from ndrfilter.doors.spamd.envelope import envelope_of
from ndrfilter.doors.spamd.protocol import PING, SKIP, TOO_LARGE, Reader, Refusal, inflate, temporary
from ndrfilter.doors.spamd.reply import PONG, reply
from ndrfilter.service.connection import Connection
from ndrfilter.service.desk import Question

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.config.model import Listener
    from ndrfilter.doors.spamd.protocol import Request
    from ndrfilter.service.desk import Answer, Desk
    from ndrfilter.service.ward import Ward

DOOR = "spamd"


class SpamdConnection(Connection):
    """A client that asks once: as spamd does, we close when it has its answer."""

    def __init__(self, desk: Desk, ward: Ward, listener: Listener) -> None:
        super().__init__(desk, ward, listener)
        self._reader = Reader()

    def received(self, data: bytes) -> None:
        """A part of the request."""
        if not data:
            return
        self.begin()
        self._go_on(self._reader.feed(data) if self.hold(len(data)) else TOO_LARGE)

    def ended(self) -> None:
        """The client will say no more; that ends a message whose length it did not tell."""
        if self._reader.untouched:
            self.close()
        else:
            self._go_on(self._reader.end())

    def turn_away(self, why: str) -> None:
        """A reply that clients take for a failure, whereupon they give the message on as it was."""
        self.send(temporary(why).line)

    def _go_on(self, found: Request | Refusal | None) -> None:
        if isinstance(found, Refusal):
            self._refuse(found)
        elif found is not None and found.method in (PING, SKIP):
            if found.method == PING:
                self.send(PONG)
            self.close()
        elif found is not None:
            self._judge(found)

    def _judge(self, request: Request) -> None:
        if request.compressed:
            body = inflate(request.body, self.hold)
            if isinstance(body, Refusal):
                self._refuse(body)
                return
            request = request._replace(body=body)
        envelope, queue_id = envelope_of(request.body, request.user)
        self.ask(Question(request.body, envelope, DOOR, queue_id), lambda answer: self._answer(request, answer))

    def _answer(self, request: Request, answer: Answer) -> None:
        self.send(reply(request, answer))
        self.close()

    def _refuse(self, refusal: Refusal) -> None:
        self.desk.remark(DOOR, refused=refusal.why)
        self.send(refusal.line)
        self.close()
