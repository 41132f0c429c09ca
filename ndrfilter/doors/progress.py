"""A progress bar for people who check much: on standard error, only on a terminal, only when it takes a while."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any, Self

    from ndrfilter.doors.sources import Place

_FILES, _SECONDS = 200, 2.0


class Bar:
    """Counts messages, and measures the way to `total` in whatever `advance` is told. Use it in `with`.

    `word` stands behind the numbers.
    """

    def __init__(self, total: int, *, many: bool = False, quiet: bool = False) -> None:
        self._total = total
        self._patience = 0.0 if many else _SECONDS
        self._shown = not quiet and sys.stderr is not None and sys.stderr.isatty()
        self._started = time.monotonic()
        self._messages = self._way = 0
        self._rich: Any = None
        self.word = ""

    @classmethod
    def over(cls, places: list[Place], quiet: bool = False) -> Self:
        """A bar that goes by bytes, so that one big mbox moves it too."""
        return cls(sum(place.size for place in places), many=len(places) > _FILES, quiet=quiet)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Take it off the terminal."""
        if self._rich:
            self._rich.stop()

    def advance(self, way: int, messages: int = 1) -> None:
        """So much more of the way is done, by so many messages."""
        self._messages += messages
        self._way += way
        seconds = time.monotonic() - self._started
        if not self._shown or seconds < self._patience:
            return
        if self._rich is None:
            self._open()
        words = f"{self._messages:,} messages, {self._messages / max(seconds, 1e-3):,.0f}/s  {self.word}".rstrip()
        self._rich.update(0, completed=self._way, rate=words)

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %  {task.fields[rate]}", markup=False),
            TimeRemainingColumn(),
        )
        self._rich = Progress(*columns, console=Console(stderr=True), transient=True)
        self._rich.add_task("checking", total=self._total or None, rate="")
        self._rich.start()
