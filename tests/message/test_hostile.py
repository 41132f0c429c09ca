"""Nothing raises: arbitrary bytes, broken structures, and everything in the corpus."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ndrfilter import limits
from ndrfilter.message import parse

ATTRIBUTES = (
    "headers", "trace", "root", "parts", "defects", "report", "originals", "original", "text", "links",
    "attachments", "feedback", "disposition",
)  # fmt: skip


def touch(raw):
    message = parse(raw)
    found = {name: getattr(message, name) for name in ATTRIBUTES}
    for part in message.parts:
        assert isinstance(part.filename + part.disposition + part.encoding, str)
    for original in message.originals:
        assert isinstance(original.trace, tuple)
        assert isinstance(original.full, bool)
    assert len(found["text"]) <= limits.MAX_TEXT
    assert len(found["parts"]) <= limits.MAX_MIME_PARTS
    assert message.raw == raw
    assert all(isinstance(field.text, str) for field in message.headers)
    return message


PIECES = [
    b"From: a@example.org\n", b"Received: from a (b.example [192.0.2.1]) by c; 1 Jan 2026 10:00:00 -0000\n", b"\n", b"\r\n", b"\r",
    b"Content-Type: multipart/mixed; boundary=x\n", b"Content-Type: multipart/report; boundary=xy\n", b"--x\n", b"--x--\n",
    b"--xy\n", b"Content-Type: message/rfc822\n", b"Content-Type: text/html; charset=utf-7\n", b"Content-Transfer-Encoding: base64\n",
    b"Content-Type: message/delivery-status\n", b"Final-Recipient: rfc822; a@b\n", b"Action: failed\n", b"Reporting-MTA: dns; x\n",
    b"> From: x\n", b"Message-ID: <1@x>\n", b"To: =?utf-8?B?w6Q=?= <a@b>\n", b"\0", b"\xff\xfe", b"--- copy ---\n", b"Subject: x\n",
    b"QUJD\n", b"=3D=\n", b" folded\n", b"<a href=", b"<!--", b"https://a.example/\n", b"begin 644 x\n",
]  # fmt: skip


@given(st.binary(max_size=500))
def test_any_bytes(raw):
    touch(raw)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=40))
def test_broken_structures(pieces):
    touch(b"".join(pieces))


@given(st.lists(st.sampled_from(PIECES), max_size=30), st.sampled_from([b"\r\n", b"\r"]))
def test_line_ends_make_no_difference(pieces, end):
    raw = b"".join(pieces).replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    one, other = touch(raw), touch(raw.replace(b"\n", end))
    assert [part.content_type for part in one.parts] == [part.content_type for part in other.parts]
    assert one.text == other.text
    assert one.report == other.report
    assert one.trace == other.trace
    assert [original.raw for original in one.originals] == [original.raw for original in other.originals]


HEAD = b"From: a@example.org\n"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0" * 100_000,
        bytes(range(256)) * 1000,
        HEAD + b"\n" + b"x" * 5_000_000,
        HEAD + b"\n" + b"\r" * 1_000_000,
        b"X: y\n" * 100_000,
        b"Subject: " + b"=?" * 30_000 + b"\n\n",
        b"To: " + b"(<" * 30_000 + b"\n\n",
        b'Received: from "' + b'\\"' * 30_000 + b"\n\n",
        b"Content-Type: text/plain" + b";a*" * 20_000 + b"\n\n",
        HEAD + b"Content-Type: multipart/mixed; boundary=x\n\n" + b"--xy\n" * 200_000,
        HEAD + b"Content-Type: text/html\n\n" + b"<" * 500_000,
        HEAD + b"Content-Type: text/html\n\n" + b"<a " * 200_000,
        HEAD + b"Content-Type: text/html\n\n" + b"<!--" * 200_000,
        HEAD + b"Content-Type: text/plain; charset=punycode\n\n" + b"a" * 500_000,
        HEAD + b"Content-Transfer-Encoding: base64\n\n" + b"QQ==" * 200_000,
        HEAD + b"\n" + b"From: x\nTo: y\n" * 50_000,
        HEAD + b"\n" + (b" " * 400 + b"\n") * 5_000,
        HEAD + b"Content-Type: message/delivery-status\n\n" + b"Final-Recipient: a\n" * 100_000,
    ],
)
def test_hostile_sizes(raw):
    touch(raw)


FOLDED = b" \n"  # a field without an end


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (HEAD + b"Received: from a by b; 1 Jan 2026 10:00:00 -0000\n" * (limits.MAX_HOPS + 1) + b"\n", "too-many-hops"),
        (HEAD + b"Content-Type: message/rfc822\n\n" + b"Content-Type: message/rfc822\n\n" * 1000, "too-deep"),
        (HEAD + b"\n" + b"word word\n" * (limits.MAX_TEXT // 10 + 1), "text-too-long"),
        (
            HEAD + b"Content-Type: text/html\n\n<!--" + b"x" * limits.MAX_DECODED_PART + b"--><p>Read this.</p>\n",
            "text-too-long",
        ),
        (HEAD + b"X:" + FOLDED * limits.MAX_HEADER_BYTES + b"\n\n", "too-many-headers"),
        (HEAD + b"X:" + FOLDED * limits.MAX_FIELD_BYTES + b"\n", "header-too-long"),
    ],
)
def test_what_is_left_out_is_said(raw, code):
    assert code in [defect.code for defect in touch(raw).defects]


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"Received: from a by b; 1 Jan 2026 10:00:00 -0000\n" * limits.MAX_HOPS + b"\n",
        HEAD + b"Content-Type: message/rfc822\n\n" * limits.MAX_MIME_DEPTH + HEAD + b"\n",
        HEAD + b"\n" + b"x" * limits.MAX_TEXT,
    ],
)
def test_at_the_limit_nothing_is_said(raw):
    assert touch(raw).defects == ()


@pytest.mark.shared("corpus")
def test_every_corpus_file():
    corpus = Path(os.environ["NDRFILTER_SHARED"]) / "corpus"
    files = [path for path in corpus.rglob("*") if path.is_file() and path.suffix not in (".tsv", ".md")]
    assert len(files) > 3000
    for path in files:
        touch(path.read_bytes())
