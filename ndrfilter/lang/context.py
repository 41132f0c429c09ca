"""What lowering knows while it walks an expression: the names around it, the bounds, what the unit has used so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from ndrfilter.lang.diagnose import Sink, Text
from ndrfilter.lang.syntax import LetItem
from ndrfilter.lang.tree import Node, Word
from ndrfilter.limits import MAX_EXPRESSION_DEPTH, MAX_TRACE_STEPS
from ndrfilter.schema import BOOLEAN, Schema, Type

Ir = tuple[Any, ...]
"""A checked expression as plain tuples: an operation's name and its operands; closures.py lists the operations."""

MAX_NODES = 20_000
ANYTHING = Type("anything")
"""The type of what could not be checked: fits everywhere, so that one mistake is told once."""
NAMED_LIST = Type("named list")
PATTERN = Type("regular expression")


class Typed(NamedTuple):
    """A lowered expression. `soft` are the parts of it that may be absent."""

    ir: Ir
    type: Type
    soft: frozenset[Ir] = frozenset()


def article(of: Type) -> str:
    """The type in a sentence: "a string", "an ip"."""
    return f"{'an' if str(of)[0] in 'aeiou' else 'a'} {of}"


BAD = Typed(("const", None), ANYTHING)


def condition(ir: Ir, soft: frozenset[Ir] = frozenset()) -> Typed:
    """A lowered condition."""
    return Typed(ir, BOOLEAN, soft)


class Let(NamedTuple):
    """A declared `let` with the file it stands in, whose names its body sees."""

    item: LetItem
    file: File


class Lowered(NamedTuple):
    """A let without parameters, lowered once for all its uses, with what it asks. `height` is its nesting."""

    typed: Typed
    unit: Unit
    height: int


class Argument(NamedTuple):
    """An argument of a call, lowered where the body uses it."""

    node: Node
    context: Context


@dataclass(slots=True)
class File:
    """A parsed file with the lets and lists that it declares or imports; lists by the keys the scope is asked with."""

    text: Text
    tree: Node
    root: Path | None = None  # of the tree of rule files in which it lies
    lets: dict[str, Let] = field(default_factory=dict)
    lists: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Unit:
    """One rule, recogniser or let that is lowered, and what it has used."""

    schema: Schema
    sink: Sink
    walk: Callable[[Node, Context, Type | None], Typed]
    stage: str = "bounce"
    facts: set[str] = field(default_factory=set)
    rules: dict[str, tuple[Text, Word]] = field(default_factory=dict)
    captures: dict[str, Ir] = field(default_factory=dict)
    steps: dict[str, tuple[Ir, str]] = field(default_factory=dict)  # for the trace: what is asked, and how it is shown
    nodes: int = 0
    deepest: int = 0
    lowered: dict[tuple[str, str], Lowered] = field(default_factory=dict)  # shared by all units of a program

    def absorb(self, other: Unit) -> None:
        """Count what a part used, as used here."""
        self.facts |= other.facts
        self.rules = {**other.rules, **self.rules}
        self.captures = {**other.captures, **self.captures}
        self.nodes += other.nodes
        for text, (ir, kind) in other.steps.items():
            self.step(text, ir, kind)

    def step(self, text: str, ir: Ir, kind: str) -> None:
        """Keep a part for the trace, up to the bound; the same one is kept once."""
        if len(self.steps) < MAX_TRACE_STEPS:
            self.steps.setdefault(text, (ir, kind))


class TooLargeError(Exception):
    """The unit is beyond a bound; it has been reported."""


class Context(NamedTuple):
    """Immutable: every part of an expression is lowered in a context of its own.

    `variables` are quantifiers' variables and lets' arguments; `over` the lists of the quantifiers around, outermost
    first; `guards` what is known to be there; `lets` the calls on the way, `call` the last of them as written; `shown`
    for a placeholder: types may mix.
    """

    unit: Unit
    file: File
    variables: Mapping[str, Typed | Argument] = {}
    depth: int = 0
    over: tuple[Ir, ...] = ()
    guards: frozenset[Ir] = frozenset()
    lets: tuple[str, ...] = ()
    call: str = ""
    shown: bool = False

    def report(self, code: str, node: Node | Word, message: str, help_text: str = "") -> Typed:
        """Keep a diagnostic for that node; gives the value that stands for what is wrong."""
        self.unit.sink.add(self.file.text.diagnostic(code, node.start, node.end, message, help_text))
        return BAD

    def value(self, node: Node, expected: Type | None = None) -> Typed:
        """Lower an expression in this context. `expected` is the type whose words it may be."""
        return self.unit.walk(node, self, expected)

    def refuse(self, node: Node, message: str, help_text: str) -> NoReturn:
        """Report a broken bound and leave the unit."""
        self.report("E507", node, message, help_text)
        raise TooLargeError

    def deeper(self, node: Node) -> Context:
        """The context of the node's operands, within the bounds of depth and size."""
        self.unit.nodes += 1
        if self.depth >= MAX_EXPRESSION_DEPTH:
            self.refuse(
                node, f"this is nested more than {MAX_EXPRESSION_DEPTH} deep", "give parts of it names with `let`"
            )
        if self.unit.nodes > MAX_NODES:
            self.refuse(node, "this is too large once its lets are put in", "split it into several rules")
        self.unit.deepest = max(self.unit.deepest, self.depth)
        return self._replace(depth=self.depth + 1)

    def source(self, node: Node) -> str:
        """The node's text, as written, on one line."""
        return " ".join(self.file.text.text[node.start : node.end].split())
