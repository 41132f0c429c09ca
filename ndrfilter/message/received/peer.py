"""What a `from` clause says of the peer by a dialect's habits: its greeting, the looked-up name, the address."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address

from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.message.received.clauses import Clause

    Ip = IPv4Address | IPv6Address

_IPV4 = r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}"
_BRACKETED = re.compile(
    rf"(?<![\w@.<=-])\[(?:[Ii][Pp][Vv]6:|::[Ff]{{4}}:)?({_IPV4}|[0-9A-Fa-f]{{0,4}}:[0-9A-Fa-f:.]{{1,45}})(?:%\w{{1,20}})?(?::\d{{1,5}})?\]"
)
_BARE = re.compile(
    rf"(?:::[Ff]{{4}}:)?({_IPV4}|[0-9A-Fa-f]{{0,4}}:[0-9A-Fa-f:.]{{1,45}})(?:%\w{{1,20}})?(?::\d{{1,5}})?(?=\s|\Z)"
)
_GREETING = re.compile(r"(?:^|[\s\"])(?:HELO|EHLO|LHLO|helo|ehlo|lhlo)[= ]\s*+([^\s()\"]++)")
_NOTE = re.compile(
    r"envelope-(?:from|sender)|auth(?:enticated[ :]|: )|using |no client |client |version=|(?:tls|cipher)[ =:]", re.I
)
_NAME = re.compile(r"(?:[^\s@\[]{1,64}@)?([A-Za-z0-9_][A-Za-z0-9_.-]{0,254})(?=[\s\[]|\Z)")
_HOST = re.compile(rf"(?!{_IPV4}\Z)(?:[a-z0-9_][a-z0-9_-]*+\.[a-z0-9_.-]*+(?<!\.)\Z|localhost\Z)")
NO_NAME = frozenset({
    "unknown", "unverified", "nxdomain", "dnserror", "may", "helo", "ehlo", "lhlo", "port", "account", "really",
    "softdnserror", "no-reverse-dns", "no-dns", "not-resolved",
})  # fmt: skip


class Habits(Noun):
    """What a dialect's `from` clause means.

    `looked_up`: a name before the address in the comment (`from A (B [ip])`) comes from a lookup.
    `dotted`: and only if it ends in a dot. `verified`: alone with an address (`from A ([ip])`), A itself was looked up.
    `literal`: a bare `from [ip]` is the peer's address, not its greeting. `bare`: `from A (ip)` gives A as looked up.
    `marked`: it was where the comment says so (`from A ([ip] verified)`).
    `helo_comment`: `from A (B) [ip]` puts the greeting into the comment. `states`: a "HELO x" or
    "helo=x" in a comment is the greeting, and what stands before the comment is not.
    """

    looked_up: bool = True
    dotted: bool = False
    verified: bool = False
    literal: bool = False
    bare: bool = False
    marked: bool = False
    helo_comment: bool = False
    states: bool = True


class Peer(Noun):
    """The peer as recorded."""

    helo: str | None = None
    rdns: str | None = None
    ip: Ip | None = None
    forged: bool = False


# Nothing is known of the peer, for the field says two things of it: a greeting may have brought its own.
DOUBTFUL = Peer(forged=True)


# A site's own hosts and its neighbours stand in nearly all of its mail.
@lru_cache(256)
def read_ip(text: str) -> Ip | None:
    """An address without brackets, prefixes or ports; IPv4-mapped IPv6 comes back as IPv4."""
    try:
        if ":" not in text:
            return _ipv4(text)
        address = IPv6Address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address


def _ipv4(text: str) -> IPv4Address:
    """`IPv4Address(text)`, in a fifth of its time for the usual spelling."""
    a, b, c, d = map(int, text.split("."))
    if f"{a}.{b}.{c}.{d}" == text and 0 <= a | b | c | d < 256:
        return IPv4Address(a << 24 | b << 16 | c << 8 | d)
    return IPv4Address(text)


def greets(comment: str) -> bool:
    """Whether a greeting is told in it."""
    return _GREETING.search(comment) is not None


@lru_cache(256)
def host(text: str) -> str | None:
    """A looked-up name in lower case without a final dot, or None for "unknown" and what cannot be a name."""
    name = text.rstrip(".").lower()
    return name if name not in NO_NAME and _HOST.match(name) else None


@lru_cache(256)
def name_of(word: str) -> str | None:
    """A name as its bearer gives it (HELO, by): lower case, no final dot; literals keep their brackets."""
    return word.strip('<>"').rstrip(".").lower() or None


def read_peer(clause: Clause, habits: Habits) -> Peer:
    """The peer of a `from` clause."""
    first = clause.word
    literal = _BRACKETED.fullmatch(first) or (_BARE.fullmatch(first) if first else None)
    forged = any("may be forged" in comment for comment in clause.comments)
    stated = _stated_greeting(clause) if habits.states else None
    found = _address(clause, stated)
    own = read_ip(literal[1]) if literal and (stated is not None or habits.literal) else None
    if found is None or (own and not own.is_loopback and found[0] not in (None, own)):
        return DOUBTFUL
    address, name, bracketed = found
    if stated is not None:
        address = address or own
        rdns = None if literal or (name and host(name) != host(first)) else host(first)
        return Peer(name_of(stated), None if forged or not habits.looked_up else rdns, address, forged)
    helo = name_of(first)
    if literal and address is None and habits.literal:
        return Peer(None, None, own, forged)
    if forged or address is None or not habits.looked_up:
        return Peer(helo, None, address, forged)
    if name:
        return Peer(helo, host(name) if name.endswith(".") or not habits.dotted else None, address)
    if habits.helo_comment and clause.comments and len(clause.words) > 1:
        return Peer(name_of(clause.comments[0]), host(first), address)
    if habits.marked and any(comment.endswith("] verified") for comment in clause.comments):
        return Peer(helo, host(first), address)
    if (habits.verified and bracketed) or (habits.bare and not bracketed):
        return Peer(helo, host(first), address)
    return Peer(helo, None, address)


def _stated_greeting(clause: Clause) -> str | None:
    for comment in clause.comments:
        if found := _GREETING.search(comment):
            return found[1]
    return None


def _address(clause: Clause, stated: str | None) -> tuple[Ip | None, str, bool] | None:
    """The peer's address, the name that stands before it in the same comment, and whether it stood in brackets.

    Notes on the sender, authentication or TLS are passed over. None where there are different addresses: one may be
    from the greeting, so neither is believed.
    """
    seen: list[tuple[Ip | None, str, bool]] = []
    for comment in clause.comments:
        text = _GREETING.sub(" ", comment) if stated is not None else comment
        if not _NOTE.match(text):
            seen += _commented(text)
    literals = (_BRACKETED.fullmatch(word) for word in clause.words[1:])
    seen += [(address, "", True) for literal in literals if literal and (address := read_ip(literal[1]))]
    if len({entry[0] for entry in seen}) > 1:
        return None
    return seen[0] if seen else (None, "", False)


def _commented(text: str) -> list[tuple[Ip | None, str, bool]]:
    """The addresses in a comment, the first of them with the name before it."""
    found = [(match, address) for match in _BRACKETED.finditer(text) if (address := read_ip(match[1]))]
    name = _NAME.match(text) if found else None
    usable = name is not None and name.end() <= found[0][0].start() and name[1].lower() not in NO_NAME
    seen: list[tuple[Ip | None, str, bool]] = [
        (address, name[1] if name and usable else "", True) for _, address in found
    ]
    bare = _BARE.match(text.rpartition("@")[2].strip())
    if bare is not None and (address := read_ip(bare[1])):
        seen.append((address, "", False))
    return seen
