"""DKIM-Signature fields (RFC 6376 section 3.5): which of them speak for us, and what they sign."""

from __future__ import annotations

import re
from binascii import Error, a2b_base64

from ndrfilter import limits
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Pairs = Sequence[tuple[bytes, bytes]]

_TAG = re.compile(rb"\s*([A-Za-z][A-Za-z0-9_]*)\s*=(.*)", re.S)
_BLANKS = re.compile(rb"\s+")
_BLANK_LINE = re.compile(rb"\n[ \t]*(?:\n|\Z)")
_LABELS = re.compile(r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_][a-z0-9_-]{0,62})*\Z")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]+={0,2}\Z")
_NUMBER = re.compile(rb"[0-9]{1,12}\Z")
_CANONICAL = {b"simple": False, b"relaxed": True}
_KINDS = {b"rsa-sha256": "rsa", b"ed25519-sha256": "ed25519"}  # RFC 8301 forbids rsa-sha1
SINGLE = frozenset({
    b"from", b"sender", b"reply-to", b"to", b"cc", b"subject", b"date", b"message-id", b"in-reply-to", b"references",
    b"mime-version", b"content-type", b"content-transfer-encoding",
})  # fmt: skip
"""Fields that a message has at most once (RFC 5322 section 3.6, RFC 2045): of two, only one would be signed."""
IDENTIFYING = frozenset({b"from", b"date", b"message-id"})
"""What must be signed where only the header is verified: who wrote it, when, and which message it was."""


class Signature(Noun):
    """One well-formed signature. `signed` are the names in h=, lower case; `relaxed` is for header and body."""

    field: tuple[bytes, bytes]  # name and value, line ends CRLF
    domain: str
    selector: str
    kind: str  # of the key: "rsa", "ed25519"
    relaxed: tuple[bool, bool]
    signed: tuple[bytes, ...]
    value: bytes  # b=, decoded
    body_hash: bytes
    time: float | None  # t=, seconds since the epoch
    expires: float | None  # x=
    identity: str  # the domain of i=

    @property
    def place(self) -> str:
        """The DNS name of its key."""
        return f"{self.selector}._domainkey.{self.domain}"


def tags_of(text: bytes) -> dict[bytes, bytes] | None:
    """A tag list (RFC 6376 section 3.2), the blanks around values removed; None where it is none or a tag is double."""
    tags: dict[bytes, bytes] = {}
    for part in text.split(b";"):
        if not part.strip():
            continue
        found = _TAG.match(part)
        if found is None or found[1] in tags:
            return None
        tags[found[1]] = found[2].strip()
    return tags


def read(name: bytes, raw: bytes) -> Signature | None:
    """The signature in a field (line ends LF); None where RFC 6376 or our bounds do not let it stand."""
    if len(raw) > limits.MAX_DKIM_FIELD_BYTES or _BLANK_LINE.search(raw):  # dkimpy is slow on blank lines in b=
        return None
    tags = tags_of(raw)
    if tags is None or tags.get(b"v") != b"1" or b"dns/txt" not in _words(tags.get(b"q", b"dns/txt")):
        return None
    domain, selector = _labels(tags.get(b"d", b"")), _labels(tags.get(b"s", b""))
    identity = _labels(tags.get(b"i", b"@" + tags.get(b"d", b"")).rpartition(b"@")[2])
    value, body_hash = _binary(tags.get(b"b", b"")), _binary(tags.get(b"bh", b""))
    relaxed, kind = _relaxed(tags.get(b"c", b"simple/simple")), _KINDS.get(tags.get(b"a", b""), "")
    signed = tuple(_words(tags.get(b"h", b"").lower()))
    times = _times(tags)
    if not (domain and selector and identity and value and body_hash and relaxed and kind and times):
        return None
    if b"from" not in signed or len(signed) > limits.MAX_DKIM_SIGNED_NAMES or not below(identity, domain):
        return None
    field = (name, raw.replace(b"\n", b"\r\n") + b"\r\n")
    return Signature(field, domain, selector, kind, relaxed, signed, value, body_hash, *times, identity)


def _words(value: bytes) -> list[bytes]:
    return [_BLANKS.sub(b"", word) for word in value.split(b":")]


def _labels(value: bytes) -> str:
    """A domain or selector that can stand in a DNS name, lower case; else an empty string."""
    text = value.decode("latin-1").lower()
    return text if _LABELS.match(text) else ""


def _binary(value: bytes) -> bytes:
    value = _BLANKS.sub(b"", value)
    try:
        return a2b_base64(value) if _BASE64.match(value) else b""
    except Error:
        return b""


def _relaxed(value: bytes) -> tuple[bool, bool] | None:
    header, _, body = value.partition(b"/")
    names = (header, body or b"simple")
    return (_CANONICAL[names[0]], _CANONICAL[names[1]]) if all(name in _CANONICAL for name in names) else None


def _times(tags: Mapping[bytes, bytes]) -> tuple[float | None, float | None] | None:
    """The values of t= and x=; None where one of them, or l=, is no number."""
    values = [tags.get(name) for name in (b"t", b"x", b"l")]
    if not all(value is None or _NUMBER.match(value) for value in values):
        return None
    made, expires = [None if value is None else float(value) for value in values[:2]]
    return made, expires


def below(name: str, domain: str) -> bool:
    """Whether `name` is `domain` or below it."""
    return name == domain or name.endswith("." + domain)


def signed_fields(pairs: Pairs, signature: Signature) -> list[tuple[bytes, bytes]] | None:
    """The fields that can matter for the signature, in order, line ends CRLF; None where the header must not pass.

    It must not where a field that stands alone by its nature stands twice: the signature covers the lowest, people see
    the topmost.
    """
    wanted = {name: signature.signed.count(name) for name in signature.signed}
    seen: dict[bytes, int] = {}
    found: list[tuple[bytes, bytes]] = []
    size = 0
    for name, raw in reversed(pairs):
        lower = name.lower()
        number = seen[lower] = seen.get(lower, 0) + 1
        if number > 1 and lower in SINGLE:
            return None
        if number <= wanted.get(lower, 0):
            size += len(raw)
            found.append((name, raw.replace(b"\n", b"\r\n") + b"\r\n"))
    if size > limits.MAX_DKIM_SIGNED_BYTES or not seen.get(b"from"):
        return None
    return found[::-1]


def names_all(pairs: Pairs, signature: Signature) -> bool:
    """Whether all that identifies a message is there and signed."""
    present = {name.lower() for name, _ in pairs}
    return present.issuperset(IDENTIFYING) and set(signature.signed) >= IDENTIFYING
