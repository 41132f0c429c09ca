"""The closures that lead to parts of things: fields of records, entries of maps, ends of lists."""

from __future__ import annotations

from ndrfilter.lang.unknowns import odd
from ndrfilter.schema import Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Closure = Callable[[Any, tuple[Any, ...]], Any]
    Build = Callable[[Any], Closure]


def _field(build: Build, of: Any, attribute: str) -> Closure:
    if of[0] in ("fact", "variable"):
        return _field_of_leaf(of[1], attribute)
    inner = build(of)

    def run(scope: Any, items: tuple[Any, ...]) -> Any:
        value = inner(scope, items)
        if value is None or value.__class__ is Unknown:
            return value
        try:
            return getattr(value, attribute)
        except AttributeError:
            return odd(value)

    return run


def _field_of_leaf(key: Any, attribute: str) -> Closure:
    """As `_field`, of a fact by its name or a variable by its number: most are, and that spares a call."""
    of_fact = key.__class__ is str

    def run(scope: Any, items: tuple[Any, ...]) -> Any:
        value = scope.fact(key) if of_fact else items[key]
        if value is None or value.__class__ is Unknown:
            return value
        try:
            return getattr(value, attribute)
        except AttributeError:
            return odd(value)

    return run


def _index(build: Build, of: Any, key: Any) -> Closure:
    inner, wanted = build(of), build(key)

    def run(scope: Any, items: tuple[Any, ...]) -> Any:
        value, name = inner(scope, items), wanted(scope, items)
        if value is None or name is None:
            return ()
        if name.__class__ is not str or value.__class__ is Unknown:
            return odd(value, name)
        try:
            return value.get(name)
        except (AttributeError, TypeError):
            return odd(value)

    return run


def _list_end(at: int) -> Callable[..., Closure]:
    def make(build: Build, of: Any) -> Closure:
        inner = build(of)

        def run(scope: Any, items: tuple[Any, ...]) -> Any:
            value = inner(scope, items)
            if not value:
                return value if value.__class__ is Unknown else None
            return value[at] if value.__class__ in (tuple, list) else odd(value)

        return run

    return make


def _length(build: Build, of: Any) -> Closure:
    inner = build(of)

    def run(scope: Any, items: tuple[Any, ...]) -> Any:
        value = inner(scope, items)
        if value is None:
            return 0
        return len(value) if value.__class__ in (tuple, list) else odd(value)

    return run


BUILDERS: dict[str, Callable[..., Closure]] = {
    "field": _field,
    "index": _index,
    "first": _list_end(0),
    "last": _list_end(-1),
    "length": _length,
}
