"""What a single comparison needs: the question, or the questions, one of which must not be answered with False."""

from __future__ import annotations

import re
from ipaddress import ip_network

from ndrfilter.lang.operators import FOLDS
from ndrfilter.lang.patterns import literal
from ndrfilter.noun import Noun
from ndrfilter.plan.reading import TEXT, entry_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Ir = tuple[Any, ...]

_ASCII = re.compile(r"[\x00-\x7f]+")


class Question(Noun):
    """A test of one value: "true", "exists", "missing", "present" (anything but absent), "holds" (the value is a
    condition's own), ("equal", fold, text), ("matches", pattern, flags), ("below", "", domain) or
    ("net", bits, prefix), where bits are those of an address that the prefix leaves open, with its version."""

    subject: Ir
    test: Any


class Trigger(Noun):
    """Questions one of which must not be answered with False. `chance` guesses how often that is so; `now` may be
    asked at once what would else be asked later, for the plain evaluator asks it too."""

    questions: frozenset[Question]
    chance: float
    now: bool = False


def asked(subject: Ir, test: Any, chance: float) -> Trigger:
    """The trigger of one question."""
    return Trigger(frozenset((Question(subject, test),)), chance)


def leaf(ir: Ir) -> Trigger | None:
    """The trigger of a condition that is no junction; None for one that has none but itself."""
    made = _LEAVES.get(ir[0])
    return None if made is None else made(ir)


def _truth(ir: Ir) -> Trigger:
    return asked(ir[1], "true", 0.4)


def _exists(ir: Ir) -> Trigger:
    return asked(ir[1], "exists", 0.01 if entry_of(ir[1]) else 0.4)


def _missing(ir: Ir) -> Trigger:
    return asked(ir[1], "missing", 0.5)


def _present(ir: Ir) -> Trigger:
    return asked(ir[1], "present", 0.5)


def _rule(ir: Ir) -> Trigger:
    return asked(ir, "holds", 0.02)


def _matches(ir: Ir) -> Trigger:
    subject, pattern, flags, negated = ir[1:]
    return _present(ir) if negated else asked(subject, ("matches", pattern, flags), _search(subject))


def _search(subject: Ir) -> float:
    return 0.06 if subject == TEXT else 0.02 if entry_of(subject) else 0.03


def _compare(ir: Ir) -> Trigger:
    sign, left, right, shape, fold = ir[1:]
    if left[0] == "const":
        left, right = right, left
    if sign != "==" or shape != "text" or right[0] != "const":
        return asked(left, "present", 0.5)
    return asked(left, ("equal", fold, FOLDS[fold](right[1])), _equality(left))


def _in(ir: Ir) -> Trigger:
    left, right, shape, fold, _field, negated = ir[1:]
    if negated or shape != "text" or right[0] != "const" or not right[1]:
        return _present(ir)
    tests = frozenset(Question(left, ("equal", fold, FOLDS[fold](text))) for text in right[1])
    return Trigger(tests, _equality(left) * len(tests))


def _equality(subject: Ir) -> float:
    return 0.01 if entry_of(subject) else 0.05


def _part(ir: Ir) -> Trigger:
    """`contains` and its like: of a single literal, what of it can be searched for together with patterns."""
    subject, right, fold, negated = ir[1:]
    if negated or right[0] != "const" or right[1] == "":
        return _present(ir)
    part = _searchable(right[1], fold)
    if not part:
        return asked(ir, "holds", 0.08)
    return asked(subject, ("matches", literal(part), "" if fold == "exact" else "i"), _search(subject))


def _searchable(text: str, fold: str) -> str:
    """What stands, in any case if that does not matter, in every text that has this part; empty if nothing is known.

    Of other than ASCII RE2 may think otherwise than `str.lower`, which makes two characters of the dotted capital I.
    """
    if fold == "mailbox":  # a domain in it may be written in other ways
        return ""
    longest = max(_ASCII.findall(text), key=len, default="")
    return longest if fold == "exact" else longest.lower().rstrip("i")


def _within(ir: Ir) -> Trigger:
    left, right, negated = ir[1:]
    if negated or right[0] != "const" or not right[1]:
        return _present(ir)
    names = (right[1],) if right[1].__class__ is str else right[1]
    domains = (FOLDS["domain"](name.removeprefix("*.")) for name in names)
    tests = frozenset(Question(left, ("below", "", domain)) for domain in domains)
    return Trigger(tests, 0.03 * len(tests))


def _in_network(ir: Ir) -> Trigger:
    left, right, negated = ir[1:]
    items = right[1] if right[0] == "list" else (right,)
    if negated or not items or any(item[0] not in ("ip", "network") for item in items):
        return _present(ir)
    tests = frozenset(Question(left, _network(item[1])) for item in items)
    return Trigger(tests, 0.03 * len(tests))


def _network(text: str) -> Any:
    network = ip_network(text.partition("%")[0])
    free = network.max_prefixlen - network.prefixlen
    return "net", (network.version, free), int(network.network_address) >> free


_LEAVES: dict[str, Callable[[Ir], Trigger]] = {
    "truth": _truth,
    "exists": _exists,
    "missing": _missing,
    "matches": _matches,
    "cmp": _compare,
    "in": _in,
    "in_net": _in_network,
    "in_named": _present,
    "contains": _part,
    "starts": _part,
    "ends": _part,
    "within": _within,
    "rule": _rule,
}
