"""Checked plain tuples → closures: values, logic, quantifiers. A closure takes the scope and the quantifiers' items.

Three values (Kleene): a condition is True, False or an Unknown. An Unknown that is pending may still become
anything, so `known`, `surely` and `otherwise` leave it as it is. Absent values (None) make comparisons false; an
absent list is empty.
Architecture invariant: no closure raises, whatever a fact's value turns out to be.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address, ip_network

from ndrfilter.lang import members, operators, quantifiers
from ndrfilter.lang.show import shown
from ndrfilter.lang.unknowns import merged, odd
from ndrfilter.schema import Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Closure = Callable[[Any, tuple[Any, ...]], Any]
    Build = Callable[[Any], Closure]


def builder(operations: dict[str, Callable[..., Closure]]) -> Build:
    """What makes the closure of a lowered expression, by these operations; each is given it for its own operands."""

    def build(ir: Any) -> Closure:
        return operations[ir[0]](build, *ir[1:])

    return build


def _constant(_build: Build, value: Any) -> Closure:
    return lambda _scope, _items: value


def _fact(_build: Build, name: str) -> Closure:
    return lambda scope, _items: scope.fact(name)


def _rule(_build: Build, name: str) -> Closure:
    return lambda scope, _items: scope.rule(name)


@lru_cache(maxsize=4_096)
def _shared(build: Build, key: str, of: Any) -> Closure:
    """A condition that many ask: worked out once for a scope that has a `memo` (a dict), unless it is still pending."""
    inner = build(of)

    def run(scope: Any, _items: tuple[Any, ...]) -> Any:
        memo = getattr(scope, "memo", None)
        if memo is None:
            return inner(scope, ())
        value = memo.get(key)
        if value is None:
            value = inner(scope, ())
            if value is not None and not (value.__class__ is Unknown and value.pending):
                memo[key] = value
        return value

    return run


def _variable(_build: Build, number: int) -> Closure:
    return lambda _scope, items: items[number]


def _list(build: Build, parts: tuple[Any, ...]) -> Closure:
    inner = tuple(build(part) for part in parts)
    return lambda scope, items: tuple(value for part in inner if (value := part(scope, items)) is not None)


def _junction(decisive: bool) -> Callable[..., Closure]:
    """`and` is decided by a False, `or` by a True; otherwise by what is unknown."""

    def make(build: Build, parts: tuple[Any, ...]) -> Closure:
        inner = tuple(build(part) for part in parts)

        def run(scope: Any, items: tuple[Any, ...]) -> Any:
            unknown = None
            for part in inner:
                value = part(scope, items)
                if value is decisive:
                    return decisive
                if value.__class__ is Unknown:
                    unknown = value if unknown is None else merged(unknown, value)
            return (not decisive) if unknown is None else unknown

        return run

    return make


def _unary(table: Callable[[Any], Any]) -> Callable[..., Closure]:
    def make(build: Build, of: Any) -> Closure:
        if of[0] == "fact":
            name = of[1]
            return lambda scope, _items: table(scope.fact(name))
        inner = build(of)
        return lambda scope, items: table(inner(scope, items))

    return make


def _not(value: Any) -> Any:
    return value if value.__class__ is Unknown else not value


def _truth(value: Any) -> Any:
    if value is None:
        return False
    return value if value.__class__ in (bool, Unknown) else odd(value)


def _exists(value: Any) -> Any:
    return value if value.__class__ is Unknown else value is not None and value != ()


def _missing(value: Any) -> Any:
    return value if value.__class__ is Unknown else value is None or value == ()


def _known(value: Any) -> Any:
    if value.__class__ is Unknown:
        return value if value.pending else False
    return True


def _surely(value: Any) -> Any:
    return False if value.__class__ is Unknown and not value.pending else value


def _otherwise(build: Build, first: Any, second: Any) -> Closure:
    left, right = build(first), build(second)

    def run(scope: Any, items: tuple[Any, ...]) -> Any:
        value = left(scope, items)
        if value is None or (value.__class__ is Unknown and not value.pending):
            return right(scope, items)
        return value

    return run


def _show(build: Build, of: Any, kind: str) -> Closure:
    inner = build(of)

    def run(scope: Any, items: tuple[Any, ...]) -> Any:
        value = inner(scope, items)
        return value if value is None or value.__class__ is Unknown else shown(value, kind)

    return run


KEPT: dict[str, Callable[[], Any]] = {}
"""Expressions that somebody keeps elsewhere, by names that no two of them have; read when they are asked for."""

OPERATIONS: dict[str, Callable[..., Closure]] = {
    "const": _constant,
    "ip": lambda build, text: _constant(build, ip_address(text)),
    "network": lambda build, text: _constant(build, ip_network(text)),
    "fact": _fact,
    "rule": _rule,
    "shared": _shared,
    "kept": lambda build, name: build(KEPT[name]()),
    "variable": _variable,
    "list": _list,
    "and": _junction(False),
    "or": _junction(True),
    "not": _unary(_not),
    "truth": _unary(_truth),
    "exists": _unary(_exists),
    "missing": _unary(_missing),
    "known": _unary(_known),
    "surely": _unary(_surely),
    "otherwise": _otherwise,
    "show": _show,
    **members.BUILDERS,
    **operators.BUILDERS,
    **quantifiers.BUILDERS,
}

build = builder(OPERATIONS)
"""The closure of a lowered expression: the plain evaluator, which whatever is faster must agree with."""
