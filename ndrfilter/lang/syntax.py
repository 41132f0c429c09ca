"""The syntax tree of files: items, clauses, tests, worlds. One class for every rule of grammar.lark, in its order.

Docstrings give the parts; a question mark stands behind one that may be missing.
"""

from __future__ import annotations

from ndrfilter.lang.tree import Node


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
    """NAME, Params?, expression."""


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
    """MINUS?, number."""


class KindClause(Clause):
    """NAME, expression?"""


class OriginalClause(Clause):
    """regex."""


class ExtractClause(Clause):
    """EXTRACT, HeaderSource or BODY, regex?"""

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
    """HIT or MISS, prose, NAME? of a world."""

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


class SentPart(TestPart):
    """prose."""


class PluginsPart(TestPart):
    """mapping."""


class TimePart(TestPart):
    """date."""


class WorldPart(TestPart):
    """NAME."""


class ExpectPart(TestPart):
    """NAME, NAME or string?"""


class Mapping(Node):
    """pairs."""


class Pair(Node):
    """KEY, value."""


class MappedList(Node):
    """values."""


class Plain(Node):
    """PLAIN."""
