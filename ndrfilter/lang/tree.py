"""The two kinds of things in a syntax tree: words and nodes. Spans are offsets into the source text."""

from __future__ import annotations

from typing import NamedTuple


class Word(NamedTuple):
    """A token: its text and where it stands."""

    start: int
    end: int
    text: str


class Node:
    """What a grammar rule matched; `parts` are nodes and words in their order, keywords and punctuation left out."""

    __slots__ = ("end", "parts", "start")

    def __init__(self, start: int, end: int, parts: tuple[Part, ...]) -> None:
        self.start, self.end, self.parts = start, end, parts

    def word(self, at: int) -> Word:
        """The part at that index, which the grammar says is a word."""
        part = self.parts[at]
        assert isinstance(part, Word)
        return part

    def node(self, at: int) -> Node:
        """The part at that index, which the grammar says is a node."""
        part = self.parts[at]
        assert isinstance(part, Node)
        return part

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The parts that are nodes."""
        return tuple(part for part in self.parts if isinstance(part, Node))

    @property
    def words(self) -> tuple[Word, ...]:
        """The parts that are words."""
        return tuple(part for part in self.parts if isinstance(part, Word))


Part = Node | Word
