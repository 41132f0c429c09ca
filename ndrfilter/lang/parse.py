"""Text → syntax tree, by lark. The parser is built on first use and kept; nothing here knows what words mean."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from lark import Lark
from lark.exceptions import UnexpectedInput
from lark.lexer import PatternRE, PatternStr, TerminalDef

from ndrfilter.lang import expressions, syntax
from ndrfilter.lang.tree import Node, Word

CLASSES: dict[str, type[Node]] = {
    "".join(letter if letter.islower() else "_" + letter.lower() for letter in name).lstrip("_"): made
    for module in (syntax, expressions)
    for name, made in vars(module).items()
    if isinstance(made, type) and issubclass(made, Node)
}
"""The class of each grammar rule, by the rule's name."""

STARTS = ["start", "expr"]
_GRAMMAR = Path(__file__).with_name("grammar.lark")
_KEPT = frozenset((
    "BLOCK", "BODY", "BOOLEAN", "COMPARISON", "DATE", "DURATION", "EXTRACT", "GROUP", "HIT", "IN", "IN_FOLD", "KEY",
    "LONG_STRING", "MINUS", "MISS", "NAME", "NAMES_CLAUSE", "NETWORK", "NOT", "NUMBER", "PLAIN", "PLUS", "QUANTIFIER",
    "REGEX", "STATE", "STRING", "TEXT_OPERATOR", "WORD_CLAUSE",
))  # fmt: skip
"""The tokens that say something; the others only widen the span of their node."""
_SILENT = {"group_item": "GROUP", "not_expr": "NOT", "quantified": "IN", "hit_expr": "HIT", "example_clause": "IN"}
"""Tokens that say nothing more in that rule, because its class says it already."""


class _Splice:
    """The children of a rule that has no node of its own."""

    __slots__ = ("children",)

    def __init__(self, children: list[Any]) -> None:
        self.children = children


def _bounded(terminal: TerminalDef) -> None:
    """A keyword is a whole word: `inside` is not `in` and a name."""
    pattern = terminal.pattern
    if isinstance(pattern, PatternStr) and pattern.value[0].isalpha():
        terminal.pattern = PatternRE(pattern.value + ("" if pattern.value.endswith("~") else r"(?![\w~-])"))
        terminal.priority = 3


def _made(data: str, children: list[Any]) -> Any:
    """What lark calls for every rule it has recognised: nodes are made at once, without a tree in between."""
    if data.startswith("_"):
        return _Splice(children)
    silent = _SILENT.get(data)
    parts: tuple[Any, ...] = tuple(
        child if isinstance(child, Node) else Word(child.start_pos, child.end_pos, str(child))
        for child in children
        if isinstance(child, Node) or (child.type in _KEPT and child.type != silent)
    )
    if data == "primary":
        parts[0].start, parts[0].end = children[0].start_pos, children[-1].end_pos
        return parts[0]
    if not children:
        return CLASSES[data](0, 0, ())
    first, last = children[0], children[-1]
    start = first.start if isinstance(first, Node) else first.start_pos
    return CLASSES[data](start, last.end if isinstance(last, Node) else last.end_pos, parts)


@functools.cache
def parser() -> Lark:
    """The parser for files and single expressions."""
    return Lark(
        _GRAMMAR.read_text(encoding="utf-8"), parser="lalr", lexer="contextual", start=STARTS, keep_all_tokens=True,
        maybe_placeholders=False, edit_terminals=_bounded, tree_class=_made,
    )  # fmt: skip


def parse(text: str, start: str = "start", shift: int = 0) -> Node:
    """The tree of `text`, its offsets counted from `shift`. Raises lark's UnexpectedInput."""
    tree: Any = parser().parse(text, start=start)
    if shift:
        _move(tree, shift)
    assert isinstance(tree, Node)
    return tree


def _move(tree: Node, shift: int) -> None:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        node.start, node.end = node.start + shift, node.end + shift
        waiting += node.nodes
        node.parts = tuple(
            part._replace(start=part.start + shift, end=part.end + shift) if isinstance(part, Word) else part
            for part in node.parts
        )


__all__ = ["UnexpectedInput", "parse", "parser"]
