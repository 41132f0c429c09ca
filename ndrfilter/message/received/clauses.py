"""A `Received:` field in clauses (RFC 5321 section 4.4): words and comments after from, by, via, with, id, for."""

from __future__ import annotations

import re

from ndrfilter.noun import Noun

_TOKEN = re.compile(r'\(([^()]*+)\)|[^\s()"<>;]++|<[^<>\s]*+>|"(?:[^"\\]|\\.){0,80}+"|[()"<>]')
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
    doubtful: bool  # from or by stands there twice: a greeting with blanks in it may have brought its own

    def get(self, keyword: str) -> Clause:
        """The clause of that keyword, perhaps an empty one."""
        return self.by_keyword.get(keyword, NOTHING)

    def comments(self) -> str:
        """All comments, for what any recorder may note anywhere."""
        return "\n".join(comment for clause in self.by_keyword.values() for comment in clause.comments)


def split(text: str) -> Clauses:
    """The clauses of an unfolded field. Nested comments stay in the outer one; unbalanced ones end with the field."""
    found: dict[str, Clause] = {}
    keyword = ""
    words: list[str] = []
    comments: list[str] = []
    doubtful = False
    depth, opened = 0, 0
    before, semicolon, date = text.rpartition(";")
    if not semicolon or date.count(")") > date.count("("):
        before, date = text, text[-_DATE_CHARS:]
    for match in _TOKEN.finditer(before):
        piece = match[0]
        if depth:  # in a comment that holds comments
            depth += (piece == "(") - (piece == ")")
            if not depth:
                comments.append(before[opened : match.start()].strip())
        elif match[1] is not None:
            comments.append(match[1].strip())
        elif piece == "(":
            depth, opened = 1, match.end()
        elif (words or comments or not keyword) and piece.lower() in _KEYWORDS:
            if keyword not in found:
                found[keyword] = Clause(tuple(words), tuple(comments))
            doubtful = doubtful or (piece.lower() in ("from", "by") and piece.lower() in found)
            keyword, words, comments = piece.lower(), [], []
        elif piece != ")":
            words.append(piece)
    if depth:
        comments.append(before[opened:].strip())
    if keyword not in found:
        found[keyword] = Clause(tuple(words), tuple(comments))
    return Clauses(found, date, doubtful)
