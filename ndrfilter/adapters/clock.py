"""Clocks: the machine's, and one that stands still for tests."""

from __future__ import annotations

import time

from ndrfilter.noun import Noun


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()


class FixedClock(Noun):
    """A clock that always says the same, in seconds since the epoch, UTC."""

    time: float

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return self.time
