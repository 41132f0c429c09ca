"""The desk: where every door asks. One message in, one answer out, whatever goes wrong on the way."""

from __future__ import annotations

import asyncio
from time import perf_counter

from ndrfilter.config import load_ruleset
from ndrfilter.engine.result import Advice, Result, Trouble
from ndrfilter.envelope import Envelope
from ndrfilter.gate import message_id
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ndrfilter.api import Filter
    from ndrfilter.facts.world import Facts
    from ndrfilter.service.board import Board

    Done = Callable[["Answer"], None]

OPT_OUT, INTERNAL = "opt-out", "internal"
_SENTENCES = {
    OPT_OUT: "The recipient wants no judgement on mail.",
    INTERNAL: "ndrfilter failed on this message; nobody judged it.",
}


class Question(Noun):
    """A message and what the asking program knows of it. `user` is who logged in to send it, `queue_id` the MTA's."""

    raw: bytes
    envelope: Envelope
    door: str
    queue_id: str = ""
    user: str = ""


class Answer(Noun):
    """What the desk says. `action` is what to do: "" (nothing), header, reject, discard, quarantine.

    `would` is what the configuration asks for where the ruleset only watches or a recipient opted out, else empty.
    `unjudged` is why there is no verdict ("opt-out", "internal"), else empty; then the result is undetermined.
    `seconds` is how long it took; `message_id` is the message's own, as written and not escaped.
    """

    result: Result
    action: str
    would: str = ""
    unjudged: str = ""
    seconds: float = 0.0
    message_id: str = ""


class Remark(Noun):
    """Something besides an answer that the log and the metrics should have: words by name, not escaped."""

    door: str
    queue_id: str
    words: tuple[tuple[str, str], ...]


class Observer:
    """Who is told of what happens at the desk: the journal, the metrics. What it raises is a bug of ours."""

    def answered(self, question: Question, answer: Answer) -> None:
        """An answer was given."""

    def remarked(self, remark: Remark) -> None:
        """Something else happened."""


class Desk:
    """Judges for the doors by one filter, and tells every observer of each answer. Lives in one event loop."""

    def __init__(self, judge: Filter, observers: Sequence[Observer] = ()) -> None:
        """Raises ConfigError if the ruleset cannot be read."""
        config = judge.config
        self.filter = judge
        self.board: Board | None = None  # of the whole service, for the doors that show it
        self._observers = tuple(observers)
        self._actions = load_ruleset(config.ruleset, config.local_rulesets).actions(config)
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """How many questions wait for the network."""
        return len(self._tasks)

    def ask(self, question: Question, done: Done) -> asyncio.Task[None] | None:
        """Call `done` with the answer: at once, unless something must be fetched; then the task that waits is returned.

        Whoever does not want the answer any more cancels the task; `done` is not called then. Nothing is raised for
        anything in the message, the rules, the plugins or the network.
        """
        began = perf_counter()
        recipients = question.envelope.recipients
        if recipients and all(map(self.filter.config.opted_out, recipients)):
            self._tell(question, _unjudged(OPT_OUT, ""), began, done)
            return None
        try:
            answer = self._ordinary(question)
            if answer is None:
                facts = self.filter.facts(question.raw, question.envelope)
                verdict = self.filter.at_once(facts)
                if verdict is not None:
                    answer = self._answer(question, facts, self.filter.result(verdict, facts, _TOLD))
        except Exception as error:
            answer = _unjudged(INTERNAL, f"{type(error).__name__}: {error}")
        if answer is not None:
            self._tell(question, answer, began, done)
            return None
        task = asyncio.get_running_loop().create_task(self._later(question, facts, began, done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def remark(self, door: str, queue_id: str = "", **words: str) -> None:
        """Tell every observer of something besides an answer."""
        for observer in self._observers:
            observer.remarked(Remark(door, queue_id, tuple(words.items())))

    def action(self, verdict: str, recipients: Sequence[str]) -> str:
        """What to do with mail of that verdict: one of config.model.ACTIONS, never more than these recipients allow."""
        held = any(map(_must_arrive, recipients)) or not self._alike(recipients)
        return "header" if held else self._actions.get(verdict, "header")

    async def _later(self, question: Question, facts: Facts, began: float, done: Done) -> None:
        try:
            verdict = await self.filter.ajudge(facts)
            answer = self._answer(question, facts, self.filter.result(verdict, facts, _TOLD))
        except Exception as error:
            answer = _unjudged(INTERNAL, f"{type(error).__name__}: {error}")
        self._tell(question, answer, began, done)

    def _ordinary(self, question: Question) -> Answer | None:
        """The answer on mail that shows at a glance that it is neither a bounce nor a fake."""
        result = self.filter.ordinary(question.raw, question.envelope, _TOLD)
        return None if result is None else self._acted(question, result, message_id(question.raw))

    def _answer(self, question: Question, facts: Facts, result: Result) -> Answer:
        field = facts.message.headers.first("Message-ID")
        return self._acted(question, result, field.raw if field else b"")

    def _acted(self, question: Question, result: Result, message_id: bytes) -> Answer:
        wanted = self.filter.config.actions.get(result.verdict, "header")
        action = self.action(result.verdict, question.envelope.recipients)
        told = message_id.decode("ascii", "replace").strip()
        return Answer(result, action, wanted if wanted != action else "", message_id=told)

    def _alike(self, recipients: Sequence[str]) -> bool:
        """Whether one action is right for all recipients: the same site's, and nobody who opted out."""
        config = self.filter.config
        if len(recipients) < 2:
            return bool(recipients) or not config.opt_out  # nobody told us who they are
        first = config.site_for(recipients[:1])
        return all(config.site_for([one]) is first and not config.opted_out(one) for one in recipients)

    def _tell(self, question: Question, answer: Answer, began: float, done: Done) -> None:
        result, action, would, unjudged, _, message_id = answer
        answer = Answer(result, action, would, unjudged, perf_counter() - began, message_id)
        try:
            for observer in self._observers:
                observer.answered(question, answer)
        finally:  # whoever waits gets the answer, even if nobody could note it down
            done(answer)


_TOLD = "arguments"
_RESERVED = ("postmaster", "abuse")


def _must_arrive(recipient: str) -> bool:
    """Whether that mailbox takes all mail, so that who is in trouble with us can say so (RFC 5321 section 4.5.1)."""
    return recipient.partition("@")[0].lower() in _RESERVED


def _unjudged(why: str, trouble: str) -> Answer:
    troubles = (Trouble("ndrfilter", trouble),) if trouble else ()
    sentence = _SENTENCES[why]
    result = Result(
        "undetermined", "none", 0.0, 0.0, (), (), "", None, (), "", "", (), troubles,
        Advice(sent="", why=sentence, do="", reason=sentence), _TOLD,
    )  # fmt: skip
    return Answer(result, "" if why == OPT_OUT else "header", unjudged=why)
