from types import SimpleNamespace

import pytest

from ndrfilter import config
from ndrfilter.config.rulesets import ruleset_names
from ndrfilter.errors import ConfigError


@pytest.fixture
def local(tmp_path):
    def write(**files):
        for name, text in files.items():
            (tmp_path / f"{name}.yml").write_text(text)
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("name", "origin", "act"), [("default", 5.0, True), ("strict", 4.0, True), ("watch", 7.0, False)]
)
def test_the_shipped_rulesets(name, origin, act):
    choice = config.load_ruleset(name)
    assert (choice.required["origin"], choice.act) == (origin, act)
    assert choice.mode("ANY_RULE", "origin/any.ndr", ()) == "live"
    assert choice.description


def test_a_local_ruleset_extends_the_shipped_one(local):
    folder = local(
        mine="extends: strict\nscores: {A: 1.5}\ndisable: [B, 'tag:slow', 'fakes/*.ndr']\nmodes: {C: shadow}\n"
    )
    choice = config.load_ruleset("mine", folder)
    assert choice.required == {"origin": 4.0, "fake": 4.0}
    assert choice.scores == {"A": 1.5}
    modes = [
        choice.mode("B", "origin/x.ndr", ()), choice.mode("D", "origin/x.ndr", ("slow",)),
        choice.mode("E", "fakes/x.ndr", ()), choice.mode("C", "origin/x.ndr", ()), choice.mode("F", "origin/x.ndr", ()),
    ]  # fmt: skip
    assert modes == ["off", "off", "off", "shadow", "live"]


def test_a_local_ruleset_may_extend_the_shipped_one_of_its_name(local):
    choice = config.load_ruleset("default", local(default="extends: default\nrequired: {fake: 6}\n"))
    assert choice.required == {"origin": 5.0, "fake": 6.0}
    assert len(choice.paths) == 2


def test_what_a_parent_switched_off_can_be_switched_on(local):
    folder = local(base="extends: default\ndisable: [A, B]\n", mine="extends: base\nmodes: {A: live}\n")
    choice = config.load_ruleset("mine", folder)
    assert [choice.mode(name, "x.ndr", ()) for name in ("A", "B")] == ["live", "off"]


def test_a_selection_of_rules(local):
    choice = config.load_ruleset("few", local(few="rules: ['ORIGINAL_*', 'not tag:new']\n"))
    assert choice.mode("ORIGINAL_A", "o.ndr", ()) == "live"
    assert choice.mode("ORIGINAL_A", "o.ndr", ("new",)) == "off"
    assert choice.mode("FAKE_A", "o.ndr", ()) == "off"


def test_a_rules_own_mode_holds_where_nothing_is_said():
    assert config.load_ruleset("default").mode("A", "o.ndr", (), "shadow") == "shadow"


def test_caps_are_written_as_in_the_language(local):
    choice = config.load_ruleset("mine", local(mine="groups: {a: at most 6.0, b: 2}\n"))
    assert choice.caps == {"a": 6.0, "b": 2.0}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("extends: a", ["E802"]),
        ("extends: defualt", ["E801"]),
        ("extends: ../default", ["E801"]),
        ("required: {backscatter: 5, origin: 0, fake: -1}", ["E610", "E804", "E803"]),
        ("modes: {A: shadowed}\nscores: {A: high, B: -1}\nrule: ['*']", ["E805", "E614", "E803", "E610"]),
        ("groups: {g: about 6}\nact: perhaps", ["E614", "E615"]),
    ],
)
def test_every_mistake_is_found(local, text, codes):
    with pytest.raises(ConfigError) as caught:
        config.load_ruleset("mine", local(mine=text, a="extends: mine"))
    assert [mistake.code for mistake in caught.value.diagnostics] == codes


def test_a_circle_of_three_is_found(local):
    with pytest.raises(ConfigError, match="comes round"):
        config.load_ruleset("a", local(a="extends: b", b="extends: c", c="extends: a"))


def test_an_unknown_ruleset_is_told_what_there_is(tmp_path):
    with pytest.raises(ConfigError) as caught:
        config.load_ruleset("strikt", tmp_path)
    assert caught.value.diagnostics[0].help == "did you mean strict?"
    assert set(ruleset_names()) >= {"default", "strict", "watch"}


def test_names_that_no_rule_has_are_warned_of(local):
    rules = [SimpleNamespace(name="KNOWN", place="origin/a.ndr:3", tags=("t",))]
    program = SimpleNamespace(rules=rules, groups={"group": 6.0})
    folder = local(
        mine="scores: {KNOWN: 1, KNOWM: 2}\ndisable: ['tag:t', 'tag:u', GONE]\ngroups: {group: 1, grup: 2}\n"
    )
    choice = config.load_ruleset("mine", folder)
    warnings = choice.check_against(program)
    assert [(warning.code, warning.line) for warning in warnings] == [
        ("W801", 1),
        ("W802", 3),
        ("W801", 2),
        ("W801", 2),
    ]
    assert not any(warning.is_error for warning in warnings)


def test_a_watching_ruleset_allows_no_action():
    chosen = config.from_mapping({"actions": {"fake": "reject"}})
    assert config.load_ruleset("watch").actions(chosen) == {"backscatter": "header", "fake": "header"}
    assert config.load_ruleset("default").actions(chosen)["fake"] == "reject"


def test_two_loads_of_a_changed_file_differ(local):
    folder = local(mine="required: {fake: 6}")
    first = config.load_ruleset("mine", folder)
    local(mine="required: {fake: 7}")
    assert (first.required["fake"], config.load_ruleset("mine", folder).required["fake"]) == (6.0, 7.0)
