"""The log's lines: what is written and how it is read again. The two are each other's inverse, and live side by side.

A plain line is `QUEUEID: name=value name=value …`. A value is a list with commas between: words as they are, `<…>` for
ids and addresses, `"…"` for text with blanks. What could end a value, a field or a line, or mislead an eye, is written
\\xNN, \\uNNNN or \\UNNNNNNNN. As JSON the same words are the keys of one object a line.
"""

from __future__ import annotations

import json
import re

from ndrfilter import limits
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Values = tuple[str, ...]

NO_QUEUE = "NOQUEUE"
_ANGLED = frozenset(("mid", "from", "to"))
_LISTS = frozenset(("to", "rules", "undecided", "why", "error"))
_NUMBERS = frozenset(("score", "required", "ms"))
_ABOUT = frozenset(("queue", "time", "level"))  # keys of JSON that are no words of the entry

_SAFE = re.compile(r"[!#-+\--;=?-\[\]-~]+")
_SAFE_INSIDE = re.compile(r"[ !#-<>-\[\]-~]*")
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")
_ITEM = r'(?:"[^"]*"|<[^<>"\s]*>|[^\s"<>,]+)'
_LINE = re.compile(r"([^\s:]{1,1000}): ([a-z_]+=.*)")
_FIELD = re.compile(rf"([a-z_]+)=((?:{_ITEM}(?:,{_ITEM})*)?)(?: |$)")
_ITEMS = re.compile(_ITEM)
_BOUNDS = ((limits.JOURNAL_WORD, limits.JOURNAL_ITEMS), (60, limits.JOURNAL_ITEMS), (20, 10), (8, 4))
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class Entry(Noun):
    """What one line says: of which message (`queue_id` as the MTA says it, or empty), and words by name.

    Every value is a tuple: one item, or as many as a list has, of which the last may be "+3" for three more.
    """

    queue_id: str
    words: tuple[tuple[str, Values], ...]


def plain(entry: Entry) -> str:
    """The entry as a line without its end, cut so that it fits into `limits.JOURNAL_LINE`."""
    return _cut(entry, _plain)


def as_json(entry: Entry, stamp: str, level: str) -> str:
    """The entry as a JSON object, in ASCII."""
    return _cut(entry, lambda one: _json({"time": stamp, "level": level, "queue": one.queue_id} | _plainly(one)))


def event_as_json(text: str, stamp: str, level: str) -> str:
    """An event of the service itself as a JSON object."""
    return _json({"time": stamp, "level": level, "event": text[: limits.JOURNAL_LINE // 8]})


def read_plain(line: str) -> Entry | None:
    """The entry of a line that `plain` wrote; None for any other."""
    found = _LINE.fullmatch(line[: limits.MAX_LOG_LINE])
    if not found:
        return None
    queue, text = found.groups()
    words, place = [], 0
    while place < len(text):
        field = _FIELD.match(text, place)
        if not field:
            return None
        words.append((field[1], tuple(_bare(item) for item in _ITEMS.findall(field[2]))))
        place = field.end()
    return Entry("" if queue == NO_QUEUE else _unescape(queue), tuple(words))


def read_json(line: str) -> Entry | None:
    """The entry of a line that `as_json` wrote; None for any other."""
    try:
        read = json.loads(line[: limits.MAX_LOG_LINE])
    except (ValueError, RecursionError):
        return None
    if not isinstance(read, dict) or not isinstance(read.get("queue"), str):
        return None
    words = tuple((name, _listed(value)) for name, value in read.items() if name not in _ABOUT)
    return Entry(read["queue"], words)


def _cut(entry: Entry, form: Any) -> str:
    """The entry in that form, its values and lists cut harder until the line is short enough."""
    line = ""
    for length, items in _BOUNDS:
        line = form(Entry(_clip(entry.queue_id, length), tuple((k, _few(v, length, items)) for k, v in entry.words)))
        if len(line) <= limits.JOURNAL_LINE // 4 or len(line.encode()) <= limits.JOURNAL_LINE - _BEFORE:
            break
    return line


_BEFORE = 200  # bytes for time, host and program


def _few(values: Values, length: int, items: int) -> Values:
    if len(values) > items:
        values = (*values[:items], f"+{len(values) - items}")
    for value in values:
        if len(value) > length:
            return tuple(_clip(one, length) for one in values)
    return values


def _clip(text: str, length: int) -> str:
    return text if len(text) <= length else text[:length] + "..."


def _plain(entry: Entry) -> str:
    fields = [f"{name}={_value(name, values)}" for name, values in entry.words]
    queue = _escaped(entry.queue_id, ":") if entry.queue_id else NO_QUEUE
    return f"{queue}: {' '.join(fields)}"


def _value(name: str, values: Values) -> str:
    if name in _ANGLED:
        return ",".join([f"<{_escaped(value)}>" for value in values])
    if len(values) == 1 and _SAFE.fullmatch(values[0]):
        return values[0]
    return ",".join([value if _SAFE.fullmatch(value) else f'"{_inside(value)}"' for value in values])


def _escaped(text: str, besides: str = "") -> str:
    if _SAFE.fullmatch(text) and not (besides and besides in text):
        return text
    return "".join([_code(one) if one in ' "<>,\\' or one == besides or not one.isprintable() else one for one in text])


def _inside(text: str) -> str:
    if _SAFE_INSIDE.fullmatch(text):
        return text
    return "".join([_code(one) if one in '"=\\' or not one.isprintable() else one for one in text])


def _code(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _bare(item: str) -> str:
    return _unescape(item[1:-1] if item[0] in '"<' else item)


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda found: _character(int(found[1] or found[2] or found[3], 16)), text)


def _character(code: int) -> str:
    return chr(code) if code < 0x110000 else "\ufffd"


def _json(words: dict[str, Any]) -> str:
    return _encode(words).replace("\x7f", "\\u007f")


def _plainly(entry: Entry) -> dict[str, Any]:
    return {name: _for_json(name, values) for name, values in entry.words}


def _for_json(name: str, values: Values) -> Any:
    if name in _LISTS or len(values) > 1:
        return values
    if not values:
        return None
    return float(values[0]) if name in _NUMBERS else values[0]


def _listed(value: Any) -> Values:
    if value is None:
        return ()
    items: Iterable[Any] = value if isinstance(value, list) else (value,)
    return tuple(one if isinstance(one, str) else _encode(one) for one in items)
