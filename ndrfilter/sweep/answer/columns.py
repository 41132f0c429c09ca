"""Text in columns: how wide it is on a terminal, and where a line may end, in every script."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

_NOT_FIRST = "。、」』）】！？：；，．・ー…)]}!?,.:;"  # what Japanese never begins a line with (JIS X 4051)
_NOT_LAST = "「『（【([{"


def width(text: str) -> int:
    """Columns of `text`: full-width characters take two, combining ones none."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def padded(text: str, columns: int, *, right: bool = False) -> str:
    """`text` filled up with blanks."""
    blanks = " " * (columns - width(text))
    return blanks + text if right else text + blanks


def cut(text: str, columns: int) -> str:
    """`text` in at most so many columns, a cut shown by three dots."""
    return text if width(text) <= columns else _fitting(text, columns - 3).rstrip() + "..."


def _fitting(text: str, columns: int) -> str:
    """As much of the front of `text` as fits, one character at least."""
    taken = 0
    for index, char in enumerate(text):
        taken += _width(char)
        if taken > columns:
            return text[: max(index, 1)]
    return text


def flow(text: str, columns: int, first: str = "", then: str = "") -> Iterator[str]:
    """`text` in lines of at most so many columns; a word that is longer than a line is broken."""
    line, room, empty = first, columns - width(first), True
    for piece, spaced in _pieces(text):
        blank = " " if spaced and not empty else ""
        if not empty and width(blank + piece) > room:
            yield line
            line, room, empty, blank = then, columns - width(then), True, ""
        while width(piece) > room:
            head = _fitting(piece, room)
            yield line + head
            line, room, piece = then, columns - width(then), piece[len(head) :]
        line, room, empty = line + blank + piece, room - width(blank + piece), False
    if not empty:
        yield line


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """What must not be torn apart, each with whether a blank stands before it."""
    for word in text.split(" "):
        spaced, start = True, 0
        for index in range(1, len(word)):
            if _may_break(word[index - 1], word[index]):
                yield word[start:index], spaced
                spaced, start = False, index
        if word:
            yield word[start:], spaced


def _may_break(left: str, right: str) -> bool:
    wide = _width(left) == 2 or _width(right) == 2
    return wide and not left.isdigit() and right not in _NOT_FIRST and left not in _NOT_LAST and _width(right) > 0
