"""The published examples: RFC 6376 appendix A, RFC 8463 appendix A."""

import pytest

from ndrfilter import resources
from ndrfilter.message.headers import scan

SITE = {"domains": ["example.com"]}
TO = ("joe@football.example.com",)


@pytest.fixture
def vector(kit):
    return lambda name: (kit.CASES / f"{name}.eml").read_bytes()


@pytest.fixture
def published(kit, said):
    zone = (kit.CASES / "rfc.zone").read_text(encoding="ascii")
    return lambda raw: said(raw, zone=zone, site=SITE, to=TO, max_age="10000d")


def without_signature(raw, place):
    """The message without the signature at that place."""
    starts = [at for at in range(len(raw)) if raw.startswith(b"DKIM-Signature:", at)] + [raw.index(b"From: Joe")]
    return raw[: starts[place]] + raw[starts[place + 1] :]


def test_rfc_6376(kit, published, vector):
    assert published(kit.bounce(vector("rfc6376"))) == {"DKIM_OURS"}
    assert published(kit.headers_only(vector("rfc6376"))) == {"DKIM_HEADER_OURS"}


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_rfc_8463(kit, published, vector, kind):
    message = without_signature(vector("rfc8463"), 1 if kind == "ed25519" else 0)
    assert message.count(b"DKIM-Signature:") == 1
    assert f"a={kind}-sha256".encode() in message
    assert published(kit.bounce(message)) == {"DKIM_OURS"}
    assert published(kit.headers_only(message)) == {"DKIM_HEADER_OURS"}


def test_both_signatures_together(kit, published, vector):
    assert published(kit.bounce(vector("rfc8463"))) == {"DKIM_OURS"}


@pytest.mark.parametrize("name", ["rfc6376", "rfc8463"])
def test_one_letter_changed_and_it_is_none(kit, published, vector, name):
    message = vector(name).replace(b"Is dinner ready?", b"Is dinner steady?")
    assert published(kit.bounce(message)) == set()


@pytest.mark.parametrize(
    ("body", "relaxed", "expected"),
    [
        (b" C \nD \t E\n\n\n", True, b" C\r\nD E\r\n"),
        (b" C \nD \t E\n\n\n", False, b" C \r\nD \t E\r\n"),
        (b"", True, b""),
        (b"", False, b"\r\n"),
        (b"\n\n", True, b""),
        (b"no line end", False, b"no line end\r\n"),
        (b"a\n \t \n", True, b"a\r\n"),
    ],
)
def test_canonical_bodies_as_in_rfc_6376_section_3_4(body, relaxed, expected):
    resources.plugin("dkim")
    from ndrfilter_plugins import _dkim_verify

    assert _dkim_verify.canonical_body(body, relaxed) == expected


def test_the_vectors_are_what_dkimpy_verifies_too(kit, vector):
    from dkim import DKIM

    keys = {}
    for line in (kit.CASES / "rfc.zone").read_text(encoding="ascii").splitlines():
        name, text = line.split(" TXT ")
        keys[name] = "".join(text.split('"')[1::2])
    for name in ("rfc6376", "rfc8463"):
        raw = vector(name)
        for index in range(len(scan(raw).headers.all("DKIM-Signature"))):
            assert DKIM(raw).verify(idx=index, dnsfunc=lambda place, timeout: keys[place.decode()])
