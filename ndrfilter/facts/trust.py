"""The chain of trust over a returned trace: who handed the original to whom, believed only from the top down.

Architecture invariant: a hop is believed only if its recorder is the reporting side or one of ours, and a client is
ours only by an address in our networks or a name that the recorder looked up. What it says of itself never counts.
"""

from __future__ import annotations

from ipaddress import ip_address

from ndrfilter.noun import Noun
from ndrfilter.site import within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from ndrfilter.message.model import Headers, Hop
    from ndrfilter.site import Relay, Site

_SECOND_LEVEL = frozenset({
    "ac", "ad", "asn", "co", "com", "edu", "ed", "go", "gob", "gouv", "gov", "govt", "gr", "id", "in", "info", "lg",
    "ltd", "me", "mil", "muni", "ne", "net", "nhs", "nom", "or", "org", "plc", "police", "sch", "school", "web",
})  # fmt: skip
_DOCUMENTATION = ("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:")
_DAEMONS = frozenset({"mailer-daemon", "localhost"})


class Chain(Noun):
    """What the returned trace lets us believe.

    `handover` and `stranger` exclude each other; `depth` is the index of that hop. `claimed`: one of ours is named
    where it cannot be believed. `fabricated`: the top hop says "by" us and our outer trace does not bear it out.
    """

    handover: Hop | None = None
    stranger: Hop | None = None
    depth: int = -1
    claimed: bool = False
    claimed_by_helo: bool = False
    fabricated: bool = False
    own_bounce: bool = False
    account: str | None = None


def organisation(host: str) -> str:
    """The registered domain, near enough without a public suffix list: two labels, three under co.uk and its like."""
    labels = host.split(".")
    short = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVEL
    return ".".join(labels[-3:] if short else labels[-2:])


def same_side(one: str | None, other: str | None) -> bool:
    """Whether two host names belong to one organisation."""
    return bool(one and other and "." in one and "." in other and organisation(one) == organisation(other))


def named_ours(name: str | None, site: Site) -> bool:
    """Whether a bare name or address literal is one of our relays or receivers; says nothing about who used it."""
    if not name:
        return False
    ip = _literal(name)
    return site.relay(name, ip) is not None or site.receiver(name, ip) is not None


def _literal(name: str) -> IPv4Address | IPv6Address | None:
    """The public address that an address literal, or a bare address in a name's place, says."""
    try:
        ip = ip_address(name.strip("[]").removeprefix("ipv6:"))
    except ValueError:
        return None
    return None if private(ip) else ip


def own_host(name: str | None, site: Site) -> bool:
    """Whether a bare name could be a host of ours: a relay, a receiver, or below one of our domains."""
    return named_ours(name, site) or (
        bool(name) and any(within(name or "", d.removeprefix("*.")) for d in site.domains)
    )


def written_by_us(outer: tuple[Hop, ...], site: Site, client: tuple[str | None, object] | None) -> bool:
    """Whether the outer trace, as our own hosts wrote it, shows that our MTA wrote this bounce.

    The topmost hop is our own system's; from there every recorder must be ours and every client too, down to the host
    where the bounce began. `client` is the SMTP client of the envelope (name, address) if somebody told it.
    """
    if client is not None and site.relay(client[0], client[1]) is None:  # type: ignore[arg-type]
        return False
    if not outer:
        return client is not None
    for hop in outer:
        if not own_host(hop.by, site):
            return False
        if _begins_here(hop):
            return True
        if not _inside(hop) and site.relay(hop.rdns, hop.ip) is None and site.receiver(hop.rdns, hop.ip) is None:
            return False
    return True


def _begins_here(hop: Hop) -> bool:
    if doubtful(hop):
        return False
    return hop.local or not (hop.helo or hop.rdns or hop.ip) or (hop.ip is None and hop.helo in _DAEMONS)


def doubtful(hop: Hop) -> bool:
    """The field says two things of its client; who it was cannot be told."""
    return hop.forged and hop.ip is None


def _inside(hop: Hop) -> bool:
    """A hop within the recorder's own house: local, loopback or private; nobody outside can have such an address."""
    return _begins_here(hop) or (hop.ip is not None and private(hop.ip))


def private(ip: IPv4Address | IPv6Address) -> bool:
    """Of no host on the public net. Python counts the addresses for documentation in, which stand for public ones."""
    return not ip.is_global and not str(ip).startswith(_DOCUMENTATION)


def follow(
    trace: tuple[Hop, ...],
    site: Site,
    *,
    own_bounce: bool,
    reporting: str,
    received_from: str,
    headers: Headers,
    stray: tuple[Hop, ...] = (),
) -> Chain:
    """Walk the returned trace from the top.

    `reporting` is the reporting MTA's name, `received_from` its Received-From-MTA. `stray` hops stand elsewhere in the
    message, in a bounce within the bounce, say: nothing there is believed, but we may be named there truthfully.
    """
    chain = _walk(trace, site, own_bounce, reporting, headers)._replace(own_bounce=own_bounce)
    if chain.handover is not None:
        return chain
    # Another account's mail: that it shares the relay with us is no claim of ours.
    if chain.stranger is not None and chain.account is not None:
        site = site._replace(relays=tuple(relay for relay in site.relays if not relay.shared))
    claimed = chain.claimed or named_ours(received_from, site)
    claimed = claimed or any(names_us(_unmasked(hop, site), site) for hop in trace[max(chain.depth, 0) :])
    claimed = claimed or any(_names_us_elsewhere(hop, site) for hop in stray)
    return chain._replace(claimed=claimed, claimed_by_helo=any(named_ours(hop.helo, site) for hop in trace))


def names_us(hop: Hop, site: Site) -> bool:
    """Whether anything in the hop names one of our relays or receivers."""
    return _relay(hop, site) is not None or any(named_ours(n, site) for n in (hop.by, hop.helo, hop.rdns))


def _unmasked(hop: Hop, site: Site) -> Hop:
    """The hop without its address, where that belongs to us but its bearer goes by a stranger's name.

    Only where the site knows its relays by name: ours would have called itself, or been found, by one of those.
    """
    names = [name for name in (hop.helo, hop.rdns) if name and "." in name and name[:1] != "["]
    foreign = bool(names) and not any(own_host(name, site) for name in names)
    return hop._replace(ip=None) if foreign and any(relay.name for relay in site.relays) else hop


def _names_us_elsewhere(hop: Hop, site: Site) -> bool:
    """Far from any believed hop a bare address is no claim where the site knows its relays by name."""
    if any(relay.name for relay in site.relays):
        hop = hop._replace(ip=None)
    return names_us(hop, site)


def _walk(trace: tuple[Hop, ...], site: Site, own_bounce: bool, reporting: str, headers: Headers) -> Chain:
    above: Hop | None = None
    for depth, hop in enumerate(trace):
        if above is not None and not _continues(above, hop):
            return Chain(depth=depth)
        if named_ours(hop.by, site):
            return _at_our_host(hop, depth, site, own_bounce)
        relay = _relay(hop, site)
        if relay is not None:
            return _at_relay(hop, depth, relay, site, headers)
        if not _inside(hop) and not _reporting_side(hop, reporting):
            return Chain(stranger=None if doubtful(hop) else hop, depth=depth)
        above = hop
    return Chain()


def _relay(hop: Hop, site: Site) -> Relay | None:
    """The relay of ours that a foreign recorder saw. Everybody has private addresses: there they are nobody's."""
    return site.relay(hop.rdns, None if hop.ip is None or private(hop.ip) else hop.ip)


def _continues(above: Hop, hop: Hop) -> bool:
    """Whether the recorder of `hop` can be the client of the believed hop above it, or stands in the same house."""
    if _inside(above):
        return not hop.by or "." not in hop.by or hop.by.replace(".", "").isdigit() or same_side(hop.by, above.by)
    return hop.by in (above.rdns, above.helo)


def _reporting_side(hop: Hop, reporting: str) -> bool:
    """The client is a machine of the recorder's own organisation, by a name that the recorder looked up."""
    return not hop.forged and (same_side(hop.rdns, hop.by) or same_side(hop.rdns, reporting))


def _at_our_host(hop: Hop, depth: int, site: Site, own_bounce: bool) -> Chain:
    if not own_bounce:
        return Chain(depth=depth, claimed=True, fabricated=depth == 0)
    trusted_client = site.relay(hop.rdns, hop.ip)
    if hop.authenticated or _inside(hop) or (trusted_client is not None and not trusted_client.shared):
        return Chain(handover=hop, depth=depth)
    return Chain(depth=depth, claimed=True)


def _at_relay(hop: Hop, depth: int, relay: Relay, site: Site, headers: Headers) -> Chain:
    if not relay.shared:
        if _contradicted(hop, relay, site):
            return Chain(depth=depth, claimed=True)
        return Chain(handover=hop, depth=depth)
    account = account_of(headers, relay.account_field)
    if account is None or not relay.account:
        return Chain(depth=depth, claimed=True, account=account)
    if account == relay.account.lower():
        return Chain(handover=hop, depth=depth, account=account)
    return Chain(stranger=hop, depth=depth, account=account)


def _contradicted(hop: Hop, relay: Relay, site: Site) -> bool:
    """Our network's address with a looked-up name that is none of ours, at a site that knows its relays by name."""
    names_given = any(other.name for other in site.relays)
    return relay.network is not None and names_given and bool(hop.rdns) and not own_host(hop.rdns, site)


def account_of(headers: Headers, field: str) -> str | None:
    """The account or tenant in the field that the relay itself writes, lower case; None unless it says exactly one."""
    said = {found.text.strip().lower() for found in headers.all(field)} if field else set()
    return said.pop() if len(said) == 1 else None
