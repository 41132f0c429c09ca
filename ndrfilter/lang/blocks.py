"""A block's clauses, sorted by their keyword: which belong, which may stand once, and their words."""

from __future__ import annotations

from ndrfilter.lang.context import Context, File, Unit
from ndrfilter.lang.diagnose import meant
from ndrfilter.lang.syntax import BlockItem, Clause
from ndrfilter.lang.tree import Node, Word

_TESTS = ("test", "hit", "miss")
BELONGS = {
    "rule": (
        "describe", "when", "toward", "exempt", "group", "tags", "evidence", "absence", "mode", "replaces", "expires",
        "because", *_TESTS,
    ),
    "recognise": (
        "software", "priority", "when", "kind", "original", "recipient", "diagnostic", "mta", "because", *_TESTS,
    ),
    "reason": ("describe", "status", "text", "because"),
}  # fmt: skip
_SEVERAL = frozenset({*_TESTS, "kind", "original", "recipient", "diagnostic", "mta"})


class Block:
    """A block with its clauses, and the context in which its parts are read."""

    def __init__(self, item: BlockItem, file: File, unit: Unit) -> None:
        self.item, self.file = item, file
        self.kind, self.name = item.word(0).text, item.word(1).text
        self.context = Context(unit, file)
        self.place = file.text.place(item.start)
        self._clauses: dict[str, list[Clause]] = {}
        for node in item.nodes:
            assert isinstance(node, Clause)
            self._sort(node)

    def _sort(self, clause: Clause) -> None:
        belongs = BELONGS[self.kind]
        span = Word(clause.start, clause.start + len(clause.title), clause.title)
        if clause.title not in belongs:
            help_text = f"it has {', '.join(belongs)}"
            self.context.report("E502", span, f"a {self.kind} block has no {clause.title}", help_text)
            return
        known = self._clauses.setdefault(clause.title, [])
        if known and clause.title not in _SEVERAL:
            line = self.file.text.line(known[0].start)
            self.context.report(
                "E503", span, f"{clause.title} stands here a second time", f"the first is in line {line}"
            )
            return
        known.append(clause)

    def all(self, title: str) -> list[Clause]:
        """The clauses of that keyword."""
        return self._clauses.get(title, [])

    def one(self, title: str) -> Clause | None:
        """The clause of that keyword, which may stand once."""
        return next(iter(self.all(title)), None)

    def node(self, title: str) -> Node | None:
        """The node that the clause of that keyword holds."""
        clause = self.one(title)
        return clause.nodes[0] if clause else None

    def wanted(self, title: str, help_text: str) -> Node | None:
        """Like `node`; its absence is an error."""
        found = self.node(title)
        if found is None and not self.item.broken:
            self.context.report("E501", self.item.word(1), f"{self.name} has no {title}", help_text)
        return found

    def choice(self, title: str, words: tuple[str, ...], default: str = "") -> str:
        """The clause's word, one of `words`."""
        clause = self.one(title)
        return self.pick(clause.words[-1], words, default) if clause else default

    def pick(self, word: Word, words: tuple[str, ...], default: str = "") -> str:
        """The word, if it is one of `words`; else it is reported and the default holds."""
        if word.text in words:
            return word.text
        help_text = meant(word.text, words) or f"one of {', '.join(words)}"
        self.context.report("E208", word, f"{word.text} is not known here", help_text)
        return default
