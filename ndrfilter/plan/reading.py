"""What can be read off a lowered expression: the facts that it asks, and what it is about."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Ir = tuple[Any, ...]

TEXT = ("fact", "body.text")


def facts_of(ir: Any) -> frozenset[str]:
    """The facts that an expression may ask; for a rule that it asks, the rule's name behind "rule "."""
    found: set[str] = set()
    waiting = [ir]
    while waiting:
        part = waiting.pop()
        if part.__class__ is tuple and part:
            if part[0] == "fact":
                found.add(part[1])
            elif part[0] == "rule":
                found.add(f"rule {part[1]}")
            elif part[0] != "const":
                waiting += part[1:] if part[0].__class__ is str else part
    return frozenset(found)


def entry_of(ir: Ir) -> tuple[str, str] | None:
    """The map and the key where the value is of one entry of a map, such as a header field: X, X.first, X.first.text.

    Where there is no such entry, the first of these is empty and the others are absent.
    """
    inner = ir[1] if ir[0] == "field" and ir[1][0] in ("first", "last") else ir
    inner = inner[1] if inner[0] in ("first", "last") else inner
    if inner[0] == "index" and inner[1][0] == "fact" and inner[2][0] == "const" and inner[2][1].__class__ is str:
        return inner[1][1], inner[2][1]
    return None


def varies(ir: Any) -> bool:
    """Whether a quantifier's variable is in it."""
    if ir.__class__ is not tuple or not ir:
        return False
    return ir[0] == "variable" or (ir[0] != "const" and any(map(varies, ir)))
