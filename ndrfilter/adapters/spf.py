"""SPF (RFC 7208) over the resolver port: spftrace evaluates, our resolver answers."""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.errors import TemporaryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.ports import Resolver

RESULTS = ("none", "neutral", "pass", "fail", "softfail", "temperror", "permerror")
_ADDRESSES = ("A", "AAAA")
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
    """The SPF result for mail of `sender` that the client `ip` sends in the name of `domain`: one of RESULTS.

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
