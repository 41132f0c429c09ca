"""Folders at a real server: what each is for, opening and making them, namespaces, rights."""

from __future__ import annotations

import pytest
from dovecot_server import PROGRAMS

from ndrfilter.sweep.mailbox import GoneError, QuotaError, ReadOnlyError
from ndrfilter.sweep.nouns import DRAFTS, INBOX, JUNK, SENT, TRASH

pytestmark = pytest.mark.client(*PROGRAMS)


def roles(mailbox):
    return {folder.name: folder.role for folder in mailbox.folders()}


def test_the_server_says_what_a_folder_is_for(account):
    account.server.make(account.user, "Gesendet")  # its name would do, but the server names another
    found = account.open().folders()
    assert found[0].name == "INBOX"
    told = {"INBOX": INBOX, "Sent": SENT, "Junk": JUNK, "Trash": TRASH, "Drafts": DRAFTS, "Gesendet": ""}
    assert {folder.name: folder.role for folder in found} == told


def test_without_special_use_the_names_say_it(served):
    account = served(without=["SPECIAL-USE"])
    for name in ("Gesendet", "Entwürfe", "Friends"):
        account.server.make("alice", name)
    assert roles(account.open()) == {"INBOX": INBOX, "Gesendet": SENT, "Entwürfe": DRAFTS, "Friends": ""}


def test_folders_without_mail_are_left_out_and_odd_names_open(account):
    names = ["A/B", 'Sa"id', "日本語", "a&b", "per%cent *", "12345", "back\\slash"]
    for name in names:
        account.deliver("x", folder=name)
    mailbox = account.open()
    assert set(names) <= set(roles(mailbox))
    assert "A" not in roles(mailbox)
    assert [mailbox.open(name).messages for name in names] == [1] * len(names)


def test_opening_tells_how_much_there_is_and_changes_nothing(account):
    account.deliver("one", "two")
    folder = account.open().open("INBOX")
    assert (folder.name, folder.role, folder.messages, folder.writable) == ("INBOX", INBOX, 2, True)
    assert folder.generation > 0
    assert account.server.flags(account.user) == ["", ""]


def test_a_folder_that_is_not_there(account):
    mailbox = account.open()
    with pytest.raises(GoneError, match="no folder Nowhere"):
        mailbox.open("Nowhere")
    with pytest.raises(GoneError, match="no folder is open"):
        mailbox.items()
    assert mailbox.open("INBOX").messages == 0


def test_a_folder_that_may_only_be_read(dovecot, account):
    name = dovecot.share(f"news-{account.user}", account.user, "lr")
    account.deliver("x", folder=name)
    mailbox = account.open()
    assert mailbox.open(name).messages == 1
    with pytest.raises(ReadOnlyError, match="may only be read"):
        mailbox.open(name, write=True)


def test_a_folder_whose_mail_may_be_marked_but_not_taken_out(dovecot, account):
    name = dovecot.share(f"desk-{account.user}", account.user, "lrwsi")
    account.deliver("x", folder=name)
    with pytest.raises(ReadOnlyError, match="may only be read"):
        account.open().open(name, write=True)


def test_nothing_is_put_where_it_may_not(dovecot, account):
    name = dovecot.share(f"board-{account.user}", account.user, "lr")
    account.deliver("x")
    mailbox = account.open()
    mailbox.open("INBOX", write=True)
    with pytest.raises(ReadOnlyError, match="may not write"):
        list(mailbox.move(["1"], name))
    assert account.subjects() == {"INBOX": ["x"]}


@pytest.mark.parametrize(
    ("prefix", "separator", "full"), [("", "/", "Junk/Bounces"), ("INBOX.", ".", "INBOX.Junk.Bounces")]
)
def test_a_new_folder_gets_the_servers_name_and_is_subscribed(served, prefix, separator, full):
    account = served(prefix=prefix, separator=separator)
    mailbox = account.open()
    assert mailbox.make("Junk/Bounces") == full
    assert mailbox.make("Junk/Bounces") == full
    assert mailbox.make(full) == full
    assert mailbox.open(full, write=True).messages == 0
    subscribed = (account.server.maildir() / "subscriptions").read_text()
    assert "Bounces" in subscribed
    assert list(roles(mailbox)).count(full) == 1


def test_a_folder_without_mail_is_made_one_with(account):
    account.deliver("x", folder="Not yours/Fake")
    mailbox = account.open()
    assert "Not yours" not in roles(mailbox)
    assert mailbox.make("Not yours") == "Not yours"
    assert "Not yours" in roles(mailbox)


def test_a_name_in_another_script(account):
    mailbox = account.open()
    name = mailbox.make("Nicht von mir – 戻り")
    account.deliver("x")
    mailbox.open("INBOX", write=True)
    assert [moved.old for moved in mailbox.move(["1"], name)] == ["1"]
    assert mailbox.open(name).messages == 1


def test_a_full_mailbox(served):
    account = served(quota=2000, without=["MOVE"])
    account.server.deliver("alice", "INBOX", b"Subject: x\r\n\r\n" + 100 * b"0123456789abcdef\r\n")
    mailbox = account.open()
    mailbox.make("Backscatter")
    mailbox.open("INBOX", write=True)
    account.server.deliver("alice", "Sent", b"Subject: y\r\n\r\n" + 100 * b"0123456789abcdef\r\n")
    with pytest.raises(QuotaError, match="mailbox is full"):
        list(mailbox.move(["1"], "Backscatter"))
    assert account.subjects() == {"INBOX": ["x"], "Sent": ["y"]}
