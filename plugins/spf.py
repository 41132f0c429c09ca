"""SPF (RFC 7208): of our domain for the machine that handed the original over, and of the reporting MTA for the machine
that gave us the bounce.

spftrace evaluates; the questions go through the resolver port.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from ndrfilter import limits
from ndrfilter.errors import TemporaryError
from ndrfilter.plugin import Evidence, FactSpec, Unknown, hookimpl
from ndrfilter.schema import BOOLEAN, enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from ipaddress import IPv4Address, IPv6Address
    from typing import Any

    from ndrfilter.plugin import Setting
    from ndrfilter.ports import Ports, Resolver

RESULTS = enum("spf", "none", "neutral", "pass", "fail", "softfail", "permerror")
_MAX_SENDER, _MAX_HELO = 320, 255  # RFC 5321 section 4.5.3.1
_NEIGHBOURS = {4: 24, 6: 48}  # a network so wide is one site's


class _Transport:
    """spftrace's DNS transport (`BaseResolver`) on our port, for so many questions; `trouble` is why one failed."""

    def __init__(self, resolver: Resolver, questions: int) -> None:
        self._resolver = resolver
        self._left = questions
        self.trouble = ""

    async def _lookup(self, name: str, rtype: str) -> tuple[str, list[str]]:
        self._left -= 1
        try:
            if self._left < 0:
                raise TemporaryError("it wants too many questions")
            found = await self._resolver.query(name, rtype)
        except TemporaryError as error:
            self.trouble = str(error)
            return "SERVFAIL", []
        if rtype == "TXT":
            _bounded(found)
        # RFC 7208 counts a name without the type and no name at all alike (void lookups, section 4.6.4).
        return "NOERROR", [answer.split()[-1].rstrip(".") if rtype == "MX" else answer for answer in found]


def _bounded(records: Iterable[str]) -> None:
    """What a record's macros expand to is cut back label by label: thousands of them would keep us busy for minutes."""
    from spftrace import SpfPermError

    if any(record.count("%") > limits.MAX_SPF_MACROS for record in records):
        raise SpfPermError(f"a record with more than {limits.MAX_SPF_MACROS} macros")


async def check_host(
    resolver: Resolver, ip: str, domain: str, sender: str, helo: str, *, questions: int = limits.MAX_SPF_QUERIES
) -> str:
    """The SPF result for mail of `sender` that `ip` sends in the name of `domain`: one of RESULTS.

    A `sender` of another domain, or "", is postmaster@`domain` (RFC 7208 sections 2.4 and 4.3). Raises TemporaryError
    for a temperror: when DNS does not answer, or more than `questions` would have to be asked.
    """
    from spftrace import Evaluator, Limits

    bounds = Limits(
        max_terms=limits.MAX_SPF_LOOKUPS,
        max_void=limits.MAX_SPF_VOID_LOOKUPS,
        max_queries=None,
        time_limit=limits.MESSAGE_DEADLINE,
    )
    transport = _Transport(resolver, questions)
    evaluator = Evaluator(transport, bounds, receiver="ndrfilter")  # type: ignore[arg-type]
    own = sender.rpartition("@")[2].lower() == domain.lower() and len(sender) <= _MAX_SENDER
    identity = sender if own else f"postmaster@{domain}"
    result = await evaluator.evaluate(ip, identity, helo[:_MAX_HELO])
    verdict = str(result.verdict)
    if verdict == "temperror":
        trouble = transport.trouble or "no answer in time"
        raise TemporaryError(f"the SPF record of {domain} could not be looked up: {trouble}")
    return verdict


def _of(who: str) -> Any:
    async def fetch(facts: Any, ports: Ports) -> Any:
        stranger, address = facts.fact("original.stranger"), facts.fact(who)
        for value in (stranger, address):
            if value is None or isinstance(value, Unknown):
                return value
        if stranger.ip is None or not facts.site.owns(address.domain):
            return None
        return await check_host(ports.resolver, str(stranger.ip), address.domain, address.text, stranger.helo or "")

    return fetch


def _reporter(facts: Any) -> tuple[IPv4Address | IPv6Address, str] | None:
    """The client that gave us the bounce, and the reporting MTA by a name of others that may stand in DNS."""
    ip, name = facts.fact("bounce.client_ip"), facts.fact("bounce.mta")
    if ip is None or name is None or isinstance(ip, Unknown) or isinstance(name, Unknown):
        return None
    site = facts.site
    public = "." in name and name.rpartition(".")[2].isalnum() and not name.rpartition(".")[2].isdigit()
    return (ip, name) if public and not site.owns(name) and not site.relay(name, None) else None


async def _reporting(facts: Any, ports: Ports) -> Any:
    """The reporting MTA's name is checked as a HELO identity (RFC 7208 section 2.3)."""
    known = _reporter(facts)
    if known is None:
        return None
    ip, name = known
    return await check_host(ports.resolver, str(ip), name, "", name, questions=limits.MAX_SPF_REPORTER_QUERIES)


async def _reporting_host(facts: Any, ports: Ports) -> Any:
    known = _reporter(facts)
    if known is None:
        return None
    ip, name = known
    addresses = [ip_address(text) for text in await ports.resolver.query(name, "A" if ip.version == 4 else "AAAA")]
    near = _NEIGHBOURS[ip.version]
    return any(ip in ip_network((address, near), strict=False) for address in addresses) if addresses else None


@hookimpl
def settings() -> Iterable[Setting]:
    """There is nothing to set."""
    return ()


@hookimpl
def declare() -> Iterable[FactSpec]:
    """The results for the original's sender and author, and for the reporting MTA."""
    for name, fact, what in (
        ("spf.original", "original.sender", "envelope sender"),
        ("spf.author", "original.author", "author (From)"),
    ):
        doc = f"SPF (RFC 7208) of our domain in the original's {what} for the stranger's address"
        yield FactSpec(
            name, RESULTS, Evidence.TRACE, doc, afetch=_of(fact), optional=True, needs_complete="relays"
        )  # fmt: skip
    for name, type_, doc, fetch in (
        ("spf.reporting", RESULTS, "SPF of the reporting MTA's name for the host that gave us the bounce", _reporting),
        ("spf.reporting_host", BOOLEAN, "the reporting MTA's address is that host's, or near it", _reporting_host),
    ):
        yield FactSpec(name, type_, Evidence.TRACE, doc, afetch=fetch, optional=True)
