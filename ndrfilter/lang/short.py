"""Patterns that Python's own engine may test short ASCII texts for in the place of RE2, compiled when rules are frozen.

To compile a pattern for RE2 takes longer than the rest of a condition, and most are asked for one short header field.
Only whether a text matches is told, never where: there the engines agree on what is let through here, and no text that
is let through is long enough for this one to go far astray.
"""

from __future__ import annotations

import re
import sys
import warnings

from ndrfilter.lang.atoms import foreign

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ndrfilter.lang.patterns import Short

_STEPS = 4_000_000
"""What a test may cost at the worst, in steps of the engine, by our estimate."""
_SINGLE = {"LITERAL", "NOT_LITERAL", "IN", "ANY"}
_ASKING = {"AT_BEGINNING", "AT_BEGINNING_STRING", "AT_BOUNDARY", "AT_NON_BOUNDARY", "AT_END", "AT_END_STRING"}
_FOLDED_TO_ASCII = ("\N{KELVIN SIGN}", "\N{LATIN SMALL LETTER LONG S}")


def short_of(pattern: str, flags: str) -> Short | None:
    """The longest text to test, and what `_sre.compile` makes the pattern of; None where the engines may differ."""
    if foreign(pattern) or any(sign in pattern for sign in _FOLDED_TO_ASCII):
        return None
    number = int(re.ASCII) | sum(int(getattr(re, flag.upper())) for flag in flags)
    try:
        from re import _compiler, _parser  # type: ignore[attr-defined]

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = _parser.parse(pattern, number)
            many_lines = bool(tree.state.flags & re.MULTILINE)
            if not many_lines:
                _end_at_the_end(tree)
            longest = _longest(tree, anchored=not many_lines)
            code = _compiler._code(tree, number)
    except (ImportError, AttributeError, re.error, RecursionError, OverflowError, ValueError):
        return None
    words = b"".join(word.to_bytes(4, sys.byteorder) for word in code)
    return longest, (int(tree.state.flags) | number, words, tree.state.groups - 1)


def _end_at_the_end(items: Any) -> None:
    """`$` as RE2 has it: not before a last line feed."""
    from re import _constants

    for place, (word, what) in enumerate(items):
        if what is _constants.AT_END:
            items[place] = word, _constants.AT_END_STRING
        elif word is _constants.BRANCH:
            for part in what[1]:
                _end_at_the_end(part)
        elif word is _constants.SUBPATTERN or what.__class__ is tuple:
            _end_at_the_end(what[-1])


def _longest(tree: Any, *, anchored: bool) -> int:
    """The text that is as long as a test may cost."""
    ways, wide = _cost(tree)
    literal = 0
    for word, what in ((str(word), what) for word, what in tree):
        if word == "AT" and anchored and str(what).startswith("AT_BEGINNING"):
            return min(4_096, int((_STEPS / ways) ** (1 / max(1, wide))))
        if word != "LITERAL":
            break
        literal += 1
    # Where the text begins anew with the pattern's first letters, it can be tried again.
    return min(4_096, int((_STEPS * max(1, literal) / ways) ** (1 / (1 + wide))))


def _cost(items: Any) -> tuple[float, int]:
    """How many ways there are at each place, and how many repeats that only the text's end ends; ValueError if odd."""
    ways, wide = 1.0, 0
    for word, what in ((str(word), what) for word, what in items):
        if word == "SUBPATTERN" and (what[1] or what[2]):
            raise ValueError("flags of its own")
        if word == "SUBPATTERN" or word == "BRANCH":
            inner = [_cost(part) for part in ([what[-1]] if word == "SUBPATTERN" else what[1])]
            ways *= sum(of for of, _ in inner)
            wide += max(of for _, of in inner)
        elif word == "MAX_REPEAT" or word == "MIN_REPEAT":
            least, most, body = what
            if most == 1:
                of, more = _cost(body)
                ways, wide = ways * (of + 1), wide + more
            elif len(body) == 1 and str(body[0][0]) in _SINGLE:
                several = int(most) - least + 1
                ways, wide = (ways, wide + 1) if several > 16 else (ways * several, wide)
            else:
                raise ValueError("a repeat of more than one character")
        elif word not in _SINGLE and not (word == "AT" and str(what) in _ASKING):
            raise ValueError(f"{word} is for RE2")
    return ways, wide
