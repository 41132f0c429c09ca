"""The sent_log source through the filter: what it proves, to whom, how often."""

from __future__ import annotations

import pytest
from logged import ALICE, ANSWER, DAY, FORWARDED, NOBODY, NOW, SENT, UNSENT, hits, put

from ndrfilter.adapters.clock import FixedClock
from ndrfilter.adapters.store import SqliteStore


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
