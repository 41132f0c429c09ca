"""Bounces with signatures of others, with keys from elsewhere, with keys that are no good, and of sheer size."""

from base64 import b64encode

import pytest

PLACE = "ed25519._domainkey.example.com."
KEY = '"v=DKIM1; k=ed25519; p=0eG5va1xG6XcR2bz3omL3JEMEd0jQGC48X0eGEwge2Y="'
PROOF = {"DKIM_OURS", "DKIM_HEADER_OURS"}
ALSO_BOB = ("bob@example.com",)


def undecided(result):
    return {one.name.removeprefix("ORIGINAL_"): one.cause for one in result.undecided if "DKIM" in one.name}


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
