import os
import re
from pathlib import Path

import pytest

from ndrfilter.errors import RuleError
from ndrfilter.lang import Source, load
from ndrfilter.lang.diagnose import render

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests/cases/diagnostics"
SOURCES = sorted(CASES.glob("*.ndr"))
CODES = {
    code for path in (ROOT / "ndrfilter/lang").glob("*.py") for code in re.findall(r'"([EW]\d{3})"', path.read_text())
}


def diagnose(path, schema):
    try:
        return load([Source(path.name, path.read_text(), path.parent)], schema).warnings
    except RuleError as error:
        return error.diagnostics


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_bad_input_is_told_as_people_should_read_it(path, schema):
    """Set NDRFILTER_ACCEPT=1 to write the golden files anew, then read the difference."""
    golden = path.with_suffix(".txt")
    shown = "\n".join(render(found) for found in diagnose(path, schema)).replace(str(CASES), "CASES") + "\n"
    if os.environ.get("NDRFILTER_ACCEPT"):
        golden.write_text(shown)
    assert shown == golden.read_text()
    assert path.stem.split("_")[0] in shown


def test_there_are_many_cases():
    assert len(SOURCES) >= 40


def test_every_code_has_a_case():
    shown = {code for path in CASES.glob("*.txt") for code in re.findall(r"\[([EW]\d{3})\]", path.read_text())}
    assert shown == CODES


def test_every_code_is_documented():
    documented = set(re.findall(r"^\| ([EW]\d{3}) \|", (ROOT / "docs/language.md").read_text(), re.MULTILINE))
    assert documented == CODES


def test_all_sources_are_checked_in_one_run(schema):
    one, two = Source("one.ndr", "language 1\nrule A { when nix }"), Source("two.ndr", "language 1\nrule B { when")
    with pytest.raises(RuleError) as caught:
        load([one, two], schema)
    assert {found.file for found in caught.value.diagnostics} == {"one.ndr", "two.ndr"}


def test_the_span_is_the_word_itself(schema):
    with pytest.raises(RuleError) as caught:
        load([Source("a.ndr", "language 1\nrule A {\n\twhen returned and nothing_such\n}")], schema)
    (found,) = caught.value.diagnostics
    assert (found.line, found.column, found.length) == (3, 20, len("nothing_such"))
    assert render(found).splitlines()[2] == "    | \t                  ^^^^^^^^^^^^"


def test_colour_is_only_decoration(schema):
    (found,) = diagnose(CASES / "E502_wrong_place.ndr", schema)[:1]
    assert re.sub(r"\x1b\[[0-9;]*m", "", render(found, color=True)) == render(found)


def test_terminal_escapes_in_rule_text_are_not_passed_on(schema):
    with pytest.raises(RuleError) as caught:
        load([Source("a.ndr", 'language 1\nrule A { when x\x1b[31m "}')], schema)
    assert "\x1b" not in "".join(render(found) for found in caught.value.diagnostics)
