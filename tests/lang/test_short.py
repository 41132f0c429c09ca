"""What tests short texts in the place of RE2 says what RE2 says."""

from __future__ import annotations

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter.lang import patterns, short

PIECES = st.one_of(
    st.text("abkKsS1. -é退ſ", min_size=1, max_size=4).map(lambda text: str(re2.escape(text))),
    st.sampled_from([
        r"\d", r"\s", r"\s*", r"\S", r"\w+", r"\W", r"\b", r"\B", "^", "$", r"\A", r"\z", ".", ".*", "[kK]", "[é退]",
        "[a-k]*", "[^a]", "[^é]", r"[\s.]", r"[^\s]", "[[:alpha:]]", "[:a]", "x{,2}", r"\pL", "\n", r"\n", "(?i)K", "(?m)^a$",
    ]),
)  # fmt: skip
PATTERNS = st.recursive(
    PIECES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{0,2}", "{1,3}?", "{2,}"])).map(
            lambda two: f"({two[0]}){two[1]}"
        ),
        inner.map(lambda part: f"(?i:{part})"),
        inner.map(lambda part: f"(?P<a>{part})" if "?P<a>" not in part else part),
    ),
    max_leaves=8,
)
TEXTS = st.text("abkKsSſKé退1. -\n\t\v\0xX_", max_size=30)


@given(PATTERNS, TEXTS, st.sampled_from(["", "i", "m", "ims", "s"]))
def test_it_says_what_re2_says(pattern, text, flags):
    try:
        found = re2.search(f"(?{flags}){pattern}" if flags else pattern, text)
    except re2.error:
        return
    made = short.short_of(pattern, flags)
    if made is not None:
        with pytest.MonkeyPatch.context() as patched:
            patched.setitem(patterns.SHORT, (pattern, flags), made)
            assert patterns.Pattern(pattern, flags).matches(text) is (found is not None)


@pytest.mark.parametrize(
    "pattern", ["(a*)*b", "(a|b|ab)*c", r"\pL", "[[:alpha:]]", r"a\z", "(?i:a)", "\N{KELVIN SIGN}"]
)
def test_what_is_left_to_re2(pattern):
    assert short.short_of(pattern, "i") is None


@pytest.mark.parametrize(
    ("pattern", "text"), [("a$", "a\n"), (r"a\s", "a\v"), ("a.c", "a退c"), (r"\d", "٣"), ("(?i)k", "\N{KELVIN SIGN}")]
)
def test_where_the_engines_differ(monkeypatch, pattern, text):
    made = short.short_of(pattern, "")
    assert made is not None
    monkeypatch.setitem(patterns.SHORT, (pattern, ""), made)
    assert patterns.Pattern(pattern).matches(text) is (re2.search(pattern, text) is not None)


def test_what_may_cost_much_is_for_short_texts():
    longest = [short.short_of(pattern, "")[0] for pattern in ("a", "^a*b", "a*b", "a*b*c", "a*b*[ab]*c")]
    assert longest == sorted(longest, reverse=True)
    assert longest[0] == 4_096
    assert longest[-1] < 100


def test_no_longer_text_is_tested(monkeypatch):
    monkeypatch.setitem(patterns.SHORT, ("a(", ""), (3, (0, b"no code", 0)))
    with pytest.raises(re2.error):
        patterns.Pattern("a(").matches("long a(")
