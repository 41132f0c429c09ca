"""The journal: one line for each message, and for whatever else happens, wherever the configuration wants it."""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.service.desk import Observer
from ndrfilter.service.journal_lines import JSON, PLAIN, SHORT, event_as_json, write
from ndrfilter.service.journal_sinks import ERROR, INFO, WARNING, sink
from ndrfilter.service.words import shape
from ndrfilter.terminal import clip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.config.model import Service
    from ndrfilter.envelope import Envelope
    from ndrfilter.service.desk import Answer, Question, Remark
    from ndrfilter.service.journal_lines import Form
    from ndrfilter.service.journal_sinks import Sink

_MARKS = frozenset(("mid", "from", "to"))
_EVENT = limits.JOURNAL_LINE // 4 - 100  # characters of one of its lines; each may take four bytes
_LEVELS = {ERROR: "error", WARNING: "warning", INFO: "info"}


class Journal(Observer):
    """Writes the log. Nothing it cannot write is ever an exception; `lost` counts such lines."""

    def __init__(self, to: Sink, json: bool = False) -> None:
        self._sink = to
        self._json = json
        self._forms = JSON if json else PLAIN

    @classmethod
    def open(cls, service: Service) -> Journal:
        """The journal as `service.log` and `service.log_format` have it.

        Raises ConfigError for a file that cannot be written.
        """
        return cls(sink(service.log), service.log_format == "json")

    @property
    def lost(self) -> int:
        """How many lines nobody took."""
        return self._sink.lost

    def answered(self, question: Question, answer: Answer) -> None:
        """The message's line."""
        level = INFO
        if answer.result.errors:
            level = ERROR if answer.unjudged else WARNING
        word = _LEVELS[level]
        line = self._forms[0].head(question.queue_id, word, _message(self._forms[0], question, answer))
        if len(line) > SHORT:
            line = write(self._forms, lambda form: form.head(question.queue_id, word, _message(form, question, answer)))
        self._sink.write(level, line, self._json)

    def remarked(self, remark: Remark) -> None:
        """A remark's line: its door, then its words."""
        line = write(self._forms, lambda form: form.head(remark.queue_id, _LEVELS[INFO], _remark(form, remark)))
        self._sink.write(INFO, line, self._json)

    def event(self, text: str, level: int = INFO) -> None:
        """Something that happened to the service itself; text of several lines becomes several, but one in JSON."""
        if self._json:
            self._sink.write(level, event_as_json(text, _LEVELS[level]), raw=True)
            return
        for line in text.splitlines():
            self._sink.write(level, clip(line, _EVENT), raw=False)

    def close(self) -> None:
        """Close what was opened."""
        self._sink.close()


def _message(form: Form, question: Question, answer: Answer) -> str:
    result, envelope = answer.result, question.envelope
    line = form.MESSAGE % (
        form.mark(answer.message_id),
        form.NONE if envelope.sender is None else form.mark(envelope.sender),
        form.marks(envelope.recipients),
        result.verdict,
        result.score,
        result.required,
        result.kind,
        form.texts([hit.name for hit in result.hits]),
        form.texts([rule.name for rule in result.undecided]),
        answer.seconds * 1_000,
        answer.action or "none",
        question.door,
    )
    return line + _besides(form, envelope, answer)


def _besides(form: Form, envelope: Envelope, answer: Answer) -> str:
    """What is said only where there is something to say."""
    result, more = answer.result, ""
    if envelope.client_ip:
        more = form.FIELD % ("client", form.text(f"{envelope.client_name or 'unknown'}[{envelope.client_ip}]"))
    if answer.would:
        more += form.FIELD % ("would", form.text(answer.would))
    if answer.unjudged:
        more += form.FIELD % ("unjudged", form.text(answer.unjudged))
    if result.undecided:
        more += form.FIELD % ("why", form.texts(list(dict.fromkeys([shape(rule.cause) for rule in result.undecided]))))
    if errors := result.errors:
        more += form.FIELD % ("error", form.texts([f"{trouble.where}: {trouble.what}" for trouble in errors]))
    return more


def _remark(form: Form, remark: Remark) -> str:
    words = (("door", remark.door), *remark.words)
    fields = [form.FIELD % (name, form.mark(word) if name in _MARKS else form.text(word)) for name, word in words]
    return "".join(fields)[1:]
