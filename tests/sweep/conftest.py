"""What the tests of a sweep share: the demonstration's judge, and mailboxes with its mail."""

from __future__ import annotations

from pathlib import Path

import pytest
from directory_mailbox import DirectoryMailbox

from ndrfilter import Filter
from ndrfilter.sweep.judge import Judge
from ndrfilter.sweep.ledger import Ledger

DEMO = Path(__file__).resolve().parents[2] / "docs" / "demo"


@pytest.fixture(scope="session")
def demo_judge():
    return Judge(Filter.from_config(str(DEMO / "ndrfilter.yml")))


@pytest.fixture(scope="session")
def demo_mail():
    """The demonstration's messages by the verdict they get."""
    rows = [line.split("\t") for line in (DEMO / "expected.tsv").read_text().splitlines()[1:]]
    found: dict[str, list[bytes]] = {}
    for name, verdict, _kind in rows:
        found.setdefault(verdict, []).append((DEMO / "mail" / name).read_bytes())
    return found


@pytest.fixture
def mailbox(tmp_path, demo_mail):
    """Everything of the demonstration in the inbox, some of it in other folders."""
    box = DirectoryMailbox(tmp_path / "box")
    box.fill("INBOX", [raw for mails in demo_mail.values() for raw in mails])
    box.fill("Work", [*demo_mail["backscatter"], *demo_mail["genuine"], *demo_mail["not-a-bounce"]])
    box.fill("Sent", demo_mail["not-a-bounce"])
    box.fill("Trash", demo_mail["backscatter"])
    return box


@pytest.fixture
def ledger(tmp_path):
    opened = Ledger(tmp_path / "ledger.db")
    opened.begin("print", 1.0)
    yield opened
    opened.close()
