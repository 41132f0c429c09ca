"""How far a sweep is: a bar with the rate and the remaining time, on a terminal; else nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndrfilter.doors.progress import Bar
from ndrfilter.terminal import clip

if TYPE_CHECKING:
    from typing import Self

_LONG = 30


class Progress:
    """A bar for each stretch of the way that `start` announces. Use it in `with`."""

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar: Bar | None = None
        self._word = ""

    def start(self, total: int) -> None:
        """So many messages are ahead, 0 if nobody knows."""
        self.stop()
        self._bar = Bar(total, quiet=self._quiet)
        self._bar.word = self._word

    def folder(self, name: str) -> None:
        """What follows is about that folder."""
        self._word = clip(name, _LONG)
        if self._bar is not None:
            self._bar.word = self._word

    def advance(self, messages: int) -> None:
        """So many are done."""
        if self._bar is not None:
            self._bar.advance(messages, messages)

    def stop(self) -> None:
        """That stretch is at its end: the bar goes, and others may write."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
