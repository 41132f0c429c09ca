"""SPF (RFC 7208) of the original: may the machine that handed it over send in our domain's name?

spftrace evaluates; the questions go through the resolver port.
"""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.errors import TemporaryError
from ndrfilter.plugin import Evidence, FactSpec, Unknown, hookimpl
from ndrfilter.schema import enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ndrfilter.plugin import Setting
    from ndrfilter.ports import Ports, Resolver

RESULTS = enum("spf", "none", "neutral", "pass", "fail", "softfail", "permerror")
_MAX_QUERIES = 75


class _Transport:
    """spftrace's DNS transport (`BaseResolver`) on our port."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    async def _lookup(self, name: str, rtype: str) -> tuple[str, list[str]]:
        try:
            found = await self._resolver.query(name, rtype)
        except TemporaryError:
            return "SERVFAIL", []
        # RFC 7208 counts a name without the type and no name at all alike (void lookups, section 4.6.4).
        return "NOERROR", [answer.split()[-1].rstrip(".") if rtype == "MX" else answer for answer in found]


async def check_host(resolver: Resolver, ip: str, domain: str, sender: str, helo: str) -> str:
    """The SPF result for mail of `sender` that `ip` sends in the name of `domain`: one of RESULTS, or temperror.

    A `sender` of another domain, or "", is postmaster@`domain` (RFC 7208 sections 2.4 and 4.3). Never raises for what
    DNS says.
    """
    from spftrace import Evaluator, Limits

    bounds = Limits(
        max_terms=limits.MAX_SPF_LOOKUPS,
        max_void=limits.MAX_SPF_VOID_LOOKUPS,
        max_queries=_MAX_QUERIES,
        time_limit=limits.MESSAGE_DEADLINE,
    )
    evaluator = Evaluator(_Transport(resolver), bounds, receiver="ndrfilter")  # type: ignore[arg-type]
    own = sender.rpartition("@")[2]
    identity = sender if own.lower() == domain.lower() else f"postmaster@{domain}"
    result = await evaluator.evaluate(ip, identity, helo)
    return str(result.verdict)


def _of(who: str) -> Any:
    async def fetch(facts: Any, ports: Ports) -> Any:
        stranger, address = facts.fact("original.stranger"), facts.fact(who)
        for value in (stranger, address):
            if value is None or isinstance(value, Unknown):
                return value
        if stranger.ip is None or not facts.site.owns(address.domain):
            return None
        ip, helo = str(stranger.ip), stranger.helo or ""
        result = await check_host(ports.resolver, ip, address.domain, address.text, helo)
        return (
            Unknown(f"the SPF record of {address.domain} could not be looked up") if result == "temperror" else result
        )

    return fetch


@hookimpl
def settings() -> Iterable[Setting]:
    """There is nothing to set."""
    return ()


@hookimpl
def declare() -> Iterable[FactSpec]:
    """The results for the original's sender and author."""
    for name, fact, what in (
        ("spf.original", "original.sender", "envelope sender"),
        ("spf.author", "original.author", "author (From)"),
    ):
        doc = f"SPF (RFC 7208) of our domain in the original's {what} for the stranger's address"
        yield FactSpec(
            name, RESULTS, Evidence.TRACE, doc, afetch=_of(fact), optional=True, needs_complete="relays"
        )  # fmt: skip
