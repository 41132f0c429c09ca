"""The recognisers that know a message: asked in order of their priority, and no more of them than somebody needs."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndrfilter.facts.world import Facts
    from ndrfilter.schema import Recogniser


class Applying:
    """The recognisers that hold, the one to ask first in front, each asked only when somebody gets that far."""

    __slots__ = ("_held", "_open")

    def __init__(self, facts: Facts) -> None:
        self._held: list[Recogniser] = []
        known = facts.knowledge
        found = known.recognising.holding(facts) if known.recognising else None
        self._open = found or (one for one in known.recognisers if one.when(facts) is True)

    def __iter__(self) -> Iterator[Recogniser]:
        number = 0
        while number < len(self._held) or self._next():
            yield self._held[number]
            number += 1

    def __bool__(self) -> bool:
        return bool(self._held) or self._next()

    def _next(self) -> bool:
        one = next(self._open, None)
        if one is not None:
            self._held.append(one)
        return one is not None
