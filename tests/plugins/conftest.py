"""A filter with one source switched on, in a world of its own: zone text, store, time."""

from __future__ import annotations

import pytest

from ndrfilter import Envelope, Filter
from ndrfilter.adapters.clock import FixedClock
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.adapters.zone import ZoneResolver

NOW = 1_767_268_800.0
"""2026-01-01T12:00:00Z."""


@pytest.fixture
def judged():
    """Judges a message; `zone` is zone text or a resolver, without `store` nothing is remembered from call to call."""

    def run(raw, *, config, zone="", envelope=None, now=NOW, store=None):
        clock = FixedClock(now)
        filter_ = Filter.from_config(
            config,
            resolver=ZoneResolver(zone) if isinstance(zone, str) else zone,
            clock=clock,
            store=store or SqliteStore(None, clock),
        )
        return filter_.check(raw, envelope=envelope or Envelope(sender="", recipients=("alice@example.com",)))

    return run
