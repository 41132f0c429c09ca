"""The sent log: what it knows again, what it forgets, what it says of gaps, and that it holds nothing in clear."""

from __future__ import annotations

import pytest

from ndrfilter import limits
from ndrfilter.adapters.clock import FixedClock
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.sentlog import Coverage, Entry, coverage, covered, known, record
from ndrfilter.sentlog.log import keeps

NOW = 1_800_000_000.0
DAY = 86_400.0
ALICE, BOB = "alice@example.com", "bob@receiver.example"


@pytest.fixture
def store():
    return SqliteStore(None, FixedClock(NOW))


def entry(message_id="<1@example.com>", recipients=(BOB,), sender=ALICE, time=NOW - 60):
    return Entry(message_id, recipients, sender, time)


def told(store, message_id="<1@example.com>", sender=ALICE, recipient=BOB):
    found = known(store, message_id, [sender], [recipient])
    return found and (found.sender, found.recipient, found.domain)


class TestWhatIsKnown:
    def test_the_message_to_its_recipient_by_its_sender(self, store):
        assert record(store, [entry()], NOW) == 1
        assert told(store) == (True, True, True)
        assert told(store, recipient="else@receiver.example") == (True, False, True)
        assert told(store, recipient="bob@else.example") == (True, False, False)
        assert told(store, sender="carol@example.com") == (False, False, False)
        assert told(store, "<2@example.com>") is None

    def test_another_spelling_is_the_same(self, store):
        record(store, [entry(" 1@EXAMPLE.com ", ("<Bob@Receiver.EXAMPLE>",), "prvs=1234abcdef=Alice@Example.com")], NOW)
        assert told(store, "Message <1@example.COM> (added)", "prvs=2235abcdef=ALICE@example.com") == (True, True, True)

    def test_the_senders_of_one_id_do_not_mix_their_recipients(self, store):
        record(store, [entry(), entry(sender="carol@example.com", recipients=("dave@other.example",))], NOW)
        assert told(store, recipient="dave@other.example") == (True, False, False)

    def test_the_earliest_time_counts(self, store):
        record(store, [entry(time=NOW - 5), entry(recipients=("eve@x.example",), time=NOW - 9)], NOW)
        assert known(store, "<1@example.com>", [ALICE], []).time == NOW - 9
        assert known(store, "<1@example.com>", [ALICE], []).copies == 2

    def test_twice_is_once(self, store):
        assert record(store, [entry(), entry("<2@example.com>")], NOW) == 2
        assert record(store, [entry(time=NOW - 20), entry("<3@example.com>")], NOW) == 1
        assert len(list(store.items("sent"))) == 3

    def test_a_second_recipient_is_new(self, store):
        record(store, [entry()], NOW)
        assert record(store, [entry(recipients=(BOB, "eve@x.example"))], NOW) == 1

    def test_no_recipient_and_no_sender(self, store):
        record(store, [entry(recipients=(), sender="")], NOW)
        assert told(store, sender="") == (True, False, False)
        assert known(store, "<1@example.com>", [""], [""]).recipient is False

    @pytest.mark.parametrize("message_id", ["", "<>", "  ", "\r\n "])
    def test_without_an_id_there_is_nothing_to_keep(self, store, message_id):
        assert record(store, [entry(message_id)], NOW) == 0
        assert known(store, message_id, [ALICE], [BOB]) is None

    def test_recipients_beyond_the_bound_leave_the_message_known(self, store):
        record(store, [entry(recipients=tuple(f"u{n}@x.example" for n in range(limits.STORE_VALUES + 9)))], NOW)
        assert told(store, recipient="u5@x.example") == (True, True, True)
        assert told(store, recipient=f"u{limits.STORE_VALUES + 2}@x.example") == (True, False, True)

    def test_many_are_written_in_steps(self, store):
        many = (entry(f"<{n}@example.com>") for n in range(limits.SENT_BATCH * 2 + 1))
        assert record(store, many, NOW) == limits.SENT_BATCH * 2 + 1


class TestRetention:
    def test_what_is_too_old_is_not_taken_and_what_becomes_old_is_forgotten(self, tmp_path):
        store = SqliteStore(tmp_path, FixedClock(NOW))
        assert record(store, [entry(time=NOW - 45 * DAY), entry("<2@example.com>", time=NOW - 44 * DAY)], NOW) == 1
        assert told(store, "<2@example.com>")
        assert told(SqliteStore(tmp_path, FixedClock(NOW + DAY)), "<2@example.com>") is None

    def test_it_can_be_chosen(self, store):
        assert record(store, [entry(time=NOW - 90)], NOW, retention=60) == 0
        assert record(store, [entry(time=NOW - 50)], NOW, retention=60) == 1

    @pytest.mark.parametrize("time", [-1e300, 1e300])
    def test_times_out_of_range_break_nothing(self, store, time):
        record(store, [entry(time=time)], NOW)


class TestCoverage:
    def test_there_is_none_before_somebody_says_so(self, store):
        assert coverage(store) is None

    def test_it_grows_while_there_is_no_gap(self, store):
        covered(store, 100, 200)
        covered(store, 200, 300)
        covered(store, 250, 260)
        assert coverage(store) == Coverage(100, 300)

    def test_it_begins_anew_after_a_gap(self, store):
        covered(store, 100, 200)
        assert covered(store, 201, 300) == coverage(store) == Coverage(201, 300)

    def test_it_grows_backwards_when_older_logs_are_read(self, store):
        covered(store, 100, 200)
        assert covered(store, 50, 150) == Coverage(50, 200)

    def test_older_logs_that_do_not_reach_it_change_nothing(self, store):
        covered(store, 100, 200)
        assert covered(store, 10, 90) == Coverage(100, 200)

    @pytest.mark.parametrize(("since", "fed"), [("", ""), ("1", ""), ("", "2"), ("x", "2"), ("nan", "2"), ("5", "4")])
    def test_marks_that_say_nothing_cover_nothing(self, store, since, fed):
        store.set_mark("sent_log.since", since)
        store.set_mark("sent_log.fed", fed)
        assert coverage(store) is None

    @pytest.mark.parametrize(
        ("first", "last", "doubt"),
        [
            (NOW - 5 * DAY, NOW - 5 * DAY, ""),
            (NOW - 10 * DAY, NOW - 5 * DAY, "complete only since"),
            (NOW - 11 * DAY, NOW - 5 * DAY, "complete only since"),
            (NOW - 50 * DAY, NOW - 5 * DAY, "complete only since"),
            (NOW - 5, NOW - 1, "fed only until"),
            (NOW - 5, NOW + DAY, "fed only until"),
            (NOW - 90, NOW - 60, ""),
        ],
    )
    def test_what_may_be_missing(self, first, last, doubt):
        covers = Coverage(NOW - 10 * DAY, NOW - 30)
        assert (
            (doubt in covers.doubt(first, last, NOW, 45 * DAY))
            if doubt
            else not covers.doubt(first, last, NOW, 45 * DAY)
        )

    def test_what_the_log_does_not_keep_may_be_missing(self):
        assert "keeps 7 days" in Coverage(0, NOW).doubt(NOW - 7 * DAY, NOW - 7 * DAY, NOW, 7 * DAY)

    def test_a_log_that_nobody_feeds_any_more_may_miss_what_left_late(self):
        assert "fed only until" in Coverage(0, NOW - 2 * DAY).doubt(NOW - 3 * DAY, NOW - 3 * DAY, NOW, 45 * DAY)


def test_no_address_and_no_id_is_in_the_files(tmp_path):
    store = SqliteStore(tmp_path, FixedClock(NOW))
    record(store, [entry(f"<id-{n}@example.com>", (f"user{n}@receiver.example",)) for n in range(300)], NOW)
    covered(store, 0, NOW)
    files = list(tmp_path.iterdir())
    assert "state.db-wal" in {path.name for path in files}
    text = b"".join(path.read_bytes() for path in files).lower()
    for word in (b"example", b"alice", b"user1", b"id-1", b"receiver", "example".encode("utf-16-le")):
        assert word not in text


def test_the_same_recipient_looks_different_under_each_message(store):
    record(store, [entry(), entry("<2@example.com>")], NOW)
    one, other = (value for _key, value, _expires in store.items("sent"))
    assert one[-4:] == other[-4:]
    assert not {one[n : n + 8] for n in (0, 8, 16)} & {other[n : n + 8] for n in (0, 8, 16)}


@pytest.mark.parametrize(
    ("kept", "since"), [(2 * DAY, NOW - 1 * DAY), (45 * DAY, NOW - 9 * DAY), (60 * DAY, NOW - 9 * DAY)]
)
def test_what_was_kept_for_a_shorter_time_is_not_covered_for_a_longer(store, kept, since):
    keeps(store, kept)
    covered(store, NOW - 9 * DAY, NOW - 1 * DAY)
    keeps(store, 45 * DAY)
    assert coverage(store) == Coverage(since, NOW - 1 * DAY)
    covered(store, NOW - 1 * DAY, NOW)
    keeps(store, 45 * DAY)
    assert coverage(store) == Coverage(since, NOW)
