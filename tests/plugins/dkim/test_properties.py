"""Whatever is done to a signed message: nothing raises, and nothing is proved whose signed header was changed."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ndrfilter import limits, resources
from ndrfilter.message.headers import scan

resources.plugin("dkim")
from ndrfilter_plugins import _dkim_keys, _dkim_signature, _dkim_variants, _dkim_verify  # noqa: E402

NAMES = (b"from", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type")
KEYS, _ = _dkim_keys.keys_in(["v=DKIM1; k=ed25519; p=0eG5va1xG6XcR2bz3omL3JEMEd0jQGC48X0eGEwge2Y="], "key")
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def proves(raw):
    """Whether any signature in the message verifies, and the signed fields it then stands for."""
    pairs = scan(raw).headers.pairs
    for name, value in pairs:
        signature = _dkim_signature.read(name, value) if name.lower() == b"dkim-signature" else None
        fields = _dkim_signature.signed_fields(pairs, signature) if signature else None
        if fields is not None and _dkim_verify.verified(fields, signature, KEYS):
            return fields
    return None


def canonical(fields):
    """What relaxed canonicalization leaves of the signed fields, and what our reconstructions may undo of that."""
    readings = list(_dkim_variants.headers(sorted(fields, key=lambda field: field[0].lower()), relaxed=True))
    return {tuple((name.lower(), b" ".join(value.split())) for name, value in reading) for reading in readings}


@pytest.fixture(scope="module")
def message(kit):
    return kit.headers_of(kit.original())[len(kit.TRACE) :]


@QUICK
@given(data=st.data())
def test_a_changed_byte_proves_nothing_unless_it_is_no_change(message, data):
    place = data.draw(st.integers(0, len(message) - 1))
    byte = data.draw(st.binary(max_size=2))
    changed = message[:place] + byte + message[place + 1 :]
    proved = proves(changed + b"\n")
    if proved is not None:
        assert canonical(proved) & canonical(proves(message + b"\n"))


@QUICK
@given(data=st.data())
def test_several_changes(message, data):
    changed = bytearray(message)
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(changed)))
        cut = data.draw(st.integers(0, 30))
        changed[place : place + cut] = data.draw(
            st.binary(max_size=8) | st.sampled_from([b"\n", b"\nFrom: x@y\n", b";", b" b="])
        )
    proved = proves(bytes(changed) + b"\n")
    if proved is not None:
        assert canonical(proved) & canonical(proves(message + b"\n"))


@QUICK
@given(
    raw=st.binary(max_size=300), tags=st.dictionaries(st.sampled_from("vadscbhtxlqiz"), st.text(max_size=9), max_size=5)
)
def test_reading_a_signature_never_raises(raw, tags):
    text = ";".join(f"{name}={value}" for name, value in tags.items()).encode()
    for field in (raw, text, text + raw):
        _dkim_signature.read(b"DKIM-Signature", field.replace(b"\r", b""))


def test_a_blank_line_inside_a_signature_makes_it_none(message):
    """RFC 5322 calls it obsolete, and dkimpy takes quadratic time over many of them."""
    field = message[: message.index(b"Date:")].partition(b":")[2].rstrip(b"\n")
    assert _dkim_signature.read(b"DKIM-Signature", field)
    assert _dkim_signature.read(b"DKIM-Signature", field.replace(b"\n\tb=", b"\n \n\tb=")) is None
    assert _dkim_signature.read(b"DKIM-Signature", field + b"\n ") is None


def test_bounds_of_what_is_hashed(message):
    field = message[: message.index(b"Date:")].partition(b":")[2].rstrip(b"\n")
    signature = _dkim_signature.read(b"DKIM-Signature", field)
    assert _dkim_signature.read(b"DKIM-Signature", field.replace(b"\th=", b"\th=" + b"x:" * 90))
    assert _dkim_signature.read(b"DKIM-Signature", field.replace(b"\th=", b"\th=" + b"x:" * 100)) is None
    assert _dkim_signature.read(b"DKIM-Signature", field + b" " * limits.MAX_DKIM_FIELD_BYTES) is None
    huge = [(b"From", b" alice@example.com"), (b"Subject", b"x" * limits.MAX_DKIM_SIGNED_BYTES)]
    assert _dkim_signature.signed_fields(huge, signature) is None
    assert _dkim_signature.signed_fields(huge[:1], signature)


@QUICK
@given(text=st.text(max_size=200), kind=st.sampled_from(["rsa", "ed25519", "x", ""]), octets=st.binary(max_size=80))
def test_reading_a_key_never_raises(text, kind, octets):
    from base64 import b64encode

    for record in (text, f"v=DKIM1; k={kind}; p={b64encode(octets).decode()}", f"p={text}"):
        _dkim_keys.keys_in([record], "key")


@QUICK
@given(
    body=st.binary(max_size=400), encoding=st.sampled_from([b"", b"base64", b"quoted-printable"]), relaxed=st.booleans()
)
def test_canonical_bodies_are_dkimpys(body, encoding, relaxed):
    from dkim.canonicalization import Relaxed, Simple

    for reading in _dkim_variants.bodies(body.replace(b"\r", b""), encoding):
        plain = reading.replace(b"\r", b"") + b"\n"  # dkimpy keeps blanks behind the last line end
        expected = (Relaxed if relaxed else Simple).canonicalize_body(plain.replace(b"\n", b"\r\n"))
        assert _dkim_verify.canonical_body(plain, relaxed) == expected
