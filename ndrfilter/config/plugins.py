"""`plugins:`: which are on, and what their sections say, read as each plugin declares its settings."""

from __future__ import annotations

from ndrfilter import resources
from ndrfilter.config import keys
from ndrfilter.config.tree import Node, Place, advise, describe, plain
from ndrfilter.plugin.setting import SettingError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from ndrfilter.config.tree import Reader
    from ndrfilter.plugin.host import Plugin
    from ndrfilter.plugin.setting import Setting

    Sections = dict[str, dict[str, Node]]

_UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
_SECRET = ("secret", "secrets", "password", "token")
"""How settings are named that hold a secret in place; of `keys` the names may be told."""
_DURATION = "a number with s, m, h, d or w, for example 7d"


def sections(node: Node | None, key: str, reader: Reader) -> Sections:
    """The plugins named at `key`, a list of names and sections or a mapping of sections, with their entries."""
    found: Sections = {}
    if node is None or node.empty:
        return found
    for item in [node] if isinstance(node.value, dict) else reader.items(node, key, "spf, dkim"):
        if isinstance(item.value, dict):
            for name, section in item.value.items():
                _check_name(name, key, item.keys.get(name, item.place), reader)
                found[name] = reader.mapping(section, f"{key}.{name}")
        else:
            name = reader.text(item, key)
            _check_name(name, key, item.place, reader)
            found[name] = {}
    return found


def _check_name(name: str, key: str, place: Place, reader: Reader) -> None:
    if not name or name in resources.plugin_names():
        return
    installed = resources.installed_plugins()
    if name not in installed:
        found = resources.unknown_plugin(name, installed)
        reader.wrong(found.code, found.message.replace("plugins", key, 1), place, found.help)


def over(own: Sections, common: Sections) -> Sections:
    """A site's own sections, each laid over the common one of that name, key by key."""
    return {name: {**common.get(name, {}), **entries} for name, entries in own.items()}


def shown(found: Sections, key: str) -> dict[str, str]:
    """What the sections say, by dotted key, in words that name no secret."""
    return {
        f"{key}.{name}.{setting}": "(…)" if setting.lower().endswith(_SECRET) else _words(plain(node))
        for name, entries in found.items()
        for setting, node in entries.items()
    }


def _words(value: Any) -> str:
    if isinstance(value, dict):  # keys written in place, or what only the plugin understands
        return f"{', '.join(map(str, value))} (…)"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def configured(found: Sections, key: str, place: Place, folder: Path, reader: Reader) -> dict[str, Any]:
    """What each plugin makes of its section; `place` is where all of them stand."""
    if not found:
        return {}
    from ndrfilter.extensions import loaded

    plugins = loaded().plugins
    return {
        name: _settings(plugins[name], entries, f"{key}.{name}", place, folder, reader)
        for name, entries in found.items()
        if name in plugins
    }


def _settings(
    plugin: Plugin, entries: Mapping[str, Node], key: str, place: Place, folder: Path, reader: Reader
) -> object:
    before = len(reader.mistakes)
    if plugin.known:
        values = _declared(plugin.settings, entries, key, place, folder, reader)
    else:
        values = {name: plain(node) for name, node in entries.items()}
    if len(reader.mistakes) > before:
        return None
    try:
        return plugin.configure(values)
    except SettingError as error:
        where = entries[error.name].place if error.name in entries else place
        reader.wrong("E751", f"{key}.{error.name}: {error.message}", where, error.help)
    except Exception as error:  # foreign code: its mistake is told like one of the configuration
        reader.wrong("E751", f"{key}: {type(error).__name__}: {error}", place, "the plugin could not be configured")
    return None


def _declared(
    settings: tuple[Setting, ...], entries: Mapping[str, Node], key: str, place: Place, folder: Path, reader: Reader
) -> dict[str, Any]:
    known = {setting.name: setting for setting in settings}
    for name, node in entries.items():
        if name not in known:
            advice = advise(name, known) if known else "this plugin has nothing to set"
            reader.wrong("E610", f'unknown key "{name}" in {key}', node.place, advice)
    values: dict[str, Any] = {}
    for name, setting in known.items():
        if name in entries and not entries[name].empty:
            values[name] = _value(setting, entries[name], f"{key}.{name}", folder, reader)
        else:
            values[name] = setting.default
            if setting.required:
                reader.wrong("E750", f"{key}: {name} is missing", place, f"{name}: {setting.doc}")
    return values


def _value(setting: Setting, node: Node, key: str, folder: Path, reader: Reader) -> Any:
    kind = setting.kind
    if kind == "number":
        return reader.number(node, key)
    if kind == "boolean":
        return reader.boolean(node, key)
    if kind == "duration":
        return duration(node, key, reader)
    if kind in ("texts", "domains"):
        return _texts(node, kind, key, reader)
    if kind == "keys":
        return keys.read(node, key, folder, reader)
    return reader.file(node, key, folder) if kind == "path" else reader.text(node, key)


def _texts(node: Node, kind: str, key: str, reader: Reader) -> tuple[str, ...]:
    from ndrfilter.config import hosts

    items = node.value if isinstance(node.value, list) else [node]
    read = hosts.domain if kind == "domains" else lambda item, key, reader: reader.text(item, key)
    return tuple(filter(None, (read(item, key, reader) for item in items)))


def duration(node: Node, key: str, reader: Reader) -> float:
    """The duration at `key`, in seconds; 0 after a mistake."""
    text = str(node.value) if isinstance(node.value, (str, int, float)) else ""
    number, unit = text[:-1], text[-1:]
    try:
        return float(number) * _UNITS[unit]
    except (ValueError, KeyError):
        reader.wrong("E616", f"{key}: a duration is wanted, not {describe(node)}", node.place, f"write {_DURATION}")
        return 0.0
