"""Mailbox addresses out of header text: RFC 5322 lists with groups, comments, quoted local parts, obsolete routes."""

from __future__ import annotations

import re
from functools import lru_cache

from ndrfilter import limits
from ndrfilter.message.model import Address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.message.model import Headers

_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*"?|<[^<>]*+>?|[()\[\],;:]|[^"<>()\[\],;:\s]++|\s++|.', re.S)
_PATH = r"([A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,300}+)@([A-Za-z0-9._-]{0,300}[A-Za-z0-9_-])"
_ONE = re.compile(rf'(?:[^"<>()\[\],;:]{{0,300}}+|"[^"\\]{{0,300}}+" *+)<{_PATH}>\Z|{_PATH}\Z')
_UNESCAPE = re.compile(r"\\(.)", re.S)
_ATOM = re.compile(r"[^\s\"(),:;<>@\[\\\]]++\Z")
_BAD_DOMAIN = re.compile(r"[\s<>()\"/\\,;@]")
_RECURRING = 100  # characters


def parse_address(text: str) -> Address | None:
    """The address of one path, `<a@b>`, `a@b` or `@route:a@b`; None for the null path or none at all."""
    text = text.strip()
    if text.startswith("<"):
        text = text[1:].split(">")[0].strip() if '"' not in text else text[1:].rpartition(">")[0].strip() or text[1:]
    if text.startswith("@") and ":" in text:
        text = text.rpartition(":")[2].strip()
    if text[:7].lower() == "mailto:":
        text = text[7:]
    if not text or len(text) > 1000:
        return None
    local, at, domain = text.rpartition("@")
    if not at:
        return None if " " in text else Address(text, text, "")
    local = local.strip()
    if len(local) > 1 and local.startswith('"') and local.endswith('"'):
        local = _UNESCAPE.sub(r"\1", local[1:-1])
    domain = domain_of(domain)
    return Address(f"{_quoted(local)}@{domain}" if domain else _quoted(local), local, domain) if local else None


def _quoted(local: str) -> str:
    return local if _ATOM.match(local) else '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"'


def domain_of(text: str) -> str:
    """A domain in lower case without a final dot, A-labels (RFC 5890) where it is a valid IDN; empty if it is none."""
    domain = text.strip().rstrip(".").lower()
    if domain.isascii():
        return "" if _BAD_DOMAIN.search(domain) else domain
    if _BAD_DOMAIN.search(domain) or len(domain) > 253:
        return ""
    try:
        return domain.encode("idna").decode("ascii")
    except ValueError:
        return domain


def parse_addresses(text: str) -> tuple[Address, ...]:
    """Every address of an address list in order, duplicates kept, at most `limits.MAX_RECIPIENTS`."""
    return _parse(text) if len(text) > _RECURRING else _parse_recurring(text)


def _parse(text: str) -> tuple[Address, ...]:
    if found := _ONE.match(text):
        named, below, bare, domain = found.groups("")
        domain = (below or domain).lower()
        return (Address(f"{named or bare}@{domain}", named or bare, domain),)
    return parse_list(text)


# One message says the same address in several fields, and the same servers write to us.
_parse_recurring = lru_cache(256)(_parse)


def parse_list(text: str) -> tuple[Address, ...]:
    """The same, piece by piece: the measure of what `parse_addresses` does with one usual address in one stroke."""
    found: list[Address] = []
    words: list[str] = []
    angle = ""
    depth = 0
    for piece in _TOKEN.findall(text[: limits.MAX_FIELD_BYTES]):
        if piece == "(":
            depth += 1
        elif depth:
            depth -= piece == ")"
        elif piece in ",;":
            _take(found, words, angle)
            words, angle = [], ""
        elif piece == ":" and not _routed(words):
            words = []
        elif piece[0] == "<":
            angle = angle or piece
        else:
            words.append(piece)
        if len(found) >= limits.MAX_RECIPIENTS:
            return tuple(found)
    _take(found, words, angle)
    return tuple(found)


def _routed(words: list[str]) -> bool:
    return "".join(words).lstrip().startswith("@")


def _take(found: list[Address], words: list[str], angle: str) -> None:
    address = parse_address(angle or _bare(words))
    if address is not None and (angle or address.domain):
        found.append(address)


def _bare(words: list[str]) -> str:
    """The address among words outside angle brackets."""
    groups = [""]
    for word in words:
        if word.isspace():
            groups.append("")
        else:
            groups[-1] += word
    # "a @ b" is obsolete syntax; "Some Name a@b" is a broken list: the word with the @ is meant.
    with_at = [group for group in groups if "@" in group]
    return with_at[0] if with_at and with_at[0] != "@" else "".join(groups)


def addresses_of(headers: Headers, *names: str) -> tuple[Address, ...]:
    """Every address in the fields of these names, at most `limits.MAX_RECIPIENTS`."""
    found: list[Address] = []
    for name in names:
        for place in headers.places[name]:
            found += addresses_at(headers, place)
    return tuple(found[: limits.MAX_RECIPIENTS])


def addresses_at(headers: Headers, place: int) -> tuple[Address, ...]:
    """Every address in one field.

    A comma in an RFC 2047 word separates nothing, so words are read undecoded, unless the addresses stand in them.
    """
    text = headers.plain[place]
    found = parse_addresses(text)
    return parse_addresses(headers.text_at(place)) if not found and "=?" in text else found
