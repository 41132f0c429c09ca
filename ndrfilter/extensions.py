"""The plugins of this process: the built-in facts, the bundled plugins, and what is installed beside us.

All of them are declared, so that every rule compiles wherever it is read. A bundled plugin that no configuration names
is off: its facts are absent. One that somebody installed is always on.
"""

from __future__ import annotations

from functools import lru_cache
from types import MappingProxyType

from ndrfilter import resources
from ndrfilter.facts import BUILT_IN
from ndrfilter.plugin.host import PLUGIN_FAILS, Host, Loaded
from ndrfilter.schema import Schema, absent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ndrfilter.schema import FactSpec


@lru_cache(maxsize=1)
def loaded() -> Loaded:
    """Every plugin there is."""
    host = Host()
    for module in BUILT_IN:
        host.add(module.__name__.rpartition(".")[2], lambda module=module: module)  # type: ignore[misc]
    for name in resources.plugin_names():
        host.add(name, lambda name=name: resources.plugin(name))  # type: ignore[misc]
    host.add_entry_points()
    return host.loaded()


@lru_cache(maxsize=64)
def active(on: frozenset[str]) -> Schema:
    """The schema in which the bundled plugins that are not in `on` say nothing."""
    off = frozenset(resources.plugin_names()) - on
    facts = {name: _silent(spec) if spec.plugin in off else spec for name, spec in loaded().schema.facts.items()}
    silent = frozenset(name for name, spec in facts.items() if spec.plugin in off)
    return Schema(facts, loaded().schema.records, silent)


def _silent(spec: FactSpec) -> FactSpec:
    return spec._replace(fetch=absent, afetch=None, cost="local")


@lru_cache(maxsize=1)
def standing() -> Mapping[str, Any]:
    """What the plugins that are always on are told where no configuration speaks of them: their defaults."""
    bundled = resources.plugin_names()
    found: dict[str, Any] = {}
    for name, plugin in loaded().plugins.items():
        if name not in bundled:
            try:
                found[name] = plugin.configure({setting.name: setting.default for setting in plugin.settings})
            except PLUGIN_FAILS:  # it wants to be told something; without it its functions find no settings
                continue
    return MappingProxyType(found)


def forget() -> None:
    """Look again at what is installed, with the next question."""
    for kept in (loaded, active, standing):
        kept.cache_clear()
