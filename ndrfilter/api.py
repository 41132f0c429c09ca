"""`Filter`: the composition root. Library, command line and service all come through here, so there is one verdict."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from ndrfilter import knowledge
from ndrfilter.adapters.clock import SystemClock
from ndrfilter.config import Config, from_mapping
from ndrfilter.config import load as load_config
from ndrfilter.drivers import adrive, drive
from ndrfilter.engine.explain import explain
from ndrfilter.engine.result import Result
from ndrfilter.engine.ruleset import RuleSet
from ndrfilter.engine.step import Verdict
from ndrfilter.facts.world import EnvelopeFacts, Facts
from ndrfilter.message import parse
from ndrfilter.message.addresses import parse_addresses
from ndrfilter.message.model import Address
from ndrfilter.ports import Clock, Resolver


@dataclass(frozen=True, slots=True)
class Envelope:
    """The SMTP envelope. `sender` "" or "<>" is the null sender, None means that nobody told it."""

    sender: str | None = None
    recipients: Sequence[str] = ()
    client_ip: str | None = None
    client_name: str | None = None
    helo: str | None = None


class _Ports:
    """The ports of one message: the resolver's budget of questions is the message's own."""

    def __init__(self, resolver: Resolver, clock: Clock) -> None:
        from ndrfilter.adapters.dns import Budgeted

        self.resolver: Resolver | None = Budgeted(resolver)
        self.clock = clock

    async def spf(self, ip: str, domain: str, sender: str, helo: str) -> str:
        """The SPF result for a client (RFC 7208); raises TemporaryError when DNS does not answer."""
        from ndrfilter.adapters.spf import check_host

        assert self.resolver is not None
        return await check_host(self.resolver, ip, domain, sender, helo)


class Filter:
    """Checks messages by one configuration. Safe to share between threads and tasks."""

    def __init__(
        self,
        config: Config,
        *,
        resolver: Resolver | None = None,
        clock: Clock | None = None,
        loaded: knowledge.Loaded | None = None,
    ) -> None:
        """`loaded` is for who has compiled rules of his own, as a bench for rules has."""
        self.config = config
        self.clock = clock or SystemClock()
        self.loaded = loaded or knowledge.of(config)
        self._resolver = resolver
        self._ruleset = self.loaded.ruleset(config, self.clock.now())

    @property
    def ruleset(self) -> RuleSet:
        """The rules in force now: one that expires goes when its time comes."""
        if self.clock.now() >= self._ruleset.until:
            self._ruleset = self.loaded.ruleset(self.config, self.clock.now())
        return self._ruleset

    @classmethod
    def from_config(
        cls,
        source: str | os.PathLike[str] | Mapping[str, Any] | Config | None = None,
        *,
        resolver: Resolver | None = None,
        clock: Clock | None = None,
    ) -> Filter:
        """A filter from a configuration file, a mapping of the same shape, or (None) from where configurations lie.

        Rules already compiled in this process are used again. Raises ConfigError with every mistake found.
        Without `resolver` no fact that needs the network is asked.
        """
        if isinstance(source, Config):
            config = source
        elif isinstance(source, Mapping):
            config = from_mapping(source)
        else:
            config = load_config(Path(source) if source is not None else None)
        return cls(config, resolver=resolver, clock=clock)

    def check(
        self, raw: bytes, *, envelope: Envelope | None = None, envelope_source: str = "", trace: bool = False
    ) -> Result:
        """The verdict on a message. Never raises for anything in the message or the network.

        `envelope_source` says, for the result, where the envelope came from; with `trace` the result carries the
        value of every condition.
        """
        facts = self.facts(raw, envelope)
        return self.result(self.judge(facts), facts, envelope_source or _source(envelope), trace=trace)

    async def acheck(
        self, raw: bytes, *, envelope: Envelope | None = None, envelope_source: str = "", trace: bool = False
    ) -> Result:
        """As `check`, within a running event loop."""
        facts = self.facts(raw, envelope)
        verdict = await adrive(self.ruleset, facts, self.loaded.lists, self._ports)
        return self.result(verdict, facts, envelope_source or _source(envelope), trace=trace)

    def judge(self, facts: Facts, ruleset: RuleSet | None = None) -> Verdict:
        """The engine's verdict over these facts, by this filter's rules or by others."""
        return drive(ruleset or self.ruleset, facts, self.loaded.lists, self._ports)

    def _ports(self) -> _Ports:
        assert self._resolver is not None
        return _Ports(self._resolver, self.clock)

    def facts(self, raw: bytes, envelope: Envelope | None = None) -> Facts:
        """The message's facts, none of them worked out yet."""
        told = envelope_facts(envelope)
        return Facts(
            self.loaded.schema,
            parse(raw),
            site=self.config.site_for([recipient.text for recipient in told.recipients]),
            envelope=told,
            knowledge=self.loaded.bounces,
            now=self.clock.now(),
            network=self._resolver is not None,
        )

    def result(self, verdict: Verdict, facts: Facts, envelope_source: str, *, trace: bool = False) -> Result:
        """The verdict in words, with what failed on the way."""
        for where, what in self.loaded.troubles:
            facts.blame(where, what)
        return explain(verdict, facts, envelope_source=envelope_source, trace=trace)


def _source(envelope: Envelope | None) -> str:
    return "none" if envelope is None else "arguments"


def envelope_facts(envelope: Envelope | None) -> EnvelopeFacts:
    """The envelope as facts; an address or client that cannot be read is as if nobody had told it."""
    if envelope is None:
        return EnvelopeFacts()
    sender = envelope.sender.strip() if envelope.sender is not None else None
    return EnvelopeFacts(
        told=sender is not None,
        sender=_address(sender) if sender and sender != "<>" else None,
        recipients=tuple(filter(None, map(_address, envelope.recipients))),
        client_ip=_ip(envelope.client_ip),
        client_name=envelope.client_name.rstrip(".").lower() if envelope.client_name else None,
        helo=envelope.helo,
    )


@lru_cache(maxsize=1024)
def _address(text: str) -> Address | None:
    found = parse_addresses(text)
    return found[0] if found else None


def _ip(text: str | None) -> Any:
    try:
        return ip_address(text) if text else None
    except ValueError:
        return None
