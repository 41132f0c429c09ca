"""An answer in rspamd's shapes: the JSON of `/checkv2`, and the lines of the protocol before it. Pure."""

from __future__ import annotations

from functools import lru_cache
from json import JSONEncoder
from json.encoder import encode_basestring_ascii as _string

from ndrfilter.doors.reply import REASON, STATUS, marks
from ndrfilter.service import export
from ndrfilter.terminal import clip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndrfilter.service.desk import Answer

_MAX_TEXT = 300  # characters of an option
_MAX_MESSAGE_ID = 500
_MAX_SYMBOLS = 50  # in lines: Exim reads at most 32,000 bytes
_ACTIONS = {"header": "add header", "reject": "reject", "discard": "discard", "quarantine": "quarantine"}
_REMOVED = {STATUS: 0, REASON: 0}  # 0: all of that name

encode = JSONEncoder(separators=(",", ":")).encode


def action(answer: Answer) -> str:
    """What rspamd calls what is to be done. Wanted mail is never acted on, and where we only watch, nothing is."""
    if not export.is_spam(answer.result) or answer.unjudged:
        return "no action"
    return _ACTIONS.get(answer.action, "no action")


def checkv2(answer: Answer) -> bytes:
    """The body of the reply to `/checkv2`: put together from pieces, of which most recur from mail to mail."""
    result = answer.result
    if result.hits or answer.unjudged:
        before, after = _around(answer)
    else:
        alike = result.verdict, result.kind, result.score, result.required, answer.action, result.advice.reason
        before, after = _RECURRING.get(alike) or _recurring(alike, answer)
    time = round(answer.seconds, 6)
    return f'{before}"message-id":{_string(_message_id(answer))},"time_real":{time!r}{after}'.encode("ascii")


_RECURRING: dict[tuple[str | float, ...], tuple[str, str]] = {}
"""What stands around a message's own in replies of which no rule speaks, by what they depend on; at most 256."""


def _recurring(alike: tuple[str | float, ...], answer: Answer) -> tuple[str, str]:
    if len(_RECURRING) >= 256:
        _RECURRING.clear()
    return _RECURRING.setdefault(alike, _around(answer))


def _around(answer: Answer) -> tuple[str, str]:
    """What stands before a message's own id and time in the reply, and after them."""
    result = answer.result
    hits = export.live(result)
    skipped = answer.unjudged == "opt-out"
    verdict = "" if skipped else export.verdict_symbol(result)
    reason = result.advice.reason if verdict else ""
    symbols = [_symbol(verdict, 0.0, reason)] if verdict else []
    symbols += [_symbol(export.PREFIX + hit.name, export.towards_spam(hit), hit.text) for hit in hits]
    fields = marks(answer, tuple([hit.name for hit in hits]))
    before = (
        f'{{"is_skipped":{"true" if skipped else "false"},"score":{round(export.score(result), 2)!r}'
        f',"required_score":{round(export.required(result), 2)!r},"action":"{action(answer)}"'
        f',"symbols":{{{",".join(symbols)}}},"messages":{{}},'
    )
    return before, f"{_milter(fields) if fields else ''}}}"


@lru_cache(maxsize=256)
def _milter(fields: tuple[tuple[str, str], ...]) -> str:
    """The milter block: mail that is alike gets the same one."""
    added = {name: {"value": value, "order": place} for place, (name, value) in enumerate(fields)}
    return f',"milter":{encode({"remove_headers": _REMOVED, "add_headers": added})}'


def full(answer: Answer, queue_id: str) -> bytes:
    """The body of the reply to `/check`: the whole result, what to do about it, and whose it is."""
    shape = answer.result.to_dict()
    shape["action"] = answer.action if export.is_spam(answer.result) or not answer.action else "header"
    shape["would"] = answer.would
    shape["unjudged"] = answer.unjudged
    shape["queue_id"] = queue_id
    shape["message_id"] = answer.message_id
    shape["seconds"] = round(answer.seconds, 6)
    return encode(shape).encode()


def lines(answer: Answer) -> bytes:
    """The whole reply to `CHECK RSPAMC/1.3`, as Exim parses it."""
    result = answer.result
    spam = "True" if export.is_spam(result) else "False"
    reply = [
        "RSPAMD/1.3 0 EX_OK",
        f"Metric: default; {spam}; {export.score(result):.2f} / {export.required(result):.2f} / 0.0",
        f"Action: {action(answer)}",
        *[f"Symbol: {name}({score:.2f})" for name, score, _ in _symbols(answer)][:_MAX_SYMBOLS],
        f"Message-ID: {_message_id(answer)}",
    ]
    return "".join(f"{line}\r\n" for line in reply).encode("ascii", "replace")


def _symbols(answer: Answer) -> Iterator[tuple[str, float, str]]:
    """Name, score and text of each symbol: the verdict, which scores nothing itself, then the rules behind it."""
    result = answer.result
    verdict = "" if answer.unjudged == "opt-out" else export.verdict_symbol(result)
    if verdict:
        yield verdict, 0.0, result.advice.reason
    yield from export.symbols(result)


def _symbol(name: str, score: float, text: str) -> str:
    """A symbol as a member of a JSON object; `text` may come from mail."""
    if len(text) > _MAX_TEXT or not text.isprintable():
        text = clip(text, _MAX_TEXT)
    return f"{_front(name, score)}{_string(text) if text else ''}]}}"


@lru_cache(maxsize=256)
def _front(name: str, score: float) -> str:
    """What is the same whenever a rule hits."""
    name, score = _string(name), round(score, 2)
    return f'{name}:{{"name":{name},"score":{score!r},"metric_score":{score!r},"options":['


def _message_id(answer: Answer) -> str:
    text = answer.message_id.strip("<>")
    if len(text) > _MAX_MESSAGE_ID or not text.isprintable():
        text = clip(text, _MAX_MESSAGE_ID)
    return text or "undef"
