"""Patterns to what a text must show for them to match: pieces of text, and characters beyond which there is nothing.

A *tree* is True (anything may match), False (nothing does), a piece of text, ("begins", pieces), ("and", …),
("or", …), or ("only", bytes): the text's UTF-8 is made of these bytes alone. Pieces are case-folded, and so must be the
text that they are looked for in: letters that RE2 takes for one another fold alike.
Whatever is not understood is True, so a tree may hold where the pattern does not match, never the other way round.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from re import _constants as sre
from re import _parser

from ndrfilter.gate.letters import class_letters, letters

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    Tree = Any
    Items = Sequence[tuple[Any, Any]]
    Exact = frozenset[str] | None

_MAX_TEXTS = 48
_MAX_CLASS = 6
_MAX_BRANCHES = 400
_FOREIGN = (":]", r"\p", r"\P", r"\Q", r"\C", r"\x{", "{,", "(?U", "(?-", r"\b{")
"""What RE2 reads otherwise than the parser used here, or may."""
_BEGINS = (sre.AT_BEGINNING, sre.AT_BEGINNING_STRING)
_ENDS = (sre.AT_END, sre.AT_END_STRING)


@lru_cache(maxsize=1_024)
def needed(pattern: str, flags: str = "") -> Tree:
    """What a text must show, case-folded, for the pattern to be found in it."""
    if any(sign in pattern for sign in _FOREIGN):
        return True
    try:
        parsed = _parser.parse(pattern.replace(r"\z", r"\Z"), sum(_FLAGS[letter] for letter in flags))
    except (ValueError, _parser.error, OverflowError, RecursionError):
        return True
    if "m" in flags or parsed.state.flags & sre.SRE_FLAG_MULTILINE:
        return _condition(list(parsed))
    ways = _branches(list(parsed)) if "$" in pattern or r"\z" in pattern else []
    if not any(map(_is_whole, ways)):
        return _anchored(list(parsed))
    trees = [_branch(way) for way in ways]
    beginnings = [piece for tree in trees for piece in _beginnings(tree)]
    foreseen = ("begins", tuple(sorted(set(beginnings)))) if all(map(_beginnings, trees)) else True
    return all_of([foreseen, any_of(trees)])


def _beginnings(tree: Tree) -> tuple[str, ...]:
    """The pieces with one of which the text begins; empty if nobody knows."""
    for part in tree[1:] if isinstance(tree, tuple) and tree[0] == "and" else (tree,):
        if isinstance(part, tuple) and part[0] == "begins":
            return part[1]  # type: ignore[no-any-return]
    return ()


_FLAGS = {"i": sre.SRE_FLAG_IGNORECASE, "m": sre.SRE_FLAG_MULTILINE, "s": sre.SRE_FLAG_DOTALL}


def all_of(trees: Iterable[Tree]) -> Tree:
    """The tree that holds where all of these hold."""
    return _joined("and", trees, True)


def any_of(trees: Iterable[Tree]) -> Tree:
    """The tree that holds where one of these holds."""
    return _joined("or", trees, False)


def _joined(word: str, trees: Iterable[Tree], empty: bool) -> Tree:
    """The junction without what decides nothing; `empty` is the value of one without parts."""
    parts: dict[Tree, None] = {}
    for tree in trees:
        if tree is (not empty):
            return tree
        if tree is not empty:
            parts.update(dict.fromkeys(tree[1:] if isinstance(tree, tuple) and tree[0] == word else (tree,)))
    if word == "or":
        texts = [part for part in parts if isinstance(part, str)]
        for text in texts:
            if any(other != text and other in text for other in texts):
                del parts[text]
    return empty if not parts else next(iter(parts)) if len(parts) == 1 else (word, *parts)


def texts(found: Iterable[str]) -> Tree:
    """One of these must be shown."""
    return any_of(text.casefold() or True for text in found)


def _condition(items: Items) -> Tree:
    exact, tree = _sequence(items)
    return tree if exact is None else texts(exact)


def _anchored(items: Items) -> Tree:
    """As `_condition`, where the first item may be the beginning of the whole text."""
    if not _at(items[:1], _BEGINS):
        return _condition(items)
    exact, tree = _sequence(items[1:], _beginning)
    return tree if exact is None else _beginning(exact)


def _beginning(found: Iterable[str]) -> Tree:
    pieces = tuple(sorted({text.casefold() for text in found}))
    return ("begins", pieces) if "" not in pieces else True


def _sequence(items: Items, first: Callable[[Iterable[str]], Tree] = texts) -> tuple[Exact, Tree]:
    """The texts that the items match and no others, else None with what must be shown; `first` says it at the front."""
    current: frozenset[str] = frozenset({""})
    known: list[Tree] = []
    whole = True
    for item in items:
        exact, tree = _item(*item, first if whole and current == {""} else texts)
        if exact is not None and len(current) * len(exact) <= _MAX_TEXTS:
            current = frozenset(a + b for a, b in product(current, exact))
            continue
        known.extend((first(current) if whole else texts(current), tree))
        current, whole = (frozenset({""}) if exact is None else exact), False
    return (current, True) if whole else (None, all_of([*known, texts(current)]))


def _item(name: Any, given: Any, first: Callable[[Iterable[str]], Tree]) -> tuple[Exact, Tree]:
    if name is sre.LITERAL:
        return frozenset({chr(given).casefold()}), True
    if name is sre.IN:
        found = class_letters(given)
        return (frozenset(map(str.casefold, found)), True) if found and len(found) <= _MAX_CLASS else (None, True)
    if name is sre.AT:
        return frozenset({""}), True
    if name is sre.SUBPATTERN:
        return _sequence(list(given[3]), first)
    if name is sre.BRANCH:
        return _either([_sequence(list(branch), first) for branch in given[1]], first)
    if name in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
        return _repeated(*given)
    if name is sre.ATOMIC_GROUP:
        return _sequence(list(given))
    return None, True


def _either(branches: list[tuple[Exact, Tree]], first: Callable[[Iterable[str]], Tree]) -> tuple[Exact, Tree]:
    joined = frozenset(text for exact, _ in branches for text in exact or ())
    if all(exact is not None for exact, _ in branches) and len(joined) <= _MAX_TEXTS:
        return joined, True
    return None, any_of(tree if exact is None else first(exact) for exact, tree in branches)


def _repeated(least: int, most: int, inner: Any) -> tuple[Exact, Tree]:
    exact, tree = _sequence(list(inner))
    if (least, most) == (1, 1):
        return exact, tree
    if (least, most) == (0, 1) and exact is not None:
        return exact | {""}, True
    return None, (tree if exact is None else texts(exact)) if least else True


# Patterns that say of the whole text what it is: each way through their branches has its own letters.


def _branches(items: Items) -> list[Items]:
    """The ways through the branches and options of a pattern; none if there are too many."""
    ways: list[Items] = [()]
    for name, given in items:
        options: list[Items] = [((name, given),)]
        if name is sre.SUBPATTERN:
            options = [] if given[1] else _branches(list(given[3]))
        elif name is sre.BRANCH:
            options = [way for branch in given[1] for way in _branches(list(branch))]
        elif name is sre.MAX_REPEAT and given[:2] == (0, 1) and _is_group(given[2]):
            options = [(), *_branches(list(given[2]))]
        ways = [(*way, *option) for way in ways for option in options]
        if not options or len(ways) > _MAX_BRANCHES:
            return []
    return ways


def _is_group(inner: Any) -> bool:
    return len(inner) > 0 and inner[0][0] is sre.SUBPATTERN


def _branch(items: Items) -> Tree:
    tree = _anchored(items)
    allowed = letters(items) if _is_whole(items) else None
    return tree if allowed is None else all_of([tree, ("only", allowed)])


def _is_whole(items: Items) -> bool:
    return _at(items[:1], _BEGINS) and _at(items[-1:], _ENDS)


def _at(end: Items, places: tuple[Any, ...]) -> bool:
    """Whether an end of a pattern, one item of it, is the end of the text."""
    return len(end) == 1 and end[0][0] is sre.AT and end[0][1] in places
