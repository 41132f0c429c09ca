"""The ports through which the outside reaches the engine: a resolver, a clock, a store. Adapters implement them."""

from __future__ import annotations

from collections.abc import Iterable
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


class Store(Protocol):
    """Small durable state, shared by all our processes: sets of values under a key, each until its time comes.

    Every method raises `TemporaryError` when the state cannot be read or written. Times are seconds since the epoch.
    """

    def digest(self, *parts: str) -> bytes:
        """16 bytes for these texts, keyed with the store's own secret: what is kept names nobody."""

    def add(self, table: str, rows: Iterable[tuple[bytes, bytes, float]]) -> None:
        """Keep (key, value, expires) rows, all or none; they are durable when this returns."""

    def values(self, table: str, key: bytes) -> tuple[bytes, ...]:
        """The values under `key` whose time has not come."""

    def count(self, table: str, key: bytes, value: bytes, expires: float, most: int) -> int:
        """Add `value` unless it is there or `key` has `most` values; how many it has with it, beyond `most` one more.

        So the first `most` values stay good, however many are asked for after them.
        """

    def mark(self, name: str) -> str | None:
        """A note kept under that name."""

    def set_mark(self, name: str, text: str) -> None:
        """Keep a note."""


class Ports(Protocol):
    """All ports of one message."""

    @property
    def resolver(self) -> Resolver:
        """The resolver, with what is left of the message's budget of questions."""

    @property
    def clock(self) -> Clock:
        """The clock."""

    @property
    def store(self) -> Store:
        """The store."""
