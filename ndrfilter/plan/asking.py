"""Who is asked by an index: the recognisers of a program, the rules of a rule set.

An index costs some ten milliseconds to build, which one message is not worth: it is there after some messages, or when
somebody says that many will come.
"""

from __future__ import annotations

from ndrfilter.lang.guard import Condition
from ndrfilter.plan.index import Index, numbers, table
from ndrfilter.plan.probes import joined
from ndrfilter.plan.quick import build

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from ndrfilter.lang.rule import Rule
    from ndrfilter.plan.index import Table
    from ndrfilter.schema import Recogniser

MESSAGES = 20
"""So many messages are judged without an index."""
_ALWAYS = ("const", True)


class _Prepared:
    """Conditions with their index, as soon as there is one."""

    __slots__ = ("_cheap", "_conditions", "_index", "_left")
    _first = False

    def __init__(self, conditions: Iterable[Any], cheap: frozenset[str], index: Index | None) -> None:
        self._conditions, self._cheap = tuple(conditions), cheap
        self._index = index
        self._left = MESSAGES

    def prepare(self) -> None:
        """Build the index now: many messages will come."""
        if self._index is None:
            self._index = Index(self.table())

    def table(self) -> Table:
        """What the index is made of, plain data."""
        return table([getattr(one, "ir", _ALWAYS) for one in self._conditions], self._cheap, first=self._first)

    def _asked(self) -> Index | None:
        """The index, for one more message."""
        if self._index is None:
            self._left -= 1
            if self._left < 0:
                self.prepare()
        return self._index


class Recognising(_Prepared):
    """The recognisers of a program, the first to ask in front. With an `index` made before they stay as they are."""

    __slots__ = ("_recognisers",)

    def __init__(self, recognisers: tuple[Recogniser, ...], cheap: frozenset[str], index: Index | None = None) -> None:
        super().__init__((one.when for one in recognisers), cheap, index)
        self._recognisers = recognisers if index else tuple(map(_quick_recogniser, recognisers))

    def holding(self, facts: Any) -> Iterator[Recogniser] | None:
        """Those that hold for the message, each asked when somebody wants the next; None while there is no index."""
        index = self._asked()
        if index is None:
            return None
        recognisers = self._recognisers
        return (one for number in index.in_order(facts) if (one := recognisers[number]).when(facts) is True)


class Ruling(_Prepared):
    """The rules of a rule set. With an `index` made before they stay as they are."""

    __slots__ = ("_by_name", "_false", "_rules", "_wanted")
    _first = True  # every rule is asked anyway

    def __init__(self, rules: Mapping[str, Rule], cheap: frozenset[str], index: Index | None = None) -> None:
        super().__init__((rule.condition for rule in rules.values()), cheap, index)
        quick = {name: rule._replace(condition=_quick(rule.condition)) for name, rule in rules.items() if not index}
        self._by_name = quick or rules
        self._rules = tuple(self._by_name.values())
        self._false = dict.fromkeys(rules, False)
        self._wanted: dict[Any, int] = {}

    def possible(self, evaluation: Any, part: Any, rules: Callable[[], Iterable[Rule]]) -> list[Rule] | None:
        """Those of some rules that may come to other than False, in order; None while there is no index.

        `part` names that part of the rules, which `rules` gives. The evaluation is told what is known of every rule.
        """
        index = self._asked()
        if index is None:
            return None
        wanted = self._wanted.get(part)
        if wanted is None:
            chosen = {rule.name for rule in rules()}
            wanted = joined(1 << number for number, rule in enumerate(self._rules) if rule.name in chosen)
            self._wanted[part] = wanted
        found, bits = index.possible(evaluation)
        outcomes = self._false.copy()
        for number in numbers(found):
            del outcomes[self._rules[number].name]
        evaluation.knows(self._by_name, outcomes)
        return [self._rules[number] for number in numbers(index.narrowed(evaluation, wanted, bits))]


def _quick(condition: Any) -> Any:
    """The condition by the quick evaluator."""
    ir = getattr(condition, "ir", None)
    return condition if ir is None else Condition(ir, build)


def _quick_recogniser(one: Recogniser) -> Recogniser:
    kinds = tuple((kind, when and _quick(when)) for kind, when in one.kinds)
    return one._replace(when=_quick(one.when), kinds=kinds)
