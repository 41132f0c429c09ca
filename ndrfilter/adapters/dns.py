"""The resolver port on dnspython: cached by TTL, and a budget of questions for each message."""

from __future__ import annotations

import time
from collections import OrderedDict

from ndrfilter import limits
from ndrfilter.errors import TemporaryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ndrfilter.ports import Resolver

_MAX_TTL = 3600.0
_NEGATIVE_TTL = 60.0


class DnsResolver:
    """Asks the given servers (addresses), or those of the system when there are none; `timeout` is in seconds.

    dnspython is imported with the first question, because most messages ask none.
    """

    def __init__(
        self, nameservers: tuple[str, ...] = (), port: int = 53, timeout: float = limits.DNS_QUERY_TIMEOUT
    ) -> None:
        self._nameservers = nameservers
        self._timeout = timeout
        self._port = port
        self._resolver: Any = None
        self._cache: OrderedDict[tuple[str, str], tuple[float, tuple[str, ...]]] = OrderedDict()

    async def query(self, name: str, rdtype: str) -> tuple[str, ...]:
        """See `ports.Resolver`; an answer is kept as long as its TTL says, an hour at most."""
        key = (name.rstrip(".").lower(), rdtype.upper())
        kept = self._cache.get(key)
        if kept is not None and kept[0] > time.monotonic():
            self._cache.move_to_end(key)
            return kept[1]
        answer, ttl = await self._ask(*key)
        self._cache[key] = (time.monotonic() + min(ttl, _MAX_TTL), answer)
        self._cache.move_to_end(key)
        if len(self._cache) > limits.MAX_DNS_CACHE:
            self._cache.popitem(last=False)
        return answer

    async def _ask(self, name: str, rdtype: str) -> tuple[tuple[str, ...], float]:
        import dns.asyncresolver
        import dns.exception
        import dns.name
        import dns.resolver

        try:
            self._resolver = self._resolver or self._configured(dns.asyncresolver)
            answer = await self._resolver.resolve(dns.name.from_text(name), rdtype, raise_on_no_answer=False)
        except (dns.resolver.NXDOMAIN, dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel):
            return (), _NEGATIVE_TTL
        except (dns.exception.DNSException, OSError, UnicodeError) as error:
            raise TemporaryError(f"DNS {rdtype} {name}: {_cause(error)}") from error
        if answer.rrset is None:
            return (), _NEGATIVE_TTL
        return tuple(sorted(map(presentation, answer.rrset))), float(answer.rrset.ttl)

    def _configured(self, asyncresolver: Any) -> Any:
        resolver = asyncresolver.Resolver(configure=not self._nameservers)
        if self._nameservers:
            resolver.nameservers = list(self._nameservers)
        resolver.port = self._port
        resolver.timeout = resolver.lifetime = self._timeout
        resolver.cache = None
        return resolver


def presentation(rdata: Any) -> str:
    """A record's text: TXT strings joined (RFC 7208 section 3.3), names without their final dot."""
    if hasattr(rdata, "strings"):
        return b"".join(rdata.strings).decode("utf-8", "replace")
    text = str(rdata.to_text())
    return text[:-1] if text.endswith(".") and text != "." else text


def _cause(error: Exception) -> str:
    from dns.exception import Timeout
    from dns.resolver import NoNameservers

    if isinstance(error, Timeout):
        return "timeout"
    return "no server answered properly" if isinstance(error, NoNameservers) else str(error)


class Budgeted:
    """One message's share of a resolver: after `questions` it raises TemporaryError."""

    def __init__(self, resolver: Resolver, questions: int = limits.MAX_DNS_QUERIES) -> None:
        self._resolver = resolver
        self._left = questions

    async def query(self, name: str, rdtype: str) -> tuple[str, ...]:
        """See `ports.Resolver`."""
        if self._left <= 0:
            raise TemporaryError("this message's budget of DNS questions is spent")
        self._left -= 1
        return await self._resolver.query(name, rdtype)
