"""What the tests of the sent_log source share; log and mail are in `logged`, beside this file."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ndrfilter import Envelope
from ndrfilter.adapters.clock import FixedClock
from ndrfilter.adapters.store import SqliteStore

sys.path.insert(0, str(Path(__file__).parent))

from logged import ALICE, CONFIG, NOW, put


@pytest.fixture
def store():
    made = SqliteStore(None, FixedClock(NOW))
    put(made)
    return made


@pytest.fixture
def verdict(judged):
    def run(raw, store, *, config=CONFIG, recipients=(ALICE,), now=NOW):
        return judged(raw, config=config, store=store, now=now, envelope=Envelope(sender="", recipients=recipients))

    return run
