import json

import pytest

DRAFT = '''language 1
rule DRAFT_SUBJECT {
  describe "the subject is {subject}"
  when     subject contains "draft"
  toward   fake 1.0
  group    drafts
  tags     draft, content
  because  """First line.
             Second line."""
  hit """
    Subject: a draft

    text
    """
  miss """
    Subject: %s

    text
    """
}
group drafts: at most 2.0
'''


RULESET = "extends: default\nscores: {DRAFT_SUBJECT: 1.5, DRAFT_SUBJEKT: 2}\nmodes: {'tag:draft': shadow}\n"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A configuration with local rules: a rule, and a ruleset that overrides it. One for all, since compiling takes time."""
    folder = tmp_path_factory.mktemp("site")
    for name, text in (
        ("ndrfilter.yml", "ruleset: mine\n"),
        ("rules/draft.ndr", DRAFT % "final"),
        ("rulesets/mine.yml", RULESET),
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder / "ndrfilter.yml"


def draft(path):
    return path.parent / "rules/draft.ndr"


def test_check_finds_local_rules_sound(command, path):
    code, said, errors = command("-c", path, "rules", "check", draft(path))
    assert (code, said, errors) == (0, "1 rules, recognisers and reasons are sound\n", "")


def test_check_shows_every_mistake_with_its_place(command, tmp_path):
    path = tmp_path / "wrong.ndr"
    path.write_text('language 1\nrule A { describe "a" when subjct == "x" toward fake 1 }\nrule B { describe "b" }\n')
    code, _, errors = command("rules", "check", path)
    assert code == 2
    assert f"{path}:2:28: error" in errors
    assert "did you mean subject" in errors
    assert f"{path}:3:" in errors


def test_check_warns_of_overrides_that_mean_nothing(command, path):
    code, _, errors = command("-c", path, "rules", "check")
    assert code == 0
    assert "mine.yml:2:45: warning[W801]" in errors
    assert "did you mean DRAFT_SUBJECT" in errors


def test_a_missing_rule_file_is_a_mistake(command, tmp_path):
    code, _, errors = command("rules", "check", tmp_path / "nothing.ndr")
    assert code == 2
    assert "no such rule file" in errors


def test_a_folder_or_an_empty_file_is_not_sound(command, tmp_path):
    (tmp_path / "x.ndr").mkdir()
    code, said, errors = command("rules", "check", tmp_path / "x.ndr")
    assert (code, said) == (2, "")
    assert "this is a folder" in errors
    (tmp_path / "empty.ndr").write_text("\n")
    code, said, errors = command("rules", "check", tmp_path / "empty.ndr")
    assert (code, said) == (2, "")
    assert "there is nothing in this file" in errors


def test_a_shipped_file_goes_by_the_name_that_diagnostics_give_it(command):
    code, said, _ = command("rules", "test", "-v", "origin/spf.ndr")
    assert code == 0
    assert all(line.startswith("ok   origin/spf.ndr:") for line in said.splitlines()[:-1])


def test_tests_that_pass_say_so(command, path):
    assert command("-c", path, "rules", "test", draft(path))[:2] == (0, "2 passed, 0 failed\n")


def test_tests_that_fail_say_why(command, tmp_path):
    failing = tmp_path / "failing.ndr"
    failing.write_text(DRAFT % "a draft too")
    code, said, _ = command("rules", "test", failing)
    assert code == 1
    assert f"FAIL {failing}:15: DRAFT_SUBJECT" in said
    assert "expected miss, got hit" in said
    assert said.endswith("1 passed, 1 failed\n")


def test_verbose_names_every_test(command, path):
    said = command("-c", path, "rules", "test", "-v", draft(path))[1]
    assert [line.split()[0] for line in said.splitlines()] == ["ok", "ok", "2"]


def test_a_draft_outside_is_tested_with_the_rules_in_force(command, tmp_path):
    path = tmp_path / "outside.ndr"
    path.write_text(
        'language 1\nrule OUTSIDE { describe "x" when hit ORIGINAL_FROM_STRANGER toward backscatter 0.5\n'
        '  miss """\n    Subject: hello\n\n    text\n    """\n}\n'
    )
    assert command("rules", "test", path)[:2] == (0, "1 passed, 0 failed\n")


def test_list_shows_rules_as_the_ruleset_has_them(command, path):
    code, said, _ = command("-c", path, "rules", "list", "--tag", "draft")
    assert code == 0
    assert " ".join(said.split()) == "DRAFT_SUBJECT fake 1.5 content drafts shadow the subject is {subject}"


def test_list_as_json(command, path):
    said = command("-c", path, "rules", "list", "--group", "drafts", "--json")[1]
    [row] = [json.loads(line) for line in said.splitlines()]
    assert (row["name"], row["score"], row["mode"], row["tags"]) == (
        "DRAFT_SUBJECT",
        1.5,
        "shadow",
        ["draft", "content"],
    )


def test_a_tag_or_group_that_no_rule_has_is_told(command, path):
    code, said, errors = command("-c", path, "rules", "list", "--tag", "drafft")
    assert (code, said) == (0, "")
    assert errors == "ndrfilter: no rule has the tag drafft; did you mean draft?\n"
    assert command("-c", path, "rules", "list", "--group", "qqqq") == (0, "", "ndrfilter: no rule has the group qqqq\n")


def test_show_tells_everything_of_a_rule(command, path):
    code, said, _ = command("-c", path, "rules", "show", "DRAFT_SUBJECT")
    assert code == 0
    for part in (
        f"DRAFT_SUBJECT  toward fake 1  {draft(path)}:2",
        "  First line.\n  Second line.\n",
        "class      content, because of subject",
        "group      drafts, at most 2",
        f"score 1.5, {path.parent}/rulesets/mine.yml:2",
        f"modes tag:draft, {path.parent}/rulesets/mine.yml:3",
        "test       hit",
        'when     subject contains "draft"',
    ):
        assert part in said
    assert said.endswith("}\n")
    assert "group drafts:" not in said


@pytest.mark.parametrize("name", ["POSTFIX", "mailbox_full"])
def test_show_knows_recognisers_and_reasons(command, name):
    code, said, _ = command("rules", "show", name)
    assert code == 0
    assert said.startswith(name)


def test_show_asks_what_was_meant(command):
    code, _, errors = command("rules", "show", "POSTFIKS")
    assert code == 2
    assert "did you mean POSTFIX" in errors


def test_facts_are_listed_with_type_and_class(command):
    code, said, _ = command("rules", "facts", "original.stranger")
    assert code == 0
    first = said.splitlines()[0].split()
    assert first[:5] == ["original.stranger", "hop?", "trace", "bounce", "local"]
    assert "record hop" in said


def test_a_prefix_of_nothing(command):
    code, _, errors = command("rules", "facts", "nonsense")
    assert code == 2
    assert "no fact begins with" in errors


def test_tables_have_headings_on_a_terminal(terminal, path):
    code, screen = terminal(["-c", path, "rules", "list", "--tag", "draft"], [])
    assert code == 0
    for word in ("name", "toward", "description", "DRAFT_SUBJECT"):
        assert word in screen
