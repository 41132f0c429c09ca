"""The sent_log source through the filter: what is missing in the log, what it leaves open, and trouble."""

from __future__ import annotations

import sqlite3

import pytest
from logged import ANSWER, CONFIG, DAY, ID, NOW, SENT, SITE, UNSENT, causes, hits, put

from ndrfilter import Envelope
from ndrfilter.adapters.clock import FixedClock
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.errors import ConfigError
from ndrfilter.sentlog import Entry, covered
from ndrfilter.sentlog.log import record_passed
from ndrfilter.sentlog.upkeep import forget, forget_before


class TestAbsence:
    @pytest.fixture
    def full(self, store):
        covered(store, NOW - 45 * DAY, NOW - 1)
        return store

    def test_what_a_complete_log_lacks_was_not_sent(self, verdict, full):
        result = verdict(UNSENT, full)
        assert (result.verdict, hits(result)) == ("backscatter", {"NOT_IN_SENT_LOG"})

    @pytest.mark.parametrize(
        "change",
        [
            (b"From: Alice Ames <alice@example.com>", b"From: Eve <eve@else.example>"),
            (b"Return-Path: <alice@example.com>", b"Return-Path: <alice@else.example>"),
            (b"Return-Path: <alice@example.com>", b"Return-Path: <SRS0=abcd=AB=else.example=eve@example.com>"),
            (b"rfc822; nobody@receiver.example", b"rfc822; nobody@example.com"),
        ],
    )
    def test_what_the_log_would_not_have_is_not_missing(self, verdict, full, change):
        assert change[0] in UNSENT
        assert hits(verdict(UNSENT.replace(*change), full)) == set()

    @pytest.mark.parametrize(
        "message_id",
        [b"<no-at-sign>", b"<1@two@parts.example>", b"<%s@x.example>" % (b"1" * 200), "<ü@x.example>".encode()],
    )
    def test_an_id_that_mail_logs_may_write_otherwise_is_left_open(self, verdict, full, message_id):
        result = verdict(UNSENT.replace(b"<77@mailer.spam.example>", message_id), full)
        assert "in another form" in causes(result)["NOT_IN_SENT_LOG"]

    def test_the_log_alone_decides(self, verdict, full):
        site = {"domains": ["example.com"], "complete": ["log"]}
        result = verdict(UNSENT, full, config={"site": site, "plugins": ["sent_log"]})
        assert (result.verdict, hits(result)) == ("backscatter", {"NOT_IN_SENT_LOG"})

    def test_only_where_the_site_says_that_it_is_complete(self, verdict, full):
        result = verdict(UNSENT, full, config={"site": {"domains": ["example.com"]}, "plugins": ["sent_log"]})
        assert result.verdict == "undetermined"

    @pytest.mark.parametrize(
        ("since", "until", "now", "cause"),
        [
            (NOW - 45 * DAY, NOW - 7300, NOW, "fed only until 2026-11-22 09:58:20 UTC"),
            (NOW - 45 * DAY, NOW - 3700, NOW, "fed only until"),
            (NOW - DAY, NOW, NOW, "complete only since"),
            (NOW - 45 * DAY, NOW + 60 * DAY, NOW + 50 * DAY, "keeps 45 days"),
        ],
    )
    def test_what_may_be_missing_is_left_open(self, judged, store, since, until, now, cause):
        covered(store, since, until)
        result = judged(UNSENT, config=CONFIG, store=store, now=now)
        assert cause in causes(result)["NOT_IN_SENT_LOG"]

    def test_a_log_that_nobody_follows_says_so(self, verdict, store):
        assert "not fed by `sent follow`" in causes(verdict(UNSENT, store))["NOT_IN_SENT_LOG"]

    def test_a_gap_makes_it_open_again(self, verdict, full):
        covered(full, NOW, NOW + 5)
        assert "complete only since" in causes(verdict(UNSENT, full))["NOT_IN_SENT_LOG"]

    def test_what_others_sent_through_us_is_not_held_for_unsent(self, verdict, full):
        record_passed(full, [Entry("<77@mailer.spam.example>", (), "", NOW)], NOW, retention=45 * DAY)
        result = verdict(UNSENT, full)
        assert (hits(result), causes(result)) == (set(), {})

    def test_nor_does_it_hide_another_id_that_is_ours(self, verdict, full):
        record_passed(full, [Entry("<2@x.example>", (), "", NOW)], NOW, retention=45 * DAY)
        raw = ANSWER.replace(b"In-Reply-To:", b"References: <4711.abc@example.com>\n <2@x.example>\nX-In-Reply-To:")
        assert hits(verdict(raw, full)) == {"SENT_LOG_KNOWS_MESSAGE"}

    def test_what_was_forgotten_is_not_held_for_unsent(self, verdict, full):
        forget(full, ID)
        assert hits(verdict(SENT, full)) == set()

    def test_nor_what_was_forgotten_by_date(self, verdict, full):
        forget_before(full, NOW - 3600)
        assert "complete only since" in causes(verdict(SENT, full))["NOT_IN_SENT_LOG"]

    @pytest.mark.parametrize("date", [b"", b"Date: soon\n", b"Date: Sun, 22 Nov 2099 10:00:00 +0000\n"])
    def test_an_original_without_a_usable_date_is_left_open(self, verdict, full, date):
        raw = UNSENT.replace(b"Date: Sun, 22 Nov 2026 10:00:00 +0000\nFrom: Alice", date + b"From: Alice")
        assert "NOT_IN_SENT_LOG" in causes(verdict(raw, full))


class TestTrouble:
    def test_a_store_that_cannot_be_read_leaves_it_open_and_prevents_backscatter(self, verdict, tmp_path):
        (tmp_path / "file").write_bytes(b"")
        result = verdict(SENT, SqliteStore(tmp_path / "file", FixedClock(NOW)))
        assert result.verdict == "undetermined"
        assert "state folder" in causes(result)["SENT_LOG_KNOWS"]
        assert result.errors == ()

    def test_uses_that_cannot_be_counted_make_less_than_a_record(self, verdict, tmp_path):
        store = SqliteStore(tmp_path, FixedClock(NOW))
        put(store)
        other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert hits(verdict(SENT, store)) == {"SENT_LOG_KNOWS_SOMEBODY"}
        other.close()
        assert hits(verdict(SENT, store)) == {"SENT_LOG_KNOWS"}

    def test_a_bounce_to_nobody_knows_whom_is_less_than_a_record(self, judged, store):
        result = judged(SENT, config=CONFIG, store=store, now=NOW, envelope=Envelope(sender=""))
        assert hits(result) == {"SENT_LOG_KNOWS_SOMEBODY"}

    def test_and_nothing_for_one_that_names_another(self, judged, store):
        raw = SENT.replace(b"To: alice@example.com", b"To: bob@example.com").replace(b"Ames <alice@", b"Ames <bob@")
        assert hits(judged(raw, config=CONFIG, store=store, now=NOW, envelope=Envelope(sender=""))) == set()

    def test_switched_off_it_says_nothing_and_opens_nothing(self, verdict, tmp_path):
        store = SqliteStore(tmp_path / "state", FixedClock(NOW))
        result = verdict(SENT, store, config={"site": SITE})
        assert not hits(result) | causes(result).keys()
        assert not (tmp_path / "state").exists()

    def test_ordinary_mail_opens_nothing(self, verdict, tmp_path):
        store = SqliteStore(tmp_path / "state", FixedClock(NOW))
        assert (
            verdict(b"From: a@b.example\nIn-Reply-To: <4711.abc@example.com>\n\nhello\n", store).verdict
            == "not-a-bounce"
        )
        assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("section", [{"retention": "1h"}, {"retention": "9999d"}, {"uses": 0}, {"keep": "1d"}])
def test_mistakes_in_the_section_are_named(judged, section):
    with pytest.raises(ConfigError, match=next(iter(section))):
        judged(SENT, config={"site": SITE, "plugins": [{"sent_log": section}]})
