"""A `Received:` field in clauses (RFC 5321 section 4.4): words and comments after from, by, via, with, id, for."""

from __future__ import annotations

import re

from ndrfilter.noun import Noun

_PIECE = re.compile(r'(\([^()]*+\))|([^\s()"<>;]++|<[^<>\s]*+>|"(?:[^"\\]|\\.){0,80}"|["<>])')
_NESTED = re.compile(r"\([^()]*+\(")
_SCANNER = re.compile(r"by uid \d+ with(?= qmail-scanner)")  # a second "by" of its own kind
_STRAY = re.compile(r"[^()]*+(?:\([^()]*+\)[^()]*+)*\)")
_PARENTHESIS = re.compile(r"[()]")
_KEYWORDS = frozenset({"from", "by", "via", "with", "id", "for"})
_DATE_CHARS = 80


class Clause(Noun):
    """What stands after one keyword: words outside comments, and the comments' texts without their parentheses."""

    words: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """The first word, or an empty string."""
        return self.words[0] if self.words else ""

    @property
    def phrase(self) -> str:
        """All words, in lower case."""
        return " ".join(self.words).lower()


NOTHING = Clause()


class Clauses(Noun):
    """The clauses of a field by keyword (the first of each counts; what stands before any under ""), the date apart."""

    by_keyword: dict[str, Clause]
    date: str
    doubtful: bool  # twice from or by, clauses out of order, a parenthesis alone or one first: a greeting's, perhaps

    def get(self, keyword: str) -> Clause:
        """The clause of that keyword, perhaps an empty one."""
        return self.by_keyword.get(keyword, NOTHING)

    def comments(self) -> str:
        """All comments, for what any recorder may note anywhere."""
        return "\n".join(comment for clause in self.by_keyword.values() for comment in clause.comments)

    def notes(self) -> str:
        """The comments without those of the from clause that stand before the peer's address: a greeting's, perhaps."""
        first = self.get("from").comments
        told = (number + 1 for number, comment in enumerate(first) if "[" in comment and comment[:8] != "account ")
        place = next(told, 0)
        rest = (comment for word, clause in self.by_keyword.items() if word != "from" for comment in clause.comments)
        return "\n".join((*first[place:], *rest))


def split(text: str) -> Clauses:
    """The clauses of an unfolded field. Nested comments are part of the outer one; an open one ends with the field."""
    before, semicolon, date = text.rpartition(";")
    if not semicolon or date.count(")") > date.count("("):
        before, date = text, text[-_DATE_CHARS:]
    uneven = False
    before = _SCANNER.sub("(invoked by uid 0) with", before)
    if before.count("(") != before.count(")") or _NESTED.search(before) or _STRAY.match(before):
        before, uneven = _flat(before)
    found: dict[str, Clause] = {}
    keyword = ""
    words: list[str] = []
    comments: list[str] = []
    doubtful = uneven
    for comment, word in _PIECE.findall(before):
        if comment:
            comments.append(comment[1:-1].strip())
        elif (words or comments or not keyword) and word.lower() in _KEYWORDS:
            if keyword not in found:
                found[keyword] = Clause(tuple(words), tuple(comments))
            keyword, words, comments = word.lower(), [], []
            doubtful = (
                doubtful or (keyword in ("from", "by") and keyword in found) or (keyword == "by" and _late(found))
            )
        else:
            doubtful = doubtful or (keyword == "from" and not words and any("[" in text for text in comments))
            words.append(word)
    if keyword not in found:
        found[keyword] = Clause(tuple(words), tuple(comments))
    return Clauses(found, date, doubtful)


def _late(found: dict[str, Clause]) -> bool:
    """Whether what belongs behind "by" stands before it, after "from". An identifier may, but not with a comment."""
    id_ = found.get("id", NOTHING)
    more = bool(id_.comments) or len(id_.words) > 1 or "[" in id_.word
    return "from" in found and (more or not found.keys().isdisjoint(("via", "with", "for")))


def _flat(text: str) -> tuple[str, bool]:
    """`text` with blanks for inner and stray parentheses, an open one closed at the end; whether any stood alone."""
    out = []
    depth, position = 0, 0
    uneven = False
    for found in _PARENTHESIS.finditer(text):
        out.append(text[position : found.start()])
        depth += found[0] == "("
        out.append(found[0] if depth == 1 else " ")
        uneven = uneven or depth == 0
        depth -= found[0] == ")" and depth > 0
        position = found.end()
    out.append(text[position:])
    return "".join(out) + (")" if depth else ""), uneven or depth > 0
