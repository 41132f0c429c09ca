"""Diagnostics: where a mistake stands, what it is called, what may have been meant, and how it is shown."""

from __future__ import annotations

import bisect
import difflib
import re
from collections.abc import Iterable

from ndrfilter.errors import Diagnostic
from ndrfilter.lang.rule import Source
from ndrfilter.limits import MAX_DIAGNOSTICS

_LINE_END = re.compile("\n")
_WIDTH = 120
_MOST_WORDS = 400
_COLORS = {"E": "\x1b[1;31m", "W": "\x1b[1;33m"}
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


class Text:
    """A source with its lines: turns offsets into places."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.text = source.text
        self.starts = [0, *(found.end() for found in _LINE_END.finditer(source.text))]

    def line(self, offset: int) -> int:
        """The number of the line on which that offset stands."""
        return bisect.bisect_right(self.starts, offset)

    def place(self, offset: int) -> str:
        """file:line."""
        return f"{self.source.name}:{self.line(offset)}"

    def diagnostic(self, code: str, start: int, end: int, message: str, help_text: str = "") -> Diagnostic:
        """A diagnostic for a span; one that goes on over the line's end is cut there."""
        start = min(start, len(self.text))
        number = self.line(start)
        begin = self.starts[number - 1]
        line = (
            self.text[begin:].split("\n", 1)[0]
            if number == len(self.starts)
            else self.text[begin : self.starts[number] - 1]
        )
        length = max(1, min(end, begin + len(line)) - start)
        return Diagnostic(
            code, message, self.source.name, number, start - begin + 1, length, line.rstrip("\r"), help_text
        )


class Sink:
    """Collects diagnostics; the same one is kept once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, int, int], Diagnostic] = {}

    def add(self, diagnostic: Diagnostic) -> None:
        """Keep it, unless it is known or there are too many."""
        key = (diagnostic.file, diagnostic.code, diagnostic.line, diagnostic.column)
        same_kind = sum(found.is_error == diagnostic.is_error for found in self._found.values())
        if same_kind < MAX_DIAGNOSTICS:
            self._found.setdefault(key, diagnostic)

    @property
    def all(self) -> list[Diagnostic]:
        """Everything, by file and place."""
        return sorted(self._found.values(), key=lambda found: (found.file, found.line, found.column, found.code))

    @property
    def failed(self) -> bool:
        """Whether there is an error among them."""
        return any(found.is_error for found in self._found.values())


def meant(word: str, known: Iterable[str]) -> str:
    """A question for the help: which of the known words may have been meant; empty if none is near."""
    by_fold = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), by_fold, n=2, cutoff=0.6)
    return f"did you mean {' or '.join(by_fold[name] for name in near)}?" if near else ""


def render(diagnostic: Diagnostic, color: bool = False) -> str:
    """The diagnostic as people see it: place, code, message, the line with its span underlined, help."""
    found = diagnostic
    place = ":".join(str(part) for part in (found.file, found.line, found.column) if part)
    kind = "error" if found.is_error else "warning"
    head = f"{kind}[{found.code}]"
    message = _visible(_cut(found.message))
    if color:
        head, message = f"{_COLORS[found.code[0]]}{head}{_PLAIN}", f"{_BOLD}{message}{_PLAIN}"
    lines = [f"{_visible(place)}: {head}: {message}"]
    if found.line and found.column and found.source:
        lines += _excerpt(found)
    if found.help:
        lines.append(f"  help: {_visible(_cut(found.help))}")
    return "\n".join(lines)


def _excerpt(found: Diagnostic) -> list[str]:
    """The source line and its underline; a long line is shown around the span, tabs stay tabs in both."""
    number = str(found.line)
    room = _WIDTH - len(f"  {number} | ")
    shown, at = found.source, found.column - 1
    if len(shown) > room:
        first = max(0, min(at - room // 2, len(shown) - room))
        shown, at = _window(shown, first, room), at - first
    width = max(1, min(found.length, len(shown) - at))
    indent = "".join("\t" if letter == "\t" else " " for letter in shown[:at])
    return [f"  {number} | {_visible(shown)}", f"  {' ' * len(number)} | {indent}{'^' * width}"]


def _window(line: str, first: int, room: int) -> str:
    """So many characters of the line, with a mark at each end where there is more."""
    before, after = "…" if first else "", "…" if first + room < len(line) else ""
    return before + line[first + len(before) : first + room - len(after)] + after


def _cut(words: str) -> str:
    return words if len(words) <= _MOST_WORDS else words[: _MOST_WORDS - 1] + "…"


def _visible(text: str) -> str:
    return "".join(letter if letter.isprintable() or letter in "\t" else "\N{REPLACEMENT CHARACTER}" for letter in text)
