"""Bounces made by people who want to be believed, or to stop us. Not one of them is genuine by proof."""

import asyncio
import re
from base64 import b64encode
from collections import namedtuple

import pytest

from ndrfilter import Envelope

Ports = namedtuple("Ports", "resolver clock store")

PLACE = "ed25519._domainkey.example.com."
KEY = '"v=DKIM1; k=ed25519; p=0eG5va1xG6XcR2bz3omL3JEMEd0jQGC48X0eGEwge2Y="'
PROOF = {"DKIM_OURS", "DKIM_HEADER_OURS"}
ALSO_BOB = ("bob@example.com",)


def undecided(result):
    return {one.name.removeprefix("ORIGINAL_"): one.cause for one in result.undecided if "DKIM" in one.name}


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


# whose signature, whose key


@pytest.mark.parametrize(
    "domain", ["notexample.com", "example.com.evil.example", "example.co", "com", "xn--example-.com", "evil.example"]
)
def test_a_domain_that_looks_like_ours(kit, said, domain):
    zone = f"ed25519._domainkey.{domain}. TXT {KEY}"
    assert not said(kit.headers_only(kit.original(domain=domain)), zone=zone) & PROOF
    fields = {**kit.FIELDS, "From": f"alice@{domain}"}
    raw = kit.headers_only(kit.original(fields=fields, domain=domain))
    assert not said(raw, zone=zone, to=(f"alice@{domain}",)) & PROOF


def test_a_customer_of_ours_signs_as_another(kit, said):
    zone = f"ed25519._domainkey.customer.example. TXT {KEY}"
    site = {"domains": ["example.com", "customer.example"]}
    assert not said(kit.headers_only(kit.original(domain="customer.example")), zone=zone, site=site) & PROOF


@pytest.mark.parametrize(
    "selector",
    [
        "",
        "x.evil.example",
        "../../etc/passwd",
        "a b",
        "a\\.b",
        "ed25519._domainkey.evil.example. TXT",
        "*",
        "\u00e9",
        "a" * 64,
        "a." * 130 + "a",
        "a..b",
        ".a",
        "-a",
        "%00",
    ],
)
def test_a_key_from_somewhere_else(kit, judge, selector, tmp_path):
    zone = f"ed25519._domainkey.evil.example. TXT {KEY}\nx.evil.example. TXT {KEY}\nevil.example. TXT {KEY}"
    message = kit.original().replace(b"s=ed25519", b"s=" + selector.encode())
    result = judge(kit.headers_only(message), zone=zone, archive=str(tmp_path))
    assert result.verdict != "genuine"
    assert not result.errors


def test_a_key_that_the_signature_does_not_name(kit, said):
    zone = f"{PLACE} TXT {KEY}"
    message = kit.original(key="rsa2048").replace(b"s=rsa2048", b"s=ed25519")
    assert not said(kit.headers_only(message), zone=zone) & PROOF


def test_a_signature_in_a_second_original(kit, said):
    plain = kit.TRACE + kit.header({**kit.FIELDS, "Subject": "Our wonderful offer", "Message-ID": "<9@spam.example>"})
    second = b"--=b=\nContent-Type: message/rfc822\n\n" + kit.original() + b"\n"
    raw = kit.bounce(plain + b"\nOffer.\n", extra=second)
    assert not said(raw) & PROOF
    inside = plain + b"\n--- Below this line is a copy of the message.\n\n" + kit.original()
    assert not said(kit.bounce(inside)) & PROOF


def test_a_signature_in_the_bounces_own_header(kit, said):
    message = kit.original()
    own = message[message.index(b"DKIM-Signature") : message.index(b"Date: Sun")]
    raw = own + kit.bounce(kit.TRACE + kit.header(kit.FIELDS) + b"\n" + kit.BODY)
    assert not said(raw) & PROOF


@pytest.mark.parametrize("signed", ["to:date:message-id:subject", "sender:to:date:message-id"])
def test_a_signature_that_leaves_out_the_author(kit, said, signed):
    message = kit.original(signed=signed)
    assert not said(kit.bounce(message)) & PROOF
    assert not said(kit.bounce(message.replace(b"alice@example.com", b"bob@example.com")), to=ALSO_BOB) & PROOF


# keys that are no good


def rsa_record(modulus, exponent):
    """The TXT record of an RSA key (RFC 8017 appendix A.1.1) in zone-file text."""

    def element(tag, content):
        size = len(content).to_bytes(2, "big")
        return bytes([tag, 0x82]) + size + content

    numbers = b"".join(
        element(2, number.to_bytes(number.bit_length() // 8 + 1, "big")) for number in (modulus, exponent)
    )
    text = "v=DKIM1; p=" + b64encode(element(0x30, numbers)).decode()
    return " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200))


@pytest.mark.parametrize(("exponent", "expected"), [(65_537, True), (1, False), (2, False), ((1 << 2_000) + 1, False)])
def test_rsa_keys_with_an_exponent_that_makes_forging_easy_or_checking_slow(kit, judge, exponent, expected):
    from dkim.crypto import parse_pem_private_key

    modulus = parse_pem_private_key((kit.CASES / "rsa2048.pem").read_bytes())["modulus"]
    zone = f"rsa2048._domainkey.example.com. TXT {rsa_record(modulus, exponent)}"
    result = judge(kit.headers_only(kit.original(key="rsa2048")), zone=zone)
    assert (result.verdict == "genuine") is expected
    assert expected or "exponent" in undecided(result)["DKIM_OURS"]


def test_more_records_than_are_tried(kit, said):
    others = "\n".join(f'{PLACE} TXT "k=ed25519; p={letter * 43}="' for letter in "ABC")
    assert not said(kit.headers_only(kit.original()), zone=f"{others}\n{PLACE} TXT {KEY}") & PROOF


@pytest.mark.parametrize(
    ("record", "cause"),
    [
        ("SERVFAIL", "servfail"),
        ("TIMEOUT", "timeout"),
        ('"v=DKIM1; k=ed25519; p=!!!"', "cannot be read"),
        ('"v=DKIM1; k=ed25519; p=AAAA"', "cannot be read"),
        ('"v=DKIM1; k=rsa; p=AAAA"', "cannot be read"),
        ('"v=DKIM1; k=unheard; p=AAAA"', "cannot be read"),
        ('"v=DKIM1; v=DKIM1; p=AAAA"', "cannot be read"),
        ('"v=DKIM1"', "cannot be read"),
        (" ".join(f'"{"A" * 250}"' for _ in range(262)), "too large"),
        (f'"v=DKIM1; k=rsa; p=" {" ".join(chr(34) + "M" * 250 + chr(34) for _ in range(262))}', "too large"),
    ],
)
def test_a_key_that_cannot_be_had_leaves_it_open(kit, judge, record, cause):
    result = judge(kit.headers_only(kit.original()), zone=f"{PLACE} TXT {record}")
    assert set(undecided(result)) >= PROOF
    assert all(cause in said for said in undecided(result).values())
    assert result.verdict == "undetermined"


@pytest.mark.parametrize(("key", "bits"), [("rsa512", "512"), ("rsa8192", "8192")])
def test_rsa_keys_beyond_the_bounds_are_refused(kit, judge, key, bits):
    made = kit.original(key="rsa512" if key == "rsa512" else "rsa2048").replace(b"s=rsa2048", b"s=rsa8192")
    result = judge(kit.headers_only(made))
    assert set(undecided(result)) >= PROOF
    assert f"{bits} bits" in undecided(result)["DKIM_OURS"]
    assert result.verdict == "undetermined"


def test_a_broken_resolver_does_not_hide_a_signature_that_holds(kit, said):
    other = kit.signature(kit.header(kit.FIELDS)).replace(b"s=ed25519", b"s=slow")
    message = kit.original().replace(b"Date: Sun", other + b"Date: Sun", 1)
    zone = f"slow._domainkey.example.com. TXT TIMEOUT\n{PLACE} TXT {KEY}"
    assert said(kit.headers_only(message), zone=zone) == {"DKIM_HEADER_OURS"}


# sheer size


def test_a_thousand_signatures(kit, make, judge):
    filter_ = make()
    ours = kit.signature(kit.header(kit.FIELDS)).replace(b"The", b"the")
    message = kit.original()
    many = [
        ours.replace(b"s=ed25519", b"s=k%d" % number) if number % 2 else ours.replace(b"bh=x", b"bh=A")
        for number in range(1_000)
    ]
    below = judge(kit.headers_only(message.replace(b"Date: Sun", b"".join(many) + b"Date: Sun", 1)), by=filter_)
    assert not below.errors
    assert not undecided(below)
    assert below.verdict != "genuine"  # a few were tried, and DNS was not asked for hundreds of keys
    above = judge(kit.headers_only(b"".join(many) + message), by=filter_)
    assert above.verdict == "genuine"  # what was added above ours does not hide it


@pytest.mark.parametrize(
    "field",
    [
        b"DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=ed25519; h=from; bh=AAAA; b=" + b"\n " * 30_000 + b"!\n",
        b"DKIM-Signature: v=1; a=ed25519-sha256; d=example.com; s=ed25519; bh=AAAA; b=AAAA; h="
        + b"from:" * 12_000
        + b"to\n",
        b"DKIM-Signature: v=1; a=ed25519-sha256; d=example.com; s=ed25519; h=from:"
        + b"x:" * 3_000
        + b"y; bh=AAAA; b=AAAA\n",
        b"DKIM-Signature:" + b";" * 8_000 + b"\n",
        b"DKIM-Signature:" + b" a=b;" * 1_500 + b"\n",
        b"DKIM-Signature: v=1; d=" + b"example.com." * 600 + b"\n",
        b"Subject: " + b" \t" * 30_000 + b"\n",
        b"To: " + b"a@example.com, " * 4_000 + b"\n",
        b"Subject: [" + b"[" * 60_000 + b"\n",
    ],
)
def test_huge_fields(kit, judge, field):
    message = kit.original()
    for raw in (field + message, message.replace(b"Date: Sun", field + b"Date: Sun", 1)):
        assert not judge(kit.headers_only(raw)).errors


def test_a_huge_header_and_a_huge_body(kit, judge):
    many = b"".join(b"X-%d: %s\n" % (number, b"a" * 200) for number in range(1_900))
    assert judge(kit.headers_only(many + kit.original())).verdict == "genuine"
    for body in (
        b" " * 900_000 + b"\n",
        b"\n" * 900_000 + b"x",
        b"\r" * 900_000,
        b">From \n" * 120_000,
        b"=" * 900_000,
    ):
        assert not judge(kit.bounce(kit.original() + body)).errors
