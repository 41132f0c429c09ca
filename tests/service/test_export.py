"""A verdict in other filters' terms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter.engine.result import Advice, Hit, Result
from ndrfilter.schema import VERDICTS
from ndrfilter.service import export


def result(verdict, score=0.0, required=5.0, hits=()):
    advice = Advice("", "", "", "")
    return Result(verdict, "failure", score, required, hits, (), "", None, (), "", "", (), (), advice, "none")


@given(st.sampled_from(VERDICTS), st.floats(-50, 50), st.sampled_from([5.0, -5.0, 0.0, 3.5]))
def test_who_compares_the_numbers_comes_to_our_verdict(verdict, score, required):
    found = result(verdict, score, required)
    unwanted = verdict in ("backscatter", "fake")
    assert export.required(found) > 0
    assert export.is_spam(found) == unwanted == (export.score(found) >= export.required(found))
    # as it is printed
    assert (round(export.score(found), 1) >= round(export.required(found), 1)) == unwanted


@pytest.mark.parametrize("verdict", VERDICTS)
def test_each_verdict_but_ordinary_mail_has_a_symbol(verdict):
    name = export.verdict_symbol(result(verdict))
    assert name == ("" if verdict == "not-a-bounce" else f"NDR_{verdict.upper()}")


def test_rules_are_symbols_and_shadows_are_not():
    hits = (
        Hit("SMALL", "backscatter", 0.5, "content", "little"),
        Hit("OURS", "genuine", 4.0, "trace", "ours"),
        Hit("TRIED", "backscatter", 9.0, "trace", "new", shadow=True),
    )
    found = list(export.symbols(result("backscatter", hits=hits)))
    assert found == [("NDR_OURS", -4.0, "ours"), ("NDR_SMALL", 0.5, "little")]
