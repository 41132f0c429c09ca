"""The letters of patterns: which a class stands for, and of which alone a text consists that a pattern matches."""

from __future__ import annotations

from re import _constants as sre

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_ASCII = frozenset(map(chr, range(128)))
_CATEGORIES = {
    sre.CATEGORY_DIGIT: frozenset("0123456789"),
    sre.CATEGORY_SPACE: frozenset(" \t\n\r\f\v"),
    sre.CATEGORY_WORD: frozenset(letter for letter in _ASCII if letter.isalnum() or letter == "_"),
}


def class_letters(members: Iterable[tuple[Any, Any]]) -> frozenset[str] | None:
    """The ASCII letters of a class, and the others if all are named; None if they cannot be."""
    letters: set[str] = set()
    for name, given in members:
        if name is sre.LITERAL:
            letters.add(chr(given))
        elif name is sre.RANGE and given[1] < 128:
            letters.update(map(chr, range(given[0], given[1] + 1)))
        elif name is sre.CATEGORY and given in _CATEGORIES:
            letters |= _CATEGORIES[given]
        else:
            return None
    return frozenset(letters)


def letters(items: Iterable[tuple[Any, Any]]) -> bytes | None:
    """The bytes of all texts that the items match, any case; None if that may be all."""
    known: set[str] = set()
    for name, given in items:
        found = _item_letters(name, given)
        if found is None:
            return None
        known |= found
    cased = "".join(letter + letter.lower() + letter.upper() + letter.casefold() for letter in known)
    return bytes(sorted({ord(letter) for letter in cased if letter.isascii()} | set(range(128, 256))))


def _item_letters(name: Any, given: Any) -> set[str] | None:
    if name is sre.LITERAL:
        return {chr(given)}
    if name is sre.NOT_LITERAL:
        return _but({chr(given)})
    if name is sre.AT:
        return set()
    if name is sre.IN:
        negated = given[0][0] is sre.NEGATE
        found = class_letters(given[negated:])
        return None if found is None else _but(found) if negated else set(found)
    if name in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        return _inner_letters(given[2])
    if name is sre.SUBPATTERN:
        return _inner_letters(given[3])
    return None


def _but(excluded: Iterable[str]) -> set[str]:
    """All but these, and all letters: one beyond ASCII that is not excluded may fold to one that is."""
    return {letter for letter in _ASCII if letter.isalpha() or letter not in excluded}


def _inner_letters(items: Any) -> set[str] | None:
    found: set[str] = set()
    for name, given in items:
        branches = given[1] if name is sre.BRANCH else [[(name, given)]]
        for branch in branches:
            for one in branch:
                letters = _item_letters(*one)
                if letters is None:
                    return None
                found |= letters
    return found
