"""Who gave us the bounce: the outermost client, as the envelope or our own receivers tell."""

from __future__ import annotations

from ndrfilter.facts.bounce import reporting_mta
from ndrfilter.facts.hosts import own_host, same_side
from ndrfilter.facts.outer import doubtful
from ndrfilter.message.model import Hop
from ndrfilter.plugin import hookimpl
from ndrfilter.schema import BOOLEAN, DOMAIN, IP, STRING, Evidence, FactSpec
from ndrfilter.site import private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ndrfilter.facts.world import Facts
    from ndrfilter.site import Site


def client(facts: Facts) -> Hop | None:
    """The first client from the top that is neither ours nor inside, each recorded by a host of ours; None if unknown.

    The SMTP client of the envelope stands above the trace.
    """
    told = facts.envelope
    if told.client_ip is not None:
        name = told.client_name if told.client_name != "unknown" else None
        hop = Hop(ip=told.client_ip, rdns=name, helo=told.helo)
        if not _inside(hop, facts.site):
            return hop
    for hop in facts.message.hops:
        if doubtful(hop) or not own_host(hop.by, facts.site):
            return None
        if not _inside(hop, facts.site):
            return hop if hop.ip is not None else None
    return None


def delivery(facts: Facts) -> str | None:
    """How our own receiver noted this delivery: its name and its id; the topmost's where none can be known as ours.

    Not the whole line: who is asked before it was written, as milters are, knows no more, and must count the same.
    """
    trace = facts.message.hops
    noted = None
    for hop in trace:
        if doubtful(hop) or not own_host(hop.by, facts.site):
            break
        noted = _note(hop)
        if not _inside(hop, facts.site):
            break
    return noted or (_note(trace[0]) if trace else None)


def _note(hop: Hop) -> str:
    return f"{hop.by} {hop.id}" if hop.by and hop.id else hop.text


def _inside(hop: Hop, site: Site) -> bool:
    """The client is a host or program of ours: one of the site's, or behind a private address."""
    if hop.ip is None:
        return hop.local or not (hop.helo or hop.rdns)
    return bool(private(hop.ip) or site.relay(hop.rdns, hop.ip) or site.receiver(hop.rdns, hop.ip))


def _of_reporter(facts: Facts) -> bool | None:
    """Whether the client's name and the reporting MTA's belong to one organisation; None where a name is missing."""
    giver, mta = facts.once(client), facts.once(reporting_mta)
    return same_side(giver.rdns, mta) if giver and giver.rdns and mta else None


@hookimpl
def declare() -> Iterable[FactSpec]:
    """The facts of the client."""

    def fact(name: str, type_: Any, doc: str, fetch: Any) -> FactSpec:
        return FactSpec(f"bounce.{name}", type_, Evidence.TRACE, doc, fetch, optional=True)

    yield fact("client_ip", IP, "the address of the host outside that gave us the message",
               lambda f: getattr(f.once(client), "ip", None))  # fmt: skip
    yield fact("client_name", DOMAIN, "the name that our receiver looked up for it",
               lambda f: getattr(f.once(client), "rdns", None))  # fmt: skip
    yield fact("delivery", STRING, "our receiver's name and its id of this delivery", delivery)
    yield fact("client_of_reporter", BOOLEAN, "that name belongs to the reporting MTA's organisation", _of_reporter)
