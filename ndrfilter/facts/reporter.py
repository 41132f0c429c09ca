"""Whether the host that gave us the bounce can belong to those whom report and trace name as its writers."""

from __future__ import annotations

from ndrfilter.facts.bounce import failed, reporting_mta
from ndrfilter.facts.client import client
from ndrfilter.facts.hosts import neighbours, organisation, rented

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndrfilter.facts.world import Facts
    from ndrfilter.message.model import Hop


def given_by_stranger(facts: Facts, believed: tuple[Hop, ...]) -> bool:
    """Whether we know for sure who gave us the bounce, and it is a stranger to all that the bounce says of its writers.

    `believed` are the hops of the original above and at its handover. Who invents a bounce whole can invent one that
    fits his own host, so this proves nothing; but then it has to name that host, and be no rented line or machine.
    """
    giver = facts.once(client)
    if giver is None or not giver.rdns or giver.forged:
        return False
    if rented(giver.rdns, giver.ip):
        return True
    if any(neighbours(giver.ip, hop.ip) for hop in believed[:-1]):
        return False
    return organisation(giver.rdns) not in {organisation(name) for name in _writers(facts, believed) if "." in name}


def _writers(facts: Facts, believed: tuple[Hop, ...]) -> Iterator[str]:
    """The hosts and domains that reported, failed, or passed the bounce on, as the bounce says."""
    yield facts.once(reporting_mta)
    yield from (recipient.address.rpartition("@")[2].lower() for recipient in facts.once(failed))
    yield from (hop.by or "" for hop in (*believed, *facts.message.trace))
    yield from (hop.rdns or "" for hop in believed[:-1])
    if facts.message.report:
        yield from (recipient.remote_mta.lower() for recipient in facts.message.report.recipients)
    author = facts.fact("author")
    yield author.domain if author else ""
    yield facts.message.headers.text("Message-ID").rpartition("@")[2].strip("<> ").lower()
