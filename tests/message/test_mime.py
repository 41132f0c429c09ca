"""The MIME tree, its limits, and what is said about broken ones."""

import pytest

from ndrfilter import limits
from ndrfilter.message import parse
from ndrfilter.message.mime import decoded, text_of

TREE = b"""Content-Type: multipart/mixed; boundary="outer"

preamble
--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=utf-8

plain
--inner
Content-Type: text/html

<p>rich</p>
--inner--
--outer
Content-Type: application/zip; name=x.zip
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename="y.zip"

UEsDBA==
--outer--
epilogue
"""


def codes(raw):
    return [defect.code for defect in parse(raw).defects]


def shape(raw):
    return [(part.path, part.content_type) for part in parse(raw).parts]


def multipart(boundary, *parts, close=True, kind="mixed", extra=""):
    head = f"Content-Type: multipart/{kind}; boundary={boundary}{extra}\n\n".encode()
    body = b"".join(b"--" + boundary.encode() + b"\n" + part + b"\n" for part in parts)
    return head + body + (b"--" + boundary.encode() + b"--\n" if close else b"")


def test_the_tree():
    assert shape(TREE) == [
        ("1", "multipart/mixed"), ("1.1", "multipart/alternative"), ("1.1.1", "text/plain"), ("1.1.2", "text/html"),
        ("1.2", "application/zip"),
    ]  # fmt: skip
    last = parse(TREE).parts[-1]
    assert (last.filename, last.disposition, last.encoding) == ("y.zip", "attachment", "base64")
    assert decoded(last) == b"PK\x03\x04"
    assert text_of(parse(TREE).parts[2]) == "plain"
    assert codes(TREE) == []


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
def test_the_same_tree_with_other_line_ends(end):
    assert shape(TREE.replace(b"\n", end)) == shape(TREE)


def test_truncated_multipart():
    raw = multipart("x", b"\nhello", close=False)
    assert parse(raw).text.strip() == "hello"
    assert "unclosed-boundary" in codes(raw)


def test_missing_boundary_is_guessed():
    raw = b"Content-Type: multipart/mixed\n\n--guess-me\n\nhello\n--guess-me--\n"
    assert shape(raw)[1] == ("1.1", "text/plain")
    assert codes(raw) == ["missing-boundary"]


def test_a_boundary_that_never_occurs_leaves_text():
    raw = b"Content-Type: multipart/mixed; boundary=x\n\nhello\n"
    assert parse(raw).text == "hello\n"
    assert codes(raw) == ["missing-boundary"]


def test_two_boundaries():
    raw = multipart("a", b"\nhello", extra="; boundary=b")
    assert "ambiguous-boundary" in codes(raw)
    assert parse(raw).text.strip() == "hello"


def test_a_boundary_that_begins_like_the_outer_one():
    raw = multipart("x", multipart("xy", b"\ninner").rstrip(), b"\nlast")
    assert [part.content_type for part in parse(raw).parts] == [
        "multipart/mixed",
        "multipart/mixed",
        "text/plain",
        "text/plain",
    ]
    assert "ambiguous-boundary" in codes(raw)


def test_duplicate_content_type_takes_the_first():
    raw = b"Content-Type: text/plain\nContent-Type: text/html\n\nx"
    assert parse(raw).root.content_type == "text/plain"
    assert codes(raw) == ["duplicate-content-type"]


def test_unknown_transfer_encoding():
    assert codes(b"Content-Transfer-Encoding: x-own\n\nx") == ["bad-encoding"]


def test_too_deep():
    raw = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(1000))
    message = parse(raw + b"\nx")
    assert max(part.depth for part in message.parts) == limits.MAX_MIME_DEPTH
    assert "too-deep" in codes(message.raw)


def test_nested_messages_are_not_entered():
    raw = b"From: a@example.org\nContent-Type: message/rfc822\n\n" * 1000
    assert len(parse(raw).parts) == 1


def test_too_many_parts():
    raw = multipart("x", *[b"\nhello"] * 10_000)
    assert len(parse(raw).parts) == limits.MAX_MIME_PARTS
    assert "too-many-parts" in codes(raw)


def test_digest_parts_are_messages():
    raw = multipart("x", b"\nFrom: a@example.org\n\nhi", kind="digest")
    assert shape(raw)[1] == ("1.1", "message/rfc822")


def test_a_type_without_slash_is_text():
    assert parse(b"Content-Type: text\n\nx").root.content_type == "text/plain"
