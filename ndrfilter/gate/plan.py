"""Plans for the gate: what all recognisers and rules toward fake together need, as plain data in the order of cost."""

from __future__ import annotations

from ndrfilter.facts import BUILT_IN
from ndrfilter.gate.derive import Reader
from ndrfilter.gate.literals import all_of, any_of
from ndrfilter.gate.plans import VERSION
from ndrfilter.message.headers import is_known

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from ndrfilter.engine.ruleset import RuleSet
    from ndrfilter.gate.derive import Sign
    from ndrfilter.lang.image import Image
    from ndrfilter.schema import Schema

    Plan = tuple[Any, ...]

_USUAL = (
    b"return-path", b"delivered-to", b"received", b"from", b"to", b"date", b"subject", b"message-id", b"content-type",
)  # fmt: skip
"""Fields that most mail has: to ask for them first decides nothing. One of them may follow a `From ` line."""
_LARGE = 300
"""Signs of that cost are not joined with others: they may be known already."""
_SHOWING = ("text", "last", "part", "sender")
_OWN = frozenset(module.__name__.rpartition(".")[2] for module in BUILT_IN)


def make(image: Image, schema: Schema, ruleset: RuleSet) -> Plan | None:
    """The plan for these rules; None where the gate can never close. `marshal` can keep it.

    Architecture invariant: a message for which the plan does not hold has kind none, no hit, and no undecided rule.
    """
    if ruleset.required.fake <= 0:
        return None
    conditions: Mapping[str, Any] = {rule[0]: rule[2] for rule in image["rules"]}
    reader = Reader(schema.facts, _OWN, {name: conditions[name] for name in ruleset.rules})
    signs = [reader.sign(("truth", ("fact", "returned")))]
    signs += [reader.sign(recogniser[3]) for recogniser in image["recognisers"]]
    signs += [reader.rule(rule.name) for rule in ruleset.scored if rule.toward == "fake"]
    sign = any_of(signs)
    if sign is True:
        return None
    numbered = _Numbered()
    rare, others = _by_field(_parts(sign, "or"))
    table = {name: numbered.place(_factored(group)) for name, group in rare.items()}
    root = numbered.place(_factored(others))
    return VERSION, tuple(filter(is_known, _USUAL)), tuple(numbered.nodes), table, root


def _parts(sign: Any, word: str) -> list[Any]:
    return list(sign[1:]) if isinstance(sign, tuple) and sign[0] == word else [sign]


def _by_field(signs: Iterable[Sign]) -> tuple[dict[bytes, list[Sign]], list[Sign]]:
    """The alternatives that a rare header field opens, by its name, and the others."""
    rare: dict[bytes, list[Sign]] = {}
    others: list[Sign] = []
    for sign in signs:
        names = [found for part in _parts(sign, "and") if (found := _field(part))]
        if names:
            rare.setdefault(min(names), []).append(sign)
        else:
            others.append(sign)
    return rare, others


def _field(sign: Any) -> bytes:
    """The rare field without which the sign does not hold."""
    wanted = isinstance(sign, tuple) and sign[0] in ("has", "text", "last", "part") and sign[1] not in _USUAL
    return sign[1] if wanted else b""


def _factored(signs: list[Any]) -> Any:
    """The alternatives with what several of them need asked once, and before anything else.

    A narrower choice implies a wider one: who needs a daemon needs "a daemon or a null path".
    """
    choices = {part: frozenset(_parts(part, "or")) for sign in signs for part in _parts(sign, "and")}
    needs = [[choices[part] for part in _parts(sign, "and")] for sign in signs]
    counts = {part: sum(any(need <= wide for need in one) for one in needs) for part, wide in choices.items()}
    shared = max(counts, key=lambda part: (counts[part], -len(choices[part])), default=True)
    if counts.get(shared, 0) < 2:
        return any_of(sorted(_guarded(signs), key=_cost))
    wide = choices[shared]
    having = [sign for sign, one in zip(signs, needs, strict=True) if any(need <= wide for need in one)]
    inner = _factored([all_of(part for part in _parts(sign, "and") if part != shared) for sign in having])
    return any_of([("first", shared, inner), _factored([sign for sign in signs if sign not in having])])


def _guarded(signs: list[Any]) -> list[Any]:
    """The alternatives; those that need something of one place stand behind one look for what any of them needs."""
    places: dict[Any, list[tuple[Any, Any]]] = {}
    found = []
    for sign in signs:
        parts = _parts(sign, "and")
        atoms = [part for part in parts if isinstance(part, tuple) and part[0] in _SHOWING and part[-1] is not True]
        if len(parts) > 1 and atoms:
            atom = min(atoms, key=lambda part: (part[0] == "part", _cost(part)))
            places.setdefault(atom[:-1], []).append((atom[-1], sign))
        else:
            found.append(sign)
    for place, group in places.items():
        inner = any_of([sign for _, sign in group])
        found.append(("first", (*place, any_of([tree for tree, _ in group])), inner) if len(group) > 1 else inner)
    return found


def _cost(sign: Any) -> int:
    """About how much there is to look at."""
    return sum(map(_cost, sign)) if isinstance(sign, tuple) else 1


def _arranged(tree: Any) -> Any:
    """The tree for `check`: of a junction first the pieces, then the rest, the small ones first."""
    if isinstance(tree, tuple) and tree[0] == "first":
        return "and", (), tuple(map(_arranged, tree[1:]))
    if not isinstance(tree, tuple) or tree[0] not in ("and", "or"):
        return tree
    pieces = tuple(part for part in tree[1:] if isinstance(part, str))
    others = [part for part in tree[1:] if not isinstance(part, str)]
    if tree[0] == "or" and len(others) > 1:
        others = _parts(_factored(others), "or")
    return tree[0], pieces, tuple(map(_arranged, sorted(others, key=_cost)))


def _merged(signs: Iterable[Sign]) -> list[Sign]:
    """The alternatives with those as one that look at the same place."""
    found: list[Sign] = []
    trees: dict[Sign, list[Any]] = {}
    for sign in signs:
        if isinstance(sign, tuple) and sign[0] in (*_SHOWING, "type") and _cost(sign) < _LARGE:
            trees.setdefault(sign[:-1], []).append(sign[-1])
        elif isinstance(sign, tuple) and sign[0] == "has":
            trees.setdefault(("has",), []).append(sign[1])
        else:
            found.append(sign)
    names = trees.pop(("has",), [])
    types = trees.pop(("type",), [])
    found += [("has", *sorted(names))] if names else []
    found += (
        [("type", *sorted(one for one in types if not any(other in one for other in types if other != one)))]
        if types
        else []
    )
    return found + [(*place, any_of(among)) for place, among in trees.items()]


class _Numbered:
    """Signs by number, parts before what is made of them: equal ones are one, and worked out once a message."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self._places: dict[Any, int] = {}

    def place(self, sign: Any) -> int:
        """The number of this sign."""
        if sign not in self._places:
            node = sign
            if isinstance(sign, tuple) and sign[0] == "first":
                node = ("and", tuple(map(self.place, sign[1:])))
            elif isinstance(sign, tuple) and sign[0] in ("and", "or"):
                parts = _merged(sign[1:]) if sign[0] == "or" else sign[1:]
                node = (sign[0], tuple(map(self.place, sorted(parts, key=_cost))))
            elif isinstance(sign, tuple) and sign[0] in _SHOWING:
                node = (*sign[:-1], _arranged(sign[-1]))
            self._places[sign] = len(self.nodes)
            self.nodes.append(node)
        return self._places[sign]
