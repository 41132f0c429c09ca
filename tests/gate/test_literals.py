"""What a pattern needs is shown by every text that it matches."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ndrfilter.gate.check import _shows
from ndrfilter.gate.literals import needed
from ndrfilter.gate.plan import _arranged
from ndrfilter.lang.patterns import compiled

LETTERS = st.sampled_from(["a", "k", "s", "-", "é", "ß", "K", "ſ", " ", "@"])
PIECES = st.recursive(
    st.one_of(
        LETTERS,
        st.sampled_from([".", r"\s", r"\w", r"\d", r"\b", "[ask]", "[^a@]", "[a-z]", "^", "$", r"\A", r"\z", "[é]"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(st.sampled_from(["(?:{})?", "({})*", "(?:{})+", "(?i:{})", "(?:{}){{1,2}}", "(?m:{})"]), inner).map(
            lambda made: made[0].format(made[1])
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=400, deadline=None)
@given(PIECES, st.sampled_from(["", "i", "m", "is"]), st.lists(LETTERS, max_size=6).map("".join))
def test_what_matches_shows_what_is_needed(pattern, flags, text):
    assume(compiled(pattern, flags).search(text))
    assert _shows(_arranged(needed(pattern, flags)), text.casefold())


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"^\s*(<\s*>|<?MAILER-DAEMON\b.*)?\s*$", "<anna@example.net>"),
        (r"undeliver|\b(fail|return)\w*[^\n]{0,40}\b(mails?|messages?)\b", "the message of monday"),
        (r"^(re|aw)\s*:", "regarding that"),
        (r"^m?daemon\d*$", "daemonic"),
    ],
)
def test_it_tells_what_cannot_match(pattern, text):
    assert not _shows(_arranged(needed(pattern, "i")), text)


@pytest.mark.parametrize("pattern", [r"\pL", r"[[:alpha:]]", r"\x{61}", r"a{,2}", r"\Qa\E"])
def test_what_another_parser_reads_otherwise_may_be_anything(pattern):
    assert needed(pattern) is True
