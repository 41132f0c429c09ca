"""Whose mail we protect: domains, relays, receivers, and what of that is complete."""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from ipaddress import IPv4Address, ip_address, ip_network

from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Address, IPv6Network

    Ip = IPv4Address | IPv6Address
    Network = IPv4Network | IPv6Network


_DIGITS = re.compile(rb"[0-9][0-9.]{6,}")
# The first octets under which all addresses are public.
_PUBLIC = frozenset(range(1, 224)) - {10, 100, 127, 169, 172, 192, 198, 203}
_DOCUMENTATION = ("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:")


def within(name: str, pattern: str) -> bool:
    """True if the host or domain `name` is `pattern` or below it; "*.example.com" excludes the apex."""
    if pattern.startswith("*."):
        return name.endswith(pattern[1:]) and len(name) > len(pattern) - 1
    return name == pattern or name.endswith("." + pattern)


def private(ip: Ip) -> bool:
    """Of no host on the public net. Python counts the addresses for documentation in, which stand for public ones."""
    if ip.__class__ is IPv4Address and int(ip) >> 24 in _PUBLIC:
        return False
    return _private(ip)


@lru_cache(maxsize=256)  # of servers that come again
def _private(ip: Ip) -> bool:
    return not ip.is_global and not str(ip).startswith(_DOCUMENTATION)


class Relay(Noun):
    """A host, hosts ("*.out.example.com") or a network that our mail leaves through, or, as a receiver, comes in by.

    A `shared` relay serves others too: it is ours only with its own mark for us, `account`, in the header field
    `header` that it writes itself and lets no customer write ("Received": the login in its own line).
    """

    name: str = ""
    network: Network | None = None
    shared: bool = False
    account: str = ""
    header: str = ""

    def matches(self, name: str | None, ip: Ip | None) -> bool:
        """Whether this relay has that (looked-up) name or that address."""
        if self.network is not None:
            return ip is not None and ip.version == self.network.version and ip in self.network
        return bool(name) and within(name or "", self.name)

    @classmethod
    def parse(cls, text: str, *, shared: bool = False, account: str = "") -> Relay:
        """A relay from "mail.example.com", "*.example.com", "192.0.2.1" or "192.0.2.0/24"; raises ValueError."""
        if "/" in text or text.replace(".", "").isdigit() or ":" in text:
            network = ip_network(text if "/" in text else ip_address(text), strict=False)
            return cls(network=network, shared=shared, account=account)
        return cls(name=text.rstrip(".").lower(), shared=shared, account=account)


class Hosts:
    """What tells at once that a name, an address or a text has none of these relays: hardly any that we meet has."""

    __slots__ = ("_beginnings", "_endings", "_marks", "_networks", "_relays")

    def __init__(self, relays: tuple[Relay, ...]) -> None:
        self._relays = relays
        self._endings = tuple(relay.name.removeprefix("*") for relay in relays if relay.network is None and relay.name)
        found = [relay.network for relay in relays if relay.network is not None]
        numbers: dict[tuple[int, int], set[int]] = {}
        for network in found:
            shift = network.max_prefixlen - network.prefixlen
            numbers.setdefault((network.version, shift), set()).add(int(network.network_address) >> shift)
        self._networks = tuple((*key, frozenset(among)) for key, among in numbers.items())
        self._beginnings = tuple({_first_octets(network) for network in found if network.version == 4})
        mapped = (b"ffff:",) if self._beginnings else ()  # an IPv4 address within IPv6
        groups = {_first_group(network) for network in found if network.version == 6}
        self._marks = (*(ending.encode() for ending in self._endings), *mapped, *groups)

    def find(self, name: str | None, ip: Ip | None) -> Relay | None:
        """The first relay with that looked-up name or that address."""
        if (name and name.endswith(self._endings)) or (ip is not None and self._has(ip.version, int(ip))):
            return next((relay for relay in self._relays if relay.matches(name, ip)), None)
        return None

    def may_stand_in(self, text: bytes) -> bool:
        """Whether the name or an address of one of them may stand in a text, which is in lower case."""
        for mark in self._marks:
            if mark in text:
                return True
        for beginning in self._beginnings:
            if beginning in text:
                return any(map(self._may_be, _DIGITS.findall(text)))
        return False

    def _may_be(self, written: bytes) -> bool:
        octets = written.strip(b".").split(b".")
        if len(octets) != 4 or not all(octets):
            return len(octets) > 4
        number = 0
        for octet in map(int, octets):
            number = number << 8 | (octet if octet < 255 else 255)
        return self._has(4, number)

    def _has(self, version: int, number: int) -> bool:
        for own, shift, among in self._networks:  # noqa: SIM110 - asked of every address: no generator
            if version == own and number >> shift in among:
                return True
        return False


def _first_octets(network: Network) -> bytes:
    """What the addresses of an IPv4 network begin with when written."""
    whole = network.prefixlen // 8
    return ".".join(str(network.network_address).split(".")[:whole]).encode() + b"." * (whole < 4)


def _first_group(network: Network) -> bytes:
    """What stands in any address of an IPv6 network, however it is written (RFC 4291 section 2.2)."""
    group = int(network.network_address) >> 112 if network.prefixlen >= 16 else 0
    return f"{group:x}:".encode() if group else b":"


class SiteFields(Noun):
    """The fields of `Site`."""

    domains: tuple[str, ...] = ()
    relays: tuple[Relay, ...] = ()
    receivers: tuple[Relay, ...] = ()
    authserv_ids: tuple[str, ...] = ()
    complete: frozenset[str] = frozenset()
    vars: tuple[tuple[str, str], ...] = ()
    settings: tuple[tuple[str, object], ...] = ()


class Site(SiteFields):
    """The site of one message. Names are lower case A-labels without a final dot.

    `settings` has, by plugin, what it made of the section that this site has of its own. A site serves many messages,
    so it keeps beside its fields what makes looking up quick.
    """

    @property
    def configured(self) -> bool:
        """False for the embedded default, which never says backscatter or genuine."""
        return bool(self.domains)

    @cached_property
    def relay_hosts(self) -> Hosts:
        """The relays, to look up."""
        return Hosts(self.relays)

    @cached_property
    def receiver_hosts(self) -> Hosts:
        """The receivers, to look up."""
        return Hosts(self.receivers)

    @cached_property
    def hosts(self) -> Hosts:
        """Relays and receivers."""
        return Hosts(self.relays + self.receivers)

    @cached_property
    def named_relays(self) -> bool:
        """Whether the site knows its relays by name."""
        return any(relay.name for relay in self.relays)

    @cached_property
    def domain_endings(self) -> tuple[str, ...]:
        """How the names under our domains end, or rather what they end in at least."""
        return tuple(domain.removeprefix("*.") for domain in self.domains)

    def owns(self, domain: str) -> bool:
        """Whether mail of `domain` is ours; a plain entry stands for itself and what is below it."""
        return any(within(domain, own) for own in self.domains)

    def may_stand_in(self, text: bytes) -> bool:
        """Whether one of our relays or receivers may be named in a text, which is in lower case."""
        return self.hosts.may_stand_in(text)

    def relay(self, name: str | None, ip: Ip | None) -> Relay | None:
        """The relay with that looked-up name or that address."""
        return self.relay_hosts.find(name, ip)

    def receiver(self, name: str | None, ip: Ip | None) -> Relay | None:
        """The receiver (our MX) with that name or address."""
        return self.receiver_hosts.find(name, ip)


NO_SITE = Site()
