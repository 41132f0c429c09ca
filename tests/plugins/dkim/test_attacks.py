"""Bounces made by people who want to be believed, or to stop us. Not one of them is genuine by proof."""

import asyncio
import re
from base64 import b64encode
from collections import namedtuple

import pytest

from ndrfilter import Envelope

Ports = namedtuple("Ports", "resolver clock store")

PROOF = {"DKIM_OURS", "DKIM_HEADER_OURS"}
ALSO_BOB = ("bob@example.com",)


@pytest.fixture
def proofs():
    """The standings of the signatures on many bounces to alice, one after the other, without their verdicts."""

    def run(filter_, raws):
        ports = Ports(filter_._ports().resolver, filter_.clock, filter_.store)
        return asyncio.run(all_of(filter_, raws, ports))

    async def all_of(filter_, raws, ports):
        found = []
        for raw in raws:
            facts = filter_.facts(raw, Envelope(sender="", recipients=("alice@example.com",)))
            spec = facts.schema.facts
            found.append(
                await spec["dkim.proof"].afetch(facts, ports) or await spec["dkim.replayed"].afetch(facts, ports)
            )
        return [one.standing for one in found]

    return run


# replay


def test_replayed_to_another_of_our_users(kit, said, judge):
    raw = kit.headers_only(kit.original())
    assert said(raw, to=ALSO_BOB) == {"DKIM_ASTRAY"}
    assert judge(raw, to=ALSO_BOB).verdict == "undetermined"


def test_replayed_to_another_whom_the_return_path_names(kit, judge, said):
    message = b"Return-Path: <bob@example.com>\n" + kit.original()
    for raw in (kit.headers_only(message), kit.bounce(message)):
        assert said(raw, to=ALSO_BOB) == {"DKIM_ASTRAY"}
        assert judge(raw, to=ALSO_BOB).verdict == "undetermined"


def test_replayed_to_another_whom_an_unsigned_sender_names(kit, said):
    message = kit.original().replace(b"From: Alice", b"Sender: bob@example.com\nFrom: Alice")
    assert said(kit.headers_only(message), to=ALSO_BOB) == {"DKIM_ASTRAY"}


def test_replayed_to_another_and_reported_as_passed(kit, judge):
    passed = b"Authentication-Results: mx.receiver.example; dkim=pass header.d=example.com; dmarc=pass header.from=example.com\n"
    result = judge(kit.headers_only(passed + kit.original()), to=ALSO_BOB)
    assert result.verdict == "undetermined"


def test_replayed_fifty_times_to_the_author(kit, make, judge):
    filter_ = make()
    raws = [kit.headers_only(kit.original(), text=f"Attempt {number}.") for number in range(50)]
    verdicts = [judge(raw, by=filter_).verdict for raw in raws]
    assert verdicts == ["genuine"] * 25 + ["undetermined"] * 25


def test_replayed_a_thousand_times_with_other_unsigned_fields(kit, make, proofs):
    message = kit.original()
    messages = [message.replace(b"Received:", b"X-Number: %d\nReceived:" % number) for number in range(1_000)]
    standings = proofs(make(), [kit.headers_only(message) for message in messages])
    assert standings == ["bound"] * 25 + ["overused"] * 975


def test_replayed_with_a_signature_written_in_another_way(kit, make, judge):
    """RFC 8017 knows one signature of a length; a number beyond the modulus is none, nor is one with zeros before it."""
    from base64 import b64decode

    from dkim.crypto import parse_pem_private_key

    block = kit.signature(kit.header(kit.FIELDS), key="rsa2048")
    head, value = block.rsplit(b"b=", 1)
    modulus = parse_pem_private_key((kit.CASES / "rsa2048.pem").read_bytes())["modulus"]
    number = int.from_bytes(b64decode(value), "big")
    again = [(number + modulus).to_bytes(257, "big"), b"\0" + b64decode(value)]
    filter_ = make()
    for signed in again:
        message = kit.TRACE + head + b"b=" + b64encode(signed) + b"\n" + kit.header(kit.FIELDS) + b"\n" + kit.BODY
        assert judge(kit.headers_only(message), by=filter_).verdict != "genuine"


def test_replayed_when_it_is_old(kit, judge):
    raw = kit.headers_only(kit.original(t=kit.SENT - 60 * 86_400))
    assert judge(raw).verdict == "backscatter"


# the header


@pytest.mark.parametrize("name", ["From", "Date", "Message-ID", "Subject", "To", "from", "FROM", "From "])
@pytest.mark.parametrize("place", [b"DKIM-Signature", b"Date: Sun", b"Content-Type: text"])
def test_a_second_field_where_one_may_stand(kit, said, name, place):
    second = f"{name}: Mallory <mallory@spam.example>\n".encode()
    message = kit.original()
    above = message.replace(place, second + place, 1)
    below = kit.headers_of(message) + second
    for block in (above, below + b"\n" + kit.BODY):
        assert not said(kit.headers_only(block)) & PROOF
        assert not said(kit.bounce(block)) & PROOF


def test_the_signed_author_below_and_another_shown(kit, said):
    message = kit.original(signed=kit.SIGNED + ":from")
    assert not said(kit.headers_only(b"From: mallory@spam.example\n" + message)) & PROOF


def test_two_authors_signed_in_turn(kit, said):
    fields = kit.header(kit.FIELDS) + b"From: bob@example.com\n"
    signed = "from:from:" + kit.SIGNED
    message = kit.TRACE + kit.signature(fields, signed=signed) + fields
    assert not said(kit.bounce(message, type_="text/rfc822-headers")) & PROOF


def test_fields_in_another_order_are_the_same_header(kit, said):
    """The order of different fields is not signed and means nothing; which of two equal ones is meant does."""
    block = kit.header(dict(reversed(kit.FIELDS.items())))
    moved = kit.TRACE + kit.signature(kit.header(kit.FIELDS)) + block
    assert said(kit.bounce(moved, type_="text/rfc822-headers")) == {"DKIM_HEADER_OURS"}


def test_received_lines_in_another_order(kit, said):
    trace = b"Received: by a.example.com id 1;\n Sun, 22 Nov 2026 09:00:00 +0000\nReceived: by b.example.com id 2;\n Sun, 22 Nov 2026 09:00:01 +0000\n"
    block = trace.replace(b"\n ", b" ") + kit.header(kit.FIELDS)
    message = kit.signature(block, signed=kit.SIGNED + ":received:received") + block
    assert said(kit.bounce(message, type_="text/rfc822-headers")) == {"DKIM_HEADER_OURS"}
    turned = re.sub(rb"(Received: by a.*\n)(Received: by b.*\n)", rb"\2\1", message)
    assert turned != message
    assert not said(kit.bounce(turned, type_="text/rfc822-headers")) & PROOF


def test_a_signed_field_taken_away(kit, said):
    for name in (b"From", b"Date", b"Message-ID", b"Subject", b"To", b"MIME-Version"):
        message = re.sub(rb"(?m)^%s:.*\n" % name, b"", kit.original(), count=1)
        assert not said(kit.headers_only(message)) & PROOF


def test_a_field_hidden_behind_lines_that_are_none(kit, said):
    message = kit.original().replace(b"Date: Sun", b"not a field\nFrom: mallory@spam.example\nDate: Sun", 1)
    assert not said(kit.headers_only(message)) & PROOF


# the body


def test_a_length_of_nothing_and_another_body(kit, said, judge):
    message = kit.original(l=0).replace(b"the figures below", b"our wonderful offer")
    assert "DKIM_OURS" not in said(kit.bounce(message))
    assert "DKIM_OURS" not in said(kit.bounce(kit.original(l=0)))


def test_something_added_behind_the_signed_length(kit, said):
    assert "DKIM_OURS" not in said(kit.bounce(kit.original(l=40)))
    assert "DKIM_OURS" not in said(kit.bounce(kit.original(l=40, canon="simple/simple") + b"An offer!\n"))


def test_a_hash_of_the_body_that_fits_another_body(kit, said):
    message, other = kit.original(), kit.original(b"Our wonderful offer.\n")
    wanted = re.search(rb"bh=[^;]+", other).group()
    body = other[other.index(b"\n\n") :]
    forged = kit.headers_of(re.sub(rb"bh=[^;]+", wanted.replace(b"\\", b""), message))[:-1] + body
    assert not said(kit.bounce(forged)) & PROOF
    assert not said(kit.headers_only(forged)) & PROOF
