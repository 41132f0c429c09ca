"""The sent_log source through the filter: what it proves, to whom, how often, and what it leaves open."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ndrfilter import Envelope
from ndrfilter.adapters.clock import FixedClock
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.errors import ConfigError
from ndrfilter.sentlog import Entry, covered, record
from ndrfilter.sentlog.log import record_passed
from ndrfilter.sentlog.upkeep import forget, forget_before

MAIL = Path(__file__).resolve().parents[2] / "rules" / "record" / "mail"
SENT, UNSENT, FORWARDED, ANSWER = (
    (MAIL / f"{name}.eml").read_bytes() for name in ("sent", "unsent", "forwarded", "answer")
)
NOW = 1_795_348_800.0  # 2026-11-22T12:00:00Z
DAY = 86_400.0
ID, ALICE, NOBODY = "<4711.abc@example.com>", "alice@example.com", "nobody@receiver.example"
SITE = {
    "domains": ["example.com"],
    "relays": ["mail.example.com"],
    "receivers": ["mx.example.com"],
    "complete": ["relays", "log"],
}
CONFIG = {"site": SITE, "plugins": ["sent_log"]}


def put(store, message_id=ID, sender=ALICE, recipients=(NOBODY,), time=NOW - 7200):
    record(store, [Entry(message_id, recipients, sender, time)], NOW)


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


_RULES = {"SENT_LOG_KNOWS", "SENT_LOG_KNOWS_MESSAGE", "SENT_LOG_KNOWS_SOMEBODY", "NOT_IN_SENT_LOG"}


def hits(result) -> set[str]:
    return {hit.name for hit in result.hits} & _RULES


def causes(result) -> dict[str, str]:
    return {one.name: one.cause for one in result.undecided}


class TestWhatIsOurs:
    def test_a_bounce_of_what_we_sent_is_genuine_however_it_came_there(self, verdict, store):
        result = verdict(SENT, store)
        assert (result.verdict, hits(result), result.evidence) == ("genuine", {"SENT_LOG_KNOWS"}, "record")

    def test_the_log_is_asked_for_the_id_as_it_was_written(self, verdict):
        store = SqliteStore(None, FixedClock(NOW))
        put(store, "=?utf-8?q?4711.abc?=@example.com")
        raw = SENT.replace(b"<4711.abc@example.com>", b"\r\n <=?utf-8?q?4711.abc?=@EXAMPLE.com>")
        assert hits(verdict(raw, store)) == {"SENT_LOG_KNOWS"}

    def test_a_tagged_or_extended_address_is_the_same_sender(self, verdict, store):
        assert hits(verdict(SENT, store, recipients=("prvs=1234abcdef=Alice@example.com",))) == {"SENT_LOG_KNOWS"}

    def test_one_of_several_recipients_is_a_hint(self, verdict, store):
        assert hits(verdict(SENT, store, recipients=("bob@example.com", ALICE))) == {"SENT_LOG_KNOWS_SOMEBODY"}

    def test_a_report_that_names_nobody_is_less_than_a_record(self, verdict, store):
        raw = SENT.replace(b"nobody@receiver.example", b"someone").replace(b"<someone>", b"")
        assert "SENT_LOG_KNOWS" not in hits(verdict(raw, store))

    @pytest.mark.parametrize(
        "field",
        [b"In-Reply-To: <4711.abc@example.com>", b"References: <1@x.example>\n <4711.abc@example.com>",
         b"X-Original-Message-ID: 4711.abc@example.com"],
    )  # fmt: skip
    def test_what_only_the_bounce_names_is_less_than_a_record(self, verdict, store, field):
        head, _, rest = ANSWER.partition(b"In-Reply-To:")
        raw = head + field + b"\nAuto-Submitted:" + rest.partition(b"Auto-Submitted:")[2]
        assert hits(verdict(raw, store)) == {"SENT_LOG_KNOWS_MESSAGE"}

    def test_an_id_in_the_text_of_a_bounce_counts_as_named(self, verdict, store):
        text, _, _ = SENT.partition(b"--5C0FFEE123.1795341604/mx.receiver.example\nContent-Description: Undelivered")
        assert hits(verdict(text, store)) == set()
        named = text.replace(b"I'm sorry", b"Message-ID: <4711.abc@example.com>\nI'm sorry")
        assert hits(verdict(named, store)) == {"SENT_LOG_KNOWS_MESSAGE"}

    def test_with_the_originals_own_id_at_hand_no_other_counts(self, verdict, store):
        raw = UNSENT.replace(b"Auto-Submitted:", b"In-Reply-To: <4711.abc@example.com>\nAuto-Submitted:", 1)
        assert hits(verdict(raw, store)) == set()


class TestAttacks:
    def test_an_id_that_a_recipient_learned_is_worth_nothing_against_a_colleague(self, verdict, store):
        result = verdict(SENT.replace(b"alice@", b"bob@"), store, recipients=("bob@example.com",))
        assert hits(result) == set()
        assert result.verdict == "backscatter"

    def test_nor_does_it_help_to_name_the_true_author(self, verdict, store):
        assert verdict(SENT, store, recipients=("bob@example.com",)).verdict == "backscatter"

    def test_a_thousand_bounces_of_one_message_are_not_believed(self, verdict, store):
        found = [verdict(SENT + b"copy %d\n" % number, store).verdict for number in range(26)]
        assert found == ["genuine"] * 22 + ["backscatter"] * 4

    def test_the_same_bounce_counts_once(self, verdict, store):
        assert {verdict(SENT, store).verdict for _ in range(30)} == {"genuine"}

    def test_a_message_to_many_may_come_back_often(self, verdict):
        store = SqliteStore(None, FixedClock(NOW))
        put(store, recipients=(NOBODY, *(f"user{n}@other.example" for n in range(9))))
        found = [verdict(SENT + b"copy %d\n" % number, store).verdict for number in range(41)]
        assert found == ["genuine"] * 40 + ["backscatter"]

    def test_whoever_knows_the_id_and_no_recipient_gets_less_than_a_record(self, verdict, store):
        result = verdict(FORWARDED, store)
        assert (result.verdict, hits(result)) == ("undetermined", {"SENT_LOG_KNOWS_MESSAGE"})

    def test_an_id_that_looks_like_ours_is_not_ours(self, verdict, store):
        for other in (b"<4711.ABC@example.com>", b"<4711.abc@example.com.evil.example>", b"<x4711.abc@example.com>"):
            assert "SENT_LOG_KNOWS" not in hits(verdict(SENT.replace(b"<4711.abc@example.com>", other), store))

    def test_what_is_too_old_is_forgotten(self, tmp_path, verdict):
        put(SqliteStore(tmp_path, FixedClock(NOW)))
        for days, known in ((44, {"SENT_LOG_KNOWS"}), (46, set())):
            later = NOW + days * DAY
            assert hits(verdict(SENT, SqliteStore(tmp_path, FixedClock(later)), now=later)) == known

    def test_a_hundred_thousand_references_cost_nothing(self, verdict, store):
        raw = ANSWER.replace(b"References:", b"References:" + b" <x@y.example>" * 4_000)
        assert verdict(raw, store).kind == "autoreply"


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
