"""The door itself: one connection of an MTA, which lasts as long as the SMTP session that it tells of."""

from __future__ import annotations

import asyncio

from ndrfilter import limits
from ndrfilter.doors.milter import answers
from ndrfilter.doors.milter.outbox import from_us, outbox_of, sent_by_us
from ndrfilter.doors.milter.session import Session
from ndrfilter.doors.milter.wire import END, Reader, WireError
from ndrfilter.service.connection import Connection
from ndrfilter.service.desk import Question

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.config.model import Listener
    from ndrfilter.service.desk import Answer, Desk
    from ndrfilter.service.ward import Ward


class MilterConnection(Connection):
    """Answers one MTA. Whatever we cannot do, its mail passes.

    An MTA that loses us between two messages takes the next one unasked, or not at all. So while we leave we stay with
    it until it goes, or until the time for draining is over.
    """

    idle = limits.MILTER_IDLE
    lasting = True

    def __init__(self, desk: Desk, ward: Ward, listener: Listener) -> None:
        super().__init__(desk, ward, listener)
        self._outbox = outbox_of(desk)
        self._reader = Reader()
        self._session = Session(answers.wanted(desk.filter.config, marks=self._outbox.marks), self.hold)

    def received(self, data: bytes) -> None:
        """Packets came, whole or in part."""
        if data:
            self._reader.feed(data)
        judged = 0
        try:
            while not self.working and (packet := self._reader.next()) is not None:
                self._told(*packet)
                judged += packet[0] == END
                if judged == limits.SERVICE_BURST and not self.working:
                    self.wait_for(asyncio.sleep(0), lambda _: self.rest())  # other clients wait too
        except WireError:
            self.dismiss("malformed")

    def _told(self, command: int, data: bytes) -> None:
        session, mail = self._session, self._session.mail
        answer = session.take(command, data)
        if answer:
            self.send(answer)
        if session.over:
            self.close()
        elif session.complete:
            self.begin()
            self._decide()
        elif session.inside:
            self.begin()
        elif session.mail is not mail:
            self.rest()

    def _decide(self) -> None:
        session, mail = self._session, self._session.mail
        envelope = mail.envelope(session.peer)
        if sent_by_us(mail, session.peer, self.listener):
            self._answer(self._outbox.dispatch(mail, envelope, session.terms))
        elif mail.lost:
            self.desk.remark(self.listener.door, mail.queue_id, unjudged="memory")
            self._answer(answers.lost(mail, session.terms))
        else:
            trusted = from_us(self.listener, session.peer.address)
            top = mail.received(session.peer, trusted=trusted, now=self.desk.filter.clock.now())
            question = Question(top + mail.content(), envelope, self.listener.door, mail.queue_id, mail.user)
            self.ask(question, self._judged)

    def _judged(self, answer: Answer) -> None:
        self._answer(answers.judged(answer, self._session.mail, self._session.terms))

    def _answer(self, data: bytes) -> None:
        self._session.reset()
        self.send(data)
        self.rest()
