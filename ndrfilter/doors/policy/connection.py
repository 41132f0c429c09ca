"""One client of the policy door: requests in order, each answered whatever happens; in doubt with DUNNO."""

from __future__ import annotations

import asyncio

from ndrfilter import limits
from ndrfilter.doors.policy import decide
from ndrfilter.doors.policy.decide import Seen
from ndrfilter.doors.policy.protocol import DUNNO, MalformedError, Parser, reply
from ndrfilter.envelope import Envelope
from ndrfilter.schema import Unknown
from ndrfilter.service.connection import Connection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ndrfilter.doors.policy.protocol import Request
    from ndrfilter.facts.world import Facts


class PolicyConnection(Connection):
    """Postfix, asking. It keeps a connection for as long as it likes, so our patience outlasts its own."""

    idle = limits.POLICY_IDLE

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._parser = Parser()
        self._seen = Seen()

    def received(self, data: bytes) -> None:
        """Answer every request that is there."""
        self._parser.feed(data)
        told = 0
        try:
            while not self.working and (request := self._parser.next()) is not None:
                self.begin()
                self._judge(request)
                told += 1
                if told == limits.SERVICE_BURST and not self.working:
                    self.wait_for(asyncio.sleep(0), lambda _: self.rest())  # other clients wait too
        except MalformedError:
            self.begin()
            self.dismiss("malformed")
        if not self.working and self._parser.midway:
            self.begin()
            if not self.hold(len(data)):
                self.dismiss("memory")

    def turn_away(self, why: str) -> None:  # noqa: ARG002 - the protocol has no word for it
        """Who began to ask is told to go on without us; an answer that nobody asked for would confuse Postfix."""
        if not self.resting:
            self.send(reply(DUNNO))

    def _judge(self, request: Request) -> None:
        if not decide.concerned(request):
            self._say(DUNNO)
            return
        if not request.instance or request.instance != self._seen.instance:
            self._seen = Seen(request.instance)
        self._seen.note(request)
        try:
            facts = self._facts(request)
            if facts is not None and decide.ask_lists(request, facts, self._seen):
                self.wait_for(self._fetch(facts), lambda trouble: self._decide(request, facts, trouble))
            else:
                self._decide(request, facts)
        except Exception as error:
            self._failed(request, error)

    def _facts(self, request: Request) -> Facts | None:
        """The envelope's facts, None where nobody wants them looked at."""
        to = self._seen.whole(request)
        if decide.all_opted_out(to, self.desk):
            return None
        client = (request.client_address, request.client_name, request.helo)
        return self.desk.filter.facts(b"", Envelope("", to, *client))

    async def _fetch(self, facts: Facts) -> str:
        try:
            await self.desk.filter.afetch(facts, *decide.LISTS)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        listed = facts.fact(decide.LISTS[0])
        return listed.cause if isinstance(listed, Unknown) else ""

    def _decide(self, request: Request, facts: Facts | None, trouble: str = "") -> None:
        try:
            found = decide.grounds(request, facts, self._seen) if facts else decide.Grounds()
            told = decide.tell(request, found, self._seen, self.desk)
            troubles = [trouble, *(f"{where}: {what}" for where, what in facts.troubles)] if facts else []
            trouble = "; ".join(filter(None, troubles))
        except Exception as error:
            self._failed(request, error)
            return
        words = {"batv": found.batv, "dnsbl": ",".join(found.zones), "action": told.action, "would": told.would}
        self._remark(request, **words, trouble=trouble)
        self._say(told.words)

    def _failed(self, request: Request, error: Exception) -> None:
        self._remark(request, action="dunno", trouble=f"{type(error).__name__}: {error}")
        self._say(DUNNO)

    def _remark(self, request: Request, **words: str) -> None:
        client = f"{request.client_name}[{request.client_address}]"
        count = str(request.recipient_count or "")
        said = {"state": request.state, "from": "<>", "to": request.recipient, "recipients": count, "client": client}
        told = {name: word for name, word in {**said, **words}.items() if word}
        self.desk.remark(self.listener.door, request.queue_id or "NOQUEUE", **told)

    def _say(self, action: str) -> None:
        self.send(reply(action))
        self.rest()
