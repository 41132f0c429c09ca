"""`Filter`: the composition root. Library, command line and service all come through here, so there is one verdict."""

from __future__ import annotations

from ndrfilter.adapters.clock import SystemClock
from ndrfilter.config.model import Config
from ndrfilter.drivers import adrive, afetch, at_once, drive
from ndrfilter.engine.explain import explain, not_returned
from ndrfilter.envelope import Envelope, envelope_facts
from ndrfilter.facts.world import Facts
from ndrfilter.gate import Gate, Unread
from ndrfilter.message import parse
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from typing import Any, Protocol

    from ndrfilter.engine.result import Result
    from ndrfilter.engine.ruleset import RuleSet
    from ndrfilter.engine.step import Verdict
    from ndrfilter.facts.world import Knowledge
    from ndrfilter.lang.rule import Program
    from ndrfilter.plugin.outgoing import Stamp
    from ndrfilter.ports import Clock, Resolver, Store
    from ndrfilter.schema import Schema
    from ndrfilter.site import Site

    _World = tuple[Schema, Mapping[str, Any], dict[str, Any]]

    class Loaded(Protocol):
        """Rules and plugins, as `knowledge` loads and `frozen` keeps them."""

        @property
        def program(self) -> Program:
            """The compiled rules."""

        @property
        def bounces(self) -> Knowledge:
            """What the rules know about bounces."""

        @property
        def lists(self) -> Mapping[str, Any]:
            """The named lists, by the names under which conditions ask for them."""

        @property
        def troubles(self) -> tuple[tuple[str, str], ...]:
            """What could not be loaded, and why."""

        def ruleset(self, config: Config, now: float) -> RuleSet:
            """The rules in force at that time."""

        def plan(self, ruleset: RuleSet) -> Any:
            """The gate's plan for these rules, None where there is none."""

        def world(self, config: Config, site: Site) -> tuple[Schema, Mapping[str, Any]]:
            """The facts of that site's mail, and the settings of the plugins that are on for it."""


# Configurations, rules and plugins are read by who imports that when asked to: a thawed filter has them (`frozen`).


class _Ports(Noun):
    """The ports of one message: the resolver's budget of questions is the message's own."""

    resolver: Resolver
    clock: Clock
    store: Store


class Filter:
    """Checks messages by one configuration. Safe to share between threads and tasks."""

    def __init__(
        self,
        config: Config,
        *,
        resolver: Resolver | None = None,
        clock: Clock | None = None,
        store: Store | None = None,
        loaded: Loaded | None = None,
        plain: bool = False,
    ) -> None:
        """`loaded` is for who has compiled rules of his own, as a bench for rules has; `plain` as in `from_config`."""
        self.config = config
        self.clock = clock or SystemClock()
        self.loaded = loaded or _loaded(config)
        self._resolver = resolver
        self._store = store
        self.plain = plain
        self._bounces = self.loaded.bounces._replace(recognising=None) if plain else self.loaded.bounces
        self._ruleset = self._in_force()
        self._gate = Gate(self.loaded)
        self._worlds: dict[int, _World] = {}

    @property
    def ruleset(self) -> RuleSet:
        """The rules in force now: one that expires goes when its time comes."""
        if self.clock.now() >= self._ruleset.until:
            self._ruleset = self._in_force()
        return self._ruleset

    def _in_force(self) -> RuleSet:
        found = self.loaded.ruleset(self.config, self.clock.now())
        return found._replace(ruling=None) if self.plain else found

    def prepare(self) -> None:
        """Build now what is worth building for many messages; else it is built after some of them."""
        if self._bounces.recognising is not None:
            self._bounces.recognising.prepare()
        if self.ruleset.ruling is not None:
            self.ruleset.ruling.prepare(self.facts(b"").schema.silent)
        self._gate.open(self.ruleset)

    @classmethod
    def from_config(
        cls,
        source: str | os.PathLike[str] | Mapping[str, Any] | Config | None = None,
        *,
        resolver: Resolver | None = None,
        clock: Clock | None = None,
        store: Store | None = None,
        plain: bool = False,
    ) -> Filter:
        """A filter from a configuration file, a mapping of the same shape, or (None) from where configurations lie.

        Rules already compiled in this process are used again. Raises ConfigError with every mistake found.
        DNS is asked through `resolver`, else as the configuration says, and only if a plugin that is on needs it;
        what has to be remembered is in `store`, else in the configuration's state folder.
        With `plain` every rule is asked for itself, by the plain evaluator: slower, and the measure of all else.
        """
        config = source if isinstance(source, Config) else _read(source)
        return cls(config, resolver=resolver, clock=clock, store=store, plain=plain)

    def check(
        self, raw: bytes, *, envelope: Envelope | None = None, envelope_source: str = "", trace: bool = False
    ) -> Result:
        """The verdict on a message. Never raises for anything in the message or the network.

        `envelope_source` says, for the result, where the envelope came from; with `trace` the result carries the
        value of every condition.
        """
        told = envelope_source or _source(envelope)
        if not trace and (ordinary := self.ordinary(raw, envelope, told)):
            return ordinary
        facts = self.facts(raw, envelope)
        return self.result(self.judge(facts), facts, told, trace=trace)

    async def acheck(
        self, raw: bytes, *, envelope: Envelope | None = None, envelope_source: str = "", trace: bool = False
    ) -> Result:
        """As `check`, within a running event loop."""
        told = envelope_source or _source(envelope)
        if not trace and (ordinary := self.ordinary(raw, envelope, told)):
            return ordinary
        facts = self.facts(raw, envelope)
        return self.result(await self.ajudge(facts), facts, told, trace=trace)

    def ordinary(self, raw: bytes, envelope: Envelope | None, envelope_source: str) -> Result | None:
        """The result for a message whose raw header shows that it is no bounce and no fake; None if it may be one."""
        if self.plain or not self._gate.closed(raw, envelope, ruleset := self.ruleset):
            return None
        unread = Unread(self.facts, raw, envelope, self.loaded.troubles)
        return not_returned(ruleset.required.fake, unread, envelope_source=envelope_source)

    def judge(self, facts: Facts, ruleset: RuleSet | None = None) -> Verdict:
        """The engine's verdict over these facts, by this filter's rules or by others."""
        return drive(ruleset or self.ruleset, facts, self.loaded.lists, self._ports)

    async def ajudge(self, facts: Facts) -> Verdict:
        """As `judge`, within a running event loop."""
        return await adrive(self.ruleset, facts, self.loaded.lists, self._ports)

    async def afetch(self, facts: Facts, *names: str) -> None:
        """Fetch these facts, for who asks for facts and no verdict; what does not come in time is unknown."""
        await afetch(names, facts, self._ports)

    def at_once(self, facts: Facts) -> Verdict | None:
        """The verdict if nothing has to be fetched for it, else None."""
        return at_once(self.ruleset, facts, self.loaded.lists)

    def _ports(self) -> _Ports:
        from ndrfilter.adapters.dns import Budgeted, DnsResolver

        if self._resolver is None:
            dns = self.config.dns
            servers = tuple(f"[{address}]:{port}" for address, port in dns.servers)
            self._resolver = DnsResolver(servers, timeout=dns.timeout)
        return _Ports(Budgeted(self._resolver), self.clock, self.store)

    @property
    def store(self) -> Store:
        """What is remembered from one message to the next."""
        if self._store is None:
            from pathlib import Path

            from ndrfilter.adapters.state import default_folder
            from ndrfilter.adapters.store import SqliteStore

            state = self.config.state
            self._store = SqliteStore(default_folder() if state is None else Path(state), self.clock)
        return self._store

    def facts(self, raw: bytes, envelope: Envelope | None = None) -> Facts:
        """The message's facts, none of them worked out yet."""
        told = envelope_facts(envelope)
        site = self.config.site_for([recipient.text for recipient in told.recipients])
        schema, plugins, known = self._worlds.get(id(site)) or self._world(site)
        more: Any = {"site": site, "envelope": told, "plugins": plugins, "known": known}
        return Facts(schema, parse(raw), knowledge=self._bounces, now=self.clock.now(), **more)

    def _world(self, site: Site) -> _World:
        """What all messages of a site have in common. The configuration holds its sites, so each is known by its id."""
        from ndrfilter.facts.content import known_of

        schema, plugins = self.loaded.world(self.config, site)
        return self._worlds.setdefault(id(site), (schema, plugins, known_of(site, schema)))

    def stamps(self, raw: bytes, envelope: Envelope | None = None) -> tuple[tuple[str, Stamp], ...]:
        """What each plugin that is on marks an outgoing message with; see `outgoing.stamps`."""
        from ndrfilter.outgoing import stamps

        return stamps(self.config, raw, envelope, self.clock.now())

    def result(self, verdict: Verdict, facts: Facts, envelope_source: str, *, trace: bool = False) -> Result:
        """The verdict in words, with what failed on the way."""
        for where, what in (*self.loaded.troubles, *self._gate.troubles):
            facts.blame(where, what)
        is_mail = len(facts.message.headers) > 0
        return explain(verdict, facts, envelope_source=envelope_source, is_mail=is_mail, trace=trace)


def _source(envelope: Envelope | None) -> str:
    return "none" if envelope is None else "arguments"


def _loaded(config: Config) -> Loaded:
    from ndrfilter import knowledge

    return knowledge.of(config)


def _read(source: str | os.PathLike[str] | Mapping[str, Any] | None) -> Config:
    from collections.abc import Mapping

    from ndrfilter.config import from_mapping, load

    return from_mapping(source) if isinstance(source, Mapping) else load(None if source is None else str(source))
