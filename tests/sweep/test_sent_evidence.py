"""The Sent folder as the record: what gets into the log, what must not, and that nothing is read twice."""

from __future__ import annotations

import pytest
from alices_mail import ALICE, DAY, NOW, Quiet, bounce, date, delivered, hop, login, written

from ndrfilter.adapters.clock import FixedClock
from ndrfilter.api import Filter
from ndrfilter.envelope import Envelope
from ndrfilter.sentlog import known
from ndrfilter.sweep.evidence import config_of
from ndrfilter.sweep.mailbox import GoneError, PlaceError


def has(store, name, sender=ALICE, recipient="bob@else.example"):
    found = known(store, f"<{name}@example.com>", [sender], [recipient])
    return found is not None and found.sender and found.recipient


def noted(store, name):
    return known(store, f"<{name}@example.com>", [], []) is not None


class TestRecord:
    def test_what_was_sent_is_known_with_sender_and_all_recipients(self, mail, store, proposed):
        mail.sent(written("one", 3, more="Cc: carol@else.example\r\nBcc: Dave <dave@else.example>\r\n"))
        proposal = proposed()
        assert (proposal.sent_messages, proposal.profile.sent) == (1, ("Sent",))
        assert all(has(store, "one", recipient=f"{name}@else.example") for name in ("bob", "carol", "dave"))
        assert not known(store, "<one@example.com>", [ALICE], ["eve@other.example"]).to_them

    def test_the_book_knows_to_whom_how_often(self, mail, ledger, proposed):
        mail.sent(written("one", 3), written("two", 2), written("three", 2, to="carol@else.example"))
        proposed()
        assert (ledger.book.wrote_to("BOB@else.example"), ledger.book.wrote_to("carol@else.example")) == (2, 1)

    def test_several_folders_and_named_ones(self, mail, store, proposed):
        mail.sent(written("one", 3))
        mail.put(written("two", 3), folder=".Versand 2025")
        assert proposed(sent=("Sent", "Versand 2025")).sent_messages == 2
        assert has(store, "two")

    def test_a_folder_that_is_not_there(self, mail, proposed):
        mail.sent(written("one", 3))
        with pytest.raises(GoneError):
            proposed(sent=("Nowhere",))

    def test_without_a_sent_folder_all_else_works(self, mail, proposed):
        mail.put(delivered(written("x", 1, "bob@else.example", ALICE), 1))
        proposal = proposed()
        assert (proposal.sent_messages, proposal.profile.complete) == (0, False)
        assert any("--sent" in remark for remark in proposal.remarks)

    @pytest.mark.parametrize("address", ["alice", "@example.com", "a b@example.com", "alice@", "alice@localhost", ""])
    def test_an_address_that_is_none(self, proposed, address):
        with pytest.raises(PlaceError, match=r"you@example\.com"):
            proposed(address)


class TestForger:
    """Who gets a message into the Sent folder must not get it into the record."""

    @pytest.mark.parametrize(
        "marks",
        [
            "Return-Path: <alice@example.com>\r\n",
            "Delivered-To: alice@example.com\r\n",
            "X-Original-To: alice@example.com\r\n",
            "Received-SPF: Pass\r\n",
            hop("host66.spam.example (host66.spam.example [203.0.113.66])", "mx.example.com", 1),
            hop("lb (unknown [10.0.0.1])", "mx.example.com", 1) + login(1),
            hop("host66.spam.example (host66.spam.example [203.0.113.66])", "mx.example.com", 1) + login(1),
            "Received: (qmail 123 invoked from network); 21 Nov 2026 12:00:00 -0000\r\n",
        ],
    )
    def test_what_was_delivered_is_no_record_and_not_missing(self, mail, store, proposed, marks):
        mail.sent(marks.encode() + written("forged", 1), written("own", 1))
        proposal = proposed()
        assert (has(store, "own"), has(store, "forged"), noted(store, "forged")) == (True, False, True)
        assert proposal.sent_messages == 1
        assert any("received" in remark for remark in proposal.remarks)

    @pytest.mark.parametrize(
        "marks",
        [
            login(1),
            "Received: from [198.51.100.7] by web1.mail.example.com with HTTP; " + date(1) + "\r\n",
            "Received: from AM9PR01MB1.eurprd01.prod.outlook.com ([fe80::1]) by\r\n AM9PR01MB1.eurprd01.prod.outlook.com"
            f" ([fe80::1%3]) with mapi id 15.20.1; {date(1)}\r\n",
        ],
    )
    def test_what_the_server_saved_of_a_submission_is(self, mail, store, proposed, marks):
        mail.sent(marks.encode() + written("own", 1))
        proposed()
        assert has(store, "own")

    def test_a_strangers_message_is_none_of_ours(self, mail, store, proposed):
        mail.sent(written("theirs", 1, "mallory@other.example"), written("own", 1))
        proposal = proposed()
        assert not has(store, "theirs")
        assert (noted(store, "theirs"), proposal.profile.addresses) == (True, (ALICE,))

    def test_a_flood_naming_one_sent_message_is_believed_so_often_and_never_called_missing(
        self, mail, store, account, proposed
    ):
        mail.sent(written("own", 1))
        judge = Filter(config_of(proposed().profile, account), clock=FixedClock(NOW), store=store)
        forged = [
            bounce("own", 0.5, client="h.spam.example (h.spam.example [203.0.113.66])", noted=n) for n in range(60)
        ]
        verdicts = [judge.check(raw, envelope=Envelope("", (ALICE,))).verdict for raw in forged]
        believed = verdicts.count("genuine")
        assert 0 < believed <= 24
        assert set(verdicts[believed:]) == {"undetermined"}

    def test_whoever_comes_with_an_old_message_of_hers_is_not_believed(self, mail, store, account, proposed):
        mail.sent(written("own", 400))
        judge = Filter(config_of(proposed().profile, account), clock=FixedClock(NOW), store=store)
        eves = "h.spam.example (h.spam.example [203.0.113.66])"
        late, at_once = (bounce("own", days, client=eves) for days in (1, 399))
        assert judge.check(late, envelope=Envelope("", (ALICE,))).verdict == "undetermined"
        assert judge.check(at_once, envelope=Envelope("", (ALICE,))).verdict == "genuine"

    def test_the_same_bounce_looked_at_again_and_again_stays_genuine(self, mail, store, account, proposed):
        mail.sent(written("own", 1))
        judge = Filter(config_of(proposed().profile, account), clock=FixedClock(NOW), store=store)
        again = {judge.check(bounce("own", 0.5), envelope=Envelope("", (ALICE,))).verdict for _ in range(100)}
        assert again == {"genuine"}


class TestAddresses:
    def test_aliases_in_the_own_domain_and_often_used_ones_elsewhere(self, mail, proposed):
        mail.sent(
            written("a", 9, "sales@example.com"),
            written("b", 9, "Alice+news@Example.COM"),
            *(written(f"c{n}", n + 1, "alice@other.example") for n in range(3)),
            *(written(f"d{n}", n + 1, "alice@gmail.com") for n in range(2)),
        )
        assert set(proposed().profile.addresses) == {ALICE, "sales@example.com", "alice@other.example"}

    def test_in_a_freemail_domain_others_live_too(self, mail, proposed):
        mail.sent(written("a", 9, "bob@gmail.com"), *(written(f"b{n}", n + 1, "alice@gmail.com") for n in range(3)))
        assert proposed("alice@gmail.com").profile.addresses == ("alice@gmail.com",)

    def test_a_bounce_to_the_account_about_mail_under_an_alias_is_known(self, mail, store, proposed):
        mail.sent(written("a", 9, "sales@example.com"))
        proposed()
        assert has(store, "a", ALICE)
        assert has(store, "a", "sales@example.com")


class TestAgain:
    def test_what_was_read_is_not_fetched_again(self, mail, proposed):
        mail.sent(*(written(f"m{n}", n + 1) for n in range(30)))
        first, second, third = Quiet(), Quiet(), Quiet()
        before = proposed(progress=first)
        after = proposed(progress=second)
        mail.sent(written("new", 0.1))
        assert (first.read, second.read) == (30, 0)
        assert after == before
        assert proposed(progress=third).sent_messages == 31
        assert third.read == 1

    def test_what_was_deleted_from_sent_stays_known(self, mail, store, proposed):
        mail.sent(written("one", 3))
        proposed()
        for path in (mail.path / ".Sent" / "cur").iterdir():
            path.unlink()
        proposed()
        assert has(store, "one")

    def test_the_same_message_under_another_key_counts_once(self, mail, proposed):
        mail.sent(written("one", 3), written("one", 3))
        assert proposed().sent_messages == 1

    def test_a_message_without_an_id_keeps_the_folder_from_being_complete(self, mail, proposed):
        mail.sent(written("one", 3).replace(b"Message-ID", b"X-Other"))
        proposal = proposed()
        assert proposal.sent_messages == 1
        assert "no Message-ID" in proposal.remarks[0]

    def test_a_date_in_the_future_or_none(self, mail, store, proposed):
        mail.sent(written("one", -400), written("two", 1).replace(b"Date:", b"X-Date:"))
        proposed()
        assert all(known(store, f"<{name}@example.com>", [ALICE], []).time <= NOW + DAY for name in ("one", "two"))
