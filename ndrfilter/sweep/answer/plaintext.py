"""The page as plain text, for a terminal or a mail to the postmaster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ndrfilter.sweep.answer.blocks import Block, Bullets, Card, Entry, Para, Picture, Section, Table
from ndrfilter.sweep.answer.columns import cut, flow, padded, width
from ndrfilter.sweep.answer.nouns import Answer
from ndrfilter.sweep.answer.page import about, sections, summary
from ndrfilter.sweep.answer.texts import Quoted, Text, words
from ndrfilter.terminal import clip

_NARROWEST = 40
_MARKS = {"do": "+ ", "dont": "x ", "": "* "}
_SIGNS = "#R?!"
"""A bar's parts, in the order of VERDICTS."""
_HEIGHT = 8
_NARROW_CELL = 8
_INDENT = "  "


def plain(answer: Answer, language: str = "en", width: int = 78) -> Iterator[str]:
    """The page's lines, each of at most `width` columns (at least 40); raises KeyError for an unknown language."""
    page, columns = words(language), max(width, _NARROWEST)
    yield from flow(text_of(summary(answer, page)), columns)
    for text in about(answer, page):
        yield from flow(text_of(text), columns)
    for section in sections(answer, page):
        yield ""
        yield from _section(section, columns)


def text_of(text: Text) -> str:
    """A text with everything that is quoted escaped and cut."""
    return "".join(clip(piece.text, piece.most) if isinstance(piece, Quoted) else piece for piece in text)


def _section(section: Section, columns: int) -> Iterator[str]:
    title = text_of(section.title)
    yield title
    yield "-" * width(title)
    for index, block in enumerate(section.blocks):
        if index and not _belongs(section.blocks[index - 1], block):
            yield ""
        yield from _DRAWN[type(block)](block, columns)


def _belongs(before: Block, block: Block) -> bool:
    """Whether nothing needs to stand between the two."""
    if isinstance(block, Bullets):
        return isinstance(before, Bullets) or (isinstance(before, Para) and before.role == "lead")
    return isinstance(before, Para) and isinstance(block, Para) and block.role != "lead"


def _para(block: Para, columns: int) -> Iterator[str]:
    indent = "" if block.role == "lead" else _INDENT
    return flow(text_of(block.text), columns, indent, indent)


def _bullets(block: Bullets, columns: int) -> Iterator[str]:
    mark = _INDENT + _MARKS[block.mark]
    for item in block.items:
        yield from flow(text_of(item), columns, mark, " " * len(mark))


def _card(block: Card, columns: int) -> Iterator[str]:
    yield from flow(f"{text_of(block.title)} ({text_of(block.sure)})", columns)
    for text in (block.what, block.why):
        yield from flow(text_of(text), columns, _INDENT, _INDENT)


def _entry(block: Entry, columns: int) -> Iterator[str]:
    yield from flow(text_of(block.title), columns)
    for label, lines in block.fields:
        first, *rest = lines
        named = (*label, *block.colon, *first)
        yield from flow(text_of(named), columns, _INDENT, _INDENT * 2)
        for line in rest:
            yield from flow(text_of(line), columns, _INDENT * 2, _INDENT * 2)


def _table(block: Table, columns: int) -> Iterator[str]:
    """The columns as wide as their cells; the widest ones are cut until all fit."""
    yield from flow(text_of(block.caption), columns)
    rows = [[text_of(cell) for cell in row] for row in (block.heads, *block.rows)]
    widths = [max(width(row[index]) for row in rows) for index in range(len(block.heads))]
    left = columns - len(_INDENT) - 2 * (len(widths) - 1)
    while sum(widths) > left and max(widths) > _NARROW_CELL:
        widths[widths.index(max(widths))] -= 1
    for row in rows:
        cells = (
            padded(cut(cell, columns), columns, right=index in block.numbers)
            for index, (cell, columns) in enumerate(zip(row, widths, strict=True))
        )
        yield (_INDENT + "  ".join(cells)).rstrip()


def _picture(block: Picture, columns: int) -> Iterator[str]:
    """Bars of characters, upright, and what the characters mean."""
    bars = [bar.counts for bar in block.timeline.bars]
    highest = max(map(sum, bars))
    top = block.highest
    wide = max(1, min(4, (columns - len(_INDENT) - width(top) - 2) // len(bars)))
    drawn = [_column(counts, highest) for counts in bars]
    for row in reversed(range(_HEIGHT)):
        margin = padded(top if row == _HEIGHT - 1 else "", width(top))
        line = "".join((column[row] * max(1, wide - 1)).ljust(wide) for column in drawn)
        yield f"{_INDENT}{margin} |{line}".rstrip()
    yield f"{_INDENT}{padded('0', width(top), right=True)} +{'-' * (wide * len(bars))}"
    yield _axis(block, _INDENT + " " * (width(top) + 2), wide * len(bars), columns)
    legend = (f"{sign} = {text_of(name)}" for sign, name in zip(_SIGNS, block.names, strict=True))
    yield from flow(", ".join(legend), columns, _INDENT, _INDENT)


def _axis(block: Picture, margin: str, wide: int, columns: int) -> str:
    gap = max(2, wide - width(block.first) - width(block.last))
    return cut(f"{margin}{block.first}{' ' * gap}{block.last}", columns)


def _column(counts: tuple[int, int, int, int], highest: int) -> str:
    """One bar, from the ground up; whatever is there at all is seen."""
    heights = [-(-number * _HEIGHT // highest) for number in counts]
    while sum(heights) > _HEIGHT:
        heights[heights.index(max(heights))] -= 1
    return "".join(sign * height for sign, height in zip(_SIGNS, heights, strict=True)).ljust(_HEIGHT)


_DRAWN: dict[type[Any], Callable[[Any, int], Iterator[str]]] = {
    Para: _para,
    Bullets: _bullets,
    Card: _card,
    Entry: _entry,
    Table: _table,
    Picture: _picture,
}
