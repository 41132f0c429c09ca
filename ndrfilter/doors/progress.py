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
    """Counts messages, and measures the way by bytes, so that one big mbox moves it too. Use it in `with`."""

    def __init__(self, places: list[Place], quiet: bool = False) -> None:
        self._total = sum(place.size for place in places)
        self._patience = 0.0 if len(places) > _FILES else _SECONDS
        self._shown = not quiet and sys.stderr is not None and sys.stderr.isatty()
        self._started = time.monotonic()
        self._messages = self._bytes = 0
        self._rich: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._rich:
            self._rich.stop()

    def advance(self, size: int) -> None:
        """One more message of that many bytes is done."""
        self._messages += 1
        self._bytes += size
        seconds = time.monotonic() - self._started
        if not self._shown or seconds < self._patience:
            return
        if self._rich is None:
            self._open()
        words = f"{self._messages:,} messages, {self._messages / max(seconds, 1e-3):,.0f}/s"
        self._rich.update(0, completed=self._bytes, rate=words)

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (BarColumn(), TextColumn("{task.percentage:>3.0f} %  {task.fields[rate]}"), TimeRemainingColumn())
        self._rich = Progress(*columns, console=Console(stderr=True), transient=True)
        self._rich.add_task("checking", total=self._total or None, rate="")
        self._rich.start()
