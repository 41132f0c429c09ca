"""Looking after the log, and reading what goes into it from a message."""

from __future__ import annotations

import pytest

from ndrfilter.adapters.clock import FixedClock
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.message import parse
from ndrfilter.sentlog import Entry, coverage, covered, known, record
from ndrfilter.sentlog.outgoing import entry_of
from ndrfilter.sentlog.upkeep import Summary, forget, forget_before, summary

NOW = 1_800_000_000.0
ALICE, BOB, CAROL = "alice@example.com", "bob@receiver.example", "carol@x.example"


@pytest.fixture
def store():
    return SqliteStore(None, FixedClock(NOW))


def sent(store, *entries):
    record(store, [Entry(f"<{number}@example.com>", to, ALICE, NOW - age) for number, age, to in entries], NOW)


def test_how_much_there_is(store):
    assert summary(store) == Summary(0, 0, None, None, None)
    sent(store, (1, 50, (BOB, CAROL)), (2, 9, (BOB,)))
    covered(store, 5, 6)
    forget(store, "<2@example.com>")
    sent(store, (3, 20, (BOB,)))
    assert summary(store) == Summary(2, 3, NOW - 50, NOW - 20, coverage(store))


def test_forgetting_a_message_leaves_nothing_of_its_people(store):
    sent(store, (1, 50, (BOB, CAROL)))
    assert forget(store, " 1@EXAMPLE.com ")
    assert [value for _key, value, _expires in store.items("sent")] == [b""]
    found = known(store, "<1@example.com>", [ALICE], [BOB])
    assert (found.copies, found.sender, found.recipient, found.domain) == (0, False, False, False)


@pytest.mark.parametrize("message_id", ["<2@example.com>", "", "<>"])
def test_what_is_not_there_cannot_be_forgotten(store, message_id):
    sent(store, (1, 50, (BOB,)))
    assert not forget(store, message_id)
    assert len(list(store.items("sent"))) == 1


def test_forgetting_twice(store):
    sent(store, (1, 50, (BOB,)))
    assert forget(store, "<1@example.com>")
    assert not forget(store, "<1@example.com>")


def test_a_forgotten_message_stays_forgotten_until_its_time(tmp_path):
    store = SqliteStore(tmp_path, FixedClock(NOW))
    sent(store, (1, 50, (BOB,)))
    forget(store, "<1@example.com>")
    sent(store, (1, 50, (BOB, CAROL)))
    assert summary(store).copies == 0
    assert known(SqliteStore(tmp_path, FixedClock(NOW + 46 * 86_400)), "<1@example.com>", [ALICE], [BOB]) is None


def test_forgetting_by_time_moves_the_coverage(store):
    sent(store, (1, 50, (BOB, CAROL)), (2, 9, (BOB,)))
    covered(store, 0, NOW)
    assert forget_before(store, NOW - 10) == 2
    assert known(store, "<1@example.com>", [ALICE], []) is None
    assert known(store, "<2@example.com>", [ALICE], []) is not None
    assert coverage(store).since == NOW - 10


def test_forgetting_by_time_never_stretches_the_coverage(store):
    covered(store, 500, NOW)
    forget_before(store, 100)
    assert coverage(store).since == 500


class TestEntries:
    RAW = (
        b"From: Alice <alice@example.com>, Al <al@x.example>\nTo: bob@receiver.example,\n Carol <carol@x.example>\n"
        b"Cc: team: dave@x.example;\nBcc: eve@x.example\nResent-To: fay@x.example\nMessage-ID:\n <1@example.com>\n\nTo: x@y\n"
    )

    def entry(self, raw=RAW, **told):
        return entry_of(parse(raw).headers, NOW, **told)

    def test_from_the_header(self):
        found = self.entry()
        assert found.message_id.strip() == "<1@example.com>"
        assert found.sender == ALICE
        assert found.recipients == (BOB, CAROL, "dave@x.example", "eve@x.example", "fay@x.example")

    def test_from_the_envelope(self):
        found = self.entry(sender="", recipients=("x@y.example",))
        assert (found.sender, found.recipients) == ("", ("x@y.example",))

    def test_of_what_is_no_mail(self, store):
        found = self.entry(b"hello")
        assert found == Entry("", (), "", NOW)
        assert record(store, [found], NOW) == 0
