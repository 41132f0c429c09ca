"""Loads plugins, each guarded: what one of them breaks is named and leaves the others working."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pluggy

from ndrfilter.noun import Noun
from ndrfilter.plugin import spec
from ndrfilter.schema import FactSpec, RecordSpec, Schema, Type

PLUGIN_FAILS = (Exception, SystemExit)
"""What a plugin may throw without taking the mail with it; an interrupt is the user's."""
ENTRY_POINT_GROUP = "ndrfilter"
SCALARS = frozenset({"string", "number", "boolean", "duration", "time", "ip", "network", "domain", "enum"})


class Loaded(Noun):
    """Everything the plugins declared; `troubles` are (plugin, what went wrong)."""

    schema: Schema
    rule_folders: tuple[Path, ...]
    troubles: tuple[tuple[str, str], ...]


class Host:
    """Collects declarations, plugin by plugin."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager("ndrfilter")
        self._manager.add_hookspecs(spec)
        self._facts: dict[str, FactSpec] = {}
        self._records: dict[str, RecordSpec] = {}
        self._folders: list[Path] = []
        self._troubles: list[tuple[str, str]] = []

    def add(self, name: str, plugin: object, settings: Mapping[str, object]) -> None:
        """Register one plugin and take what it declares; a failure becomes a trouble."""
        try:
            self._manager.register(plugin, name=name)
            self._manager.check_pending()
            declared = self._ask(plugin, "declare", settings=settings)
            facts, records = _checked(name, declared, {**self._records}, self._facts)
            folders = [Path(folder) for folder in self._ask(plugin, "rules")]
        except PLUGIN_FAILS as error:
            self._troubles.append((name, f"{type(error).__name__}: {error}"))
            if self._manager.has_plugin(name):
                self._manager.unregister(name=name)
            return
        self._facts.update(facts)
        self._records.update(records)
        self._folders.extend(folders)

    def _ask(self, plugin: object, hook: str, **arguments: object) -> list[Any]:
        others = [other for other in self._manager.get_plugins() if other is not plugin]
        answers = self._manager.subset_hook_caller(hook, others)(**arguments)
        return [item for answer in answers for item in answer]

    def add_entry_points(self, settings: Mapping[str, Mapping[str, object]]) -> None:
        """Register what is installed under the entry point group `ndrfilter`."""
        for point in entry_points(group=ENTRY_POINT_GROUP):
            try:
                plugin = point.load()
            except PLUGIN_FAILS as error:
                self._troubles.append((point.name, f"{type(error).__name__}: {error}"))
                continue
            self.add(point.name, plugin, settings.get(point.name, {}))

    def loaded(self) -> Loaded:
        """What has been collected."""
        return Loaded(Schema(dict(self._facts), dict(self._records)), tuple(self._folders), tuple(self._troubles))


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
