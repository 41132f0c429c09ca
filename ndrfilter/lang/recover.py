"""When a file does not parse: what to say, and where to go on, so that one run shows all errors.

Only here, the text is cut into items and clauses by a simple look at braces and keywords, and each is parsed alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from ndrfilter.errors import Diagnostic
from ndrfilter.lang.diagnose import Sink, Text, meant
from ndrfilter.lang.parse import UnexpectedInput, parse
from ndrfilter.lang.syntax import BlockItem, Clause, Item, Start
from ndrfilter.lang.tree import Node, Word

_ITEMS = "language|import|list|let|group|world|rule|recognise|reason"
_CLAUSES = (
    r"(?:describe|because|exempt|test|hit|miss|software|status)(?=\s*\")|(?:when|group|evidence|mode|tags|replaces|expires)\s|"
    r"toward\s+\w+\s+\d|absence\s+of\s|priority\s+-?\d|kind\s+[a-z]|original\s+after\s|"
    r"(?:recipient|diagnostic|mta)\s+from\s|text\s*/"
)
_INNER = r"(?:describe|because|exempt)(?=\s*\")|toward\s+\w+\s+\d"
_TOKEN = re.compile(
    r'"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|#[^\n]*|/(?:\\.|[^\\/\n ])(?:\\.|[^\\/\n])*/|[{}]|'
    r"^(?P<hard>(?:rule|recognise|reason|world)[ \t]+\w[\w-]*\s*\{)|"
    rf"^[ \t]*(?P<item>(?:{_ITEMS})\b)|^[ \t]*(?P<clause>{_CLAUSES})|\b(?P<inner>{_INNER})",
    re.MULTILINE,
)
_HEAD = re.compile(r"(rule|recognise|reason)[ \t]+([A-Za-z_]\w*(?:-\w+)*)\s*\{")
_SYMBOLS = {
    "LBRACE": "{", "RBRACE": "}", "LPAR": "(", "RPAR": ")", "LSQB": "[", "RSQB": "]", "COMMA": ",", "COLON": ":",
    "EQUAL": "=", "DOT": ".", "NAME": "a name", "STRING": "a text", "LONG_STRING": "a text", "NUMBER": "a number",
    "REGEX": "a pattern", "DATE": "a date", "$END": "the end of the file", "KEY": "a key", "PLAIN": "a value",
    "COMPARISON": "a comparison", "TEXT_OPERATOR": "an operator", "STATE": "exists", "PLUS": "+", "MINUS": "-",
    "BLOCK": "a block", "IN_FOLD": "in~",
}  # fmt: skip
_GROUPS = {
    "BLOCK": ("rule", "recognise", "reason"), "WORD_CLAUSE": ("evidence", "mode"), "NAMES_CLAUSE": ("tags", "replaces"),
    "EXTRACT": ("recipient", "diagnostic", "mta"), "QUANTIFIER": ("any", "all", "none", "count"),
    "STATE": ("exists", "missing", "known"), "BOOLEAN": ("true", "false"),
    "TEXT_OPERATOR": ("contains", "startswith", "endswith", "like", "matches", "within"),
}  # fmt: skip
_HABITS = {
    "=": "a comparison is written ==",
    "&&": "write `and`",
    "&": "write `and`",
    "||": "write `or`",
    "|": "write `or`",
    "!": "write `not`",
    ";": "clauses follow each other without a separator",
    "inside": "write `in` or `within`",
    "is": "write ==",
    "'": 'texts stand in "…"',
}
_MOST_EXPECTED, _MOST_SHOWN = 6, 40


def parse_all(text: Text, sink: Sink) -> Node:
    """The tree of a file; what does not parse is reported and left out."""
    try:
        return parse(text.text)
    except UnexpectedInput:
        return Start(0, len(text.text), tuple(_items(text, sink)))


def _items(text: Text, sink: Sink) -> Iterator[Item]:
    for start, end in _cut(text.text, 0, len(text.text), 0):
        part = text.text[start:end]
        try:
            yield from (node for node in parse(part, "start", start).nodes if isinstance(node, Item))
        except UnexpectedInput as wrong:
            head = _HEAD.match(part)
            before = len(sink.all)
            broken = _block(text, sink, head, start, end) if head else None
            if broken is None or len(sink.all) == before:
                sink.add(syntax_error(wrong, text, start, part, "start"))
            if broken is not None:
                yield broken


def _block(text: Text, sink: Sink, head: re.Match[str], start: int, end: int) -> BlockItem:
    """A block of which some clauses do not parse."""
    words = tuple(Word(start + head.start(at), start + head.end(at), head.group(at)) for at in (1, 2))
    clauses: list[Clause] = []
    inside = text.text[:end].rstrip()
    inner_end = len(inside) - 1 if inside.endswith("}") else end
    for first, last in _cut(text.text, start + head.end(), inner_end, 1):
        part = text.text[first:last]
        try:
            wrapped = parse("rule X {" + part + "}", "start", first - len("rule X {"))
            clauses += [node for node in wrapped.node(0).nodes if isinstance(node, Clause)]
        except UnexpectedInput as wrong:
            sink.add(syntax_error(wrong, text, first - len("rule X {"), part, "clause"))
    if inner_end == end:
        sink.add(
            text.diagnostic("E104", start, start + head.end(), f"{words[1].text} is not closed", "its } is missing")
        )
    made = BlockItem(start, end, (*words, *clauses))
    made.broken = True
    return made


def _cut(text: str, start: int, end: int, level: int) -> Iterator[tuple[int, int]]:
    """The spans of items (level 0) or clauses (level 1) between two offsets."""
    depth, begin = level, start
    for found in _TOKEN.finditer(text, start, end):
        piece = found.group()
        if found.group("hard") is not None:
            if level == 0 and found.start() > begin:
                yield begin, found.start()
                begin = found.start()
            depth = 1
        elif piece in "{}":
            depth += 1 if piece == "{" else -1
        elif depth <= level:
            at = next((found.start(kind) for kind in _STARTS[level] if found.group(kind)), None)
            if at is not None and at > begin:
                yield begin, at
                begin = at
    yield begin, end


_STARTS = (("item",), ("item", "clause", "inner"))


def syntax_error(wrong: UnexpectedInput, text: Text, shift: int, part: str, what: str) -> Diagnostic:
    """What lark found, in words. `shift` is where its text begins in the file."""
    at = min(shift + max(0, wrong.pos_in_stream or 0), len(text.text))
    if isinstance(wrong, UnexpectedToken) and wrong.token.type == "$END":
        return _ended(text, shift, part, what)
    if isinstance(wrong, UnexpectedCharacters):
        return _character(text, at, wrong)
    assert isinstance(wrong, UnexpectedToken)
    word = str(wrong.token)
    if what == "clause" and word == "}" and at >= shift + len("rule X {") + len(part):
        return _ended(text, shift + len("rule X {"), part, what)
    return _misplaced(text, at, word, sorted(wrong.accepts or wrong.expected))


def _misplaced(text: Text, at: int, word: str, expected: list[str]) -> Diagnostic:
    if word.startswith("/") and "REGEX" in expected:
        help_text = "a pattern ends on its line with /; a slash in it is \\/"
        return text.diagnostic("E103", at, at + len(word), "this pattern is not closed", help_text)
    shown = word if len(word) <= _MOST_SHOWN else word[:_MOST_SHOWN] + "…"
    help_text = _HABITS.get(word) or _help(word, expected)
    if not word.isascii() and "NAME" in expected:
        help_text = "names are made of the letters A to Z and a to z, digits, _ and -"
    return text.diagnostic("E101", at, at + len(word), f"{shown} does not belong here", help_text)


def _ended(text: Text, shift: int, part: str, what: str) -> Diagnostic:
    at = shift + max(0, len(part.rstrip()) - 1)
    where = {"start": "this item", "clause": "this clause", "expr": "this placeholder"}[what]
    return text.diagnostic("E104", at, at + 1, f"{where} ends too early", "something is missing after this")


def _character(text: Text, at: int, wrong: UnexpectedCharacters) -> Diagnostic:
    letter = text.text[at : at + 1]
    if letter == '"':
        return text.diagnostic(
            "E102", at, at + 1, "this text is not closed", 'a text ends on its line with "; """ … """ goes over several'
        )
    found = re.compile(r"\w+|[^\w\s]+|.").match(text.text, at)
    return _misplaced(text, at, found.group() if found else letter, sorted(wrong.allowed or ()))


def _help(word: str, expected: list[str]) -> str:
    names = [name for terminal in expected for name in _GROUPS.get(terminal, (_named(terminal),))]
    if word.isidentifier():
        near = meant(word, [name for name in names if name.isidentifier()])
        if near:
            return near
    names = list(dict.fromkeys(_named(terminal) for terminal in expected))
    return f"expected {' or '.join(names)}" if 0 < len(names) <= _MOST_EXPECTED else ""


def _named(terminal: str) -> str:
    if terminal in _SYMBOLS:
        return _SYMBOLS[terminal]
    return terminal.lower().lstrip("_")
