"""Stand in for modules of the standard library of which we need little: whoever asks for more gets the real one.

The real `functools` alone brings `collections`, `operator`, `reprlib`, `types` and `keyword` with it.
"""

import sys
from _functools import _lru_cache_wrapper  # type: ignore[import-not-found]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


def stand_in(name: str, contents: "dict[str, Any]") -> "ModuleType":
    """A module of that name with these contents; all else is the real one's."""
    module = type(sys)(name)

    def real(wanted: str) -> "Any":
        if wanted[:2] == "__":  # what importing asks about a module itself
            raise AttributeError(wanted)
        if sys.modules.get(name) is module:
            del sys.modules[name]
        return getattr(__import__(name), wanted)

    module.__dict__.update(contents, __getattr__=real)
    return module


def standard() -> "dict[str, ModuleType]":
    """Those that need nothing but to be here, by name."""
    functools = {"lru_cache": lru_cache, "cached_property": cached_property, "total_ordering": total_ordering}
    return {
        "functools": stand_in("functools", functools),
        "types": stand_in("types", {"MappingProxyType": type(type.__dict__)}),
    }


def lru_cache(maxsize: "Any" = 128, typed: bool = False) -> "Any":
    """As `functools.lru_cache`; what `cache_info` gives has no names."""
    if callable(maxsize):
        return _lru_cache_wrapper(maxsize, 128, typed, _info)
    return lambda function: _lru_cache_wrapper(function, maxsize, typed, _info)


def _info(*numbers: int) -> tuple[int, ...]:
    return numbers


class cached_property:  # noqa: N801 - the name it has there
    """As `functools.cached_property`, for one thread."""

    __slots__ = ("_make", "_name")

    def __init__(self, make: "Callable[[Any], Any]") -> None:
        self._make, self._name = make, ""

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    def __get__(self, owner: "Any", _kind: "Any" = None) -> "Any":
        if owner is None:
            return self
        if self._name not in owner.__dict__:
            owner.__dict__[self._name] = self._make(owner)
        return owner.__dict__[self._name]


def total_ordering(kind: type) -> type:
    """As `functools.total_ordering`, for a class that has `<` and `==`, as all in `ipaddress` have."""
    if "__lt__" not in vars(kind):
        raise ValueError(f"{kind.__name__} has no order")

    def after(self: "Any", other: "Any") -> "Any":
        less = type(self).__lt__(self, other)
        return less if less is NotImplemented else not less and self != other

    def not_after(self: "Any", other: "Any") -> "Any":
        less = type(self).__lt__(self, other)
        return less if less is NotImplemented else less or self == other

    def not_before(self: "Any", other: "Any") -> "Any":
        less = type(self).__lt__(self, other)
        return less if less is NotImplemented else not less

    for name, function in (("__gt__", after), ("__le__", not_after), ("__ge__", not_before)):
        if name not in vars(kind):
            setattr(kind, name, function)
    return kind
