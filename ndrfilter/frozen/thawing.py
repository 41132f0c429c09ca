"""`thaw`: from plain data to a filter. What one message does not ask for is neither imported nor built."""

from __future__ import annotations

from ndrfilter.api import Filter
from ndrfilter.config.model import Config
from ndrfilter.engine.ruleset import Thresholds, choose
from ndrfilter.facts.world import Knowledge
from ndrfilter.frozen import parts
from ndrfilter.frozen.values import Lazy, unpacked
from ndrfilter.lang.lists import NamedList
from ndrfilter.lang.rule import Program
from ndrfilter.plan.asking import Recognising, Ruling
from ndrfilter.plan.index import Index
from ndrfilter.plan.triggers import Prices
from ndrfilter.schema import Evidence, FactSpec, Schema, absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ndrfilter.engine.ruleset import RuleSet
    from ndrfilter.frozen import Frozen
    from ndrfilter.ports import Clock, Resolver, Store
    from ndrfilter.site import Site

_NONE = Prices(frozenset())


def thaw(data: Frozen, *, resolver: Resolver | None, clock: Clock | None, store: Store | None) -> Filter:
    """See `ndrfilter.frozen.thaw`."""
    return Filter(_config(data["config"]), resolver=resolver, clock=clock, store=store, loaded=Thawed(data))


def _config(data: dict[str, Any]) -> Config:
    sites = unpacked(data["sites"])
    return Config(
        sites=sites,
        ruleset=data["ruleset"],
        actions=data["actions"],
        settings=Lazy(data["settings"]),  # type: ignore[arg-type]
        owners={domain: sites[number] for domain, number in data["owners"].items()},
        dns=unpacked(data["dns"]),
        state=data["state"],
        opt_out=unpacked(data["opt_out"]),
    )


class Thawed:
    """Rules and plugins of frozen data, as `api.Loaded` says."""

    def __init__(self, data: Frozen) -> None:
        self._data = data
        parts.know(data["shared"])
        lists = {key: NamedList(name, entries) for key, (name, entries) in data["lists"].items()}
        recognisers: Any = tuple(map(parts.LateRecogniser, data["recognisers"]))
        reasons: Any = parts.LateReasons(data["reasons"])
        rules = tuple(map(parts.rule, data["rules"]))
        self.program = Program(rules, recognisers, reasons, data["ruleset"]["groups"], {}, (), lists, ())
        self.bounces = Knowledge(recognisers, reasons, Recognising(recognisers, _NONE, _index(data["recognising"])))
        self.lists = lists
        self.troubles: tuple[tuple[str, str], ...] = data["troubles"]
        self._schemas: dict[frozenset[str], Schema] = {}

    def ruleset(self, _config: Config, now: float) -> RuleSet:
        """The rules in force at that time: scores and modes are the ruleset's already."""
        said = self._data["ruleset"]
        rules = tuple(rule for rule in self.program.rules if rule.expires is None or rule.expires > now)
        chosen = choose(
            said["name"],
            rules,
            required=Thresholds(*said["required"]),
            caps=said["caps"],
            scores={},
            mode=lambda rule: rule.mode,
        )
        if len(rules) < len(self.program.rules):  # the index counts all of them
            return chosen
        return chosen._replace(ruling=Ruling(chosen.rules, _NONE, _index(self._data["ruling"])))

    def plan(self, ruleset: RuleSet) -> Any:
        """The gate's plan; none once a rule has expired that was in force when the data was frozen."""
        until, plan = self._data["plan"]
        return plan if ruleset.until == until else None

    def world(self, config: Config, site: Site) -> tuple[Schema, Mapping[str, Any]]:
        """The schema and the settings of the plugins that are on for this site."""
        plugins = config.settings_for(site)
        on = frozenset(plugins.keys())
        if on not in self._schemas:
            self._schemas[on] = _schema(self._data, on)
        return self._schemas[on], plugins


def _index(data: bytes) -> Index:
    return Index(parts.part_of(data))


def _schema(data: Frozen, on: frozenset[str]) -> Schema:
    """The schema in which the bundled plugins that are not `on` say nothing."""
    types: dict[Any, Any] = {}
    facts = {}
    for row in data["facts"]:
        spec, module = FactSpec(*row[:-1]), row[-1]
        if spec.type not in types:
            types[spec.type] = unpacked(spec.type)
        silent = not module and spec.plugin not in on
        facts[spec.name] = spec._replace(
            type=types[spec.type],
            evidence=Evidence(spec.evidence),
            fetch=absent if silent else None if spec.cost == "network" else _fetch(spec.name, spec.plugin, module),
            afetch=None if silent or spec.cost == "local" else _afetch(spec.name, spec.plugin, module),
            cost="local" if silent else spec.cost,
        )
    return Schema(facts, {record.name: record for record in map(unpacked, data["records"])})


def _fetch(name: str, plugin: str, module: str) -> Any:
    return lambda facts: _declared(plugin, module)[name].fetch(facts)


def _afetch(name: str, plugin: str, module: str) -> Any:
    async def fetch(facts: Any, ports: Any) -> Any:
        return await _declared(plugin, module)[name].afetch(facts, ports)

    return fetch


_DECLARED: dict[str, dict[str, Any]] = {}
"""What each module declared, by the plugin's name: a module is imported with the first of its facts that is asked."""


def _declared(plugin: str, module: str) -> dict[str, Any]:
    if plugin not in _DECLARED:
        if module:
            from importlib import import_module

            found = import_module(module)
        else:
            from ndrfilter.resources import bundled

            found = bundled(plugin)
        _DECLARED[plugin] = {one.name: one for one in found.declare()}
    return _DECLARED[plugin]
