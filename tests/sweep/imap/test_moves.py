"""Moving and marking at a real server, with and without MOVE: nothing lost, nothing doubled, flags and dates kept."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from dovecot_server import PROGRAMS

from ndrfilter import limits
from ndrfilter.sweep.mailbox import GoneError, PlaceError
from ndrfilter.sweep.nouns import Moved

pytestmark = pytest.mark.client(*PROGRAMS)

SERVERS = {"MOVE": (), "UIDPLUS": ("MOVE",), "MOVE alone": ("UIDPLUS",)}


@pytest.fixture(params=SERVERS)
def account(request, served):
    """A mailbox at each kind of server."""
    return served(without=SERVERS[request.param])


def opened(account):
    """The mailbox with its inbox open and a folder to move to."""
    mailbox = account.open()
    mailbox.make("Away")
    mailbox.open("INBOX", write=True)
    return mailbox


def small_batches(monkeypatch, size):
    monkeypatch.setattr(limits, "IMAP_MOVES", size)
    monkeypatch.setattr(limits, "IMAP_COPIES", size)


def arrived(mailbox, moved):
    """The subjects under the UIDs that were told, where they were."""
    generation = mailbox.open("Away").generation
    assert {one.generation for one in moved} == {generation}
    heads = {head.uid: head.header.split(b"\r\n")[0].decode() for head in mailbox.heads([one.uid for one in moved])}
    return [(one.old, heads[one.uid].removeprefix("Subject: ")) for one in moved]


def test_messages_move_and_we_learn_where_they_are(account, monkeypatch):
    small_batches(monkeypatch, 3)
    account.deliver(*"abcdefghij", flags="FS", date=1_000_000_000)
    mailbox = opened(account)
    before = account.server.counts("alice")
    moved = list(mailbox.move(["9", "2", "3", "7", "99", "1"], "Away"))
    assert sorted(one.old for one in moved) == ["1", "2", "3", "7", "9"]
    assert account.subjects() == {"INBOX": list("defhj"), "Away": list("abcgi")}
    assert account.server.counts("alice") == before
    assert account.server.flags("alice", "Away") == ["FS"] * 5
    assert sorted(arrived(mailbox, moved)) == [("1", "a"), ("2", "b"), ("3", "c"), ("7", "g"), ("9", "i")]
    mailbox.open("Away")
    assert {item.received for item in mailbox.items()} == {1_000_000_000}


def test_a_message_that_is_gone_is_passed_over(account):
    account.deliver("a", "b")
    mailbox = opened(account)
    other = account.open()
    other.open("INBOX", write=True)
    assert len(list(other.move(["1"], "Away"))) == 1
    assert [one.old for one in mailbox.move(["1"], "Away")] == []
    assert [one.old for one in mailbox.move(["1", "2"], "Away")] == ["2"]
    assert account.subjects() == {"Away": ["a", "b"]}


def test_what_others_marked_as_deleted_stays(account):
    account.deliver("theirs", flags="T")
    account.deliver("ours")
    mailbox = opened(account)
    assert [one.old for one in mailbox.move(["2"], "Away")] == ["2"]
    assert account.subjects() == {"INBOX": ["theirs"], "Away": ["ours"]}


def test_a_folder_that_was_removed_meanwhile(account):
    account.deliver("a", "b")
    mailbox = opened(account)
    account.server.take_away("alice", "Away")
    with pytest.raises(GoneError, match="no folder Away"):
        list(mailbox.move(["1", "2"], "Away"))
    assert account.subjects() == {"INBOX": ["a", "b"]}


def test_into_itself_is_refused(account):
    account.deliver("a")
    mailbox = opened(account)
    with pytest.raises(PlaceError, match="where they are"):
        list(mailbox.move(["1"], "INBOX"))


def test_two_clients_move_the_same_messages_at_the_same_time(account, monkeypatch):
    small_batches(monkeypatch, 5)
    account.deliver(*(f"{number:03}" for number in range(100)))
    mailbox = opened(account)
    before = account.server.counts("alice")
    other = account.open()
    other.make("Elsewhere")
    other.open("INBOX", write=True)
    uids = [str(uid) for uid in range(1, 101)]
    theirs: list[Moved] = []
    thread = threading.Thread(target=lambda: theirs.extend(other.move(uids, "Elsewhere")))
    thread.start()
    ours = list(mailbox.move(uids, "Away"))
    thread.join()
    # Dovecot may let both have a message that they ask for at the same moment: then both are told so. Without UIDPLUS,
    # one that the other was quicker to take is among those of which nobody knows where they are.
    told = Counter(one.old for one in (*ours, *theirs))
    assert set(told) == set(uids)
    assert {folder: len(there) for folder, there in account.subjects().items()} == {
        folder: sum(bool(one.uid) for one in moved)
        for folder, moved in (("Away", ours), ("Elsewhere", theirs))
        if moved
    }
    assert set(account.server.counts("alice")) == set(before)


def test_a_move_that_was_cut_off_is_finished(account):
    account.deliver("a", "b", "c")
    account.deliver("a", "other", folder="Away")
    mailbox = opened(account)
    before = account.server.counts("alice")
    can = mailbox._session.has("UIDPLUS")
    assert mailbox.finish("1", "Away", "1") is can
    assert not mailbox.finish("2", "Away", "2")
    assert not mailbox.finish("3", "Away", "77")
    assert not mailbox.finish("77", "Away", "1")
    assert account.subjects() == {"INBOX": ["b", "c"] if can else ["a", "b", "c"], "Away": ["a", "other"]}
    assert set(account.server.counts("alice")) == set(before)


def test_keywords(account):
    account.deliver("a", "b", "c")
    mailbox = opened(account)
    assert list(mailbox.tag(["1", "3", "99"], "$Backscatter")) == ["1", "3"]
    assert [bool(flags) for flags in account.server.flags("alice")] == [True, False, True]
    assert list(mailbox.tag(["1"], "$Backscatter", on=False)) == ["1"]
    assert [bool(flags) for flags in account.server.flags("alice")] == [False, False, True]
    for wrong in ("two words", "\\Deleted", "a)", "", "ü"):
        with pytest.raises(PlaceError, match="no keyword"):
            list(mailbox.tag(["1"], wrong))


def test_with_neither_marking_is_proposed(served):
    account = served(without=["MOVE", "UIDPLUS"])
    account.deliver("a")
    mailbox = account.open()
    mailbox.make("Away")
    mailbox.open("INBOX", write=True)
    with pytest.raises(PlaceError, match="--tag"):
        list(mailbox.move(["1"], "Away"))
    assert account.subjects() == {"INBOX": ["a"]}
    assert list(mailbox.tag(["1"], "$Backscatter")) == ["1"]
