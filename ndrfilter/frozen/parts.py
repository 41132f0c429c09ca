"""Compiled rules in parts that are unpacked one by one, when somebody asks for them: few are, of most messages.

A part is marshalled data: an expression, as the image of a program has it, and what is known of the patterns in it.
"""

from __future__ import annotations

import marshal

from ndrfilter.lang import image
from ndrfilter.lang.closures import KEPT
from ndrfilter.lang.guard import Condition
from ndrfilter.lang.patterns import ATOMS, SHORT
from ndrfilter.lang.rule import Rule
from ndrfilter.schema import Evidence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from ndrfilter.lang.patterns import Short
    from ndrfilter.schema import Reason

CONDITION, DESCRIBE, EVIDENCE, TRACE = map(Rule._fields.index, ("condition", "describe", "evidence", "trace"))


def packed_part(value: Any, atoms: dict[str, tuple[bytes, ...]], short: dict[tuple[str, str], Short]) -> bytes:
    """A part of this value, with what is known of its patterns."""
    return marshal.dumps((value, atoms, short))


def part_of(data: bytes) -> Any:
    """The value of a part; what is known of its patterns is known from now on."""
    value, atoms, short = marshal.loads(data)  # noqa: S302 - from `packed_part`
    ATOMS.update(atoms)
    SHORT.update(short)
    return value


def know(shared: dict[str, bytes]) -> None:
    """From now on expressions may refer to these parts, which several of them share; each is named by its content."""
    KEPT.update({name: lambda data=data: part_of(data) for name, data in shared.items()})  # type: ignore[misc]


class Late:
    """A function that is made of a part with its first call."""

    __slots__ = ("_data", "_link", "_made")

    def __init__(self, data: bytes, link: Callable[[Any], Callable[[Any], Any]]) -> None:
        self._data, self._link = data, link
        self._made: Callable[[Any], Any] | None = None

    def __call__(self, scope: Any) -> Any:
        """What the function says."""
        made = self._made
        if made is None:
            made = self._made = self._link(part_of(self._data))
        return made(scope)


def rule(row: tuple[Any, ...]) -> Rule:
    """The rule of a row: its fields in the order of `Rule`, with parts where that has functions."""
    fields = [*row]
    fields[CONDITION] = Late(row[CONDITION], Condition)
    fields[DESCRIBE] = Late(row[DESCRIBE], image.describer)
    fields[EVIDENCE] = Evidence(row[EVIDENCE])
    fields[TRACE] = Late(row[TRACE], image.tracer)
    return Rule._make(fields)


class LateRecogniser:
    """A recogniser of which only the condition is there until it held."""

    def __init__(self, row: tuple[str, bytes, bytes]) -> None:
        self.name, when, self._rest = row
        self.when = Late(when, Condition)

    def __getattr__(self, name: str) -> Any:
        """The other attributes of `Recogniser`."""
        if name.startswith("_"):
            raise AttributeError(name)
        whole = image.recogniser(part_of(self._rest))  # without its condition
        vars(self).update({**whole._asdict(), "when": self.when})
        return getattr(whole, name)


class LateReasons:
    """The reasons, unpacked when one is looked for."""

    __slots__ = ("_data", "_made")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._made: tuple[Reason, ...] | None = None

    def __iter__(self) -> Iterator[Reason]:
        if self._made is None:
            self._made = tuple(image.reason(*one) for one in part_of(self._data))
        return iter(self._made)
