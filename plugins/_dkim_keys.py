"""Key records (RFC 6376 section 3.6.1, RFC 8463): from DNS texts, and from an archive of selectors that are retired."""

from __future__ import annotations

import re

from ndrfilter import limits
from ndrfilter.noun import Noun
from ndrfilter.plugin import SettingError

from ._dkim_signature import tags_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import Any

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ARCHIVED = re.compile(r"[a-z0-9_.-]{1,200}\._domainkey\.[a-z0-9_.-]{1,200}\Z")
_MAX_EXPONENT_BITS = 64


class Key(Noun):
    """A public key. `testing` is t=y: its owner does not stand by it yet; `exact` t=s: i= must name d= itself."""

    kind: str
    public: Any  # dkimpy's: a mapping for RSA, PyNaCl's VerifyKey for Ed25519
    testing: bool = False
    exact: bool = False


class Refused(Noun):
    """A key that we do not use, and why."""

    cause: str


def keys_in(texts: Iterable[str], place: str) -> tuple[tuple[Key, ...], tuple[Refused, ...]]:
    """The keys in the TXT records at `place`, and those that are keys but cannot be used.

    What is no key record, or a revoked key, is left out: it says nothing.
    """
    found = [_key(text, place) for text in tuple(texts)[: limits.MAX_DKIM_KEYS]]
    return tuple(one for one in found if isinstance(one, Key)), tuple(one for one in found if isinstance(one, Refused))


def _key(text: str, place: str) -> Key | Refused | None:
    if len(text) > limits.MAX_DKIM_KEY_CHARS:
        return Refused(f"the TXT record at {place} is too large for a key")
    tags = tags_of(text.encode("utf-8"))
    if tags is None or b"p" not in tags:
        return Refused(f"the key at {place} cannot be read") if text.startswith("v=DKIM1") else None
    flags = _words(tags.get(b"t", b""))
    if not tags[b"p"] or tags.get(b"v", b"DKIM1") != b"DKIM1" or not _allows(tags):
        return None
    return _parsed(tags, place, b"y" in flags, b"s" in flags)


def _allows(tags: dict[bytes, bytes]) -> bool:
    """Whether the key may be used for mail, with SHA-256."""
    services = _words(tags.get(b"s", b"*"))
    return (b"*" in services or b"email" in services) and b"sha256" in _words(tags.get(b"h", b"sha256"))


def _words(value: bytes) -> list[bytes]:
    return [word.strip() for word in value.split(b":")]


def _parsed(tags: dict[bytes, bytes], place: str, testing: bool, exact: bool) -> Key | Refused:
    from dkim import NaClNotFoundError, evaluate_pk

    kind = tags.get(b"k", b"rsa").decode("latin-1")
    plain = b";".join(b"%s=%s" % (name, b"".join(tags[name].split())) for name in (b"k", b"p") if name in tags)
    try:
        public, bits, _, _ = evaluate_pk(place, plain)
    except NaClNotFoundError:
        return Refused(f"PyNaCl is not installed, which the Ed25519 key at {place} needs")
    except Exception:  # dkimpy's ASN.1 and Base64 readers raise whatever comes
        return Refused(f"the key at {place} cannot be read")
    if kind == "rsa":
        if not limits.MIN_DKIM_RSA_BITS <= bits <= limits.MAX_DKIM_RSA_BITS:
            return Refused(f"the RSA key at {place} has {bits} bits")
        if not 3 <= public["publicExponent"] < 1 << _MAX_EXPONENT_BITS:
            return Refused(f"the RSA key at {place} has an unusual exponent")
    return Key(kind, public, testing, exact)


def archive(folder: Path | None) -> dict[str, tuple[str, ...]]:
    """The records of the files `SELECTOR._domainkey.DOMAIN` in the folder, by that name in lower case.

    A file holds the text of the record, or the line for the zone that a key generator writes. Raises `SettingError`.
    """
    if folder is None:
        return {}
    try:
        paths = [path for path in sorted(folder.iterdir()) if _ARCHIVED.match(path.name.lower()) and path.is_file()]
        if len(paths) > limits.MAX_DKIM_ARCHIVE:
            raise SettingError("archive", f"{folder} has more than {limits.MAX_DKIM_ARCHIVE} keys")
        return {path.name.lower(): (_archived(path),) for path in paths}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(
            "archive", f"{folder} cannot be read: {error}", "a folder with files SELECTOR._domainkey.DOMAIN"
        ) from error


def _archived(path: Path) -> str:
    with path.open(encoding="ascii") as file:
        text = file.read(4 * limits.MAX_DKIM_KEY_CHARS)
    record = "".join(_QUOTED.findall(text)) or " ".join(text.split())
    tags = tags_of(record.encode("ascii"))
    if not tags or not tags.get(b"p") or len(record) > limits.MAX_DKIM_KEY_CHARS:
        raise SettingError("archive", f"{path} holds no key", 'the text of the TXT record: "v=DKIM1; k=rsa; p=…"')
    return record
