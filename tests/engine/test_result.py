"""A result whose costly fields are worked out on demand is the same as one that has them all."""

from __future__ import annotations

import copy
import gc
import pickle
import sys

import pytest

from ndrfilter import Filter
from ndrfilter.engine.result import FIELDS, Advice, Result, Trouble

ADVICE = Advice("No.", "Because.", "Nothing.", "Not yours.")
WHOLE = Result(
    "backscatter", "failure", 5.5, 5.0, (), (), "trace", None, (), "Postfix", "mx.example.net", ("truncated",),
    (Trouble("plugin acme", "broke"),), ADVICE, "arguments", (("A", "true"),),
)  # fmt: skip
EAGER = ("verdict", "kind", "score", "required", "hits", "undecided", "evidence", "envelope_source", "trace")
COSTLY = [name for name in FIELDS if name not in EAGER]


class Asked:
    """Works fields out, and remembers which."""

    def __init__(self):
        self.names = []

    def __getattr__(self, name):
        if name not in COSTLY:
            raise AttributeError(name)
        self.names.append(name)
        return lambda: getattr(WHOLE, name)


def lazy():
    asked = Asked()
    return asked, Result.of(asked, **{name: getattr(WHOLE, name) for name in EAGER})


def test_nothing_is_worked_out_that_nobody_asks_for():
    asked, result = lazy()
    assert (result.verdict, result.score) == ("backscatter", 5.5)
    assert asked.names == []
    assert [result.dialect, result.dialect] == ["Postfix", "Postfix"]
    assert asked.names == ["dialect"]


@pytest.mark.parametrize(
    "same",
    [
        lambda one: one,
        copy.copy,
        copy.deepcopy,
        lambda one: pickle.loads(pickle.dumps(one)),
        lambda one: one._replace(),
    ],
    ids=["itself", "copy", "deepcopy", "pickle", "replace"],
)
def test_it_is_the_same_as_one_that_has_everything(same):
    _, result = lazy()
    result = same(result)
    assert result == WHOLE
    assert hash(result) == hash(WHOLE)
    assert repr(result) == repr(WHOLE)
    assert result.to_dict() == WHOLE.to_dict()
    assert list(result.to_dict()) == ["v", *FIELDS]
    assert result != WHOLE._replace(kind="delay")
    assert result != "backscatter"


@pytest.mark.parametrize("name", FIELDS)
def test_nobody_changes_it(name):
    _, result = lazy()
    with pytest.raises(AttributeError):
        setattr(result, name, None)
    with pytest.raises(AttributeError):
        delattr(result, name)
    assert result == WHOLE


def test_it_has_no_other_attributes():
    with pytest.raises(AttributeError):
        _ = WHOLE.colour
    with pytest.raises(AttributeError):
        lazy()[1].colour = "red"


def test_what_fails_later_is_among_the_errors():
    troubles = []

    class Failing(Asked):
        def errors(self):
            return tuple(Trouble(*one) for one in troubles)

        def recipients(self):
            troubles.append(("plugin acme", "broke"))
            return ()

    result = Result.of(Failing(), **{name: getattr(WHOLE, name) for name in EAGER})
    assert result.errors == ()
    assert result.recipients == ()
    assert result.errors == (Trouble("plugin acme", "broke"),)
    assert result.to_dict()["errors"] == [{"where": "plugin acme", "what": "broke"}]


def test_the_message_is_let_go_of_when_everything_is_known():
    raw = bytes(bytearray(b"From: a@b.example\nSubject: Undelivered mail\nAuto-Submitted: auto-replied\n\nHello\n"))
    alone = sys.getrefcount(raw)
    result = Filter.from_config({"site": {"domains": ["example.com"]}}).check(raw)
    gc.collect()
    assert sys.getrefcount(raw) > alone
    whole = result.to_dict()
    gc.collect()
    assert sys.getrefcount(raw) == alone
    assert whole == result.to_dict()
