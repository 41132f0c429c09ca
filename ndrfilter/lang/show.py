"""Values as people read them in descriptions: bounded, with nothing that could move a terminal or split a header."""

from __future__ import annotations

from time import gmtime, strftime

from ndrfilter.limits import MAX_DESCRIPTION_CHARS
from ndrfilter.schema import Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

NOTHING, NOT_KNOWN, EMPTY = "(none)", "(unknown)", "(empty)"
_MOST_ITEMS = 5
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"))


def shown(value: Any, kind: str) -> str:
    """The value in words. Kinds are "time", "hop", "list ip", ".text" for a record shown by that field, "a report"."""
    if value is None or value.__class__ is Unknown:
        return NOTHING if value is None else NOT_KNOWN
    if not kind:
        return _plain(value)
    if kind.startswith("list ") and value.__class__ in (tuple, list):
        words = ", ".join(shown(item, kind[5:]) for item in value[:_MOST_ITEMS])
        return words + (", …" if len(value) > _MOST_ITEMS else "")
    if kind.startswith("a "):
        return f"({kind})"  # a thing of several parts, none of which stands for it
    if kind.startswith("."):
        return shown(getattr(value, kind[1:], None), "")
    return _SHOW.get(kind, _plain)(value)


def traced(value: Any, kind: str) -> Any:
    """The value as a trace has it: yes or no, absent and unknown as they are, everything else in words."""
    if value is None or value.__class__ in (bool, Unknown):
        return value
    return visible(shown(value, kind)) or EMPTY


def filled(parts: tuple[Any, ...], scope: Any) -> str:
    """A description: texts as they are, closures asked; escaped and cut at the limit."""
    words = [(part if part.__class__ is str else _text(part(scope, ())))[:MAX_DESCRIPTION_CHARS] for part in parts]
    text = _printable("".join(words))
    return text if len(text) <= MAX_DESCRIPTION_CHARS else text[: MAX_DESCRIPTION_CHARS - 1] + "…"


def visible(text: str) -> str:
    """The text with everything that is not printable escaped; cut where no description could show it anyway."""
    return _printable(text[:MAX_DESCRIPTION_CHARS])


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(letter: str) -> str:
    if letter.isprintable():
        return letter
    return " " if letter in "\n\r\t\N{NO-BREAK SPACE}" else f"\\x{ord(letter):02x}"


def _text(value: Any) -> str:
    return value if value.__class__ is str else shown(value, "")


def _plain(value: Any) -> str:
    if value.__class__ is bool:
        return "yes" if value else "no"
    if value.__class__ is float:
        return f"{value:g}"
    return str(value)


def _time(value: Any) -> str:
    try:
        return strftime("%Y-%m-%d %H:%M UTC", gmtime(value))
    except (ValueError, OverflowError, OSError, TypeError):
        return str(value)


def _duration(value: Any) -> str:
    for seconds, unit in _UNITS:
        if value.__class__ in (int, float) and abs(value) >= seconds:
            return f"{value / seconds:.3g}{unit}"
    return f"{_plain(value)}s"


def _hop(value: Any) -> str:
    name = getattr(value, "rdns", None) or getattr(value, "helo", None)
    ip = getattr(value, "ip", None)
    return " ".join(word for word in (name, f"[{ip}]" if ip else "") if word) or NOTHING


_SHOW: dict[str, Callable[[Any], str]] = {"time": _time, "duration": _duration, "hop": _hop}
