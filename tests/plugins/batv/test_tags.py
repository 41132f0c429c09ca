"""What a tag is worth: tags as other software makes them, their days, their keys, and mistakes in the section."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter import resources
from ndrfilter.errors import ConfigError
from ndrfilter.message.addresses import parse_address
from ndrfilter.message.tags import prvs_of
from ndrfilter.plugin import Key, SettingError

batv = resources.plugin("batv")
TAGGED = "prvs=1784e71dd2=alice@example.com"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (TAGGED, "valid"),
        ("PRVS=1784E71DD2=alice@EXAMPLE.COM", "valid"),
        ("alice+prvs=1784e71dd2@example.com", "valid"),
        ("alice-prvs=1784e71dd2@example.com", "valid"),
        ("prvs=1784e71dd2=Alice@example.com", "valid"),
        ("prvs=17841127ea=Alice@example.com", "valid"),
        ("prvs=17841127ea=alice@example.com", "forged"),
        ("prvs=1784e71dd2=alice@example.org", "forged"),
        ("prvs=1784ae6e14=alice@example.com", "forged"),
        ("prvs=1785e71dd2=alice@example.com", "forged"),
        ("prvs=1784e71dd3=alice@example.com", "forged"),
        ("prvs=1784000000=alice@example.com", "forged"),
        ("prvs=2784e71dd2=alice@example.com", "unknown-key"),
        ("prvs=177819f246=alice@example.com", "expired"),
        ("prvs=180905b7e0=alice@example.com", "expired"),
        ("prvs=784e71dd2=alice@example.com", None),
        ("alice@example.com", None),
    ],
)
def test_what_a_tag_is_worth(kit, text, word):
    assert kit.checked(text) == word


def test_the_tag_that_exim_makes(kit):
    """As Exim 4.96 answered to ${prvs{Alice+x@Example.COM}{secret}{1}} on that day."""
    exim = batv.Settings((Key("1", b"secret"),), 7, 1, None, "", (), ())
    prvs = prvs_of("prvs=17865f6c2f=Alice+x")
    assert batv.check(prvs, "Example.COM", exim, kit.NOW) == "valid"


@given(st.integers(0, 3000), st.integers(0, 1_200), st.integers(1, 100))
def test_a_tag_is_good_for_its_days_and_no_longer(kit, first, later, days):
    settings = kit.section(days=float(days))
    made = batv.tagged(parse_address("alice@example.com"), settings, first * kit.DAY)
    word = batv.check(prvs_of(made.rpartition("@")[0]), "example.com", settings, (first + later) * kit.DAY)
    assert word == ("valid" if later % 1000 <= days or later % 1000 == 999 else "expired")


@given(st.text(max_size=60), st.sampled_from(["example.com", "example.org", ""]), st.booleans())
def test_whatever_the_recipient_says_nothing_is_valid_by_luck(kit, local, domain, tagged):
    prvs = prvs_of(f"prvs=1784e71dd2={local}" if tagged else local)
    if prvs is not None:
        word = batv.check(prvs, domain, kit.section(), kit.NOW)
        assert (word == "valid") == (
            prvs.local.lower() == "alice" and domain == "example.com" and prvs.tag == "1784e71dd2"
        )


def test_the_second_key_still_verifies(kit):
    keys = (Key("k2", b"the secret that signs now"), Key("k1", kit.SECRET.encode()))
    assert kit.checked(TAGGED, keys=keys) == "valid"
    assert batv.tagged(parse_address("alice@example.com"), kit.section(keys=keys), kit.NOW).startswith("prvs=2786")


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"keys": (Key("k12", b"0123456789abcdef"),)}, "keys"),
        ({"keys": (Key("a", b"0123456789abcdef"),)}, "keys"),
        ({"keys": (Key("k1", b"0123456789abcdef"), Key("1", b"0123456789abcdeg"))}, "keys"),
        ({"days": 0.0}, "days"),
        ({"days": 500.0}, "days"),
        ({"uses": 0.0}, "uses"),
        ({"subaddress": "="}, "subaddress"),
        ({"since": "yesterday"}, "since"),
    ],
)
def test_a_mistake_in_the_section(kit, values, name):
    with pytest.raises(SettingError) as mistake:
        kit.section(**values)
    assert mistake.value.name == name
    assert mistake.value.help


def test_a_tag_needs_keys(kit, judged):
    with pytest.raises(ConfigError, match="keys is missing"):
        judged(kit.bounce(), config={"site": {"domains": ["example.com"]}, "plugins": ["batv"]})
