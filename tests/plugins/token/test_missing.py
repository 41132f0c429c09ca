"""Mail without a token, where all mail of ours is marked."""

import pytest

TRACE = b"Received: from a.example by b.example; Sun, 22 Nov 2026 10:00:01 +0000\n"


@pytest.mark.parametrize(
    ("raw", "missing"),
    [
        (lambda kit: kit.full(TRACE + kit.LETTER), True),
        (lambda kit: kit.headers_only(TRACE + kit.LETTER), True),
        (lambda kit: kit.full(TRACE + kit.letter().replace(b"4711", b"4712")), True),
        (lambda kit: kit.full(TRACE + kit.letter()), False),
        (lambda kit: kit.full(TRACE + kit.sent(now=kit.NOW - 60 * kit.DAY)), False),
        (lambda kit: kit.full(kit.LETTER), False),
        (lambda kit: kit.full(b"Return-Path: <>\n" + TRACE + kit.LETTER), False),
        (lambda kit: kit.quoted(kit.LETTER), False),
        (lambda kit: kit.bare(), False),
        (lambda kit: kit.full(TRACE + kit.LETTER.replace(b"alice@example.com", b"carl@list.example")), True),
    ],
)
def test_absence_where_all_mail_is_marked(kit, raw, missing):
    assert ("TOKEN_MISSING" in kit.judged(kit.office(complete=["signing"]), raw(kit))[1]) is missing


def test_mail_that_we_only_forward_lacks_no_token(kit):
    raw = kit.full(TRACE + kit.LETTER.replace(b"alice@example.com", b"carl@list.example"))
    to = "SRS0=HHHH=AA=list.example=carl@example.com"
    assert "TOKEN_MISSING" not in kit.judged(kit.office(complete=["signing"]), raw, to=to)[1]
