"""Whose a host is, judged by its name or address alone: ours, the same organisation's, a customer's, nobody's."""

from __future__ import annotations

import re
from ipaddress import ip_address

from ndrfilter.site import private, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from ndrfilter.site import Site

    Ip = IPv4Address | IPv6Address

_SECOND_LEVEL = frozenset({
    "ac", "ad", "asn", "co", "com", "edu", "ed", "go", "gob", "gouv", "gov", "govt", "gr", "id", "in", "info", "lg",
    "ltd", "me", "mil", "muni", "ne", "net", "nhs", "nom", "or", "org", "plc", "police", "sch", "school", "web",
})  # fmt: skip
_LINES_FOR_RENT = frozenset({
    "adsl", "broadband", "cable", "catv", "cust", "customer", "dhcp", "dial", "dialin", "dialup", "dip", "dsl", "dyn",
    "dynamic", "fiber", "fibre", "ftth", "pool", "pools", "ppp", "pppoe", "static", "vdsl", "wireless", "xdsl",
})  # fmt: skip
_NUMBERS = re.compile(r"\d+")
_WORDS = re.compile(r"[a-z]+")
_NEIGHBOURS = {4: 24, 6: 48}


def organisation(host: str) -> str:
    """The registered domain, near enough without a public suffix list: two labels, three under co.uk and its like."""
    labels = host.split(".")
    short = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3:] if short else labels[-2:])


def same_side(one: str | None, other: str | None) -> bool:
    """Whether two host names belong to one organisation."""
    return bool(one and other and "." in one and "." in other and organisation(one) == organisation(other))


def rented(name: str, ip: Ip | None) -> bool:
    """Whether a looked-up name is that of a line or machine that an organisation rents out: it shows the address, or
    says dsl, pool, dhcp. Such a host is a customer's, no server of the organisation's own."""
    head = name.removesuffix(organisation(name))
    if not _LINES_FOR_RENT.isdisjoint(_WORDS.findall(head)):
        return True
    if ip is None:
        return False
    if ip.version == 6:
        return _shows_host_part(head, ip)
    octets = list(ip.packed)
    numbers = [int(digits) for digits in _NUMBERS.findall(head) if len(digits) < 5]
    shown = any(_stands_in(part, numbers) for part in (octets[:3], octets[1:], octets[:0:-1], octets[2::-1]))
    return shown or ip.packed.hex() in head or "".join(f"{octet:03}" for octet in octets) in head


def _shows_host_part(head: str, ip: Ip) -> bool:
    """Whether the last four groups of an IPv6 address stand in the name, in full or without their leading zeros."""
    groups = ip.exploded.split(":")[-4:]
    bare = "-".join(group.lstrip("0") or "0" for group in groups)
    return "".join(groups) in head.replace("-", "").replace(".", "") or bare in head.replace(".", "-")


def _stands_in(part: list[int], numbers: list[int]) -> bool:
    return any(numbers[at : at + len(part)] == part for at in range(len(numbers)))


def neighbours(one: Ip | None, other: Ip | None) -> bool:
    """Whether two addresses lie in one small network: a /24, or a /48 of IPv6."""
    if one is None or other is None or one.version != other.version:
        return False
    shift = one.max_prefixlen - _NEIGHBOURS[one.version]
    return int(one) >> shift == int(other) >> shift


def named_ours(name: str | None, site: Site) -> bool:
    """Whether a bare name or address literal is one of our relays or receivers; says nothing about who used it."""
    return bool(name) and site.hosts.find(name, _literal(name or "")) is not None


def _literal(name: str) -> Ip | None:
    """The public address that an address literal, or a bare address in a name's place, says."""
    if ":" not in name and name[-1] not in "0123456789[]":
        return None
    bare = name.strip("[]")
    try:
        ip = ip_address(bare.removeprefix("ipv6:"))
    except ValueError:
        return None
    return None if private(ip) else ip


def own_host(name: str | None, site: Site) -> bool:
    """Whether a bare name could be a host of ours: a relay, a receiver, or below one of our domains."""
    if not name:
        return False
    return (name.endswith(site.domain_endings) and any(within(name, own) for own in site.domain_endings)) or named_ours(
        name, site
    )
