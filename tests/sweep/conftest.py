"""What the tests of a sweep share: the demonstration's judge and mail; a Maildir, and what is proposed for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from alices_mail import ALICE, NOW, Maildir, Quiet
from directory_mailbox import DirectoryMailbox

from ndrfilter import Filter
from ndrfilter.adapters.clock import FixedClock
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.sweep.evidence import propose
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


@pytest.fixture
def mail(tmp_path):
    return Maildir(tmp_path / "Maildir")


@pytest.fixture
def account(tmp_path):
    folder = tmp_path / "account"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def store(account):
    made = SqliteStore(account, FixedClock(NOW))
    yield made
    made.close()


@pytest.fixture
def proposed(mail, store, ledger):
    """What is proposed for that Maildir."""
    from ndrfilter.sweep.local import opened

    def run(*me, resolver=None, now=NOW, progress=None, sent=()):
        mailbox = opened(mail.path)
        try:
            return propose(me or (ALICE,), mailbox, ledger, resolver, store, now, progress or Quiet(), sent=sent)
        finally:
            mailbox.close()

    return run
