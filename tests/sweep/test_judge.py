"""The verdict over a header and the types of the parts is the one over the whole message."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from directory_mailbox import header_of, types_of

from ndrfilter import Envelope, Filter
from ndrfilter.message import parse
from ndrfilter.message.delivery import delivered, path_of
from ndrfilter.sweep.judge import Judge, Needed, authors
from ndrfilter.sweep.nouns import Folder, Head, Item

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "docs" / "demo"
FOLDER = Folder("INBOX", "inbox", 0, 3)
OWN = sorted([*(DEMO / "mail").glob("*.eml"), *(ROOT / "tests" / "cases").glob("*/*.eml")])
ORDINARY = b"From: Anna <Anna@Example.net>\nTo: me@home-postfix.test\nSubject: hello\n\nAt noon?\n"
TWO = b"--b\nContent-Type: text/plain\n\nhello\n--b\nContent-Type: text/html\n\nhello\n--b--\n"
MULTIPART = b'From: a@example.net\nSubject: hello\nContent-Type: multipart/mixed; boundary="b"\n\n'


@pytest.fixture(scope="module")
def filter_():
    return Filter.from_config(str(DEMO / "ndrfilter.yml"))


@pytest.fixture(scope="module")
def judge(filter_):
    return Judge(filter_)


def item(raw: bytes) -> Item:
    return Item("1", len(raw), 5.0)


def by_head_then_raw(judge: Judge, raw: bytes):
    """The verdict as over IMAP, and whether the header was enough."""
    head = Head("1", header_of(raw), types_of(raw))
    found = judge.by_head(FOLDER, item(raw), head)
    if isinstance(found, Needed):
        found = judge.by_raw(FOLDER, item(raw), raw, head.header)
        return found.verdict if found else "not-a-bounce", False
    return found.verdict if found else "not-a-bounce", True


def checked(filter_: Filter, raw: bytes):
    """The result of `ndrfilter check` for a file."""
    sender, recipients = delivered(parse(raw).headers)
    told = Envelope(sender if sender is None else path_of(sender), tuple(map(path_of, recipients)))
    return filter_.check(raw, envelope=told)


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_the_verdict_is_that_of_check(judge, filter_, path):
    raw = path.read_bytes()
    assert by_head_then_raw(judge, raw)[0] == checked(filter_, raw).verdict


@pytest.mark.shared("corpus")
def test_no_header_closes_on_what_is_no_ordinary_mail(judge, filter_, shared):
    """And most of ordinary mail needs no more than its header."""
    closed = Counter()
    with (shared / "corpus" / "INDEX.tsv").open(encoding="utf-8") as rows:
        index = list(csv.DictReader(rows, delimiter="\t", quoting=csv.QUOTE_NONE))
    wrong = []
    for one in index:
        raw = (shared / "corpus" / one["path"]).read_bytes()
        found = judge.by_head(FOLDER, item(raw), Head("1", header_of(raw), types_of(raw)))
        enough = not isinstance(found, Needed)
        if one["kind"] == "ham":
            closed[enough] += 1
        if enough and checked(filter_, raw).verdict != "not-a-bounce":
            wrong.append(one["path"])
    assert wrong == []
    assert closed[True] > 0.8 * closed.total()


def test_what_is_known_is_told(judge):
    raw = (DEMO / "mail" / "02-own-postfix-three-recipients.eml").read_bytes()
    row = judge.by_raw(FOLDER, item(raw), raw, header_of(raw))
    assert (row.verdict, row.kind, row.received, row.key.uid, row.key.generation) == ("genuine", "failure", 5.0, "1", 3)
    assert (row.author, row.through_us, row.recorded) == ("alice@home-postfix.test", True, False)
    assert len(row.failed) == 3
    assert all("@" in one.address and one.reason and one.reason_text for one in row.failed)
    assert row.written
    assert row.message_id
    assert row.why
    assert "MAILER-DAEMON" in row.sender
    assert row.title == "Undelivered Mail Returned to Sender"
    assert len(row.digest) == 16


def test_nobody_is_told_to_have_handed_over_what_was_forged(judge):
    raw = (DEMO / "mail" / "05-postfix-parcel.eml").read_bytes()
    row = judge.by_raw(FOLDER, item(raw), raw, header_of(raw))
    assert (row.verdict, row.through_us) == ("backscatter", False)
    assert row.why


def test_ordinary_mail_needs_its_header_alone(judge):
    assert by_head_then_raw(judge, ORDINARY) == ("not-a-bounce", True)
    assert by_head_then_raw(judge, MULTIPART + TWO) == ("not-a-bounce", True)
    assert authors(ORDINARY) == ("Anna@example.net",)


@pytest.mark.parametrize(
    "types",
    [
        (b"unknown",),
        (b"multipart/mixed", b"text/plain"),
        (b"multipart/mixed",),
        (),
        (b"multipart/mixed", b"text/plain", b"message/delivery-status"),
        (b"text/plain", b"unknown", b"text/html"),
        (b"text/plain",) * 5_000,
    ],
)
def test_where_the_server_may_have_read_a_message_otherwise_all_of_it_is_needed(judge, types):
    found = judge.by_head(FOLDER, item(b""), Head("1", MULTIPART, types))
    assert isinstance(found, Needed)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"\n",
        b"From: a@example.net\nSubject: cut in the mid",
        b"Subject: x\nContent-Type: text/plain\nContent-Type: multipart/report\n\n",
        b"Return-Path: <>\nSubject: hello\n\n",
        b"Subject: " + b"x" * 100_000 + b"\n\n",
        bytes(range(256)) * 20,
    ],
)
def test_a_header_that_settles_nothing_asks_for_the_whole(judge, header):
    assert isinstance(judge.by_head(FOLDER, item(header), Head("1", header, (b"text/plain",))), Needed)


def test_whose_recipient_nobody_tells_it_is_the_persons(filter_):
    raw = (DEMO / "mail" / "05-postfix-parcel.eml").read_bytes()
    alone = b"".join(
        line for line in raw.splitlines(keepends=True) if not line.startswith((b"X-Original-To:", b"Delivered-To:"))
    )
    told = Judge(filter_, "alice@home-postfix.test").by_raw(FOLDER, item(alone), alone, header_of(alone))
    assert told.verdict == "backscatter"


def test_no_text_fills_the_ledger(judge):
    raw = (DEMO / "mail" / "02-own-postfix-three-recipients.eml").read_bytes().replace(b"\r\n", b"\n")
    group = b"\n\nFinal-Recipient: rfc822; %d@remote.test\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; "
    many = b"".join(group % number + b"x" * 5_000 for number in range(500))
    place = raw.index(b"Final-Recipient")
    long = raw[:place] + many.lstrip() + b"\n\n" + raw[place:]
    long = long.replace(b"Subject: ", b"Subject: " + b"y" * 50_000, 1)
    row = judge.by_raw(FOLDER, item(long), long, header_of(long))
    assert len(row.failed) == 20
    assert max(len(text) for one in (row, *row.failed) for text in one if isinstance(text, str)) <= 300


def test_a_message_that_breaks_us_stays_where_it_is_and_says_so(filter_, monkeypatch):
    judge = Judge(filter_)
    monkeypatch.setattr(filter_, "check", lambda *_, **__: 1 // 0)
    raw = (DEMO / "mail" / "05-postfix-parcel.eml").read_bytes()
    row = judge.by_raw(FOLDER, item(raw), raw, header_of(raw))
    assert (row.verdict, row.kind) == ("undetermined", "none")
    assert "ZeroDivisionError" in row.why
