"""Tables: drawn by rich on a terminal, columns of plain text when piped. Text from mail or files is made visible."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from ndrfilter.terminal import escape, say

_GAP = "  "


def show(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a table to standard output."""
    shown = [[visible(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _rich(headings, shown)
    else:
        _plain(shown)


def visible(text: str) -> str:
    """The text on one line, its indentation kept, without anything a terminal would obey."""
    return " " * (len(text) - len(text.lstrip(" "))) + escape(" ".join(text.split()))


def _rich(headings: Sequence[str], rows: list[list[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, heading in enumerate(headings):
        # Names must stay whole, for copying; what is last, the description, may take several lines.
        whole = max((len(row[number]) for row in rows), default=0) if number == 0 else None
        table.add_column(heading, min_width=whole, no_wrap=number < len(headings) - 1)
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)


def _plain(rows: list[list[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = _GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        say(line.rstrip())
