"""The closures that go over lists: any, all, none, count, "N of", and the search for a capture."""

from __future__ import annotations

from ndrfilter.lang.unknowns import merged, odd
from ndrfilter.limits import MAX_QUANTIFIED
from ndrfilter.schema import Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Closure = Callable[[Any, tuple[Any, ...]], Any]
    Build = Callable[[Any], Closure]


def _at_least(build: Build, wanted: int, parts: tuple[Any, ...]) -> Closure:
    inner = tuple(build(part) for part in parts)

    def run(scope: Any, items: tuple[Any, ...]) -> Any:
        held, unknowns = 0, []
        for part in inner:
            value = part(scope, items)
            if value.__class__ is Unknown:
                unknowns.append(value)
            elif value:
                held += 1
                if held >= wanted:
                    return True
        return merged(*unknowns) if held + len(unknowns) >= wanted else False

    return run


def _quantifier(decisive: bool | None, result: bool) -> Callable[..., Closure]:
    """`decisive` is the item's value that decides for `result`; None counts the items that hold."""

    def make(build: Build, over: Any, body: Any, depth: int) -> Closure:
        inner, test, most = build(over), build(body), MAX_QUANTIFIED[depth]

        def run(scope: Any, items: tuple[Any, ...]) -> Any:
            values = inner(scope, items)
            if values is None:
                values = ()
            elif values.__class__ not in (tuple, list):
                return odd(values)
            held, unknown = 0, None
            for item in values[:most]:
                value = test(scope, (*items, item))
                if value.__class__ is Unknown:
                    unknown = value if unknown is None else merged(unknown, value)
                elif value is decisive:
                    return result
                else:
                    held += value
            if len(values) > most:
                unknown = merged(Unknown(f"a list has more than {most} items"), *([unknown] if unknown else []))
            if unknown is not None:
                return unknown
            return held if decisive is None else not result

        return run

    return make


def _seek(build: Build, over: Any, body: Any, depth: int) -> Closure:
    """The first value that the body has for an item of the list."""
    inner, find, most = build(over), build(body), MAX_QUANTIFIED[depth]

    def run(scope: Any, items: tuple[Any, ...]) -> Any:
        values = inner(scope, items)
        if values.__class__ not in (tuple, list):
            return None
        for item in values[:most]:
            value = find(scope, (*items, item))
            if value is not None and value.__class__ is not Unknown:
                return value
        return None

    return run


BUILDERS: dict[str, Callable[..., Closure]] = {
    "at_least": _at_least,
    "any": _quantifier(True, True),
    "all": _quantifier(False, False),
    "none": _quantifier(True, False),
    "count": _quantifier(None, False),
    "seek": _seek,
}
