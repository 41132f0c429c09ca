"""What is known of a pattern never hides a match: whatever it matches has one of its atoms."""

from __future__ import annotations

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter.lang.atoms import atoms_of
from ndrfilter.lang.patterns import ATOMS, Pattern, folded, has_any

LETTERS = "abkKsSſKßẞİıσςΣéÉ1. -\né"
PIECES = st.one_of(
    st.text(LETTERS, min_size=1, max_size=6).map(lambda text: str(re2.escape(text))),
    st.sampled_from(
        [r"\d", r"\s", r"\w+", r"\b", "^", "$", ".", "[kK]", "[ſs]", "[a-z]", "[^a]", r"\z", "[[:alpha:]]", "x{,2}"]
    ),
)
PATTERNS = st.recursive(
    PIECES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=4).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{0,2}", "{1,3}?"])).map(
            lambda two: f"({two[0]}){two[1]}"
        ),
        inner.map(lambda part: f"(?i:{part})"),
        inner.map(lambda part: f"(?P<a>{part})" if "?P<a>" not in part else part),
    ),
    max_leaves=8,
)


@given(PATTERNS, st.text(LETTERS, max_size=40), st.sampled_from(["", "i", "ims"]))
def test_what_matches_has_an_atom(pattern, text, flags):
    try:
        found = re2.search(f"(?{flags}){pattern}" if flags else pattern, text)
    except re2.error:
        return
    atoms = atoms_of(pattern)
    assert found is None or not atoms or has_any(folded(text.encode()), atoms)


@pytest.mark.parametrize(
    ("pattern", "atoms"),
    [
        ("^Undelivered Mail", ("undelivered mail",)),
        ("(?:could not|cannot) be sent", (" be sent",)),
        ("mailbox (?:is )?full|over quota", ("mailbox ", "over quota")),
        ("(?:Fehler)+", ("fehler",)),
        ("(?:Fehler)*|x", ()),
        ("退信|[Чч]то", ("退信", "что")),
        ("[[:alpha:]]]]]", ()),
        (r"\pL{3}abc", ()),
        ("abc{,3}def", ()),
    ],
)
def test_what_is_found(pattern, atoms):
    assert atoms_of(pattern) == tuple(atom.encode() for atom in atoms)


def test_a_pattern_without_its_atom_is_not_compiled(monkeypatch):
    monkeypatch.setitem(ATOMS, "a (never|compiled) pattern[", (b"pattern",))
    pattern = Pattern("a (never|compiled) pattern[")
    assert pattern.search(b"nothing") is None
    assert list(pattern.finditer("nothing")) == []
    with pytest.raises(re2.error):
        pattern.search("a Pattern")
