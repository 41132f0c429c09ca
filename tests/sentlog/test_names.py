"""One spelling for ids and addresses, whoever wrote them down."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter.sentlog.names import canonical_address, canonical_id, ids_in

ATOM = st.text("abcXYZ019.!#$%&'*+-/=?^_`{|}~", min_size=1, max_size=20)
BLANK = st.sampled_from(["", " ", "\t", "\r\n ", "\n\t"])


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("<AbC.1@Mail.Example.COM>", "AbC.1@mail.example.com"),
        ("AbC.1@mail.example.com", "AbC.1@mail.example.com"),
        ("  <a@b>  ", "a@b"),
        ("<a@b> (added by postmaster@b)", "a@b"),
        ("a@b (added)", "a@b"),
        ("<<a@b>>", "a@b"),
        ("<a\r\n @b>", "a@b"),
        ("<no-at-sign>", "no-at-sign"),
        ('<"quoted part"@B>', '"quotedpart"@b'),
        ("<A@b@C>", "A@b@c"),
        ("<a@[192.0.2.1]>", "a@[192.0.2.1]"),
        ("<a@b", "a@b"),
        ("<>", ""),
        ("", ""),
    ],
)
def test_ids(written, canonical):
    assert canonical_id(written) == canonical


@given(ATOM, ATOM, BLANK, BLANK, BLANK)
def test_blanks_brackets_and_the_case_of_the_domain_do_not_matter(left, right, before, inside, after):
    canonical = canonical_id(f"{left}@{right}")
    assert canonical_id(f"{before}<{inside}{left}@{right.upper()}{inside}>{after}") == canonical
    assert canonical.startswith(left + "@")


@given(st.text())
def test_any_text_has_a_canonical_form_that_stays(text):
    once = canonical_id(text)
    assert canonical_id(once) == once == canonical_id(f"<{once}>")
    assert not any(character.isspace() for character in once)


@given(st.text(max_size=3000))
def test_lists_of_ids_are_bounded(text):
    assert len(ids_in(text * 5)) <= 10


def test_the_last_reference_comes_first():
    assert ids_in("<1@a> <2@a>\r\n\t<3@A>") == ("3@a", "2@a", "1@a")
    assert ids_in("your message of Sunday") == ()


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("Alice@Example.COM", "alice@example.com"),
        ("<alice@example.com>", "alice@example.com"),
        ("prvs=1234abcdef=alice@example.com", "alice@example.com"),
        ("alice+prvs=1234abcdef@example.com", "alice@example.com"),
        ("btv1==1234567890a==alice@example.com", "alice@example.com"),
        ("alice+prvs@example.com", "alice+prvs@example.com"),
        ("<>", ""),
        ("", ""),
        ("root", "root"),
    ],
)
def test_addresses(written, canonical):
    assert canonical_address(written) == canonical


@given(st.text(max_size=200))
def test_any_address_has_a_canonical_form(text):
    assert canonical_address(text) == canonical_address(text)
