"""Text → syntax tree, by lark. The parser is built on first use and kept; nothing here knows what words mean."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from lark import Lark, Token, Transformer_NonRecursive
from lark.exceptions import UnexpectedInput
from lark.lexer import PatternRE, PatternStr, TerminalDef

from ndrfilter.lang.syntax import CLASSES, Node, Word

STARTS = ["start", "expr"]
_GRAMMAR = Path(__file__).with_name("grammar.lark")


def _bounded(terminal: TerminalDef) -> None:
    """A keyword is a whole word: `inside` is not `in` and a name."""
    pattern = terminal.pattern
    if isinstance(pattern, PatternStr) and pattern.value[0].isalpha():
        terminal.pattern = PatternRE(pattern.value + r"(?![\w~-])")
        terminal.priority = 3


@functools.cache
def parser() -> Lark:
    """The parser for files, single expressions and single clauses."""
    grammar = _GRAMMAR.read_text(encoding="utf-8")
    return Lark(
        grammar, parser="lalr", lexer="contextual", start=STARTS, propagate_positions=True, maybe_placeholders=True,
        edit_terminals=_bounded,
    )  # fmt: skip


class _Builder(Transformer_NonRecursive):  # type: ignore[type-arg]
    """Makes nodes of lark's trees, offsets moved by `shift`."""

    def __init__(self, shift: int) -> None:
        super().__init__()
        self.shift = shift

    def __default__(self, data: Any, children: list[Any], meta: Any) -> Node:
        if meta.empty:
            return CLASSES[str(data)](self.shift, self.shift, ())
        parts = tuple(self._word(child) if isinstance(child, Token) else child for child in children)
        return CLASSES[str(data)](meta.start_pos + self.shift, meta.end_pos + self.shift, parts)

    def _word(self, token: Token) -> Word:
        start = token.start_pos or 0
        return Word(start + self.shift, start + self.shift + len(token), str(token))


def parse(text: str, start: str = "start", shift: int = 0) -> Node:
    """The tree of `text`, its offsets counted from `shift`. Raises lark's UnexpectedInput."""
    tree: Node = _Builder(shift).transform(parser().parse(text, start=start))
    return tree


__all__ = ["UnexpectedInput", "parse", "parser"]
