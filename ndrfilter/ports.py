"""The ports through which the outside reaches the engine: a resolver, a clock. Adapters implement them."""

from __future__ import annotations

from typing import Protocol


class Resolver(Protocol):
    """DNS as the facts need it. Answers are presentation-format text, as in a zone file."""

    async def query(self, name: str, rdtype: str) -> tuple[str, ...]:
        """The records of `rdtype` at `name`; empty when the name or the type does not exist.

        TXT strings are joined as RFC 7208 section 3.3 has it. Raises `TemporaryError` on SERVFAIL, a timeout, a
        malformed answer, or when the message's budget of questions is spent.
        """


class Clock(Protocol):
    """The time, injected so that tests can choose it."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""


class Ports(Protocol):
    """All ports of one message; what is not there is None."""

    @property
    def resolver(self) -> Resolver | None:
        """The resolver, or None without network."""

    @property
    def clock(self) -> Clock:
        """The clock."""

    async def spf(self, ip: str, domain: str, sender: str, helo: str) -> str:
        """The SPF result (RFC 7208 section 2.6) for a client; raises `TemporaryError` when DNS does not answer."""
