"""A token that comes back: by whatever way, after whatever servers do to it, or in an id alone."""

import pytest


@pytest.mark.parametrize("places", [["header"], ["message-id"], ["header", "message-id"]], ids="+".join)
@pytest.mark.parametrize("way", ["full", "headers_only", "inline", "quoted"])
def test_what_comes_back_is_known(kit, ours, way, places):
    assert kit.judged(ours, getattr(kit, way)(kit.sent(**{"in": places}))) == kit.GENUINE


@pytest.mark.parametrize(
    ("was", "made"),
    [
        (b"From: Alice Ames <alice@example.com>", b"From: =?utf-8?Q?Alice=20Ames?=\n <alice@example.com>"),
        (b"From: Alice Ames <alice@example.com>", b"from: alice@EXAMPLE.COM (Alice Ames)  "),
        (b"From: Alice Ames <alice@example.com>", b'From: "Ames, Alice"\n\t<Alice@example.com>'),
        (b"Sun, 22 Nov 2026 10:00:00 +0000", b"22 Nov 2026 11:00:00 +0100 (CET)  "),
        (b"Date: Sun, 22 Nov 2026 10:00:00 +0000\n", b""),
        (b"From: Alice Ames <alice@example.com>\n", b""),
        (b"Message-ID: <", b"Message-Id:\n <"),
        (b"@example.com>\n", b"@example.com> (added by the gateway)\n"),
        (b"X-NDR-Token: ", b"x-ndr-token:\n\t"),
    ],
)
def test_what_servers_do_to_fields_does_no_harm(kit, ours, was, made):
    raw = kit.sent(**{"in": ["header", "message-id"]})
    assert was in raw
    assert kit.judged(ours, kit.headers_only(raw.replace(was, made))) == kit.GENUINE


def test_case_of_the_token_does_not_matter(kit, ours):
    raw = kit.sent()
    assert kit.judged(ours, kit.full(raw.replace(kit.token_of(raw), kit.token_of(raw).upper()))) == kit.GENUINE


def test_a_message_that_says_no_date_that_can_be_read(kit, ours):
    raw = kit.sent(kit.LETTER.replace(b"Sun, 22 Nov 2026 10:00:00 +0000", b"yesterday"))
    assert kit.judged(ours, kit.full(raw)) == kit.GENUINE
    assert (
        "TOKEN_PROOF"
        not in kit.judged(ours, kit.full(raw.replace(b"yesterday", b"Sun, 22 Nov 2026 10:00:00 +0000")))[1]
    )


@pytest.mark.parametrize(
    "extra",
    [
        b"In-Reply-To: %s\n",
        b"References: <other@list.example>\n %s\n",
        b"In-Reply-To: Your mail of today %s\n",
    ],
)
def test_the_id_alone_is_enough_where_the_bounce_answers_it(kit, ours, extra):
    extra %= kit.woven_id()
    assert kit.judged(ours, kit.bare(extra=extra)) == kit.GENUINE
    assert kit.judged(ours, kit.bare(extra=extra, to="bob@example.com"), to="bob@example.com")[1] == set()


def test_the_id_alone_reaches_a_tagged_address(kit, ours):
    raw = kit.bare(extra=b"In-Reply-To: %s\n" % kit.woven_id())
    assert kit.judged(ours, raw, to="prvs=0123abcdef=alice@example.com") == kit.GENUINE
    assert kit.judged(ours, raw, to="alice+prvs=0123abcdef@example.com") == kit.GENUINE


def test_a_read_receipt_names_the_id(kit, ours):
    raw = b"""\
From: Carl <carl@receiver.example>
To: alice@example.com
Subject: Read: The figures
Message-ID: <78@mx.receiver.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=disposition-notification; boundary="b"

--b
Content-Type: text/plain

Your message was read.
--b
Content-Type: message/disposition-notification

Final-Recipient: rfc822; carl@receiver.example
Original-Message-ID: %s
Disposition: manual-action/MDN-sent-manually; displayed

--b--
"""
    assert kit.judged(ours, raw % kit.woven_id()) == kit.GENUINE
    assert kit.judged(ours, raw % b"<4711.abc@example.com>")[1] == set()


def test_an_id_in_the_text_is_less_than_proof(kit, ours):
    verdict, rules = kit.judged(ours, kit.bare(text=b"\nMessage-ID: %s\n" % kit.woven_id()))
    assert (verdict, rules) == ("undetermined", {"TOKEN_VALID"})


def test_of_a_thread_only_the_message_that_is_answered_counts(kit, ours):
    extra = b"References: %s <reply@spam.example>\n" % kit.woven_id()
    assert kit.judged(ours, kit.bare(extra=extra))[1] == set()
    extra = b"In-Reply-To: <reply@spam.example>\nReferences: %s\n" % kit.woven_id()
    assert kit.judged(ours, kit.bare(extra=extra))[1] == set()
