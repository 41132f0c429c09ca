"""Reading a folder at a real server: everything once, oldest first, nothing marked as read, whatever others do meanwhile."""

from __future__ import annotations

import pytest
from dovecot_server import PROGRAMS, until

from ndrfilter import limits
from ndrfilter.errors import TemporaryError
from ndrfilter.sweep.imap.records import UNKNOWN
from ndrfilter.sweep.mailbox import CutOffError, GoneError

pytestmark = pytest.mark.client(*PROGRAMS)

REPORT = b"""Subject: Undelivered
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

Sorry.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
--b
Content-Type: Message/RFC822

Subject: what was sent
Content-Type: multipart/mixed; boundary=c

--c
Content-Type: text/html

<p>
--c
Content-Type: image/png

x
--c--
--b--
""".replace(b"\n", b"\r\n")


def test_everything_there_is_once_with_size_and_time(account, monkeypatch):
    monkeypatch.setattr(limits, "IMAP_ITEMS", 3)
    for number in range(10):
        account.deliver(f"{number}", date=1_000_000_000 + number)
    mailbox = account.open()
    mailbox.open("INBOX")
    items = list(mailbox.items())
    assert [item.uid for item in items] == [str(number) for number in range(1, 11)]
    assert [item.received for item in items] == [1_000_000_000 + number for number in range(10)]
    assert {item.size for item in items} == {len(account.server.mails(account.user)["INBOX"][0])}


def test_an_empty_folder(account):
    mailbox = account.open()
    mailbox.open("INBOX")
    assert (list(mailbox.items()), list(mailbox.heads([])), list(mailbox.raws([], 1))) == ([], [], [])


def test_another_client_takes_out_messages_while_we_list(account, monkeypatch):
    monkeypatch.setattr(limits, "IMAP_ITEMS", 4)
    account.deliver(*(f"{number}" for number in range(20)))
    mailbox, other = account.open(), account.open()
    mailbox.open("INBOX")
    other.open("INBOX", write=True)
    other.make("Elsewhere")
    seen = []
    for item in mailbox.items():
        seen.append(item.uid)
        if item.uid == "3":
            assert len(list(other.move(["1", "2", "10"], "Elsewhere"))) == 3
        if item.uid == "4":
            assert [head.uid for head in mailbox.heads(["1", "5"])] == ["5"]  # here the server tells what is gone
    assert seen == [str(uid) for uid in range(1, 21) if uid != 10]


def test_heads_have_the_header_and_the_types_of_all_parts(account):
    account.server.deliver(account.user, "INBOX", REPORT)
    account.deliver("plain")
    mailbox = account.open()
    mailbox.open("INBOX", write=True)
    report, plain = mailbox.heads(["1", "2"])
    assert report.header == REPORT[: REPORT.index(b"\r\n\r\n") + 4]
    assert report.types == (
        b"multipart/report", b"text/plain", b"message/delivery-status", b"message/rfc822",
        b"multipart/mixed", b"text/html", b"image/png",
    )  # fmt: skip
    assert (plain.types, plain.whole) == ((b"text/plain",), None)
    assert account.server.flags(account.user) == ["", ""]


def test_many_heads_come_in_the_order_asked_for(account, monkeypatch):
    monkeypatch.setattr(limits, "IMAP_HEADS", 4)
    account.deliver(*(f"{number}" for number in range(30)))
    mailbox = account.open()
    mailbox.open("INBOX")
    asked = [str(uid) for uid in (*range(30, 0, -3), 99, *range(1, 30, 3))]
    heads = list(mailbox.heads(asked))
    assert [head.uid for head in heads] == [uid for uid in asked if uid != "99"]
    assert all(head.header.startswith(b"Subject: %d\r\n" % (int(head.uid) - 1)) for head in heads)


def test_other_questions_between_heads(account, monkeypatch):
    monkeypatch.setattr(limits, "IMAP_HEADS", 2)
    account.deliver(*(f"{number}" for number in range(9)))
    mailbox = account.open()
    mailbox.open("INBOX")
    found = []
    for head in mailbox.heads([str(uid) for uid in range(1, 10)]):
        ((_, raw),) = mailbox.raws([head.uid], 10)
        found.append((head.header[:10], raw))
    assert found == [(b"Subject: %d" % number, b"Subject: %d" % number) for number in range(9)]
    next(iter(mailbox.heads(["1", "2", "3", "4", "5"])))  # given up half way
    assert [head.uid for head in mailbox.heads(["7"])] == ["7"]
    assert mailbox.open("Sent").messages == 0


def test_a_header_that_is_too_long_is_to_be_read_whole(account):
    raw = b"X-Long: " + b"x" * 70 + b"\r\n " + b"y\r\n " * 40_000 + b"z\r\nSubject: end\r\n\r\ntext\r\n"
    account.server.deliver(account.user, "INBOX", raw)
    mailbox = account.open()
    mailbox.open("INBOX")
    (head,) = mailbox.heads(["1"])
    assert (len(head.header), head.types) == (limits.IMAP_HEAD, (UNKNOWN,))
    assert dict(mailbox.raws(["1"], limits.MAX_MESSAGE)) == {"1": raw}


def test_whole_messages_cut_and_grouped(account, monkeypatch):
    monkeypatch.setattr(limits, "IMAP_RAWS", 1000)
    raws = [b"Subject: %d\r\n\r\n" % number + b"x" * 400 + b"\r\n" for number in range(7)]
    for raw in raws:
        account.server.deliver(account.user, "INBOX", raw)
    mailbox = account.open()
    mailbox.open("INBOX", write=True)
    uids = [str(uid) for uid in range(7, 0, -1)]
    assert list(mailbox.raws([*uids, "70", "no uid"], 2000)) == list(zip(uids, reversed(raws), strict=True))
    assert list(mailbox.raws(uids[:2], 11)) == [("7", b"Subject: 6\r"), ("6", b"Subject: 5\r")]
    assert set(account.server.flags(account.user)) == {""}


def test_what_came_is_counted(account):
    account.server.deliver(account.user, "INBOX", b"Subject: x\r\n\r\n" + b"y" * 500_000 + b"\r\n")
    mailbox = account.open()
    mailbox.open("INBOX")
    before = mailbox.fetched
    assert len(list(mailbox.heads(["1"]))) == 1
    assert 0 < mailbox.fetched - before < 1000
    assert len(list(mailbox.raws(["1"], limits.MAX_MESSAGE))) == 1
    assert mailbox.fetched - before > 500_000


def test_a_connection_that_is_cut_and_comes_again(served):
    account = served()
    account.deliver("one", "two")
    mailbox = account.open()
    mailbox.open("INBOX")
    fetched = mailbox.fetched
    account.server.kick()
    with pytest.raises(CutOffError, match="connection was lost"):
        until(lambda: not list(mailbox.items()))
    with pytest.raises(CutOffError):
        mailbox.folders()
    assert mailbox.again().messages == 2
    assert len(list(mailbox.items())) == 2
    assert mailbox.fetched > fetched
    account.server.stop()
    with pytest.raises(CutOffError):
        list(mailbox.items())
    with pytest.raises(TemporaryError, match="nothing answers"):
        mailbox.again()
    account.server.start()
    assert mailbox.again().messages == 2


def test_a_folder_that_was_made_anew_is_another_one(served):
    account = served()
    account.deliver("one")
    mailbox = account.open()
    mailbox.open("INBOX")
    account.server.stop()
    account.server.renew("alice")
    account.server.start()
    with pytest.raises(GoneError, match="made anew"):
        mailbox.again()
    mailbox.open("INBOX")
    assert [item.uid for item in mailbox.items()] == ["1001"]
