import re
from pathlib import Path

import pytest

from ndrfilter import knowledge
from ndrfilter.config import from_mapping
from ndrfilter.extensions import loaded
from ndrfilter.lang import Source, load
from ndrfilter.schema import Unknown
from ndrfilter.workbench import ruletest

TEXT = (Path(__file__).parents[2] / "docs/language.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```ndr\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
VALUES = {"true": True, "false": False, "unknown": Unknown("why"), "absent": None, '"a"': "a", '"b"': "b"}


def tables():
    """The rows of the truth tables, as (head, row)."""
    for found in re.finditer(r"((?:^\|.*\n)+)", TEXT, re.MULTILINE):
        head, _, *rows = [[cell.strip() for cell in line.strip("|\n").split(" | ")] for line in found[0].splitlines()]
        head, rows = [cell.strip("| ") for cell in head], [[cell.strip("| ") for cell in row] for row in rows]
        if head[0] in ("A", "X", "list of conditions", "condition"):
            yield from ((head, row) for row in rows)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_examples_compile_without_a_warning(example, schema):
    text = example if example.startswith("language") else "language 1\n" + example
    assert load([Source("example.ndr", text)], schema).warnings == ()


@pytest.mark.parametrize(("head", "row"), list(tables()))
def test_truth_tables_say_what_happens(head, row, evaluate):
    if head[0] == "condition":
        assert evaluate(row[0].strip("`"), {"subject": None}) is VALUES[row[1]]
        return
    if head[0] == "list of conditions":
        facts = {"body.attachments": unknown_or_list(row[0])}
        for word, wanted in zip(head[1:], row[1:], strict=True):
            over = f"{word} x in body.attachments: x.archive"
            compare_quantified(word, wanted, over, facts, evaluate)
        return
    inputs = [name for name in head if len(name) == 1]
    values = dict(zip(head, row, strict=True))
    for column in head[len(inputs) :]:
        assert_column(column, values, inputs, evaluate)


def unknown_or_list(text):
    if text == "unknown":
        return VALUES["unknown"]
    return () if text == "empty" else tuple(Item(VALUES[word]) for word in text.split(", "))


class Item:
    def __init__(self, archive):
        self.archive = archive


def compare_quantified(word, wanted, over, facts, evaluate):
    if word == "count" and wanted != "unknown":
        assert evaluate(f"({over}) == {wanted}", facts) is True
        return
    result = evaluate(f"({over}) == 1" if word == "count" else over, facts)
    assert isinstance(result, Unknown) if wanted == "unknown" else result is VALUES[wanted]


def assert_column(column, values, inputs, evaluate):
    facts = {"subject": VALUES[values["X"]]} if inputs == ["X"] else {}
    names = {"A": "returned", "B": "envelope.null", "X": "subject"}
    facts |= {names[name]: VALUES[values[name]] for name in inputs}
    condition = re.sub(r"\b[ABX]\b", lambda found: names[found[0]], column)
    if "otherwise" in condition:
        assert evaluate(f"({condition}) == {values[column]}", facts) is True
        return
    result, wanted = evaluate(condition, facts), VALUES[values[column]]
    assert isinstance(result, Unknown) if isinstance(wanted, Unknown) else result is wanted


@pytest.fixture(scope="module")
def real_schema():
    return loaded().schema


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_examples_compile_over_the_facts_that_there_are(example, real_schema):
    text = example if example.startswith("language") else "language 1\n" + example
    assert load([Source("example.ndr", text)], real_schema).warnings == ()


def test_examples_with_tests_pass_them(tmp_path):
    tested = [example for example in EXAMPLES if re.search(r"^  (hit|miss|test) ", example, re.MULTILINE)]
    path = tmp_path / "example.ndr"
    path.write_text("language 1\n" + "".join(tested), encoding="utf-8")
    loaded = knowledge.of(from_mapping({}), [path], with_tests=True)
    tests = [test for test in loaded.program.tests if test.place.startswith(str(path))]
    assert len(tests) == 3
    assert [outcome.failures for outcome in ruletest.run(loaded, tests)] == [()] * len(tests)
