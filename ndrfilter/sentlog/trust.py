"""Whose submissions count as ours: the site's domains, and the clients and local users that may speak for them."""

from __future__ import annotations

from ipaddress import ip_address

from ndrfilter.noun import Noun
from ndrfilter.sentlog.names import canonical_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    from ndrfilter.site import Site

    Network = IPv4Network | IPv6Network


class Trust(Noun):
    """What a mail log must show before a message counts as sent by us.

    An authenticated client always may send. `loopback` says whether every client on this machine may, `networks` which
    others; relays of the sites may too, unless they are shared, or receivers (what those pass on came from outside).
    `local` are the users (uid or login name) whose use of the sendmail command counts, None for all.
    """

    sites: tuple[Site, ...] = ()
    loopback: bool = True
    networks: tuple[Network, ...] = ()
    local: frozenset[str] | None = None

    def owns(self, address: str) -> bool:
        """Whether that envelope sender is in a domain of ours."""
        local, _, domain = (address if address.isascii() else canonical_address(address)).rpartition("@")
        name = domain.lower().rstrip(".")
        return bool(local and name) and any(site.owns(name) for site in self.sites)

    def client(self, name: str, address: str) -> bool:
        """Whether a client without authentication may send for us; `name` is the one that the server looked up."""
        try:
            ip = ip_address(address.lower().removeprefix("ipv6:"))
        except ValueError:
            return False
        ip = getattr(ip, "ipv4_mapped", None) or ip
        if any(ip.version == network.version and ip in network for network in self.networks):
            return True
        return self.loopback if ip.is_loopback else self._relay(name.lower(), ip)

    def _relay(self, name: str, ip: object) -> bool:
        for site in self.sites:
            relay = site.relay(name, ip)  # type: ignore[arg-type]
            if relay is not None and not relay.shared and site.receiver(name, ip) is None:  # type: ignore[arg-type]
                return True
        return False

    def user(self, name: str) -> bool:
        """Whether mail that this user gave to the sendmail command is ours."""
        return self.local is None or name in self.local
