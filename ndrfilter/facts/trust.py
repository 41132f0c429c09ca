"""The chain of trust over a returned trace: who handed the original to whom, believed only from the top down.

Architecture invariant: a hop is believed only if its recorder is the reporting side or one of ours, and a client is
ours only by an address in our networks or a name that the recorder looked up. What it says of itself never counts.
"""

from __future__ import annotations

from ndrfilter.facts.hosts import named_ours, own_host, rented, same_side
from ndrfilter.facts.outer import begins_here, doubtful, inside
from ndrfilter.facts.shared import account
from ndrfilter.noun import Noun
from ndrfilter.site import NO_SITE, private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.facts.hosts import Ip
    from ndrfilter.message.model import Headers, Hop
    from ndrfilter.site import Relay, Site


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


class Report(Noun):
    """What the bounce tells of its writer, and what our own hosts tell of it.

    `mta` is the reporting MTA's name, `received_from` its Received-From-MTA, `bringer` the address from outside that
    gave us the bounce. `own_bounce`: our own MTA wrote it. `stray` hops stand elsewhere in the message, in a bounce
    within the bounce, say: nothing there is believed, but we may be named there truthfully. `cut`: there are more.
    """

    mta: str = ""
    received_from: str = ""
    bringer: Ip | None = None
    own_bounce: bool = False
    stray: tuple[Hop, ...] = ()
    cut: bool = False


def follow(trace: tuple[Hop, ...], site: Site, report: Report, headers: Headers) -> Chain:
    """Walk the returned trace from the top."""
    named = site.may_stand_in("\n".join([hop.text for hop in trace]).lower().encode("utf-8", "replace"))
    chain = _walk(trace, site if named else NO_SITE, report, headers)
    if report.own_bounce:
        chain = chain._replace(own_bounce=True)
    if chain.handover is not None:
        return chain
    # Another account's mail: that it shares the relay with us is no claim of ours.
    if chain.stranger is not None and chain.account is not None:
        site = site._replace(relays=tuple(relay for relay in site.relays if not relay.shared))
    claimed = chain.claimed or report.cut or named_ours(report.received_from, site)
    claimed = claimed or any(_names_us(hop, None if site.named_relays else hop.ip, site) for hop in report.stray)
    if not named:
        return chain._replace(claimed=True) if claimed else chain
    claimed = claimed or any(_names_us(hop, _unmasked(hop, site), site) for hop in trace[max(chain.depth, 0) :])
    return chain._replace(claimed=claimed, claimed_by_helo=any(named_ours(hop.helo, site) for hop in trace))


def _names_us(hop: Hop, ip: Ip | None, site: Site) -> bool:
    """Whether anything in the hop, whose client's address is `ip`, names one of our relays or receivers.

    Far from any believed hop a bare address is no claim where the site knows its relays by name.
    """
    return (
        _relay(hop.rdns, ip, site) is not None
        or named_ours(hop.by, site)
        or named_ours(hop.helo, site)
        or named_ours(hop.rdns, site)
    )


def _unmasked(hop: Hop, site: Site) -> Ip | None:
    """The hop's address, unless that belongs to us but its bearer goes by a stranger's name.

    Only where the site knows its relays by name: ours would have called itself, or been found, by one of those.
    """
    if not site.named_relays or hop.ip is None or site.relay(None, hop.ip) is None:
        return hop.ip
    names = [name for name in (hop.helo, hop.rdns) if name and "." in name and name[:1] != "["]
    return None if names and not any(own_host(name, site) for name in names) else hop.ip


def _walk(trace: tuple[Hop, ...], site: Site, report: Report, headers: Headers) -> Chain:
    """The chain without claims; with `NO_SITE` for a trace in which none of our hosts can stand."""
    above: Hop | None = None
    house = report.mta
    for depth, hop in enumerate(trace):
        if above is not None and not _continues(above, hop, house):
            return Chain(depth=depth)
        relay = None
        if site is not NO_SITE:
            if named_ours(hop.by, site):
                return _at_our_host(hop, depth, site, report.own_bounce)
            relay = _relay(hop.rdns, hop.ip, site)
        if relay is not None:
            return _at_relay(trace, depth, relay, site, headers)
        if hop.submitted or hop.authenticated or hop.with_ == "local":  # a user's message: below are his own words
            return Chain(stranger=hop if hop.ip is not None and not private(hop.ip) else None, depth=depth)
        if not inside(hop) and not _reporting_side(hop, report):
            return Chain(stranger=None if doubtful(hop) else hop, depth=depth)
        above, house = hop, house if _bare(hop.by) else hop.by or house
    return Chain()


def _relay(name: str | None, ip: Ip | None, site: Site) -> Relay | None:
    """The relay of ours that a foreign recorder saw. Everybody has private addresses: there they are nobody's."""
    return site.relay(name, None if ip is None or private(ip) else ip)


def _continues(above: Hop, hop: Hop, house: str) -> bool:
    """Whether the recorder of `hop` can be the client of the believed hop above it: by its name, or on the same host.

    `house` is the last full name of a believed recorder. A private address alone is no tie: behind a load balancer all
    clients have one.
    """
    if begins_here(above) or (above.ip is not None and above.ip.is_loopback):
        return _bare(hop.by) or same_side(hop.by, house)
    return hop.by in (above.rdns, above.helo)


def _bare(name: str | None) -> bool:
    """No full host name: nothing, a single word, an address."""
    return not name or "." not in name or name.replace(".", "").isdigit()


def _reporting_side(hop: Hop, report: Report) -> bool:
    """The client is a machine of the recorder's own organisation, by a name that the recorder looked up.

    So is a forwarder that brings the bounce back itself: the address that gave us the bounce. It could have written all
    of it anyway.
    """
    if hop.ip is not None and hop.ip == report.bringer:
        return True
    side = same_side(hop.rdns, hop.by) or same_side(hop.rdns, report.mta)
    return side and not hop.forged and not rented(hop.rdns or "", hop.ip)


def _at_our_host(hop: Hop, depth: int, site: Site, own_bounce: bool) -> Chain:
    if not own_bounce:
        return Chain(depth=depth, claimed=True, fabricated=depth == 0)
    client = site.relay(hop.rdns, hop.ip)
    if hop.authenticated or inside(hop) or (client is not None and not client.shared):
        return Chain(handover=hop, depth=depth)
    return Chain(depth=depth, claimed=True)


def _at_relay(trace: tuple[Hop, ...], depth: int, relay: Relay, site: Site, headers: Headers) -> Chain:
    hop = trace[depth]
    if not relay.shared:
        if _contradicted(hop, relay, site):
            return Chain(depth=depth, claimed=True)
        return Chain(handover=hop, depth=depth)
    found = account(relay, headers, trace[depth + 1 :])
    if found.ours:
        return Chain(handover=hop, depth=depth, account=found.text)
    if not found.text or not relay.account:
        return Chain(depth=depth, claimed=True, account=found.text or None)
    return Chain(stranger=hop, depth=depth, account=found.text)


def _contradicted(hop: Hop, relay: Relay, site: Site) -> bool:
    """Our network's address with a looked-up name that is none of ours, at a site that knows its relays by name."""
    return relay.network is not None and site.named_relays and bool(hop.rdns) and not own_host(hop.rdns, site)
