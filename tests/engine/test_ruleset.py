"""Rulesets in time: a rule that expires goes when its time comes, in a filter that lives on as well."""

from __future__ import annotations

from ndrfilter import Filter

RULE = """language 1
rule SOON_GONE { describe "x" when returned toward genuine 1.0 expires 2030-01-01 }
"""


class Moving:
    """A clock that a test can set."""

    def __init__(self, time):
        self.time = time

    def now(self):
        return self.time


def test_a_rule_expires_in_a_living_filter(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.ndr").write_text(RULE)
    (tmp_path / "ndrfilter.yml").write_text("site: {domains: [example.com]}\n")
    clock = Moving(1_700_000_000.0)
    living = Filter.from_config(tmp_path / "ndrfilter.yml", clock=clock)
    assert "SOON_GONE" in living.ruleset.rules
    clock.time = 1_900_000_000.0
    assert "SOON_GONE" not in living.ruleset.rules
    assert "SOON_GONE" not in Filter.from_config(tmp_path / "ndrfilter.yml", clock=clock).ruleset.rules
