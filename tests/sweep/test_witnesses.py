"""Whether the Sent folder has everything: who witnesses to it, and when absence may count."""

from __future__ import annotations

import pytest
from alices_mail import ALICE, DAY, EVE, NOW, answer, bounce, delivered, hop, to_self, written
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter import limits
from ndrfilter.adapters.clock import FixedClock
from ndrfilter.adapters.zone import ZoneResolver
from ndrfilter.api import Filter
from ndrfilter.envelope import Envelope
from ndrfilter.sentlog import coverage
from ndrfilter.sweep.evidence import Witness, config_of, cover, words
from ndrfilter.sweep.evidence.witnesses import weigh


def lived(mail, days=30):
    """A month in which Alice writes to Bob and to herself, and Bob answers; all of it is in Sent."""
    for number in range(days):
        name = f"m{number}"
        own, came = to_self(f"self{number}", number + 0.6)
        mail.sent(written(name, number + 0.7), own)
        mail.put(answer(name, number + 0.5), came)


@pytest.fixture
def judged(store, account, proposed):
    """The verdict after the person has said yes to what was proposed."""

    def run(raw, *, yes=True, later=0.0):
        proposal = proposed()
        profile = proposal.profile._replace(confirmed=NOW if yes else None)
        cover(profile, proposal, store)
        judge = Filter(config_of(profile, account), clock=FixedClock(NOW + later), store=store)
        return judge.check(raw, envelope=Envelope("", (ALICE,)))

    return run


class TestComplete:
    def test_when_all_witnesses_are_found_over_weeks(self, mail, proposed):
        lived(mail)
        proposal = proposed()
        found = proposal.witnesses
        assert (found.demonstrated, found.missing, proposal.profile.complete) == (True, None, True)
        assert found.found == 60
        assert found.until == NOW - limits.SWEEP_SENT_LAG
        assert NOW - 31 * DAY < found.since < NOW - 29 * DAY
        assert "Say yes only if" in " ".join(words(proposal))

    @pytest.mark.parametrize(("days", "enough"), [(4, False), (5, True)])
    def test_five_days_and_ten_messages_at_least(self, mail, proposed, days, enough):
        lived(mail, days)
        assert proposed().witnesses.demonstrated is enough

    def test_without_witnesses_nothing_is_shown(self, mail, proposed):
        mail.sent(*(written(f"m{number}", number) for number in range(40)))
        proposal = proposed()
        assert not proposal.profile.complete
        assert any("proves nothing yet" in remark for remark in proposal.remarks)

    def test_only_with_the_persons_word_absence_counts(self, mail, judged):
        lived(mail)
        raw = bounce("never-sent", 3, client=EVE)
        assert judged(raw, yes=False).verdict == "undetermined"
        assert judged(raw).verdict == "backscatter"

    def test_what_is_there_is_genuine_whatever_brought_it(self, mail, judged):
        lived(mail)
        assert judged(bounce("m3", 3, client=EVE)).verdict == "genuine"

    @pytest.mark.parametrize(
        "raw",
        [
            bounce("later", -0.01, client=EVE),
            bounce("just-now", 0.01, client=EVE),
            bounce("before", 45, client=EVE),
            bounce("alias", 3, client=EVE, author="hidden@example.com"),
            bounce("colleague", 3, client=EVE, author="bob@example.com"),
            bounce("invitation", 3, client=EVE, more="Sender: Calendar <calendar@cloud.example>\r\n"),
            bounce("on-a-list", 3, client=EVE, more="List-Id: <list.example>\r\n"),
            b"".join(bounce("no-trace", 3, client=EVE).partition(b"From: MAILER")[1:]),
        ],
    )
    def test_what_sent_need_not_have_is_never_called_backscatter(self, mail, judged, raw):
        lived(mail)
        assert judged(raw, later=DAY).verdict == "undetermined"

    def test_an_old_bounce_counts_though_the_folder_was_read_long_ago(self, mail, judged):
        lived(mail)
        assert judged(bounce("never-sent", 3, client=EVE), later=3 * DAY).verdict == "backscatter"


class TestMissing:
    """One message that is known to have been sent and is not in Sent spoils it, and is named."""

    def spoiled(self, proposed, words):
        proposal = proposed()
        assert not proposal.witnesses.demonstrated
        assert not proposal.profile.complete
        assert any(words in remark and "perhaps your phone" in remark for remark in proposal.remarks)

    def test_a_friend_answered_it(self, mail, proposed):
        lived(mail)
        mail.put(answer("from-the-phone", 0.4).replace(b"from-the-phone@example.com", b"4F2A@phone.local"))
        self.spoiled(proposed, "that was answered on 22 November 2026")

    def test_a_stranger_answered_what_has_the_shape_of_ours(self, mail, proposed):
        lived(mail)
        mail.put(answer("from-the-phone", 0.4, author="new@customer.example"))
        self.spoiled(proposed, "that was answered on 22 November 2026")

    def test_it_stood_in_a_thread_of_ours(self, mail, proposed):
        lived(mail)
        raw = answer("x", 0.4, "carol@new.example", more="References: <m9@example.com> <4F2A@phone.local>\r\n")
        mail.put(raw.replace(b"<x@example.com>", b"<4F2A@phone.local>"))
        self.spoiled(proposed, "that was answered")

    def test_it_came_to_ourselves_through_our_relay(self, mail, proposed):
        lived(mail)
        mail.put(to_self("phone", 0.4)[1])
        self.spoiled(proposed, "that you sent to yourself")

    def test_it_came_to_ourselves_from_a_server_that_we_publish(self, mail, proposed):
        lived(mail)
        web = "www.example.com (www.example.com [192.0.2.99])"
        mail.put(delivered(written("web", 0.4, to=ALICE), 0.4, web))
        resolver = ZoneResolver('example.com. 60 IN TXT "v=spf1 ip4:192.0.2.0/24 -all"')
        assert not proposed(resolver=resolver).profile.complete

    def test_it_never_left_the_house(self, mail, proposed):
        lived(mail)
        raw = f"Return-Path: <{ALICE}>\r\n" + hop("localhost (localhost [127.0.0.1])", "mx.example.com", 0.4)
        mail.put(raw.encode() + written("cron", 0.4, to=ALICE))
        self.spoiled(proposed, "that you sent to yourself")

    def test_in_spite_of_a_flood(self, mail, proposed):
        lived(mail)
        mail.put(answer("from-the-phone", 1.4))
        mail.put(*(bounce(f"forged{number}", 0.1, client=EVE) for number in range(400)))
        self.spoiled(proposed, "that was answered")

    def test_it_came_back_through_our_own_server(self, mail, proposed):
        lived(mail)
        mail.put(bounce("phone", 0.4))
        self.spoiled(proposed, "came back on 22 November 2026")

    def test_long_before_it_only_moves_the_beginning(self, mail, proposed):
        lived(mail, 40)
        mail.put(answer("from-the-phone", 35))
        proposal = proposed()
        assert proposal.witnesses.demonstrated
        assert proposal.witnesses.since > NOW - 35 * DAY
        assert any("Only what is later" in remark for remark in proposal.remarks)

    def test_coverage_is_taken_back_when_something_turns_out_to_be_missing(self, mail, store, judged):
        lived(mail)
        assert judged(bounce("never-sent", 3, client=EVE)).verdict == "backscatter"
        mail.put(answer("from-the-phone", 0.4))
        assert judged(bounce("never-sent", 3, client=EVE)).verdict == "undetermined"
        assert coverage(store) is None


class TestNoWitness:
    """What forgers and strangers send does not count, neither for nor against."""

    @pytest.mark.parametrize(
        "raw",
        [
            delivered(written("forged", 0.4, to=ALICE), 0.4, EVE),
            answer("x", 0.4, "eve@spam.example").replace(b"<x@example.com>", b"<77@mailer.spam.example>"),
            answer("x", 0.4, more="List-Id: <list.example>\r\n"),
            answer("x", 0.4, more="Auto-Submitted: auto-replied\r\n"),
            answer("x", 0.4, to=f"bob@else.example, {ALICE}"),
            bounce("forged", 0.4, client=EVE),
        ],
    )
    def test_no_message_of_hers(self, mail, proposed, raw):
        lived(mail)
        mail.put(raw)
        assert proposed().witnesses.demonstrated

    def test_an_answer_to_what_somebody_else_wrote_her(self, mail, proposed):
        lived(mail)
        mail.put(delivered(written("bobs", 1, "bob@else.example", f"{ALICE}, carol@else.example"), 1))
        mail.put(answer("bobs", 0.4, "bob@else.example"))
        assert proposed().witnesses.demonstrated


def found(*days):
    return [Witness(NOW - one * DAY, "reply", True) for one in days]


def lost(*days):
    return [Witness(NOW - one * DAY, "reply", False) for one in days]


class TestWeigh:
    def test_a_long_time_without_any_ends_the_stretch(self):
        assert weigh(found(*range(1, 21), *range(100, 120)), NOW, NOW).since == NOW - 20 * DAY

    def test_the_more_were_missing_the_more_must_be_found_since(self):
        often_lost = [*lost(*range(50, 60)), *found(*range(60, 70))]
        seldom_lost = [*lost(50), *found(*range(51, 71))]
        assert weigh([*often_lost, *found(*range(1, 12))], NOW, NOW).demonstrated
        assert not weigh([*seldom_lost, *found(*range(1, 12))], NOW, NOW).demonstrated

    def test_where_nothing_was_sent_lately_it_ends_with_what_is_known(self):
        assert weigh(found(*range(20, 40)), NOW - 20 * DAY, NOW).until == NOW - 20 * DAY

    @given(st.lists(st.tuples(st.integers(0, 400), st.booleans())))
    def test_a_stretch_has_no_missing_witness_in_it(self, drawn):
        given_ones = [Witness(NOW - days * DAY, "reply", there) for days, there in drawn]
        shown = weigh(given_ones, NOW, NOW)
        if shown.demonstrated:
            inside = [one for one in given_ones if one.time >= shown.since]
            assert all(one.found for one in inside)
            assert len(inside) >= limits.SWEEP_WITNESSES
            assert shown.since < shown.until <= NOW
