"""The journal: one line for each message, and for whatever else happens, wherever the configuration wants it."""

from __future__ import annotations

import time
from itertools import islice

from ndrfilter import limits
from ndrfilter.service.desk import Observer
from ndrfilter.service.journal_lines import Entry, as_json, event_as_json, plain
from ndrfilter.service.journal_sinks import ERROR, INFO, WARNING, sink
from ndrfilter.service.words import shape
from ndrfilter.terminal import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndrfilter.config.model import Service
    from ndrfilter.envelope import Envelope
    from ndrfilter.service.desk import Answer, Question, Remark
    from ndrfilter.service.journal_lines import Values
    from ndrfilter.service.journal_sinks import Sink

_LEVELS = {ERROR: "error", WARNING: "warning", INFO: "info"}


class Journal(Observer):
    """Writes the log. Nothing it cannot write is ever an exception; `lost` counts such lines."""

    def __init__(self, to: Sink, json: bool = False) -> None:
        self._sink = to
        self._json = json

    @classmethod
    def open(cls, service: Service) -> Journal:
        """The journal as `service.log` and `service.log_format` have it; raises ConfigError for a file that cannot be
        written.
        """
        return cls(sink(service.log), service.log_format == "json")

    @property
    def lost(self) -> int:
        """How many lines nobody took."""
        return self._sink.lost

    def answered(self, question: Question, answer: Answer) -> None:
        """The message's line."""
        level = ERROR if answer.unjudged and answer.result.errors else WARNING if answer.result.errors else INFO
        self._enter(Entry(question.queue_id, tuple(_message(question, answer))), level)

    def remarked(self, remark: Remark) -> None:
        """A remark's line: its door, then its words."""
        words = ((name, (value,)) for name, value in remark.words)
        self._enter(Entry(remark.queue_id, (("door", (remark.door,)), *words)), INFO)

    def event(self, text: str, level: int = INFO) -> None:
        """Something that happened to the service itself; text of several lines becomes several, but one in JSON."""
        if self._json:
            self._sink.write(level, event_as_json(text, _stamp(), _LEVELS[level]), raw=True)
            return
        for line in text.splitlines():
            self._sink.write(level, escape(line[: limits.JOURNAL_LINE // 8]), raw=False)

    def close(self) -> None:
        """Close what was opened."""
        self._sink.close()

    def _enter(self, entry: Entry, level: int) -> None:
        text = as_json(entry, _stamp(), _LEVELS[level]) if self._json else plain(entry)
        self._sink.write(level, text, raw=self._json)


def _message(question: Question, answer: Answer) -> Iterator[tuple[str, Values]]:
    result, envelope = answer.result, question.envelope
    yield "mid", (_inner(answer.message_id),)
    yield "from", () if envelope.sender is None else (_inner(envelope.sender),)
    yield "to", tuple([_inner(one) for one in islice(envelope.recipients, limits.MAX_RECIPIENTS)])
    yield "verdict", (result.verdict,)
    yield "score", (f"{result.score:.1f}",)
    yield "required", (f"{result.required:.1f}",)
    yield "kind", (result.kind,)
    yield "rules", tuple([hit.name for hit in result.hits])
    yield "undecided", tuple([rule.name for rule in result.undecided])
    yield "ms", (f"{answer.seconds * 1_000:.1f}",)
    yield "action", (answer.action or "none",)
    yield "door", (question.door,)
    yield from _besides(answer, envelope)


def _besides(answer: Answer, envelope: Envelope) -> Iterator[tuple[str, Values]]:
    """What is said only where there is something to say."""
    if answer.would:
        yield "would", (answer.would,)
    if answer.unjudged:
        yield "unjudged", (answer.unjudged,)
    if envelope.client_ip:
        yield "client", (f"{envelope.client_name or 'unknown'}[{envelope.client_ip}]",)
    if answer.result.undecided:
        yield "why", tuple(dict.fromkeys([shape(rule.cause) for rule in answer.result.undecided]))
    if answer.result.errors:
        yield "error", tuple([f"{trouble.where}: {trouble.what}" for trouble in answer.result.errors])


def _inner(text: str) -> str:
    return text[1:-1] if text[:1] == "<" and text[-1:] == ">" else text


def _stamp() -> str:
    now = time.time()
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(now * 1_000) % 1_000:03d}Z"
