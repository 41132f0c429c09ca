"""The chain of trust over a returned trace: who handed the original to whom, believed only from the top down.

Architecture invariant: a hop is believed only if its recorder is the reporting side or one of ours, and a client is ours
only by an address in our networks or a name that the recorder looked up. What a client says of itself never counts.
"""

from __future__ import annotations

from ndrfilter.noun import Noun
from ndrfilter.site import within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.message.model import Headers, Hop
    from ndrfilter.site import Relay, Site

_SECOND_LEVEL = frozenset({
    "ac", "ad", "asn", "co", "com", "edu", "ed", "go", "gob", "gouv", "gov", "govt", "gr", "id", "in", "info", "lg", "ltd", "me", "mil",
    "muni", "ne", "net", "nhs", "nom", "or", "org", "plc", "police", "sch", "school", "web",
})  # fmt: skip
_ACCOUNT_FIELDS = (
    "X-MS-Exchange-CrossTenant-Id",
    "X-OriginatorOrg",
    "X-Authenticated-Id",
    "X-Authenticated-Sender",
    "X-Google-Account",
    "X-Sender-Id",
)


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
    """Whether a bare name is one of our relays or receivers; says nothing about who used it."""
    return bool(name) and (site.relay(name, None) is not None or site.receiver(name, None) is not None)


def own_host(name: str | None, site: Site) -> bool:
    """Whether a bare name could be a host of ours: a relay, a receiver, or below one of our domains."""
    return named_ours(name, site) or (bool(name) and any(within(name or "", d.removeprefix("*.")) for d in site.domains))


def written_by_us(outer: tuple[Hop, ...], site: Site, client: tuple[str | None, object] | None) -> bool:
    """Whether the outer trace, as our own hosts wrote it, shows that our MTA wrote this bounce.

    The topmost hop is our own system's; from there every recorder must be ours and every client too, down to the host where
    the bounce began. `client` is the SMTP client of the envelope (name, address) if somebody told it.
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
    return hop.local or not (hop.helo or hop.rdns or hop.ip)


def _inside(hop: Hop) -> bool:
    """A hop within the recorder's own house: local, loopback or private; nobody outside can have such an address."""
    return _begins_here(hop) or (hop.ip is not None and (hop.ip.is_loopback or hop.ip.is_private and not _documentation(hop)))


def _documentation(hop: Hop) -> bool:
    """Addresses for documentation count as private in Python, but stand for public ones wherever they appear."""
    ip = hop.ip
    return ip is not None and not ip.is_loopback and (
        str(ip).startswith(("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:"))
    )


def follow(
    trace: tuple[Hop, ...], site: Site, *, own_bounce: bool, reporting: str, received_from: str, headers: Headers
) -> Chain:
    """Walk the returned trace from the top. `reporting` is the reporting MTA's name, `received_from` its Received-From-MTA."""
    chain = _walk(trace, site, own_bounce, reporting, headers)._replace(own_bounce=own_bounce)
    if chain.handover is not None:
        return chain
    claimed = chain.claimed or named_ours(received_from, site)
    claimed = claimed or any(_names_us(hop, site) for hop in trace[max(chain.depth, 0) :])
    return chain._replace(claimed=claimed, claimed_by_helo=any(named_ours(hop.helo, site) for hop in trace))


def _names_us(hop: Hop, site: Site) -> bool:
    return site.relay(hop.rdns, hop.ip) is not None or any(named_ours(name, site) for name in (hop.by, hop.helo, hop.rdns))


def _walk(trace: tuple[Hop, ...], site: Site, own_bounce: bool, reporting: str, headers: Headers) -> Chain:
    for depth, hop in enumerate(trace):
        if named_ours(hop.by, site):
            return _at_our_host(hop, depth, site, own_bounce)
        relay = site.relay(hop.rdns, hop.ip)
        if relay is not None:
            return _at_relay(hop, depth, relay, headers)
        if _inside(hop):
            continue
        below = trace[depth + 1] if depth + 1 < len(trace) else None
        if not _reporting_side(hop, below, reporting):
            return Chain(stranger=hop, depth=depth)
    return Chain()


def _reporting_side(hop: Hop, below: Hop | None, reporting: str) -> bool:
    """The client is a machine of the recorder's own organisation, by looked-up name, and it recorded the next hop itself."""
    if hop.forged or not (same_side(hop.rdns, hop.by) or same_side(hop.rdns, reporting)):
        return False
    return below is not None and below.by in (hop.rdns, hop.helo)


def _at_our_host(hop: Hop, depth: int, site: Site, own_bounce: bool) -> Chain:
    if not own_bounce:
        return Chain(depth=depth, claimed=True, fabricated=depth == 0)
    trusted_client = site.relay(hop.rdns, hop.ip)
    if hop.authenticated or _inside(hop) or (trusted_client is not None and not trusted_client.shared):
        return Chain(handover=hop, depth=depth)
    return Chain(depth=depth, claimed=True)


def _at_relay(hop: Hop, depth: int, relay: Relay, headers: Headers) -> Chain:
    if not relay.shared:
        return Chain(handover=hop, depth=depth)
    account = account_of(headers)
    if account is None or not relay.account:
        return Chain(depth=depth, claimed=True, account=account)
    if account == relay.account.lower():
        return Chain(handover=hop, depth=depth, account=account)
    return Chain(stranger=hop, depth=depth, account=account)


def account_of(headers: Headers) -> str | None:
    """The account or tenant that a shared relay wrote into the original, lower case."""
    for name in _ACCOUNT_FIELDS:
        if field := headers.first(name):
            return field.text.strip().lower()
    return None
