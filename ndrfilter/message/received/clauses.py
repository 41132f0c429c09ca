"""A `Received:` field cut into its clauses (RFC 5321 section 4.4): words and comments after from, by, via, with, id, for."""

from __future__ import annotations

import re

from ndrfilter.noun import Noun

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|<[^<>\s]*+>|[();]|[^\s()"<>;]++|["<>]')
_DATE_CHARS = 80
_KEYWORDS = frozenset({"from", "by", "via", "with", "id", "for"})


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
    """The clauses of a field by keyword (the first of each counts), words before any keyword under "", the date apart."""

    by_keyword: dict[str, Clause]
    date: str

    def get(self, keyword: str) -> Clause:
        """The clause of that keyword, perhaps an empty one."""
        return self.by_keyword.get(keyword, NOTHING)

    def comments(self) -> str:
        """All comments, for what any recorder may note anywhere."""
        return "\n".join(comment for clause in self.by_keyword.values() for comment in clause.comments)


def split(text: str) -> Clauses:
    """The clauses of an unfolded field. Nested comments stay inside the outer one; unbalanced ones end with the field."""
    found: dict[str, Clause] = {}
    keyword, words, comments = "", [], []
    depth, opened = 0, 0
    date_at = 0
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token == "(":
            depth += 1
            if depth == 1:
                opened = match.end()
        elif token == ")":
            if depth == 1:
                comments.append(text[opened : match.start()].strip())
            depth = max(depth - 1, 0)
        elif depth:
            continue
        elif token == ";":
            date_at = match.end()
        elif token.lower() in _KEYWORDS and (words or comments or not keyword):
            found.setdefault(keyword, Clause(tuple(words), tuple(comments)))
            keyword, words, comments = token.lower(), [], []
            date_at = 0  # OpenSMTPD puts semicolons between clauses, too
        elif not date_at:
            words.append(token)
    if depth:
        comments.append(text[opened:].strip())
    found.setdefault(keyword, Clause(tuple(words), tuple(comments)))
    return Clauses(found, text[date_at:] if date_at else text[-_DATE_CHARS:])
