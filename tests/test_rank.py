"""Ranks are what `enum.IntEnum` makes of the same class, as far as anybody uses it."""

from __future__ import annotations

import copy
import pickle
from enum import IntEnum
from typing import Any

import pytest

from ndrfilter.rank import Rank


class Ours(Rank):
    """A rank."""

    LOW = 0
    HIGH = 1

    @property
    def word(self) -> str:
        return self.name.lower()


class Theirs(IntEnum):
    """A rank."""

    LOW = 0
    HIGH = 1

    @property
    def word(self) -> str:
        return self.name.lower()


DOINGS = [
    lambda of: [*of],
    lambda of: (len(of), of(1), of["LOW"], of.HIGH, of.HIGH.name, of.HIGH.value, of.HIGH.word),
    lambda of: (of.LOW < of.HIGH, of.HIGH >= 1, of.LOW == 0, max(of), sorted([of.HIGH, of.LOW]), hash(of.HIGH)),
    lambda of: (of(of.HIGH) is of.HIGH, pickle.loads(pickle.dumps(of.LOW)) is of.LOW, copy.deepcopy(of.LOW) is of.LOW),
    lambda of: isinstance(of.HIGH, of) and isinstance(of.HIGH, int),
    lambda of: (str(of.HIGH), f"{of.HIGH:d}", [0, 1][of.HIGH]),
]


@pytest.mark.parametrize("do", DOINGS)
def test_it_does_what_an_int_enum_does(do: Any):
    assert repr(do(Ours)).replace("Ours", "Theirs") == repr(do(Theirs))


@pytest.mark.parametrize("do", [lambda of: of(7), lambda of: of["NONE"], lambda of: of.NONE])
def test_it_refuses_what_an_int_enum_refuses(do: Any):
    with pytest.raises((ValueError, KeyError, AttributeError)) as theirs:
        do(Theirs)
    with pytest.raises(theirs.type):
        do(Ours)
