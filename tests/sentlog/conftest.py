"""Reading mail logs in tests: what a log shows as sent, the golden logs, and a log that is followed.

The lines are built in `followed_log` and `postfix_journey`, beside this file.
"""

import json
import sys
from pathlib import Path

import pytest

from ndrfilter.adapters.clock import FixedClock
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.sentlog.reader import Reader
from ndrfilter.sentlog.trust import Trust
from ndrfilter.site import Site

sys.path.insert(0, str(Path(__file__).parent))

import followed_log

LOGS = Path(__file__).parent.parent / "cases" / "logs"
NOW = 1795400000.0  # 2026-11-23


def read(log, trust=None, chosen="auto"):
    """The sender and recipients of each Message-ID that the log shows as sent."""
    reader = Reader(trust or Trust((Site(domains=("example.com",)),)), chosen)
    reader.written(NOW)
    for place, line in enumerate(log.split(b"\n")):
        reader.read(line, place)
    found = {}
    for entry in reader.take():
        found.setdefault((entry.message_id, entry.sender), set()).update(entry.recipients)
    return [[*key, sorted(recipients)] for key, recipients in sorted(found.items())]


@pytest.fixture
def sent():
    """What a log text (str or bytes) shows as sent: [Message-ID, sender, [recipients]]."""
    return lambda log, **options: read(log.encode() if isinstance(log, str) else log, **options)


@pytest.fixture
def golden():
    """The content of a golden log, and what must come of it."""

    def load(name):
        path = LOGS / f"{name}.log"
        lines = path.with_suffix(".expected").read_text(encoding="utf-8").splitlines()
        return path.read_bytes(), [json.loads(line) for line in lines]

    return load


@pytest.fixture
def store():
    """An empty store in memory."""
    return SqliteStore(None, FixedClock(followed_log.NOW))


@pytest.fixture
def following(tmp_path, store):
    """A follower of a log that shows the messages 1 and 2."""
    (tmp_path / "mail.log").write_text(followed_log.log(1, 2))
    return followed_log.Following(tmp_path / "mail.log", store)
