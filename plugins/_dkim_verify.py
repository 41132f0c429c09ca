"""The two halves of a DKIM signature: the hash of the header, which the key has signed, and that of the body.

RFC 6376 section 6.1.3 asks for both. What a bounce returns is often the header alone; the signature of the header
then still stands, for it covers the body's hash as the signer wrote it (bh=), and not the body.
"""

from __future__ import annotations

import re
from hashlib import sha256

from ndrfilter import limits

from ._dkim_variants import bodies, headers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from ._dkim_keys import Key
    from ._dkim_signature import Signature

    Fields = list[tuple[bytes, bytes]]

_BLANKS = re.compile(rb"[ \t]+")


def header_digests(fields: Fields, signature: Signature) -> Iterator[Any]:
    """Hash objects over the signed fields, as they came back and reconstructed, each digest once."""
    from dkim import hash_headers
    from dkim.canonicalization import Relaxed, Simple

    canonical = Relaxed if signature.relaxed[0] else Simple
    seen = set()
    for reading in headers(fields, signature.relaxed[0]):
        hasher = sha256()
        hash_headers(hasher, canonical, canonical.canonicalize_headers(reading), signature.signed, signature.field, {})
        if hasher.digest() not in seen:
            seen.add(hasher.digest())
            yield hasher


def made_by(key: Key, hasher: Any, signature: Signature) -> bool:
    """Whether that key made the signature over that hash (RFC 8017 section 8.2.2, RFC 8463 section 3)."""
    return _ed25519(key, hasher, signature) if key.kind == "ed25519" else _rsa(key, hasher, signature)


def _rsa(key: Key, hasher: Any, signature: Signature) -> bool:
    from dkim.crypto import DigestTooLargeError, RSASSA_PKCS1_v1_5_verify

    if len(signature.value) != (key.public["modulus"].bit_length() + 7) // 8:
        return False
    try:
        return bool(RSASSA_PKCS1_v1_5_verify(hasher, signature.value, key.public))
    except DigestTooLargeError:
        return False


def _ed25519(key: Key, hasher: Any, signature: Signature) -> bool:
    from nacl.exceptions import BadSignatureError

    try:
        key.public.verify(hasher.digest(), signature.value)
    except (BadSignatureError, ValueError):  # ValueError: not 64 octets
        return False
    return True


def verified(fields: Fields, signature: Signature, keys: Iterable[Key]) -> tuple[bytes, Key] | None:
    """The digest that was signed, and with which key; None where no key made this signature.

    The digest names the signed header: it stays the same whatever is done to what is not signed.
    """
    fitting = [key for key in keys if key.kind == signature.kind and _names(key, signature)]
    if not fitting:
        return None
    for hasher in header_digests(fields, signature):
        for key in fitting:
            if made_by(key, hasher, signature):
                return hasher.digest(), key
    return None


def _names(key: Key, signature: Signature) -> bool:
    return not key.exact or signature.identity == signature.domain


def covers_body(body: bytes, encoding: bytes, signature: Signature) -> bool:
    """Whether the body (line ends LF) is the one that was signed, to its very end.

    A length (l=) is not heeded: where it leaves a rest, that could be anybody's, and the body is not covered.
    """
    if len(body) > limits.MAX_DKIM_BODY:
        return False
    readings = (canonical_body(reading, signature.relaxed[1]) for reading in bodies(body, encoding))
    return any(sha256(text).digest() == signature.body_hash for text in readings)


def canonical_body(body: bytes, relaxed: bool) -> bytes:
    """The body (line ends LF) as it is hashed (RFC 6376 sections 3.4.3 and 3.4.4).

    dkimpy's own takes quadratic time on long runs of blanks, and bodies come from anybody.
    """
    if relaxed:
        body = _BLANKS.sub(b" ", body).replace(b" \n", b"\n").rstrip(b" \n")
        return body.replace(b"\n", b"\r\n") + b"\r\n" if body else b""
    return body.rstrip(b"\n").replace(b"\n", b"\r\n") + b"\r\n"
