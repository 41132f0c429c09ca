"""Compiled patterns: within their memory they find what they should, however large they are, whatever they meet."""

from __future__ import annotations

import random
import re

import pytest

from ndrfilter.lang import patterns
from ndrfilter.limits import MAX_REGEX_MEMORY, REGEX_MEMORY
from ndrfilter.plan.together import Together

LARGE = r"(ab|deliver)[^\n]{0,800}(x|failed)[^\n]{0,900}qqq"
BUSY = r"[^\n]{0,40}(fail|reject)[^\n]{0,60}\b5\d\d[ -]"


def test_a_small_pattern_has_little_memory() -> None:
    assert patterns.compiled("a small one").options.max_mem == REGEX_MEMORY


def test_a_pattern_too_large_for_that_has_more() -> None:
    made = patterns.compiled(LARGE, "i")
    assert REGEX_MEMORY < made.options.max_mem <= MAX_REGEX_MEMORY
    assert made.search("DELIVERy has failed: qqq")
    assert not made.search("DELIVERy has\nfailed: qqq")


def test_a_pattern_too_large_for_any_is_refused() -> None:
    with pytest.raises(patterns.error):
        patterns.compiled(r"(\pL{100}){100}")


def test_large_patterns_are_asked_together_with_small_ones() -> None:
    together = Together([("deliver", ""), (LARGE, "i"), ("never there", "")])
    assert together.hits("deliver has failed: qqq") == (0, 1)


def test_an_automaton_that_begins_anew_finds_the_same() -> None:
    chance = random.Random(5)
    words = ("fail", "failed", "reject", "550 ", "5505", "in", "the", "mail", "host 5", "-", "\n")
    ours, theirs = patterns.compiled(BUSY), re.compile(BUSY)
    for _ in range(200):
        text = " ".join(chance.choices(words, k=300))
        assert [one.span() for one in ours.finditer(text)] == [one.span() for one in theirs.finditer(text)]
