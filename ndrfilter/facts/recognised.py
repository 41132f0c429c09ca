"""The recognisers that know a message: asked in order of their priority, and no more of them than somebody needs."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from ndrfilter.facts.world import Facts
    from ndrfilter.schema import Recogniser


class Applying:
    """The recognisers that hold, the one to ask first in front, each asked only when somebody gets that far."""

    __slots__ = ("_asked", "_facts", "_open", "_tried")

    def __init__(self, facts: Facts) -> None:
        known = facts.knowledge
        self._open = (known.recognising and known.recognising.candidates(facts)) or iter(known.recognisers)
        self._facts = facts
        self._tried: list[Recogniser] = []
        self._asked: dict[int, bool] = {}

    def __iter__(self) -> Iterator[Recogniser]:
        return self.that()

    def __bool__(self) -> bool:
        return next(self.that(), None) is not None

    def that(self, matter: Callable[[Recogniser], Any] | None = None) -> Iterator[Recogniser]:
        """Those that hold among those that `matter`: of others nobody need know whether they do."""
        tried, asked, place = self._tried, self._asked, 0
        while place < len(tried) or self._next():
            one = tried[place]
            if matter is None or matter(one):
                if place not in asked:
                    asked[place] = one.when(self._facts) is True
                if asked[place]:
                    yield one
            place += 1

    def _next(self) -> bool:
        one = next(self._open, None)
        if one is not None:
            self._tried.append(one)
        return one is not None
