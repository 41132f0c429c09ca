"""Values of configuration as plain data and back: nouns, networks, mappings and sets, and what they hold."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

_PLAIN = (type(None), bool, int, float, str, bytes)


def packed(value: Any) -> Any:
    """The value as plain data: scalars as they are, all else as (word, parts…). Raises TypeError for what is none."""
    if value.__class__ in _PLAIN:
        return value
    if isinstance(value, tuple):
        parts = tuple(map(packed, value))
        if value.__class__ is tuple:
            return ("tuple", *parts)
        of: type[Any] = type(value)
        if hasattr(of, "_fields") and vars(sys.modules[of.__module__]).get(of.__name__) is of:
            return ("noun", of.__module__, of.__name__, *parts)
    if isinstance(value, (set, frozenset)):
        return ("set", *sorted(map(packed, value), key=repr))
    if hasattr(value, "keys") and hasattr(value, "items"):
        return ("mapping", *((packed(key), packed(item)) for key, item in value.items()))
    if hasattr(value, "network_address"):
        return ("network", str(value))
    if hasattr(value, "__fspath__"):
        return ("path", str(value))
    raise TypeError(f"{type(value).__name__} is no plain value")


def unpacked(data: Any) -> Any:
    """The value that `packed` made this of; the modules of nouns are imported."""
    if data.__class__ is not tuple:
        return data
    word, parts = data[0], data[1:]
    if word == "tuple":
        return tuple(map(unpacked, parts))
    if word == "noun":
        return getattr(_module(parts[0]), parts[1])(*map(unpacked, parts[2:]))
    if word == "set":
        return frozenset(map(unpacked, parts))
    if word == "mapping":
        return {unpacked(key): unpacked(item) for key, item in parts}
    if word == "network":
        from ipaddress import ip_network

        return ip_network(parts[0])
    from pathlib import Path

    return Path(parts[0])


def _module(name: str) -> Any:
    if name not in sys.modules:
        if name.startswith("ndrfilter_plugins."):
            from ndrfilter.resources import bundled

            return bundled(name.partition(".")[2])
        __import__(name)
    return sys.modules[name]


class Lazy:
    """A mapping whose values are unpacked when they are asked for: most plugins have nothing to do with most mail."""

    __slots__ = ("_data", "_made")

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = unpacked(self._data[name])
        return self._made[name]

    def get(self, name: str, default: Any = None) -> Any:
        """The value of that name, else `default`."""
        return self[name] if name in self._data else default

    def keys(self) -> Any:
        """The names."""
        return self._data.keys()

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __contains__(self, name: object) -> bool:
        return name in self._data
