"""Who is asked by an index: the recognisers of a program, the rules of a rule set.

An index costs some ten milliseconds to build, which one message is not worth: it is there after some messages, or when
somebody says that many will come.
"""

from __future__ import annotations

from ndrfilter.lang.guard import Condition
from ndrfilter.plan.fold import folded
from ndrfilter.plan.index import Index, numbers, table
from ndrfilter.plan.probes import joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from ndrfilter.lang.rule import Rule
    from ndrfilter.plan.index import Table
    from ndrfilter.plan.triggers import Prices
    from ndrfilter.schema import Recogniser

MESSAGES = 50
"""So many messages are judged without an index."""
_ALWAYS = ("const", True)
_MOST = 16
"""Indexes of one rule set: there are as many as sites differ in their plugins."""


class Recognising:
    """The recognisers of a program, the first to ask in front. With an `index` made before they stay as they are."""

    __slots__ = ("_asked", "_index", "_prices", "_recognisers")

    def __init__(self, recognisers: tuple[Recogniser, ...], prices: Prices, index: Index | None = None) -> None:
        self._recognisers, self._prices, self._index = recognisers, prices, index
        self._asked = 0

    def table(self) -> Table:
        """What the index is made of, plain data."""
        return table([_ir(one.when) for one in self._recognisers], self._prices)

    def prepare(self) -> Index:
        """The index, built now if it is not there: many messages will come."""
        found = self._index
        if found is None:
            found = Index(self.table(), [_ir(one.when) for one in self._recognisers])
            self._recognisers = tuple([_quick_recogniser(one, found) for one in self._recognisers])
            self._index = found
        return found

    def candidates(self, facts: Any) -> Iterator[Recogniser] | None:
        """Those that may hold for the message, looked for as somebody wants the next; None while there is no index."""
        if self._index is None:
            self._asked += 1
            if self._asked <= MESSAGES:
                return None
        index = self.prepare()
        recognisers = self._recognisers
        return map(recognisers.__getitem__, index.in_order(facts))


class Ruling:
    """The rules of a rule set. With an `index` made before they stay as they are."""

    __slots__ = ("_asked", "_indexed", "_made", "_prices", "_rules")

    def __init__(self, rules: Mapping[str, Rule], prices: Prices, index: Index | None = None) -> None:
        self._rules, self._prices = rules, prices
        self._asked = 0
        self._made = index and _Rules(rules, index)
        self._indexed: dict[frozenset[str], _Rules] = {}

    def table(self) -> Table:
        """What an index is made of, plain data."""
        return table([_ir(rule.condition) for rule in self._rules.values()], self._prices, first=True)

    def prepare(self, silent: frozenset[str]) -> _Rules:
        """The index for who has these facts never, built now if it is not there: many messages will come."""
        found = self._made or self._indexed.get(silent)
        if found is None:
            conditions = [folded(_ir(rule.condition), silent) for rule in self._rules.values()]
            index = Index(table(conditions, self._prices, first=True), conditions)
            pairs = zip(self._rules.values(), conditions, strict=True)
            rules = {rule.name: rule._replace(condition=_quick(rule.condition, ir, index)) for rule, ir in pairs}
            found = self._indexed[silent] = _Rules(rules, index)
        return found

    def possible(
        self, evaluation: Any, silent: frozenset[str], part: Any, rules: Callable[[], Iterable[Rule]]
    ) -> list[Rule] | None:
        """Those of some rules that may come to other than False, in order; None while there is no index.

        `silent` are facts that are always absent; `part` names that part of the rules, which `rules` gives. The
        evaluation is told what is known of every rule.
        """
        if not self._made and silent not in self._indexed:
            self._asked += 1
            if self._asked <= MESSAGES or len(self._indexed) >= _MOST:
                return None
        return self.prepare(silent).possible(evaluation, part, rules)


class _Rules:
    """Rules by name with their index."""

    __slots__ = ("_by_name", "_index", "_numbers", "_rules", "_wanted")

    def __init__(self, rules: Mapping[str, Rule], index: Index) -> None:
        self._index, self._by_name = index, rules
        self._rules = tuple(rules.values())
        self._numbers = {name: number for number, name in enumerate(rules)}
        self._wanted: dict[Any, int] = {}

    def possible(self, evaluation: Any, part: Any, rules: Callable[[], Iterable[Rule]]) -> list[Rule]:
        """As `Ruling.possible`."""
        index, all_rules = self._index, self._rules
        wanted = self._wanted.get(part)
        if wanted is None:
            chosen = {rule.name for rule in rules()}
            wanted = joined(1 << number for number, rule in enumerate(all_rules) if rule.name in chosen)
            self._wanted[part] = wanted
        found, bits = index.possible(evaluation, wanted)
        evaluation.knows(self._by_name, self._numbers, found)
        return [all_rules[number] for number in numbers(index.narrowed(evaluation, wanted, bits))]


def _ir(condition: Any) -> tuple[Any, ...]:
    """The lowered expression; one that was not compiled is asked of every message."""
    found: tuple[Any, ...] = getattr(condition, "ir", _ALWAYS)
    return found


def _quick(condition: Any, ir: tuple[Any, ...], index: Index) -> Any:
    """The condition by the quick evaluator."""
    return Condition(ir, index.build) if isinstance(condition, Condition) else condition


def _quick_recogniser(one: Recogniser, index: Index) -> Recogniser:
    kinds = tuple((kind, when and _quick(when, _ir(when), index)) for kind, when in one.kinds)
    return one._replace(when=_quick(one.when, _ir(one.when), index), kinds=kinds)
