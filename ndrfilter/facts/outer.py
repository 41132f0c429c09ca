"""Whether our own MTA wrote the bounce: read from the bounce's own trace, as our hosts wrote it."""

from __future__ import annotations

from ndrfilter.facts.hosts import own_host
from ndrfilter.site import private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndrfilter.facts.hosts import Ip
    from ndrfilter.message.model import Hop
    from ndrfilter.message.trace import Hops
    from ndrfilter.site import Site

_DAEMONS = frozenset({"mailer-daemon", "localhost"})


def written_by_us(outer: Sequence[Hop] | Hops, site: Site, client: tuple[str | None, Ip | None] | None) -> bool:
    """Whether the outer trace, as our own hosts wrote it, shows that our MTA wrote this bounce.

    The topmost hop is our own system's; from there every recorder must be ours and every client too, down to the host
    where the bounce began, and there no user or program may have handed it in. A relay that serves others too writes
    bounces for others too. `client` is the SMTP client of the envelope (name, address) if somebody told it.
    """
    if client is not None and not _sends_for_us(*client, site):
        return False
    if not outer:
        return client is not None
    for hop in outer:
        if not own_host(hop.by, site) or hop.submitted or (hop.authenticated and not hop.local):
            return False
        if begins_here(hop):
            return True
        if not _our_client(hop, site):
            return False
    return True


def _our_client(hop: Hop, site: Site) -> bool:
    """A client on the same host, one of the site's, or one inside that was found under our domains: behind a load
    balancer strangers have private addresses too.
    """
    if hop.ip is not None and private(hop.ip):
        return hop.ip.is_loopback or site.relay(None, hop.ip) is not None or own_host(hop.rdns, site)
    return _sends_for_us(hop.rdns, hop.ip, site) or site.receiver(hop.rdns, hop.ip) is not None


def _sends_for_us(name: str | None, ip: Ip | None, site: Site) -> bool:
    relay = site.relay(name, ip)
    return relay is not None and not relay.shared


def begins_here(hop: Hop) -> bool:
    """Whether the recorder had the message from nobody: a process of its own host."""
    if doubtful(hop):
        return False
    return hop.local or not (hop.helo or hop.rdns or hop.ip) or (hop.ip is None and hop.helo in _DAEMONS)


def doubtful(hop: Hop) -> bool:
    """The field says two things of its client; who it was cannot be told."""
    return hop.forged and hop.ip is None


def inside(hop: Hop) -> bool:
    """A hop within the recorder's own house: local, loopback or private; nobody outside can have such an address."""
    return begins_here(hop) or (hop.ip is not None and private(hop.ip))
