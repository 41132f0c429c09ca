"""The header scanner: fields in order, whatever the line ends and whatever stands before them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter import limits
from ndrfilter.message import parse
from ndrfilter.message.charset import field_text, plain_text
from ndrfilter.message.fields import Headers
from ndrfilter.message.headers import scan, scan_lines

MAIL = b"Received: from a\n by b\nFrom: x@example.org\nSubject: one\nsubject: two\n\nbody\nmore\n"


def codes(raw):
    return [defect.code for defect in parse(raw).defects]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"\r\r\n"])
def test_line_ends(end):
    message = parse(MAIL.replace(b"\n", end))
    assert [field.name for field in message.headers] == ["Received", "From", "Subject", "subject"]
    assert message.headers.text("received") == "from a by b"
    assert message.text == "body\nmore\n"


def test_mixed_line_ends_are_said():
    assert codes(b"From: a\r\nTo: b\n\nx") == ["mixed-line-ends"]
    assert codes(b"From: a\rTo: b\r\rx") == ["bare-cr"]
    assert codes(b"From: a\nTo: b\n\nx") == []


def test_order_duplicates_and_raw_bytes():
    headers = parse(MAIL).headers
    assert [field.text for field in headers.all("SUBJECT")] == ["one", "two"]
    assert headers.first("received").raw == b" from a\n by b"
    assert "From" in headers
    assert "To" not in headers
    assert len(headers) == 4


@pytest.mark.parametrize(
    "junk",
    [
        b"From mailer@example.org Sun Nov 22 10:00:00 2026\n",
        b">From mailer@example.org Sun Nov 22 10:00:00 2026\n",
        b"Nov 22 10:00:00 mx postfix/local[1]: delivered\n",
        b"\n",
        b"some line\nanother line\n",
    ],
)
def test_junk_before_the_header(junk):
    message = parse(junk + MAIL)
    assert message.headers.text("from") == "x@example.org"
    assert message.text == "body\nmore\n"


def test_no_header_at_all():
    message = parse(b"just some words\nand more\n")
    assert len(message.headers) == 0
    assert message.text == "just some words\nand more\n"
    assert codes(message.raw) == ["no-header"]
    assert codes(b"") == ["no-header"]


def test_header_only():
    message = parse(b"From: a@example.org\nSubject: x\n")
    assert message.headers.text("subject") == "x"
    assert message.text == ""


def test_no_blank_line_before_the_body():
    message = parse(b"From: a@example.org\nSubject: x\nDear all, this is text\nand more of it\n")
    assert message.text.startswith("Dear all")
    assert codes(message.raw) == ["no-body-separator"]


def test_a_stray_line_inside_the_header():
    message = parse(b"From: a@example.org\nstray words\nTo: b@example.org\n\nbody")
    assert message.headers.text("to") == "b@example.org"
    assert message.text == "body"


def test_blanks_before_the_colon():
    assert parse(b"Subject : x\n\n").headers.text("subject") == "x"


def test_nul_bytes_are_said():
    assert "nul-bytes" in codes(b"From: a\0b\n\nx\0y")


def test_too_many_headers():
    message = parse(b"X-A: b\n" * 100_000 + b"\nbody")
    assert len(message.headers) == limits.MAX_HEADER_FIELDS
    assert message.text == "body"
    assert "too-many-headers" in codes(message.raw)


def test_a_header_that_is_too_long():
    message = parse(b"Subject: " + b"x" * 200_000 + b"\nFrom: a@example.org\n\nbody")
    assert len(message.headers.first("subject").raw) <= limits.MAX_FIELD_BYTES
    assert message.headers.text("from") == "a@example.org"
    assert "header-too-long" in codes(message.raw)


def test_too_big():
    message = parse(b"From: a\n\n" + b"x" * limits.MAX_MESSAGE)
    assert "too-big" in codes(message.raw)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        (b"=?UTF-8?B?R3LDvMOfZQ==?=", "Grüße"),
        (b"=?utf-8?q?a?=\n =?utf-8?q?b?=", "ab"),
        (b"=?utf-8?q?a?= x =?utf-8?q?b?=", "a x b"),
        (b"=?utf-8?B?44GC4w==?=\n =?utf-8?B?gYQ=?=", "あい"),  # a character split over two words
        (b"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
        (b"=?koi8-r?Q?=F0=D2=C9=D7=C5=D4?=", "Привет"),
        (b"=?gb2312?B?xOO6ww==?=", "你好"),
        (b"=?windows-1252?Q?=80_5?=", "€ 5"),
        (b"=?nonsense?Q?abc?=", "abc"),
        (b"=?utf-8?Q?broken", "=?utf-8?Q?broken"),
        (b"=?utf-8*de?Q?x?=", "x"),
        ("Grüße".encode(), "Grüße"),
        ("Grüße".encode("latin-1"), "Grüße"),
        (b"a\x01b\x1b[31m", "a b [31m"),
        (b"=?utf-8?Q?a=0Ab=1B?=", "a b"),
        (b"  folded\n\tline ", "folded line"),
    ],
)
def test_decoded_text(raw, text):
    assert parse(b"Subject: " + raw + b"\n\n").headers.text("subject") == text


@given(st.lists(st.tuples(st.sampled_from([b"To", b"tO", b"X-a", b"x-A", b"Cc"]), st.binary(max_size=12)), max_size=6))
def test_all_fields_at_once_are_read_as_each_alone(pairs):
    headers = Headers(pairs)
    for name in ("to", "X-A", "cc", "from"):
        raws = [raw for own, raw in pairs if own.lower().decode() == name.lower()]
        assert headers.raws(name) == [field.raw for field in headers.all(name)] == raws
        assert headers.plains(name) == [plain_text(raw) for raw in raws]
        assert [headers.text_at(place) for place in headers.places[name]] == [field_text(raw) for raw in raws]
        assert headers.text(name) == (field_text(raws[0]) if raws else "")
        assert (name in headers, headers.count(name)) == (bool(raws), len(raws))


@given(
    st.lists(
        st.sampled_from([b"A: b", b"To:x", b"C :d", b"\n", b"\n", b" e", b"\t", b":", b"f", b"From g"]), max_size=9
    )
)
def test_a_header_in_one_stroke_is_read_as_field_by_field(pieces):
    data = b"X: y" + b"".join(pieces)
    one, plain = scan(data), scan_lines(data, 0, 0, len(data))
    assert list(one.headers.pairs) == list(plain.headers.pairs)
    assert (one.body, one.defects) == (plain.body, plain.defects)
