"""A second original that looks ours, and our trace anywhere in what people read."""

from __future__ import annotations

import pytest
from attack_mail import DATE, OURS, STRANGER, SUBMITTED, bounce, received

FIELDS = f"From: alice@example.com\nTo: bob@receiver.example\nSubject: figures\nDate: {DATE}\nMessage-ID: <1@example.com>\n\nHello.\n"
PERFECT = received(OURS, SUBMITTED) + FIELDS
QUOTED = "".join(f"> {line}\n" for line in PERFECT.splitlines())


def part(content_type, text=PERFECT):
    return f"--=_report\nContent-Type: {content_type}\n\n{text}\n"


@pytest.mark.parametrize(
    "content_type", ["message/rfc822", "text/rfc822-headers", "text/plain", "application/octet-stream; name=a.eml"]
)
def test_behind_the_real_one(judge, content_type):
    assert judge(bounce(STRANGER, after=part(content_type))).verdict != "genuine"


@pytest.mark.parametrize(
    "text",
    [
        PERFECT,
        QUOTED,
        f"----- Original message -----\n{PERFECT}",
        f"--- Below this line is a copy of the message.\n\n{PERFECT}",
    ],
)
@pytest.mark.parametrize("where", ["text", "body"])
def test_in_the_text_and_in_the_spam_s_own_body(judge, where, text):
    assert judge(bounce(STRANGER, **{where: text})).verdict != "genuine"


NESTED = 'Content-Type: multipart/mixed; boundary="=_spam"\n'


@pytest.mark.parametrize("boundary", ["=_spam", "=_report"])
@pytest.mark.parametrize("content_type", ["message/rfc822", "text/rfc822-headers", "message/delivery-status"])
def test_as_parts_of_the_spam(judge, boundary, content_type):
    """A spam that brings its own parts, under its own boundary or under one that it hopes the report will have."""
    body = f"--{boundary}\nContent-Type: {content_type}\n\n{PERFECT}\n--{boundary}--\n"
    assert judge(bounce(STRANGER, below=NESTED, body=body)).verdict != "genuine"


def test_a_whole_report_as_the_spam_s_body(judge):
    inner = bounce(OURS, SUBMITTED).decode()
    head = 'Content-Type: multipart/report; report-type=delivery-status; boundary="=_report"\n'
    result = judge(
        bounce(STRANGER, below=head, body=inner.partition("\n\n")[2]).replace(b"=_report--", b"=_report--", 1)
    )
    assert result.verdict != "genuine"


@pytest.mark.parametrize("content_type", ["message/rfc822", "text/rfc822-headers"])
def test_a_spam_behind_ours_takes_nothing_from_a_real_bounce(judge, content_type):
    spam = received(STRANGER) + FIELDS
    assert judge(bounce(OURS, SUBMITTED, after=part(content_type, spam))).verdict == "genuine"
    assert judge(bounce(OURS, SUBMITTED, text=spam, body=spam)).verdict == "genuine"


def test_more_originals_than_we_look_at_are_said(judge):
    result = judge(bounce(STRANGER, after=part("message/rfc822") * 60))
    assert result.verdict != "genuine"
    assert "too-many-originals" in result.defects
