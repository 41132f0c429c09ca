"""Conditions without what can only be absent: facts of plugins that are not on."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Ir = tuple[Any, ...]

_ABSENT, _TRUE, _FALSE = ("const", None), ("const", True), ("const", False)
_OF_ABSENT = {
    "field": _ABSENT, "first": _ABSENT, "last": _ABSENT, "truth": _FALSE, "exists": _FALSE, "missing": _TRUE,
    "known": _TRUE, "any": _FALSE, "none": _TRUE, "all": _TRUE, "matches": _FALSE, "within": _FALSE, "in": _FALSE,
    "in_net": _FALSE, "in_named": _FALSE, "contains": _FALSE, "starts": _FALSE, "ends": _FALSE,
}  # fmt: skip
"""What comes of operations whose first operand is absent."""


def folded(ir: Ir, absent: frozenset[str]) -> Ir:
    """The same condition wherever these facts are absent, with less to ask."""
    if ir[0] == "const":
        return ir
    if ir[0] == "fact":
        return _ABSENT if ir[1] in absent else ir
    made = tuple(_operand(part, absent) for part in ir)
    if made[1] == _ABSENT and made[0] in _OF_ABSENT:
        return _OF_ABSENT[made[0]]
    simpler = _SIMPLER.get(made[0])
    return made if simpler is None else simpler(made)


def _operand(part: Any, absent: frozenset[str]) -> Any:
    if part.__class__ is not tuple or not part:
        return part
    if part[0].__class__ is str:
        return folded(part, absent)
    return tuple(_operand(one, absent) for one in part)


def _shared(ir: Ir) -> Ir:
    return ir[2] if ir[2][0] == "const" else ir


def _compared(ir: Ir) -> Ir:
    return _FALSE if _ABSENT in (ir[2], ir[3]) else ir


def _part(ir: Ir) -> Ir:
    return _FALSE if ir[2] == _ABSENT else ir


def _member(ir: Ir) -> Ir:
    """An absent list is an empty one."""
    return (*ir[:2], ("const", ()), *ir[3:]) if ir[2] == _ABSENT else ir


def _unwrapped(ir: Ir) -> Ir:
    return ir[1] if ir[1] in (_TRUE, _FALSE) else ir


def _not(ir: Ir) -> Ir:
    return {_TRUE: _FALSE, _FALSE: _TRUE}.get(ir[1], ir)


def _otherwise(ir: Ir) -> Ir:
    return ir[2] if ir[1] == _ABSENT else ir


def _junction(decisive: Ir, other: Ir) -> Callable[[Ir], Ir]:
    def simpler(ir: Ir) -> Ir:
        parts = tuple(part for part in ir[1] if part != other)
        if decisive in parts:
            return decisive
        return (ir[0], parts) if parts else other

    return simpler


_SIMPLER: dict[str, Callable[[Ir], Ir]] = {
    "shared": _shared,
    "cmp": _compared,
    "contains": _part,
    "starts": _part,
    "ends": _part,
    "in": _member,
    "within": _member,
    "truth": _unwrapped,
    "surely": _unwrapped,
    "not": _not,
    "otherwise": _otherwise,
    "and": _junction(_FALSE, _TRUE),
    "or": _junction(_TRUE, _FALSE),
}
