"""What people read: texts, links, attachments."""

import pytest

from ndrfilter import limits
from ndrfilter.message import parse


def html(text):
    return parse(b"Content-Type: text/html; charset=utf-8\n\n" + text.encode())


def test_plain_text_is_decoded():
    raw = b"Content-Type: text/plain; charset=koi8-r\nContent-Transfer-Encoding: 8bit\n\n" + "Доставка".encode("koi8-r")
    assert parse(raw).text == "Доставка"


def test_html_is_stripped():
    message = html(
        "<html><style>p {x}</style><!-- no --><p>Your &lt;mail&gt;</p><br>was<b> not</b> sent&nbsp;&#33;<script>bad()</script></html>"
    )
    assert [line for line in message.text.splitlines() if line] == ["Your <mail>", "was not sent !"]


def test_plain_text_is_preferred():
    raw = b"Content-Type: multipart/alternative; boundary=x\n\n--x\n\nplain\n--x\nContent-Type: text/html\n\n<a href='http://a.example/'>rich</a>\n--x--\n"
    message = parse(raw)
    assert message.text.strip() == "plain"
    assert [link.url for link in message.links] == ["http://a.example/"]


def test_empty_plain_text_beside_html():
    raw = b"Content-Type: multipart/alternative; boundary=x\n\n--x\n\n\n--x\nContent-Type: text/html\n\n<p>rich</p>\n--x--\n"
    assert parse(raw).text.strip() == "rich"


def test_an_attached_text_only_where_there_is_no_other():
    part = b"--x\nContent-Disposition: attachment; filename=a.txt\n\nattached\n"
    assert parse(b"Content-Type: multipart/mixed; boundary=x\n\n" + part + b"--x--\n").text.strip() == "attached"
    both = b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\nshown\n" + part + b"--x--\n"
    assert parse(both).text.strip() == "shown"


def test_text_is_bounded():
    assert len(parse(b"Subject: x\n\n" + b"word " * 1_000_000).text) == limits.MAX_TEXT


@pytest.mark.parametrize(
    ("markup", "link"),
    [
        (
            '<a href="https://Login.Example/x?a=1&amp;b=2">Click <b>here</b></a>',
            ("https://Login.Example/x?a=1&b=2", "login.example"),
        ),
        ("<A HREF=http://a.example>x</A>", ("http://a.example", "a.example")),
        ("<a href='https://user:pw@evil.example:8080/'>x</a>", ("https://user:pw@evil.example:8080/", "evil.example")),
        ("<a href='https://bücher.example/'>x</a>", ("https://bücher.example/", "xn--bcher-kva.example")),
        ("<a class='x' href = 'mailto:a@b.example'>x</a>", ("mailto:a@b.example", "")),
    ],
)
def test_links_in_html(markup, link):
    found = html(markup).links
    assert [(one.url, one.domain) for one in found] == [link]


def test_link_text():
    assert html("<a href='http://evil.example/'>https://bank.example/</a>").links[0].text == "https://bank.example/"


def test_links_in_html_that_no_anchor_names():
    found = html("<p>See https://a.example/x.</p><a href='https://b.example/'>https://b.example/</a>").links
    assert [(link.url, link.text) for link in found] == [
        ("https://b.example/", "https://b.example/"),
        ("https://a.example/x", ""),
    ]


def test_links_of_a_returned_message_are_its_own():
    text = "Not delivered, see http://a.example/\n\nReceived: from x by y; 1 Jan 2026 00:00:00 +0000\nMessage-ID: <1@x>\nFrom: a@example\n\nhttp://b.example/\n"
    assert [link.url for link in parse(b"Subject: x\n\n" + text.encode()).links] == ["http://a.example/"]


def test_links_in_plain_text():
    links = parse(b"Subject: x\n\nSee (https://a.example/path). Or www.b.example, not ftp.c\n").links
    assert [(link.url, link.domain) for link in links] == [
        ("https://a.example/path", "a.example"),
        ("www.b.example", "www.b.example"),
    ]


def test_links_are_bounded():
    text = "".join(f"http://h{number}.example/ " for number in range(2000))
    assert len(parse(b"Subject: x\n\n" + text.encode()).links) == limits.MAX_LINKS


def attachment(header, body=b"x"):
    raw = b"Content-Type: multipart/mixed; boundary=x\n\n--x\n\ntext\n--x\n" + header + b"\n\n" + body + b"\n--x--\n"
    return [found._asdict() for found in parse(raw).attachments]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            b'Content-Type: application/octet-stream; name="Invoice.PDF.exe"',
            {"extension": "exe", "executable": True, "archive": False},
        ),
        (b"Content-Type: application/zip", {"archive": True, "executable": False, "extension": ""}),
        (
            b"Content-Type: text/html; name=page.htm\nContent-Disposition: attachment",
            {"html": True, "extension": "htm"},
        ),
        (
            b"Content-Disposition: attachment; filename*=utf-8''r%C3%A9sum%C3%A9.js",
            {"name": "résumé.js", "executable": True},
        ),
        (b"Content-Type: image/png", {"type": "image/png", "executable": False, "archive": False, "html": False}),
    ],
)
def test_attachments(header, expected):
    (found,) = attachment(header)
    assert {key: found[key] for key in expected} == expected


def test_attachments_by_their_first_bytes():
    assert attachment(b"Content-Type: application/octet-stream", b"MZ\x90")[0]["executable"]
    assert attachment(b"Content-Type: application/octet-stream", b"PK\x03\x04")[0]["archive"]
    assert not attachment(b"Content-Type: application/msword; name=a.docx", b"PK\x03\x04")[0]["archive"]


@pytest.mark.parametrize("kind", [b"text/plain", b"message/delivery-status", b"message/rfc822", b"text/rfc822-headers"])
def test_parts_of_a_report_are_no_attachments(kind):
    assert attachment(b"Content-Type: " + kind) == []
