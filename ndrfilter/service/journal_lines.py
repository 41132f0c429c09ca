"""The log's lines: how they are written and how they are read again. The two are each other's inverse.

A plain line is `QUEUEID: name=value name=value …`. A value is a list with commas between: words as they are, `<…>` for
ids and addresses, `"…"` for text with blanks. What could end a value, a field or a line, or mislead an eye, is written
\\xNN, \\uNNNN or \\UNNNNNNNN. As JSON the same names are the keys of one object a line. What is long is cut, and then
ends in three dots; a list that is long ends in "+3" for three more.
"""

from __future__ import annotations

import json
import re
import time
from functools import lru_cache
from json.encoder import encode_basestring_ascii as _string

from ndrfilter import limits
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    Values = tuple[str, ...]

NO_QUEUE = "NOQUEUE"
_MESSAGE = {
    "mid": "%s", "from": "%s", "to": "%s", "verdict": "word", "score": "%.1f", "required": "%.1f", "kind": "word",
    "rules": "%s", "undecided": "%s", "ms": "%.1f", "action": "word", "door": "word",
}  # fmt: skip
"""The fields that every message's line has, in this order; a "word" is one of our own."""

_ABOUT = frozenset(("queue", "time", "level"))  # keys of JSON that are no fields of the entry
_ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")
_ITEM = r'(?:"[^"]*"|<[^<>"\s]*>|[^\s"<>,]+)'
_LINE = re.compile(r"([^\s:]+): (?=[a-z_]+=)")
_FIELD = re.compile(rf"([a-z_]+)=((?:{_ITEM}(?:,{_ITEM})*)?)(?: |$)")
_ITEMS = re.compile(_ITEM)
_BOUNDS = ((limits.JOURNAL_WORD, limits.JOURNAL_ITEMS), (60, limits.JOURNAL_ITEMS), (20, 10), (8, 4))
_KNOWN = 1_000
_BEFORE = 200  # bytes for time, host and program
SHORT = limits.JOURNAL_LINE // 4
"""Characters of a line that is short enough whatever they are."""


class Form:
    """One way to write: plain, if cut to `length` characters a value and `items` a list. A subclass writes JSON."""

    MESSAGE = " ".join(f"{name}={'%s' if shape == 'word' else shape}" for name, shape in _MESSAGE.items())
    FIELD, NONE = " %s=%s", ""

    def __init__(self, length: int, items: int) -> None:
        self._length = length
        self._items = items
        self._usual = re.compile(rf"[!#-+\--;=?-\[\]-~]{{0,{length}}}").fullmatch  # short ASCII, nothing to escape
        self._known = lru_cache(maxsize=_KNOWN)(self.text)  # rules and causes recur

    def head(self, queue_id: str, level: str, text: str) -> str:  # noqa: ARG002 - the level is in JSON alone
        """The line: its message's queue id, and its fields."""
        if queue_id and (not self._usual(queue_id) or ":" in queue_id):
            queue_id = _escaped(self._clip(queue_id), ":")
        return f"{queue_id or NO_QUEUE}: {text}"

    def mark(self, text: str) -> str:
        """An id or address; if it has angle brackets already, these are they."""
        if text[:1] == "<" and text[-1:] == ">":
            text = text[1:-1]
        return f"<{text if self._usual(text) else _escaped(self._clip(text))}>"

    def marks(self, texts: Sequence[str]) -> str:
        """Ids or addresses."""
        return ",".join(map(self.mark, self._few(texts))) if texts else ""

    def texts(self, texts: Sequence[str]) -> str:
        """Names and texts; they may hold anything."""
        return ",".join(map(self._known, self._few(texts))) if texts else ""

    def text(self, text: str) -> str:
        """One text."""
        return text if text and self._usual(text) else f'"{_inside(self._clip(text))}"'

    def _few(self, texts: Sequence[str]) -> Sequence[str]:
        most = self._items
        return texts if len(texts) <= most else (*texts[:most], f"+{len(texts) - most}")

    def _clip(self, text: str) -> str:
        return text if len(text) <= self._length else text[: self._length] + "..."


class Json(Form):
    """The same as members of a JSON object, in ASCII."""

    MESSAGE = ",".join(
        f'"{name}":' + ('"%s"' if shape == "word" else shape) for name, shape in _MESSAGE.items()
    )  # fmt: skip
    FIELD, NONE = ',"%s":%s', "null"

    def head(self, queue_id: str, level: str, text: str) -> str:  # noqa: D102 - as above
        return f'{{"time":"{_stamp()}","level":"{level}","queue":{self.text(queue_id)},{text}}}'

    def text(self, text: str) -> str:  # noqa: D102
        shown = _string(self._clip(text))
        return shown if "\x7f" not in shown else shown.replace("\x7f", "\\u007f")

    def mark(self, text: str) -> str:  # noqa: D102
        return self.text(text[1:-1] if text[:1] == "<" and text[-1:] == ">" else text)

    def marks(self, texts: Sequence[str]) -> str:  # noqa: D102
        return f"[{super().marks(texts)}]"

    def texts(self, texts: Sequence[str]) -> str:  # noqa: D102
        return f"[{super().texts(texts)}]"


PLAIN = tuple(Form(*bounds) for bounds in _BOUNDS)
JSON = tuple(Json(*bounds) for bounds in _BOUNDS)
_OF_EVENTS = (Json(3_000, 1), Json(250, 1))


def write(forms: Sequence[Form], compose: Callable[[Form], str]) -> str:
    """The line that `compose` makes, in the first of the forms in which it is short enough."""
    line = ""
    for form in forms:
        line = compose(form)
        if len(line) <= SHORT or len(line.encode()) <= limits.JOURNAL_LINE - _BEFORE:
            break
    return line


def event_as_json(text: str, level: str) -> str:
    """An event of the service itself as a JSON object."""
    return write(_OF_EVENTS, lambda form: f'{{"time":"{_stamp()}","level":"{level}","event":{form.text(text)}}}')


class Entry(Noun):
    """What one line says: of which message (`queue_id` as the MTA says it, or empty), and fields, each a list."""

    queue_id: str
    fields: dict[str, Values]

    def word(self, name: str) -> str:
        """The first value of a field, or nothing."""
        return next(iter(self.fields.get(name, ())), "")


def read_plain(line: str) -> Entry | None:
    """The entry in a plain line; None for any other."""
    found = _LINE.match(line)
    if not found or len(line) > limits.JOURNAL_LINE:
        return None
    fields, place = {}, found.end()
    while place < len(line):
        field = _FIELD.match(line, place)
        if not field:
            return None
        fields[field[1]] = tuple([_bare(item) for item in _ITEMS.findall(field[2])])
        place = field.end()
    return Entry("" if found[1] == NO_QUEUE else _unescape(found[1]), fields)


def read_json(line: str) -> Entry | None:
    """The entry in a JSON line; None for any other."""
    try:
        read = json.loads(line) if len(line) <= limits.JOURNAL_LINE else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(read, dict) or not isinstance(read.get("queue"), str):
        return None
    return Entry(read["queue"], {name: _listed(value) for name, value in read.items() if name not in _ABOUT})


def _escaped(text: str, besides: str = "") -> str:
    return "".join([_code(one) if one in ' "<>,\\' or one == besides or not one.isprintable() else one for one in text])


def _inside(text: str) -> str:
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


def _listed(value: Any) -> Values:
    if value is None:
        return ()
    items: Iterable[Any] = value if isinstance(value, list) else (value,)
    return tuple([one if isinstance(one, str) else json.dumps(one) for one in items])


def _stamp() -> str:
    now = time.time()
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(now * 1_000) % 1_000:03d}Z"
