"""The quick evaluator: the plain closures, but patterns are asked together with all others over the same value."""

from __future__ import annotations

from ndrfilter.lang.closures import OPERATIONS, builder
from ndrfilter.lang.unknowns import odd
from ndrfilter.plan.reading import TEXT, varies
from ndrfilter.plan.together import Together

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from ndrfilter.lang.closures import Build, Closure

    Ir = tuple[Any, ...]


class Searches:
    """The patterns of some conditions, by the value they are searched in.

    Of the text, which is long, only those in `early`: the others are searched for when they are needed. Without
    `exact` a search may also find patterns that do not match, and each goes by itself.
    """

    def __init__(
        self, conditions: Iterable[Ir], early: Iterable[tuple[Ir, Iterable[tuple[str, str]]]], *, exact: bool
    ) -> None:
        self._exact = exact
        found: dict[Ir, dict[tuple[str, str], None]] = {}
        for subject, patterns in early if exact else ():
            found.setdefault(subject, {}).update(dict.fromkeys(patterns))
        for ir in conditions:
            for subject, pattern, flags in _searched(ir):
                if subject != TEXT:
                    found.setdefault(subject, {})[pattern, flags] = None
        self._found = {of: Together(tuple(patterns), exact=exact) for of, patterns in found.items() if patterns}

    def of(self, subject: Ir, patterns: Iterable[tuple[str, str]]) -> Together:
        """What searches for these patterns, and perhaps more, in that value."""
        known = self._found.get(subject)
        if known is not None and all(one in known.places for one in patterns):
            return known
        return Together(tuple(patterns), exact=self._exact)

    def builder(self) -> Build:
        """What makes the closure of a lowered expression."""
        return builder({**OPERATIONS, "matches": self._matches})

    def _matches(self, build: Build, left: Ir, pattern: str, flags: str, negated: bool) -> Closure:
        together, read = self.of(left, ((pattern, flags),)), build(left)
        hits, place = together.hits, together.places[pattern, flags]

        def run(scope: Any, items: tuple[Any, ...]) -> Any:
            value = read(scope, items)
            if isinstance(value, str):
                return (place in hits(value)) is not negated
            return False if value is None else odd(value)

        return run


def _searched(ir: Any) -> Iterator[tuple[Ir, str, str]]:
    """Every value outside of quantifiers' items that patterns are searched in, with the pattern and its flags."""
    waiting = [ir]
    while waiting:
        part = waiting.pop()
        if part.__class__ is not tuple or not part or part[0] == "const":
            continue
        if part[0] == "matches" and not varies(part[1]):
            yield part[1:4]
        waiting += part
