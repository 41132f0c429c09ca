"""Loads plugins, each guarded: what one of them breaks is named and leaves the others working."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pluggy

from ndrfilter.noun import Noun
from ndrfilter.plugin import spec
from ndrfilter.plugin.outgoing import Outgoing, Stamp
from ndrfilter.plugin.setting import KINDS, Setting
from ndrfilter.schema import FactSpec, RecordSpec, Schema, Type

PLUGIN_FAILS = (Exception, SystemExit)
"""What a plugin may throw without taking the mail with it; an interrupt is the user's."""
ENTRY_POINT_GROUP = "ndrfilter"
SCALARS = frozenset({"string", "number", "boolean", "duration", "time", "ip", "network", "domain", "enum"})


class Plugin(Noun):
    """A plugin that was loaded: what the configuration may say to it, and its functions. `known`: it said its settings.

    `configure` may raise `SettingError`, and anything else that foreign code raises.
    """

    name: str
    known: bool
    settings: tuple[Setting, ...]
    configure: Callable[[Mapping[str, Any]], Any]
    stamp: Callable[[Outgoing, Any], Stamp | None] | None


class Loaded(Noun):
    """Everything the plugins declared; `troubles` are (plugin, what went wrong)."""

    schema: Schema
    rule_folders: tuple[Path, ...]
    troubles: tuple[tuple[str, str], ...]
    plugins: Mapping[str, Plugin]


class Host:
    """Collects declarations, plugin by plugin."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager("ndrfilter")
        self._manager.add_hookspecs(spec)
        self._facts: dict[str, FactSpec] = {}
        self._records: dict[str, RecordSpec] = {}
        self._folders: list[Path] = []
        self._troubles: list[tuple[str, str]] = []
        self._plugins: dict[str, Plugin] = {}

    def add(self, name: str, load: Callable[[], object]) -> None:
        """Register what `load` gives and take what it declares; a failure becomes a trouble."""
        try:
            plugin = load()
            self._manager.register(plugin, name=name)
            self._manager.check_pending()
            facts, records = _checked(name, self._listed(plugin, "declare"), {**self._records}, self._facts)
            folders = [Path(folder) for folder in self._listed(plugin, "rules")]
            made = self._plugin(name, plugin)
        except PLUGIN_FAILS as error:
            self._troubles.append((name, f"{type(error).__name__}: {error}"))
            if self._manager.has_plugin(name):
                self._manager.unregister(name=name)
            return
        self._facts.update(facts)
        self._records.update(records)
        self._folders.extend(folders)
        self._plugins[name] = made

    def _plugin(self, name: str, plugin: object) -> Plugin:
        settings = tuple(self._listed(plugin, "settings"))
        for setting in settings:
            if not isinstance(setting, Setting) or setting.kind not in KINDS:
                raise TypeError(f"settings() gave {setting!r}, expected a Setting of kind {', '.join(KINDS)}")
        configure, stamp = self._caller(plugin, "configure"), self._caller(plugin, "stamp")
        return Plugin(
            name,
            hasattr(plugin, "settings"),
            settings,
            (lambda values: configure(values=values)) if configure else MappingProxyType,
            (lambda outgoing, settings: stamp(outgoing=outgoing, settings=settings)) if stamp else None,
        )

    def _caller(self, plugin: object, hook: str) -> Any:
        """Calls the hook of this plugin alone, with the arguments it wants; None where it does not implement it."""
        found = [own for own in getattr(self._manager.hook, hook).get_hookimpls() if own.plugin is plugin]
        if not found:
            return None
        return lambda **given: found[0].function(*(given[name] for name in found[0].argnames))

    def _listed(self, plugin: object, hook: str) -> list[Any]:
        caller = self._caller(plugin, hook)
        return list(caller()) if caller else []

    def add_entry_points(self) -> None:
        """Register what is installed under the entry point group `ndrfilter`."""
        for point in entry_points(group=ENTRY_POINT_GROUP):
            self.add(point.name, point.load)

    def loaded(self) -> Loaded:
        """What has been collected."""
        return Loaded(
            Schema(dict(self._facts), dict(self._records)),
            tuple(self._folders),
            tuple(self._troubles),
            MappingProxyType(dict(self._plugins)),
        )


def _checked(
    plugin: str, declared: Iterable[object], records: dict[str, RecordSpec], taken: Mapping[str, FactSpec]
) -> tuple[dict[str, FactSpec], dict[str, RecordSpec]]:
    """The declarations by name; raises ValueError or TypeError on the first that cannot stand."""
    items = list(declared)
    own = {item.name: item for item in items if isinstance(item, RecordSpec)}
    if clash := own.keys() & records.keys():
        raise ValueError(f"record {sorted(clash)[0]} is declared already")
    records.update(own)
    facts: dict[str, FactSpec] = {}
    for item in items:
        if isinstance(item, RecordSpec):
            for field in item.fields:
                _check_type(field.type, records, f"field {item.name}.{field.name}")
        elif not isinstance(item, FactSpec):
            raise TypeError(f"declare() gave {type(item).__name__}, expected FactSpec or RecordSpec")
        elif item.name in taken or item.name in facts:
            raise ValueError(f"fact {item.name} is declared already")
        elif (item.fetch is None) == (item.afetch is None):
            raise ValueError(f"fact {item.name} needs one of fetch and afetch")
        else:
            _check_type(item.type, records, f"fact {item.name}")
            cost = "network" if item.afetch else "local"
            facts[item.name] = item._replace(plugin=item.plugin or plugin, cost=cost)
    return facts, own


def _check_type(type_: Type, records: Mapping[str, RecordSpec], what: str) -> None:
    if type_.kind in ("list", "map"):
        if type_.item is None:
            raise TypeError(f"{what}: a {type_.kind} needs the type of its items")
        _check_type(type_.item, records, what)
    elif type_.kind == "record":
        if type_.record not in records:
            raise ValueError(f"{what}: there is no record {type_.record}")
    elif type_.kind not in SCALARS:
        raise ValueError(f"{what}: there is no type {type_.kind}")
