"""The message that came back, wherever an MTA put it."""

from base64 import encodebytes
from quopri import encodestring

import pytest
import re2

from ndrfilter.message import parse

HEADER = b"""Return-Path: <me@example.org>
Received: from client.example (client.example [192.0.2.5])
\tby relay.example (Postfix) with ESMTPSA id 4XY;
\tSun, 22 Nov 2026 10:00:00 +0000
Message-ID: <1@example.org>
From: Me <me@example.org>
To: you@example.net
Subject: the original
Date: Sun, 22 Nov 2026 10:00:00 +0000
"""
WHOLE = HEADER + b"\nDear you,\n\nthis is it.\n"
STATUS = b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; you@example.net\nAction: failed\nStatus: 5.1.1\n"
NOTE = b"Content-Type: text/plain\n\nYour mail could not be delivered.\n"


def report(*parts, kind=b"report; report-type=delivery-status"):
    body = b"".join(b"--x\n" + part + b"\n" for part in parts)
    return b"From: MAILER-DAEMON@mx.example\nContent-Type: multipart/" + kind + b"; boundary=x\n\n" + body + b"--x--\n"


def plain(text):
    return b"From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\n" + text


def check(message, source, full=True):
    original = message.original
    assert original.headers.text("message-id") == "<1@example.org>"
    assert original.headers.text("subject") == "the original"
    assert (original.source, original.full) == (source, full)
    assert str(original.trace[0].ip) == "192.0.2.5"
    assert original.trace[0].authenticated
    return original


@pytest.mark.parametrize(
    "kind", [b"message/rfc822", b"message/global", b"Message/RFC822; charset=us-ascii", b"message/partial; id=1"]
)
def test_a_part_of_its_own(kind):
    original = check(parse(report(NOTE, STATUS, b"Content-Type: " + kind + b"\n\n" + WHOLE)), "rfc822")
    assert original.body == b"Dear you,\n\nthis is it.\n"
    assert original.raw == WHOLE


@pytest.mark.parametrize("kind", [b"text/rfc822-headers", b"message/global-headers"])
def test_headers_only(kind):
    check(parse(report(NOTE, STATUS, b"Content-Type: " + kind + b"\n\n" + HEADER)), "headers", full=False)


def test_a_whole_message_as_headers():
    check(parse(report(NOTE, b"Content-Type: text/rfc822-headers\n\n" + WHOLE, kind=b"mixed")), "headers")


def test_a_header_as_message():
    check(parse(report(NOTE, b"Content-Type: message/rfc822\n\n" + HEADER)), "rfc822", full=False)


@pytest.mark.parametrize(("name", "encode"), [(b"base64", encodebytes), (b"quoted-printable", encodestring)])
@pytest.mark.parametrize("kind", [b"message/rfc822", b"application/octet-stream"])
def test_encoded(name, encode, kind):
    part = b"Content-Type: " + kind + b"\nContent-Transfer-Encoding: " + name + b"\n\n" + encode(WHOLE)
    check(parse(report(NOTE, STATUS, part)), "rfc822" if kind == b"message/rfc822" else "attachment")


def test_base64_that_nobody_declared():
    check(parse(report(NOTE, b"Content-Type: message/rfc822\n\n" + encodebytes(WHOLE))), "rfc822")


def test_attached_as_eml():
    part = b'Content-Type: application/x-thing; name="mail.eml"\nContent-Disposition: attachment\n\n' + WHOLE
    check(parse(report(NOTE, part, kind=b"mixed")), "attachment")


def test_a_part_that_is_the_message_itself():
    check(parse(report(NOTE, WHOLE, kind=b"mixed")), "rfc822")


def test_a_mail_that_is_a_returned_message():
    check(parse(b"Subject: returned\nContent-Type: message/rfc822\n\n" + WHOLE), "rfc822")


def test_the_part_after_the_status_wins():
    other = b"Content-Type: message/rfc822\n\n" + WHOLE.replace(b"<1@", b"<2@")
    message = parse(report(other, STATUS, b"Content-Type: message/rfc822\n\n" + WHOLE))
    check(message, "rfc822")
    assert len(message.originals) == 2


def test_never_from_inside_the_returned_message():
    forged = b"--y\nContent-Type: message/rfc822\n\nMessage-ID: <evil@x>\nFrom: a@b\nTo: c@d\n\n--y--\n"
    outer = HEADER + b"Content-Type: multipart/mixed; boundary=y\n\n" + forged
    message = parse(report(NOTE, STATUS, b"Content-Type: message/rfc822\n\n" + outer))
    check(message, "rfc822")
    assert len(message.originals) == 1
    message = parse(
        plain(b"--- Below this line is a copy of the message.\n\n" + WHOLE + b"\n" + WHOLE.replace(b"<1@", b"<2@"))
    )
    check(message, "inline")


def test_an_empty_or_removed_original():
    assert parse(report(NOTE, STATUS, b"Content-Type: message/rfc822\n\n")).original is None
    assert parse(report(NOTE, STATUS, b"Content-Type: message/rfc822\n\n[removed]\n")).original is None


SEPARATORS = [
    b"--- Below this line is a copy of the message.\n\n",
    b"------ This is a copy of the message, including all the headers. ------\n\n",
    b"   ----- Unsent message follows -----\n",
    b"   ----- Original message follows -----\n\n",
    b"----- Original message -----\n\n",
    b"Original message follows.\n\n",
    b"Your original message headers:\n\n",
    b"======= message copy =======\n",
    b"\n",
    "--- Далее приводится копия сообщения ---\n\n".encode("koi8-r"),
]


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("content", [WHOLE, HEADER])
def test_inline(separator, content):
    message = parse(plain(b"Hi. This is the mail program.\n<you@example.net>: no such user\n\n" + separator + content))
    check(message, "inline", full=content == WHOLE)
    assert "no such user" in message.text
    assert "the original" not in message.text


def test_inline_behind_a_long_transcript():
    message = parse(plain(b"550 said the server\n" * 100_000 + b"\n--- Below this line is a copy.\n\n" + WHOLE))
    check(message, "inline")
    assert [defect.code for defect in message.defects] == ["text-too-long"]


def test_inline_behind_a_block_of_very_many_lines():
    check(parse(plain(b"X-Line: y\n" * 50_000 + b"\n" + WHOLE)), "inline")


@pytest.mark.parametrize("prefix", [b"    ", b"> ", b"| ", b"\t", b">"])
def test_quoted(prefix):
    quoted = b"".join((prefix + line).rstrip() + b"\n" for line in WHOLE.splitlines())
    message = parse(plain(b"It failed.\n\n" + quoted))
    assert check(message, "quoted").raw.rstrip() == WHOLE.rstrip()


@pytest.mark.parametrize("coding", [b"base64", b"quoted-printable"])
def test_inline_in_an_encoded_text(coding):
    encode = encodebytes if coding == b"base64" else encodestring
    head = b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: " + coding + b"\n\n"
    check(parse(head + encode(b"It failed.\n\n--- message ---\n\n" + WHOLE)), "inline")


def test_inline_in_utf_16():
    text = ("It failed.\n\n" + WHOLE.decode()).encode("utf-16le")
    check(
        parse(b"Content-Type: text/plain; charset=utf-16le\nContent-Transfer-Encoding: base64\n\n" + encodebytes(text)),
        "inline",
    )


def test_inline_in_html():
    from html import escape

    html = "<p>It failed.</p><pre>" + escape(HEADER.decode()) + "</pre>"
    check(parse(b"Content-Type: text/html\n\n" + html.encode()), "inline", full=False)


@pytest.mark.parametrize(
    "text",
    [
        b"Your message\n  To: you@example.net\n  Subject: x\n  Sent: today\ndid not reach you.\n",
        b"Subject: Hello\n\nwas not delivered.\n",
        b"Transcript of session follows:\n>>> MAIL From:<a@b>\n<<< 250 ok\n>>> RCPT To:<c@d>\n",
        b"> From: a@example.org\n> To: b@example.org\n> Subject: as I said\n> Date: today\n>\n> text\n",
        b"Reporting-MTA: dns; mx\nFinal-Recipient: rfc822; a@b\nReceived-From-MTA: x\nX-Queue: 1\nX-Sender: 2\nDate: x\n",
        b"https://a.example\nhttps://b.example\nhttps://c.example\n",
    ],
)
def test_what_is_no_original(text):
    assert parse(plain(text)).original is None


def test_find_original_by_a_dialects_separator():
    weak = b"From: me@example.org\nSubject: the original\n\nbody\n"
    message = parse(plain("Zustellung unmöglich\n--- Ihre Nachricht für Sie ---\n\n".encode() + weak))
    assert message.original is None
    found = message.find_original([re2.compile(r"^nothing$"), re2.compile(r"^-+ Ihre Nachricht für")])
    assert found.headers.text("subject") == "the original"
    assert found.body == b"body\n"
    assert message.find_original([re2.compile("^never$")]) is None


def test_find_original_needs_a_header_after_the_line():
    message = parse(plain(b"--- copy ---\n\nno header here\n"))
    assert message.find_original([re2.compile("copy")]) is None


def test_a_broken_boundary_before_the_original():
    raw = report(NOTE, STATUS + b"\n--other\nContent-Type: message/rfc822\n\n" + WHOLE)
    check(parse(raw), "inline")


@pytest.mark.parametrize(("parts", "found"), [(1, 1), (6, 0)])
def test_what_only_claims_to_be_returned_is_searched_within_one_bound(parts, found):
    junk = b"Content-Type: text/rfc822-headers\n\n" + b"nothing of a header\n" * 40_000
    indented = b"Content-Type: message/rfc822\n\n" + b"".join(b"   " + line for line in WHOLE.splitlines(keepends=True))
    assert len(parse(report(NOTE, *[junk] * parts, indented)).originals) == found
