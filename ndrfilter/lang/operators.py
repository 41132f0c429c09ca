"""The closures of comparisons and arithmetic. An absent operand makes any comparison false, a negated one too."""

from __future__ import annotations

from _operator import add, eq, ge, gt, le, lt, ne, sub
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from ndrfilter.lang.patterns import Pattern
from ndrfilter.lang.unknowns import odd
from ndrfilter.schema import Unknown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Closure = Callable[[Any, tuple[Any, ...]], Any]
    Build = Callable[[Any], Closure]
    Test = Callable[[Any], bool]

_NUMBERS = (int, float)
_ADDRESSES, _NETWORKS = (IPv4Address, IPv6Address), (IPv4Network, IPv6Network)
_CLASSES: dict[str, Any] = {
    "text": str, "number": _NUMBERS, "duration": _NUMBERS, "time": _NUMBERS, "boolean": bool,
    "ip": _ADDRESSES, "network": _NETWORKS,
}  # fmt: skip
_SIGNS = {"==": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


def _domain(text: str) -> str:
    folded = text.lower().rstrip(".")
    if folded.isascii():
        return folded
    try:
        return folded.encode("idna").decode("ascii")
    except UnicodeError:
        return folded


def _mailbox(text: str) -> str:
    local, at, domain = text.rpartition("@")
    return local + at + _domain(domain) if at else text


FOLDS: dict[str, Callable[[str], str]] = {"exact": str, "lower": str.lower, "domain": _domain, "mailbox": _mailbox}
_PART_FOLDS = {**FOLDS, "domain": str.lower}


def _one(inner: Closure, wanted: Any, test: Test, negated: bool) -> Closure:
    """A test of one value of the wanted class."""

    def run(scope: Any, items: tuple[Any, ...]) -> Any:
        value = inner(scope, items)
        if isinstance(value, wanted):
            return test(value) is not negated
        return False if value is None else odd(value)

    return run


def _two(
    left: Closure,
    right: Closure,
    wanted: tuple[Any, Any],
    test: Callable[[Any, Any], Any],
    negated: bool,
    empty: Any = None,
) -> Closure:
    """A test of two values of the wanted classes; an absent second one counts as `empty`."""
    first_class, second_class = wanted

    def run(scope: Any, items: tuple[Any, ...]) -> Any:
        first, second = left(scope, items), right(scope, items)
        if second is None:
            second = empty
        if first is None or second is None:
            return False
        if isinstance(first, first_class) and isinstance(second, second_class):
            held = test(first, second)
            return held if held.__class__ is Unknown else held is not negated
        return odd(first, second)

    return run


def _compare(build: Build, sign: str, left: Any, right: Any, shape: str, fold: str) -> Closure:
    wanted, compared, change = _CLASSES[shape], _SIGNS[sign], FOLDS[fold]
    if shape != "text":
        return _two(build(left), build(right), (wanted, wanted), compared, False)
    if left[0] == "const":
        left, right = right, left
    if right[0] != "const":
        return _two(build(left), build(right), (str, str), lambda a, b: compared(change(a), change(b)), False)
    text = change(right[1])
    if fold == "exact":
        return _one(build(left), str, text.__eq__, sign == "!=")
    return _one(build(left), str, lambda value: change(value) == text, sign == "!=")


def _text(test: Callable[[str, str], bool]) -> Callable[..., Closure]:
    def make(build: Build, left: Any, right: Any, fold: str, negated: bool) -> Closure:
        change = _PART_FOLDS[fold]
        if right[0] != "const":
            return _two(build(left), build(right), (str, str), lambda a, b: test(change(a), change(b)), negated)
        part = change(right[1])
        if fold == "exact":
            return _one(build(left), str, lambda value: test(value, part), negated)
        return _one(build(left), str, lambda value: test(change(value), part), negated)

    return make


def _matches(build: Build, left: Any, pattern: str, flags: str, negated: bool) -> Closure:
    return _one(build(left), str, Pattern(pattern, flags).matches, negated)


def _capture(build: Build, left: Any, pattern: str, flags: str, group: str) -> Closure:
    inner, search = build(left), Pattern(pattern, flags).search

    def run(scope: Any, items: tuple[Any, ...]) -> Any:
        value = inner(scope, items)
        found = search(value.encode("utf-8", "replace")) if value.__class__ is str else None
        text = found.group(group) if found else None
        return text.decode("utf-8", "replace") if text is not None else None

    return run


def _within(build: Build, left: Any, right: Any, negated: bool) -> Closure:
    if right[0] == "const":
        texts = (right[1],) if isinstance(right[1], str) else right[1]
        inside = _inside(tuple(_pattern(text) for text in texts))
        return _one(build(left), str, lambda value: _below(value, inside), negated)

    def test(name: str, domains: Any) -> Any:
        return _below(name, _known_inside((domains,) if isinstance(domains, str) else tuple(domains)))

    return _two(build(left), build(right), (str, (str, tuple, list)), test, negated, empty=())


def _pattern(text: str) -> str:
    return "*." + _domain(text[2:]) if text.startswith("*.") else _domain(text)


def _below(name: str, inside: tuple[frozenset[str], tuple[str, ...], Any]) -> Any:
    name = _domain(name)
    same, endings, otherwise = inside
    return True if name in same or name[1:].endswith(endings) else otherwise


def _inside(domains: tuple[Any, ...]) -> tuple[frozenset[str], tuple[str, ...], Any]:
    """What names are that lie in these, as `site.within` has it, or behind their first letter end with; else what?"""
    names = [domain for domain in domains if domain.__class__ is str]
    whole = [name for name in names if not name.startswith("*.")]
    endings = tuple(name[1:] if name.startswith("*.") else f".{name}" for name in names)
    return frozenset((*whole, *(f".{name}" for name in whole))), endings, _left_open(domains)


_kept_inside = lru_cache(maxsize=64)(_inside)


def _known_inside(domains: tuple[Any, ...]) -> Any:
    """As `_inside`, of lists that come again: a site's."""
    try:
        return _kept_inside(domains)
    except TypeError:  # a fact's value is not what was promised
        return _inside(domains)


def _left_open(values: tuple[Any, ...]) -> Any:
    """False, or Unknown if that is among the values."""
    unknown = [value for value in values if value.__class__ is Unknown]
    return odd(*unknown) if unknown else False


def _in(build: Build, left: Any, right: Any, shape: str, fold: str, field: str, negated: bool) -> Closure:
    wanted, change = _CLASSES.get(shape, object), FOLDS[fold] if shape == "text" else lambda value: value
    if right[0] == "const":
        members = frozenset(change(item) for item in right[1])
        return _one(build(left), wanted, lambda value: change(value) in members, negated)

    def test(value: Any, values: Any) -> Any:
        value = change(value)
        for item in values:
            plain = getattr(item, field, None) if field and item.__class__ is not Unknown else item
            if isinstance(plain, wanted) and change(plain) == value:
                return True
        return _left_open(values)

    return _two(build(left), build(right), (wanted, (tuple, list)), test, negated, empty=())


def _in_network(build: Build, left: Any, right: Any, negated: bool) -> Closure:
    def test(ip: Any, networks: Any) -> Any:
        values = networks if isinstance(networks, (tuple, list)) else (networks,)
        if any(ip == item or (isinstance(item, _NETWORKS) and ip in item) for item in values):
            return True
        return _left_open(tuple(values))

    return _two(build(left), build(right), (_ADDRESSES, (tuple, list, *_NETWORKS)), test, negated, empty=())


def _in_named(build: Build, left: Any, name: str, by: str, negated: bool) -> Closure:
    inner, wanted = build(left), _ADDRESSES if by == "covers" else str

    def run(scope: Any, items: tuple[Any, ...]) -> Any:
        value = inner(scope, items)
        if isinstance(value, wanted):
            found = scope.list(name)
            return odd(found) if found.__class__ is Unknown else getattr(found, by)(value) is not negated
        return False if value is None else odd(value)

    return run


def _arithmetic(calculate: Callable[[Any, Any], Any]) -> Callable[..., Closure]:
    def make(build: Build, left: Any, right: Any) -> Closure:
        first, second = build(left), build(right)

        def run(scope: Any, items: tuple[Any, ...]) -> Any:
            a, b = first(scope, items), second(scope, items)
            if a is None or b is None:
                return None
            return calculate(a, b) if isinstance(a, _NUMBERS) and isinstance(b, _NUMBERS) else odd(a, b)

        return run

    return make


BUILDERS: dict[str, Callable[..., Closure]] = {
    "cmp": _compare,
    "contains": _text(str.__contains__),
    "starts": _text(str.startswith),
    "ends": _text(str.endswith),
    "matches": _matches,
    "capture": _capture,
    "within": _within,
    "in": _in,
    "in_net": _in_network,
    "in_named": _in_named,
    "plus": _arithmetic(add),
    "minus": _arithmetic(sub),
}
