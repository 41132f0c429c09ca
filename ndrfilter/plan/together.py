"""Many patterns over one text in one pass."""

from __future__ import annotations

from ndrfilter.lang.patterns import ATOMS, Pattern, folded, has_any, options
from ndrfilter.limits import MAX_REGEX_MEMORY, REGEX_MEMORY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

_MOST = 500
"""Patterns in one filter."""
_RECURRING, _KNOWN = 100, 256
"""Characters of a text that may come again, and how many such texts are kept: subjects, senders, content types."""
_TOKEN = "filter of ndrfilter works"  # noqa: S105 - no secret


class Together:
    """Patterns that are asked together: pairs of RE2 text and flags; `places` has their places.

    First their literals are looked for, all in one pass, then the few patterns whose literals are there. A `re2.Set`
    would know at once, but its automaton grows with every new text, and ours are no small patterns.
    """

    __slots__ = ("_filters", "_known", "_last", "places")

    def __init__(self, patterns: Sequence[tuple[str, str]], *, exact: bool = True) -> None:
        self.places = {pattern: place for place, pattern in enumerate(patterns)}
        parts = ((at, patterns[at : at + _MOST]) for at in range(0, len(patterns), _MOST))
        self._filters = tuple((at, _matcher(part, exact)) for at, part in parts)
        self._last: tuple[Any, tuple[int, ...]] = (None, ())
        self._known: dict[str, tuple[int, ...]] = {}

    def hits(self, text: str) -> tuple[int, ...]:
        """The places of the patterns that match somewhere in the text; unless `exact` perhaps of others."""
        if len(text) > _RECURRING:
            last, found = self._last
            if text is not last:  # one message's conditions ask for the same text, one after the other
                found = self._find(text)
                self._last = text, found
            return found
        known = self._known.get(text)
        if known is None:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            known = self._known[text] = self._find(text)
        return known

    def _find(self, text: str) -> tuple[int, ...]:
        data = text.encode("utf-8", "replace")
        if len(self._filters) == 1:
            return tuple(self._filters[0][1](data) or ())
        return tuple(at + number for at, match in self._filters for number in match(data) or ())


def _matcher(patterns: Sequence[tuple[str, str]], exact: bool) -> Any:
    """What gives the places of the patterns that match in some bytes."""
    if not exact and all(text in ATOMS for text, _ in patterns):
        return _by_atoms(patterns)
    import re2

    made, few = re2.Filter(), options(REGEX_MEMORY)
    for pattern, flags in patterns:
        text = f"(?{flags}){pattern}" if flags else pattern
        try:
            made.Add(text, few)
        except re2.error:
            made.Add(text, options(MAX_REGEX_MEMORY))
    token = made.Add(_TOKEN, few)
    try:
        made.Compile()
        if token in (made.Match(_TOKEN.encode()) or ()):
            return made.Match
    except re2.error:
        pass
    # Too many literals for its memory, which it does not say when it is asked: then each pattern for itself.
    searches = tuple(Pattern(*pattern).search for pattern in patterns)
    return lambda data: [number for number, search in enumerate(searches) if search(data) is not None]


def _by_atoms(patterns: Sequence[tuple[str, str]]) -> Any:
    """The patterns that may match, for a process of few messages: to be certain, it would have to compile them."""
    known = tuple((number, ATOMS[text]) for number, (text, _) in enumerate(patterns))

    def match(data: bytes) -> list[int]:
        text = folded(data)
        return [number for number, atoms in known if not atoms or has_any(text, atoms)]

    return match
