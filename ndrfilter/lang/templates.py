"""Descriptions: text with {expression} placeholders, `{{` and `}}` for braces."""

from __future__ import annotations

import re
from typing import Any

from ndrfilter.lang import compare, literals
from ndrfilter.lang.context import Context
from ndrfilter.lang.expressions import String
from ndrfilter.lang.parse import UnexpectedInput, parse
from ndrfilter.lang.recover import syntax_error
from ndrfilter.lang.tree import Node, Word

_PIECE = re.compile(r"\{\{|\}\}|\{((?:[^{}\"]|\"[^\"]*\")*)\}|[{}]|[^{}]+")


def lower(node: Node, context: Context) -> tuple[Any, ...]:
    """The parts of a description: texts, and lowered placeholders."""
    if isinstance(node, String):
        text, offsets = literals.unescaped(node, context)
    else:
        text = " ".join(literals.prose(node, context).split())
        offsets = [node.start] * len(text)
    parts: list[Any] = []
    for found in _PIECE.finditer(text):
        piece = found.group()
        if piece in ("{", "}"):
            span = Word(offsets[found.start()], offsets[found.start()] + 1, piece)
            context.report("E105", span, "this brace has no partner", "a brace itself is written twice: {{ or }}")
        elif found.group(1) is not None:
            parts.append(_placeholder(found.group(1), offsets[found.start()] + 1, context))
        else:
            parts.append({"{{": "{", "}}": "}"}.get(piece, piece))
    return tuple(parts)


def _placeholder(text: str, start: int, context: Context) -> Any:
    try:
        tree = parse(text, "expr", start)
    except UnexpectedInput as wrong:
        context.unit.sink.add(syntax_error(wrong, context.file.text, start, text, "expr"))
        return ""
    shown = context._replace(shown=True)
    return compare.show(shown.value(tree), shown)
