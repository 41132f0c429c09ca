"""Notices that files or folders have changed, by looking: it works on every system, and on network file systems."""

from __future__ import annotations

import time

from ndrfilter import limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_COARSE = 2.0  # seconds: what changes twice within a file system's tick has the same time (FAT's is the longest)


class Watch:
    """What these places looked like when last looked at; `fresh` if they had changed just before."""

    __slots__ = ("_places", "_seen", "fresh")

    def __init__(self, places: Iterable[Path]) -> None:
        self._places = tuple(places)
        self.look()

    def look(self) -> None:
        """Remember how they look now."""
        self._seen = self._state()
        now = time.time_ns()
        self.fresh = any(state and abs(now - state[-1]) < _COARSE * 1e9 for state in self._seen)

    def _state(self) -> tuple[tuple[int, ...] | None, ...]:
        return tuple(map(_state, self._places))

    def changed(self) -> bool:
        """Whether any of them looks different."""
        return self._state() != self._seen

    def wait(self, seconds: float) -> bool:
        """Wait until they may have changed, so long at most; whether they may have.

        If they had changed just before they were looked at, more of the same moment may not be seen: then they may,
        and nobody waits for longer than such a moment lasts.
        """
        end = time.monotonic() + (min(seconds, _COARSE) if self.fresh else seconds)
        while not (changed := self.changed()) and (left := end - time.monotonic()) > 0:
            time.sleep(min(limits.SWEEP_POLL, left))
        changed = changed or self.fresh
        self.look()
        return changed


def _state(place: Path) -> tuple[int, ...] | None:
    try:
        status = place.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
