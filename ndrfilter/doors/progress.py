"""A progress bar for people who check many files: on standard error, only on a terminal, only when it takes a while."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from ndrfilter.doors.sources import Place

_FILES, _SECONDS = 200, 2.0


def watched(places: list[Place]) -> Iterable[Place]:
    """The same places; on a terminal a bar shows how far we are, by bytes, so that one big mbox moves it too."""
    return _Bar(places) if sys.stderr is not None and sys.stderr.isatty() else places


class _Bar:
    def __init__(self, places: list[Place]) -> None:
        self._places = places
        self._total = sum(place.size for place in places)
        self._rich: Any = None

    def __iter__(self) -> Iterator[Place]:
        started, done = time.monotonic(), 0
        try:
            for number, place in enumerate(self._places):
                late = time.monotonic() - started > _SECONDS
                if self._rich is None and (late or len(self._places) > _FILES):
                    self._open()
                if self._rich:
                    rate = number / max(time.monotonic() - started, 1e-3)
                    self._rich.update(0, completed=done, rate=f"{number:,} files, {rate:,.0f}/s")
                yield place
                done += place.size
        finally:
            if self._rich:
                self._rich.stop()

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (BarColumn(), TextColumn("{task.percentage:>3.0f} %  {task.fields[rate]}"), TimeRemainingColumn())
        self._rich = Progress(*columns, console=Console(stderr=True), transient=True)
        self._rich.add_task("checking", total=self._total or None, rate="")
        self._rich.start()
