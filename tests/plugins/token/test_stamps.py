"""What is put on a message that leaves, and what is left alone."""

import re

import pytest


@pytest.mark.parametrize(
    ("raw", "sender"),
    [
        (lambda kit: kit.LETTER, ""),
        (lambda kit: kit.LETTER, "<>"),
        (lambda kit: kit.LETTER.replace(b"alice@example.com", b"carl@list.example"), "carl@list.example"),
        (
            lambda kit: kit.LETTER.replace(b"alice@example.com", b"carl@list.example"),
            "SRS0=HHHH=AA=list.example=carl@example.com",
        ),
        (lambda kit: kit.LETTER.replace(b"From: Alice Ames <alice@example.com>\n", b""), "alice@example.com"),
        (
            lambda kit: b"DKIM-Signature: v=1; h=from:date; b=x\n" + kit.LETTER.replace(b"Date: ", b"X-Date: "),
            "alice@example.com",
        ),
        (lambda kit: b"", "alice@example.com"),
        (lambda kit: b"no header\n", "alice@example.com"),
    ],
)
def test_what_is_left_alone(kit, raw, sender):
    assert kit.stamp_of(raw(kit), sender) is None


@pytest.mark.parametrize(
    ("author", "sender"),
    [("alice@example.com", None), ("alice@mail.example.com", "x@example.com"), ("carl@list.example", "l@example.com")],
)
def test_what_is_marked(kit, author, sender):
    assert kit.stamp_of(kit.LETTER.replace(b"alice@example.com", author.encode()), sender).fields[0][0] == "X-NDR-Token"


def test_what_is_missing_is_added(kit, ours):
    raw = kit.LETTER.replace(b"Date: ", b"X-Date: ").replace(b"Message-ID: ", b"X-Id: ")
    out = kit.sent(raw)
    assert b"\nDate: Sun, 22 Nov 2026 10:00:00 -0000\n" in b"\n" + out
    assert re.search(rb"^Message-ID: <1795341600\.[0-9a-f]{24}@example\.com>$", out, re.M)
    assert out.endswith(raw)
    assert kit.judged(ours, kit.full(out)) == kit.GENUINE
    assert kit.sent(raw) == out
    assert kit.sent(raw + b".") != out + b"."


def test_an_empty_date_is_filled(kit):
    out = kit.sent(kit.LETTER.replace(b"Sun, 22 Nov 2026 10:00:00 +0000", b""))
    assert out.count(b"Date:") == 1
    assert b"\nDate: Sun, 22 Nov 2026 10:00:00 -0000\n" in b"\n" + out


def test_old_tokens_go_and_nothing_doubles(kit):
    stale = b"x-ndr-token : k1-20000-a-aaaaaaaaaaaaaaaaaaaaaaaa\n\t(old)\n"
    for places in (["header"], ["message-id"], ["header", "message-id"]):
        once = kit.sent(**{"in": places})
        assert kit.sent(stale + kit.LETTER, **{"in": places}) == once
        assert kit.sent(once, **{"in": places}) == once


@pytest.mark.parametrize(
    "name", ['<"a b"@c>', "<a.@c>", "<a..b@c>", "<abc>", "abc", "<a@b@c>", "<" + "a" * 250 + "@b>", "<\xe4@b>"]
)
def test_an_odd_message_id_is_left_and_the_field_carries_the_token(kit, ours, name):
    raw = kit.LETTER.replace(b"<4711.abc@example.com>", name.encode())
    out = kit.sent(raw, **{"in": ["message-id"]})
    assert name.encode() in out
    assert b"X-NDR-Token: k1-" in out
    assert kit.judged(ours, kit.full(out)) == kit.GENUINE


def test_weaving_keeps_ids_apart_and_well_formed(kit):
    ids = [b"<%d.%d@example.com>" % (number, number * number) for number in range(50)]
    made = {
        re.search(
            rb"Message-ID: (.*)", kit.sent(kit.LETTER.replace(b"<4711.abc@example.com>", one), **{"in": ["message-id"]})
        )[1]
        for one in ids
    }
    assert len(made) == len(ids)
    assert all(re.fullmatch(rb"<[\w.-]+@example\.com>", one) and len(one) < 100 for one in made)
