"""Which address was meant: one clear best, or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_rows import AddressBook

from ndrfilter.sweep.answer.spelling import Speller, slips

BOOK = AddressBook(
    {
        "bob@example.com": (14, 9),
        "anna.schmidt@gmail.com": (30, 28),
        "johndoe@firm.example": (5, 5),
        "team1@firm.example": (9, 9),
        "maria@club.example": (6, 6),
        "marie@club.example": (5, 7),
        "ben@club.example": (8, 8),
        "müller@bücher.example": (4, 4),
        "carol@partner.example": (4, 4),
        "dave@oldhost.example": (20, 20),
    }
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("bbo@example.com", "bob@example.com"),
        ("Bobb@Example.com", "bob@example.com"),
        ("anna.schmitd@gmail.com", "anna.schmidt@gmail.com"),
        ("annaschmidt@gmail.com", "anna.schmidt@gmail.com"),
        ("anna.schmit@gmail.com", "anna.schmidt@gmail.com"),
        ("john.doe@firm.example", "johndoe@firm.example"),
        ("anna.schmidt@gmial.com", "anna.schmidt@gmail.com"),
        ("new.person@gmial.com", "new.person@gmail.com"),
        ("new.person@gmail.con", "new.person@gmail.com"),
        ("new.person@hotmial.com", "new.person@hotmail.com"),
        ("someone@partnre.example", "someone@partner.example"),
        ("bob@exmaple.com", "bob@example.com"),
    ],
)
def test_one_slip_is_mended(written, meant):
    assert Speller(BOOK).meant(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "bob@example.com",  # as it is
        "team2@firm.example",  # another team
        "mario@club.example",  # maria or marie?
        "bea@club.example",  # too short to be ben
        "nobody.at.all@firm.example",
        "bob@example.org",  # another firm
        "someone@mail.com",  # everybody's domain, though near gmail.com
        "someone@gmx.de",
        "x@y.z",
        "@example.com",
        "bob@",
        "bob",
        "",
        "a" * 400 + "@example.com",
    ],
)
def test_better_none_than_a_wrong_one(written):
    assert Speller(BOOK).meant(written) == ""


def test_an_address_that_came_back_itself_is_not_proposed():
    assert Speller(BOOK, {"bob@example.com"}).meant("bbo@example.com") == ""


def test_an_address_used_less_is_not_proposed():
    assert Speller(AddressBook({"bob@example.com": (2, 0), "bobo@example.com": (9, 0)})).meant("bobo@example.com") == ""


def test_without_a_book_only_everybody_s_domains_are_known():
    speller = Speller(None)
    assert speller.meant("anna@gmial.com") == "anna@gmail.com"
    assert speller.meant("bbo@example.com") == ""


@given(st.text(max_size=12), st.text(max_size=12))
def test_slips_are_the_same_from_both_sides(a, b):
    assert slips(a, b, 2) == slips(b, a, 2)


@given(st.text(alphabet="abc", min_size=3, max_size=9), st.integers(0, 8), st.characters(categories=["Ll"]))
def test_one_character_more_is_one_slip(text, place, char):
    longer = text[:place] + char + text[place:]
    assert slips(text, longer, 1) == 1
    assert slips(text, text, 2) == 0


def test_more_slips_than_asked_for_are_none():
    assert [slips("abcdefgh", "abdcefhg", most) for most in (1, 2)] == [0, 2]


@given(st.text(max_size=40))
def test_any_text_has_an_answer(text):
    assert isinstance(Speller(BOOK).meant(text), str)
