"""Whose mail we protect: domains, relays, receivers, and what of that is complete."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

    Ip = IPv4Address | IPv6Address
    Network = IPv4Network | IPv6Network


_DOCUMENTATION = ("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:")


def within(name: str, pattern: str) -> bool:
    """True if the host or domain `name` is `pattern` or below it; "*.example.com" excludes the apex."""
    if pattern.startswith("*."):
        return name.endswith(pattern[1:]) and len(name) > len(pattern) - 1
    return name == pattern or name.endswith("." + pattern)


def private(ip: Ip) -> bool:
    """Of no host on the public net. Python counts the addresses for documentation in, which stand for public ones."""
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


class Site(Noun):
    """The site of one message. Names are lower case A-labels without a final dot.

    `settings` has, by plugin, what it made of the section that this site has of its own.
    """

    domains: tuple[str, ...] = ()
    relays: tuple[Relay, ...] = ()
    receivers: tuple[Relay, ...] = ()
    authserv_ids: tuple[str, ...] = ()
    complete: frozenset[str] = frozenset()
    vars: tuple[tuple[str, str], ...] = ()
    settings: tuple[tuple[str, object], ...] = ()

    @property
    def configured(self) -> bool:
        """False for the embedded default, which never says backscatter or genuine."""
        return bool(self.domains)

    def owns(self, domain: str) -> bool:
        """Whether mail of `domain` is ours; a plain entry stands for itself and what is below it."""
        return any(within(domain, own) for own in self.domains)

    def relay(self, name: str | None, ip: Ip | None) -> Relay | None:
        """The relay with that looked-up name or that address."""
        return next((relay for relay in self.relays if relay.matches(name, ip)), None)

    def receiver(self, name: str | None, ip: Ip | None) -> Relay | None:
        """The receiver (our MX) with that name or address."""
        return next((receiver for receiver in self.receivers if receiver.matches(name, ip)), None)


NO_SITE = Site()
