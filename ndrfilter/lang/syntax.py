"""The syntax tree: one class for every rule of grammar.lark, in its order. Spans are offsets into the source text."""

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


class Start(Node):
    """A file."""


class Item(Node):
    """What stands at the top of a file."""


class LanguageItem(Item):
    """number."""


class ImportItem(Item):
    """string."""


class ListItem(Item):
    """NAME, ListLiteral or ListFile."""


class ListFile(Node):
    """string."""


class LetItem(Item):
    """NAME, Params, expression."""


class Params(Node):
    """NAMEs."""


class GroupItem(Item):
    """NAME, number."""


class WorldItem(Item):
    """NAME, test parts."""


class BlockItem(Item):
    """BLOCK, NAME, clauses. `broken` when a part of it did not parse, so that nothing is said to be missing."""

    broken = False


class Clause(Node):
    """What stands in a block. `title` is what people call it."""

    @property
    def title(self) -> str:
        """The clause's keyword."""
        return type(self).__name__.removesuffix("Clause").lower()


class DescribeClause(Clause):
    """prose."""


class WhenClause(Clause):
    """expression."""


class TowardClause(Clause):
    """NAME, number."""


class ExemptClause(Clause):
    """prose."""


class WordClause(Clause):
    """GROUP or WORD_CLAUSE, NAME."""

    @property
    def title(self) -> str:
        """group, evidence or mode."""
        return self.word(0).text


class NamesClause(Clause):
    """NAMES_CLAUSE, NAMEs."""

    @property
    def title(self) -> str:
        """tags or replaces."""
        return self.word(0).text


class AbsenceClause(Clause):
    """NAME."""


class ExpiresClause(Clause):
    """date."""


class BecauseClause(Clause):
    """prose."""


class SoftwareClause(Clause):
    """string."""


class PriorityClause(Clause):
    """MINUS, number."""


class KindClause(Clause):
    """NAME, expression."""


class OriginalClause(Clause):
    """regex."""


class ExtractClause(Clause):
    """EXTRACT, HeaderSource or BODY, regex."""

    @property
    def title(self) -> str:
        """recipient, diagnostic or mta."""
        return self.word(0).text


class HeaderSource(Node):
    """string."""


class StatusClause(Clause):
    """strings."""


class TextClause(Clause):
    """regexes."""


class TestClause(Clause):
    """string, test parts."""

    __test__ = False


class ExampleClause(Clause):
    """HIT or MISS, prose, NAME of a world."""

    @property
    def title(self) -> str:
        """hit or miss."""
        return self.word(0).text


class TestPart(Node):
    """What stands in a test or a world."""

    __test__ = False


class MessagePart(TestPart):
    """prose."""


class SitePart(TestPart):
    """mapping."""


class EnvelopePart(TestPart):
    """mapping."""


class ZonePart(TestPart):
    """prose."""


class TimePart(TestPart):
    """date."""


class WorldPart(TestPart):
    """NAME."""


class ExpectPart(TestPart):
    """NAME, NAME or string."""


class Mapping(Node):
    """pairs."""


class Pair(Node):
    """KEY, value."""


class MappedList(Node):
    """values."""


class Plain(Node):
    """PLAIN."""


class OrExpr(Node):
    """two or more expressions."""


class AndExpr(Node):
    """two or more expressions."""


class NotExpr(Node):
    """expression."""


class SurelyExpr(Node):
    """expression."""


class Quantified(Node):
    """QUANTIFIER, NAME, list, condition."""


class Compare(Node):
    """expression, COMPARISON, expression."""


class TextCompare(Node):
    """expression, NOT, operator, expression."""


class StateExpr(Node):
    """expression, STATE."""


class Arithmetic(Node):
    """expression, PLUS or MINUS, expression."""


class OtherwiseExpr(Node):
    """expression, expression."""


class Member(Node):
    """expression, NAME."""


class Index(Node):
    """expression, key."""


class Ref(Node):
    """NAME."""


class Call(Node):
    """NAME, arguments."""


class HitExpr(Node):
    """NAME."""


class AtLeast(Node):
    """number, expressions."""


class AtLeastRules(Node):
    """number, NAMEs."""


class ListLiteral(Node):
    """expressions."""


class String(Node):
    """STRING, quotes and escapes as written."""


class LongString(Node):
    """LONG_STRING as written."""


class Number(Node):
    """NUMBER."""


class Duration(Node):
    """DURATION."""


class Date(Node):
    """DATE."""


class Network(Node):
    """NETWORK: an address or a network."""


class Regex(Node):
    """REGEX, slashes and flags as written."""


class Boolean(Node):
    """BOOLEAN."""


CLASSES: dict[str, type[Node]] = {
    "".join(letter if letter.islower() else "_" + letter.lower() for letter in name).lstrip("_"): made
    for name, made in list(globals().items())
    if isinstance(made, type) and issubclass(made, Node)
}
"""The class of each grammar rule, by the rule's name."""
