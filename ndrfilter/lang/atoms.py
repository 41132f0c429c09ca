"""What a text must contain to match a regular expression: found once, when rules are compiled or frozen.

A process that checks one message would spend most of its time on compiling patterns that cannot match it.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    Atoms = tuple[str, ...]

_MOST, _SHORTEST = 200, 3  # alternatives; bytes, if anything has as many
_FOREIGN = re.compile(r"\[:\^?[a-z]+:\]|\\[QC]|\{,")


@lru_cache(maxsize=4_096)
def atoms_of(pattern: str) -> tuple[bytes, ...]:
    """Texts in UTF-8 of which one is in every text that the RE2 pattern matches, both case-folded; none if not known.

    It does not matter whether the pattern is matched without regard to case: what RE2 takes for the same letter then
    (simple case folding) is the same after `str.casefold`.
    """
    if foreign(pattern):
        return ()
    try:
        from re import _parser

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return tuple(atom.encode() for atom in _best(_needs(_parser.parse(pattern))))
    except (ImportError, AttributeError, re.error, RecursionError, OverflowError, ValueError):
        return ()


def foreign(pattern: str) -> bool:
    """Whether RE2 may read something else in it than Python's parser does."""
    return _FOREIGN.search(pattern) is not None


def _best(found: Iterable[Atoms]) -> Atoms:
    """The most telling of the needs: long, and not too many to choose from."""
    known = [atoms for atoms in found if len(atoms) <= _MOST]
    fit = [atoms for atoms in known if _shortest(atoms) >= _SHORTEST] or known
    return max(fit, key=lambda atoms: min(_shortest(atoms), 12) - len(atoms) / 4, default=())


def _shortest(atoms: Atoms) -> int:
    return min(len(atom.encode()) for atom in atoms)


def _needs(items: Any) -> list[Atoms]:
    """Every need of a sequence: each run of letters in it, and what its groups need."""
    found: list[Atoms] = []
    run = ""
    for word, what in _flat(items):
        letter = _letter(word, what)
        if letter:
            run += letter
            continue
        if run:
            found.append((run,))
        run = ""
        if word == "BRANCH":
            parts = [_best(_needs(part)) for part in what[1]]
            found += [tuple(dict.fromkeys(atom for part in parts for atom in part))] if all(parts) else []
        elif word.endswith("REPEAT") and what[0] >= 1:
            found += _needs(what[2])
    return [*found, (run,)] if run else found


def _flat(items: Any) -> Iterable[tuple[str, Any]]:
    """The items with those of groups in their places."""
    for word, what in items:
        if str(word) == "SUBPATTERN":
            yield from _flat(what[-1])
        else:
            yield str(word), what


def _letter(word: str, what: Any) -> str:
    """The one character, case-folded, that the item stands for, if it does for one."""
    if word == "LITERAL":
        return chr(what).casefold()
    if word == "IN" and all(str(kind) == "LITERAL" for kind, _ in what):
        letters = {chr(code).casefold() for _, code in what}
        return letters.pop() if len(letters) == 1 else ""
    return ""
