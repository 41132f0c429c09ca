"""The section of the plugin: how long tokens live, which keys make them, where they stand, and mistakes in it."""

import pytest

from ndrfilter import Envelope, Filter
from ndrfilter.errors import ConfigError

SECRET = "a secret for the tests only"


@pytest.mark.parametrize(("days", "rules"), [(0, {"TOKEN_PROOF"}), (45, {"TOKEN_PROOF"}), (47, {"TOKEN_EXPIRED"})])
def test_a_token_expires(kit, days, rules):
    assert kit.judged(kit.office(kit.NOW + days * kit.DAY), kit.full(kit.letter()))[1] == rules


def test_the_life_can_be_set(kit):
    assert kit.judged(kit.office(kit.NOW + 4 * kit.DAY, expires="2d"), kit.full(kit.letter()))[1] == {"TOKEN_EXPIRED"}


def test_keys_are_turned_over(kit):
    turned = {"k2": "the secret that signs from today", **kit.KEYS}
    assert b"X-NDR-Token: k2-" in kit.sent(keys=turned)
    assert kit.judged(kit.office(keys=turned), kit.full(kit.letter())) == kit.GENUINE
    assert kit.judged(kit.office(keys=turned), kit.full(kit.sent(keys=turned))) == kit.GENUINE


def test_a_key_that_is_gone_says_nothing(kit):
    gone = kit.office(keys={"k2": "the secret that signs from today"})
    assert kit.judged(gone, kit.full(kit.letter())) == ("undetermined", set())
    facts = gone.facts(kit.full(kit.letter()), Envelope(sender="", recipients=("alice@example.com",)))
    assert facts.fact("token.state") == "unknown-key"


def test_without_the_plugin_nothing_is_asked(kit):
    config = {"site": {"domains": ["example.com"]}}
    assert kit.judged(Filter.from_config(config, clock=kit.Clock()), kit.full(kit.letter())) == ("undetermined", set())


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"keys": {"k1": "short"}}, "too short"),
        ({"keys": {"k1": SECRET, "K1": SECRET}}, "upper and lower case"),
        ({"in": ["body"]}, "no such place: body"),
        ({"header": "Subject"}, "begins with X-"),
        ({"header": "X-NDR-Status"}, "begins with X-"),
        ({"expires": "1h"}, "at least 1d"),
        ({"uses": 0}, "at least 1"),
        ({"key": "x"}, "unknown key"),
    ],
)
def test_mistakes_in_the_section(kit, section, said):
    with pytest.raises(ConfigError) as caught:
        kit.office(**section)
    assert said in " ".join(f"{one.message} {one.help}" for one in caught.value.diagnostics)


def test_another_field_can_carry_it(kit):
    out = kit.sent(header="X-Acme-Mark")
    assert b"X-Acme-Mark: k1-" in out
    assert kit.judged(kit.office(header="X-Acme-Mark"), kit.full(out)) == kit.GENUINE
    assert kit.judged(kit.office(), kit.full(out))[1] == set()
