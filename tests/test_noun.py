"""Nouns are what `typing.NamedTuple` makes of the same class: the checker believes so, and everybody may."""

from __future__ import annotations

import copy
import pickle
from typing import Any, NamedTuple

import pytest

from ndrfilter.noun import Noun


class Ours(Noun):
    """A noun."""

    name: str
    number: int = 3
    more: tuple[str, ...] = ()

    def said(self) -> str:
        return f"{self.name} {self.twice}"

    @property
    def twice(self) -> int:
        return 2 * self.number


class Theirs(NamedTuple):
    """A noun."""

    name: str
    number: int = 3
    more: tuple[str, ...] = ()

    def said(self) -> str:
        return f"{self.name} {self.twice}"

    @property
    def twice(self) -> int:
        return 2 * self.number


DOINGS = [
    lambda of: of("a"),
    lambda of: of("a", 4, more=("b",)),
    lambda of: of(number=1, name="x").said(),
    lambda of: of("a")._replace(number=9),
    lambda of: of("a")._asdict(),
    lambda of: of._make(["a", 1, ()]),
    lambda of: (of._fields, of._field_defaults, of.__match_args__, of.__doc__, of.__slots__),
    lambda of: of("a") == ("a", 3, ()) and hash(of("a")) == hash(("a", 3, ())),
    lambda of: pickle.loads(pickle.dumps(of("a", 2))),
    lambda of: copy.deepcopy(of("a", 2)),
    lambda of: [*of("a")],
]
WRONGS = [
    lambda of: of(),
    lambda of: of("a", 1, (), 2),
    lambda of: of("a", name="b"),
    lambda of: of("a", color=1),
    lambda of: of._make(["a"]),
    lambda of: of("a")._replace(color=1),
    lambda of: setattr(of("a"), "name", "b"),
    lambda of: setattr(of("a"), "color", "b"),
]


@pytest.mark.parametrize("do", DOINGS)
def test_it_does_what_a_named_tuple_does(do: Any):
    assert repr(do(Ours)).replace("Ours", "Theirs") == repr(do(Theirs))


@pytest.mark.parametrize("do", WRONGS)
def test_it_refuses_what_a_named_tuple_refuses(do: Any):
    with pytest.raises((TypeError, ValueError, AttributeError)) as theirs:
        do(Theirs)
    with pytest.raises(theirs.type):
        do(Ours)


def test_patterns_match_its_fields():
    match Ours("a", 5):
        case Ours(name, number):
            assert (name, number) == ("a", 5)


def test_a_default_comes_last():
    with pytest.raises(TypeError, match="come last"):

        class Wrong(Noun):
            first: int = 1
            second: int  # type: ignore[misc]
