import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter import limits, mbox
from ndrfilter.doors import sources
from ndrfilter.doors.sources import Place, Source, Unreadable, listed, messages, pick, places

FROM = b"From MAILER-DAEMON Mon Nov 16 10:00:00 2026\n"
LATER = b"From bob@example.net  Mon Nov 16 11:00:00 2026\n"


def split(raw: bytes) -> list[bytes]:
    return [message for message, _cut in mbox.split(io.BytesIO(raw))]


def labels(*paths) -> list[str]:
    return [place.path for place in places(map(str, paths)) if isinstance(place, Place)]


def test_an_mbox_is_split_and_its_messages_keep_their_bytes():
    first, second = FROM + b"Subject: 1\n\none\n>From me\n", LATER + b"Subject: 2\n\ntwo\n"
    assert split(first + b"\n" + second + b"\n") == [first, second + b"\n"]


def test_an_mbox_with_crlf_is_split():
    first, second = (part.replace(b"\n", b"\r\n") for part in (FROM + b"Subject: 1\n\none\n", LATER + b"A: 2\n\n2\n"))
    assert split(first + b"\r\n" + second) == [first, second]


def test_a_message_with_an_empty_body_keeps_the_line_after_its_header():
    assert split(FROM + b"Subject: 1\n\n" + LATER + b"A: 2\n\n") == [FROM + b"Subject: 1\n\n", LATER + b"A: 2\n\n"]


def test_thunderbird_writes_from_lines_without_a_sender():
    for line in (b"From - Mon Nov 16 10:00:00 2026\n", b"From - \n", b"From \n"):
        assert len(split(line + b"A: 1\n\nx\n\n" + line + b"A: 2\n\nx\n")) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"one\nFrom the start at 10:00 in 2026\nSubject: no\n",
        b"one\n\nFrom here on all is well\nSubject: no\n",
        b"one\n\nFrom me at 10:00 in 2026\nno header follows\n",
        b"one\n\n>From bob@example.net Mon Nov 16 11:00:00 2026\nSubject: no\n",
    ],
)
def test_text_is_no_separator(body):
    raw = FROM + b"Subject: 1\n\n" + body
    assert split(raw) == [raw]


@pytest.mark.parametrize(
    "announced", [b"The headers of your message are shown below:", b"Content-Type: message/rfc822"]
)
def test_an_original_returned_with_its_from_line_stays_in_the_bounce(announced):
    earlier = b"From you@example.com Mon Nov 16 09:59:58 2026\nSubject: mine\n\n"
    raw = FROM + b"Subject: Undeliverable\n\n" + announced + b"\n\n" + earlier
    assert split(raw) == [raw]
    assert len(split(raw + b"text\n\n" + LATER + b"Subject: next\n\n")) == 2


def test_a_file_that_does_not_begin_with_from_is_one_message():
    raw = b"Subject: x\n\ntext\n\n" + LATER + b"Subject: y\n\n"
    assert split(raw) == [raw]
    assert split(b"") == [b""]


@given(st.binary(max_size=300))
def test_no_byte_is_lost_but_the_mailbox_s_empty_lines(raw):
    for text in (raw, FROM + raw):
        assert b"".join(split(text)).replace(b"\r", b"").replace(b"\n", b"") == (
            text.replace(b"\r", b"").replace(b"\n", b"")
        )


def test_a_message_is_cut_at_the_limit(monkeypatch, tmp_path):
    monkeypatch.setattr(limits, "MAX_MESSAGE", 100)
    (tmp_path / "one").write_bytes(b"Subject: x\n\n" + b"a" * 200)
    (tmp_path / "box").write_bytes(FROM + b"A: 1\n\n" + b"b\n" * 200 + b"\n" + LATER + b"A: 2\n\n")
    (tmp_path / "fits").write_bytes(b"A: 1\n\n" + b"a" * 94)
    (one,) = messages(Place(str(tmp_path / "one")))
    first, second = messages(Place(str(tmp_path / "box")))
    (fits,) = messages(Place(str(tmp_path / "fits")))
    assert (len(one.raw), one.cut) == (100, True)
    assert (len(first.raw), first.cut, second.cut) == (100, True, False)
    assert (len(fits.raw), fits.cut) == (100, False)


def test_labels_name_the_file_or_the_place_in_the_box(tmp_path):
    box, one = tmp_path / "box", tmp_path / "one.eml"
    box.write_bytes(FROM + b"A: 1\n\nx\n\n" + LATER + b"A: 2\n\n")
    one.write_bytes(FROM + b"A: 1\n\nx\n")
    assert [source.label for source in messages(Place(str(box)))] == [f"{box}:1", f"{box}:2"]
    assert list(messages(Place(str(one)))) == [Source(str(one), one.read_bytes())]


def test_pick_finds_what_a_label_names(tmp_path):
    box = tmp_path / "box"
    box.write_bytes(FROM + b"A: 1\n\nx\n\n" + LATER + b"A: 2\n\n")
    assert pick(f"{box}:2").raw.startswith(LATER)
    assert pick(str(box)).label == f"{box}:1"
    assert pick(f"{box}:3") == Unreadable(f"{box}:3", "there is no such message in it")
    assert pick(str(tmp_path / "none")) == Unreadable(str(tmp_path / "none"), "no such file or directory")


def test_directories_are_read_in_order_without_hidden_files(tmp_path):
    for name in ("b.eml", "a/2.eml", "a/1.eml", ".hidden", ".git/x"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert labels(tmp_path) == [str(tmp_path / name) for name in ("a/1.eml", "a/2.eml", "b.eml")]


def test_of_a_maildir_what_was_delivered_counts_in_subfolders_too(tmp_path):
    delivered = [".Sent/cur/4:2,S", ".Sent/new/5", "cur/1:2,S", "new/2"]
    for name in (*delivered, "tmp/3", "dovecot.index", ".Sent/tmp/6"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    assert labels(tmp_path) == [str(tmp_path / name) for name in delivered]
    assert labels(tmp_path / "new") == [str(tmp_path / "new/2")]


def test_what_is_not_there_is_said(tmp_path):
    (found,) = places([str(tmp_path / "none")])
    assert found == Unreadable(str(tmp_path / "none"), "no such file or directory")
    assert isinstance(next(places(["nul\0byte"])), Unreadable)


def test_an_outlook_file_is_named(tmp_path):
    path = tmp_path / "x.msg"
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 512)
    assert list(messages(Place(str(path)))) == [Unreadable(str(path), sources.OUTLOOK)]


def test_lists_of_paths():
    assert list(listed(io.BytesIO(b"a b\nc\r\n\nd"), b"\n")) == ["a b", "c", "d"]
    assert list(listed(io.BytesIO(b"a\nb\0c\xff\0"), b"\0")) == ["a\nb", os.fsdecode(b"c\xff")]
