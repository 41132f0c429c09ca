"""Conditions of the language to what must show in a raw header for them to hold.

A *sign* is True (it may hold, nobody knows), False (it cannot), or a tuple:
("has", name) and ("lacks", name) a header field; ("text", name, tree) and ("last", name, tree) what its first or last
field shows; ("part", name, index, tree) the same of its only address's local part, domain or whole; ("type", bytes) a
MIME type anywhere; ("null",), ("untold",) and ("sender", index, tree) the envelope's sender; ("and", …), ("or", …).
Header names are lower-case bytes.
A condition whose sign does not hold is False, and asking it has no effect.
"""

from __future__ import annotations

from ndrfilter.gate.literals import all_of, any_of, needed
from ndrfilter.gate.shown import ANY, SHAPES, Shown, end_of, field_of, key, types

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from ndrfilter.gate.literals import Tree
    from ndrfilter.schema import FactSpec

    Sign = Any
    Ir = tuple[Any, ...]


class Reader:
    """Reads conditions. `facts` are the declared ones, `own` the plugins whose facts never fail.

    `rules` has the conditions of the rules in force by name.
    """

    def __init__(self, facts: Mapping[str, FactSpec], own: frozenset[str], rules: Mapping[str, Ir]) -> None:
        self._facts = facts
        self._own = own
        self._rules = rules
        self._asked: dict[str, Sign] = {}

    def sign(self, ir: Ir, items: tuple[Shown | None, ...] = ()) -> Sign:
        """What must show for the condition not to be False."""
        found = _SIGNS.get(ir[0])
        return found(self, items, *ir[1:]) if found else True

    def denied(self, ir: Ir, items: tuple[Shown | None, ...]) -> Sign:
        """What must show for the condition not to be True."""
        name, rest = ir[0], ir[1:]
        if name in ("shared", "truth", "surely"):
            return self.denied(rest[-1], items)
        if name in ("and", "or"):
            return (any_of if name == "and" else all_of)(self.denied(part, items) for part in rest[0])
        if name == "not":
            return self.sign(rest[0], items)
        if name == "exists":
            shown = self._shown(rest[0], items)
            return ("lacks", shown.name) if shown and shown.what in ("text", "fields") else True
        return True

    def present(self, ir: Ir, items: tuple[Shown | None, ...]) -> Sign:
        """What must show for the value to be there."""
        shown = self._shown(ir, items)
        if shown is not None:
            return True if shown.what in ("type", "types") else shown.sign(True)
        if ir[0] == "fact":
            return self._fact(ir[1])
        return self.present(ir[1], items) if ir[0] in ("field", "first", "last", "index") else True

    def _fact(self, name: str) -> Sign:
        seen = self._facts[name].seen if name in self._facts else ()
        if seen and seen[0] == "if":
            return self.sign(seen[1])
        return _NULL if seen == ("null",) else True

    def rule(self, name: str) -> Sign:
        """What must show for that rule not to be False; one that is not in force is never known to be."""
        if name not in self._asked:
            self._asked[name] = True
            self._asked[name] = self.sign(self._rules[name]) if name in self._rules else True
        return self._asked[name]

    def safe(self, ir: Any) -> bool:
        """Whether asking has no effect: a fact of somebody else may fail, and the result says so."""
        if not isinstance(ir, tuple):
            return True
        if ir[:1] == ("fact",):
            return ir[1] in self._facts and self._facts[ir[1]].plugin in self._own
        if ir[:1] == ("rule",):
            return ir[1] in self._rules and self.safe(self._rules[ir[1]])
        return all(map(self.safe, ir))

    def _shown(self, ir: Ir, items: tuple[Shown | None, ...]) -> Shown | None:
        """Where the header shows the value; None if nobody knows."""
        name = ir[0]
        if name == "shared":
            return self._shown(ir[2], items)
        if name == "variable":
            return items[ir[1]] if ir[1] < len(items) else None
        if name == "fact":
            seen = self._facts[ir[1]].seen if ir[1] in self._facts else ()
            return Shown(seen[0], key("".join(seen[1:]))) if seen and seen[0] in SHAPES else None
        if name == "index":
            return Shown("fields", key(ir[2][1])) if ir[1:2] == (("fact", "headers"),) and ir[2][0] == "const" else None
        of = self._shown(ir[1], items) if name in ("first", "last", "field") else None
        if of is None:
            return None
        if name == "field":
            return field_of(of, ir[2])
        return end_of(of, name)

    def quantified(self, items: tuple[Shown | None, ...], over: Ir, body: Ir, depth: int) -> Sign:
        """`any`: there must be an item, and it must hold of it; too many of them inside another list are unknown."""
        there, of = self.present(over, items), self._shown(over, items)
        item = of._replace(what=SHAPES[of.what], which=ANY) if of else None
        if of is not None and of.what == "addresses":
            item = of._replace(what="address")
        return all_of([there, self.sign(body, (*items, item)) if depth == 0 and of else True])


_NULL = ("or", ("null",), ("untold",))


def _and(reader: Reader, items: tuple[Shown | None, ...], parts: tuple[Ir, ...]) -> Sign:
    """One that is False decides, if nothing is asked before it that has effects."""
    signs: list[Any] = []
    for part in parts:
        signs.append(reader.sign(part, items))
        if not reader.safe(part):
            break
    return all_of(signs)


def _or(reader: Reader, items: tuple[Shown | None, ...], parts: tuple[Ir, ...]) -> Sign:
    return any_of([reader.sign(part, items) for part in parts])


def _at_least(reader: Reader, items: tuple[Shown | None, ...], _wanted: int, parts: tuple[Ir, ...]) -> Sign:
    return _or(reader, items, parts) if reader.safe(parts) else True


def _surely(reader: Reader, items: tuple[Shown | None, ...], of: Ir) -> Sign:
    sign = reader.sign(of, items)
    return ("null",) if sign == _NULL else sign  # it is unknown where nobody told it


def _text(tree: Callable[..., Tree]) -> Callable[..., Sign]:
    """A comparison of a text: the value must be there, and show it."""

    def read(reader: Reader, items: tuple[Shown | None, ...], left: Ir, *rest: Any) -> Sign:
        shown = reader._shown(left, items)
        if shown is None:
            return reader.present(left, items) if reader.safe(left) and reader.safe(rest) else True
        wanted = tree(*rest) if reader.safe(rest) else True
        return types(wanted, shown.name) if shown.what == "type" else shown.sign(wanted)

    return read


def _constant(right: Ir, fold: str, negated: bool = False) -> Tree:
    text = right[1] if right[0] == "const" else None
    if not isinstance(text, str) or not text.strip() or negated:
        return True
    return _domain(text) if fold in ("domain", "mailbox") else text.casefold()


def _member(right: Ir, shape: str, fold: str, _field: str, negated: bool) -> Tree:
    if right[0] != "const" or shape != "text" or negated or not isinstance(right[1], tuple):
        return True
    return any_of(_constant(("const", text), fold) for text in right[1])


def _domains(right: Ir, negated: bool) -> Tree:
    if right[0] != "const" or negated:
        return True
    domains = (right[1],) if isinstance(right[1], str) else right[1]
    return any_of(_domain(text) for text in domains)


def _domain(text: str) -> Tree:
    """A domain, or what ends in one: it may be written with a final dot, and in A-labels."""
    text = text.removeprefix("*.").rstrip(".").lower()
    return text if text and text.isascii() and "xn--" not in text else True


def _compared(reader: Reader, items: tuple[Shown | None, ...], sign: str, left: Ir, right: Ir, *rest: Any) -> Sign:
    if left[0] == "const":
        left, right = right, left
    equal = sign == "==" and rest[0] == "text"
    return _text(lambda other, *_: _constant(other, rest[1]) if equal else True)(reader, items, left, right)


_SIGNS: dict[str, Callable[..., Sign]] = {
    "and": _and,
    "or": _or,
    "at_least": _at_least,
    "not": lambda reader, items, of: reader.denied(of, items) if reader.safe(of) else True,
    "truth": lambda reader, items, of: reader.sign(of, items) if of[0] in _SIGNS else reader.present(of, items),
    "surely": _surely,
    "shared": lambda reader, items, _key, of: reader.sign(of, items),
    "rule": lambda reader, _items, name: reader.rule(name),
    "fact": lambda reader, _items, name: reader._fact(name),
    "exists": lambda reader, items, of: reader.present(of, items),
    "missing": lambda reader, items, of: reader.denied(("exists", of), items),
    "any": lambda reader, items, over, body, depth: reader.quantified(items, over, body, depth),
    "cmp": _compared,
    "contains": _text(_constant),
    "starts": _text(_constant),
    "ends": _text(_constant),
    "matches": _text(lambda pattern, flags, negated: True if negated else needed(pattern, flags)),
    "within": _text(_domains),
    "in": _text(_member),
    "in_net": lambda reader, items, left, *_: reader.present(left, items),
    "in_named": lambda reader, items, left, *_: reader.present(left, items),
}
