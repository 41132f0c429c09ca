"""What `config init` found on this machine and in DNS, with the place of every value: the material of a proposal."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from ndrfilter.config.hosts import a_labels, everybodys, is_host
from ndrfilter.config.published import Finding
from ndrfilter.site import Relay, within

_LOCAL = ("localhost", "localdomain", "local", "internal", "lan", "home.arpa")


class Findings:
    """Collects values; what cannot be meant (localhost, private addresses, what is no name) is left out with a note."""

    def __init__(self) -> None:
        self.domains: dict[str, Finding] = {}
        self.relays: dict[str, Finding] = {}
        self.receivers: dict[str, Finding] = {}
        self.complete: Finding | None = None
        self.notes: list[str] = []

    def domain(self, text: str, source: str) -> None:
        """Somebody names a mail domain."""
        name = a_labels(text.strip().strip('"').lstrip("."))
        if is_host(name) and "." in name and not _is_local(name):
            self.domains.setdefault(name, Finding(name, source))

    def relay(self, text: str, source: str, shared: bool = False) -> None:
        """Somebody names what our mail leaves through."""
        if value := _place(text):
            self.relays.setdefault(value, Finding(value, source, shared))

    def receiver(self, text: str, source: str) -> None:
        """Somebody names an MX of ours."""
        if value := _place(text):
            self.receivers.setdefault(value, Finding(value, source))

    def smarthost(self, text: str, source: str) -> None:
        """All mail leaves through this host, which is often somebody else's."""
        host = text.strip().strip("[]").split("]")[0].split("::")[0].partition(":")[0]
        if value := _place(host):
            own = any(within(value, domain) for domain in self.domains)
            self.relays.setdefault(value, Finding(value, source, shared=not own))

    def note(self, text: str) -> None:
        """Something the person should know."""
        if text not in self.notes:
            self.notes.append(text)

    def chosen_domains(self) -> list[Finding]:
        """The domains, without those that another one covers: often the machine's own name."""
        names = list(self.domains)
        return [
            finding
            for name, finding in self.domains.items()
            if not any(other != name and within(name, other) for other in names)
        ]


def _is_local(name: str) -> bool:
    return any(within(name, suffix) for suffix in _LOCAL)


def _place(text: str) -> str:
    """A host name, or a public address or network; "" for anything else."""
    bare = text.strip().strip('"').strip("[]").removeprefix("IPv6:")
    try:
        network = ip_network(bare if "/" in bare else ip_address(bare), strict=False)
    except ValueError:
        name = a_labels(bare)
        usable = is_host(name.removeprefix("*.")) and "." in name and not _is_local(name)
        return name if usable else ""
    if everybodys(network) or network.prefixlen == 0 or network.is_multicast:
        return ""
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def as_relay(value: str) -> Relay:
    """A value that was found, as the name or the network that it is."""
    try:
        return Relay(network=ip_network(value))
    except ValueError:
        return Relay(name=value)


def words(text: str, separators: str = ",;") -> Iterator[str]:
    """The words of a list that uses blanks or other separators."""
    for separator in separators:
        text = text.replace(separator, " ")
    return (word for word in text.split() if word)
