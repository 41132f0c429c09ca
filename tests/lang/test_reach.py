"""What a rule file may name: files of its own tree, wherever a link or `..` seems to lead."""

import pytest

from ndrfilter.errors import RuleError
from ndrfilter.lang import Source, load, reach

RULE = 'language 1\n%s\nrule A { describe "x" when author.domain within names toward genuine 1.0 }\n'


@pytest.fixture
def tree(tmp_path):
    """A tree of rule files, with a list at its top and one outside."""
    for folder in ("rules/deep/deeper", "elsewhere"):
        (tmp_path / folder).mkdir(parents=True)
    for folder in ("rules", "elsewhere"):
        (tmp_path / folder / "names.txt").write_text("one.example\n")
        (tmp_path / folder / "names.ndr").write_text('language 1\nlist names = ["one.example"]\n')
    return tmp_path


@pytest.fixture
def told(tree, schema):
    """The codes of the mistakes in a file below the top one, which says `text`."""

    def codes(text, folder="rules/deep", top=True):
        sources = [Source("top.ndr", "language 1\n", tree / "rules")] if top else []
        try:
            load([*sources, Source("deep/a.ndr", RULE % text, tree / folder)], schema)
        except RuleError as error:
            return [found.code for found in error.diagnostics]
        return []

    return codes


@pytest.mark.parametrize("text", ['list names = file "../names.txt"', 'import "../names.ndr"'])
def test_a_file_of_the_same_tree_is_read(told, text):
    assert told(text) == []


@pytest.mark.parametrize(
    "text",
    [
        'list names = file "../../elsewhere/names.txt"',
        'list names = file "%s/elsewhere/names.txt"',
        'list names = file "link.txt"',
        'list names = file "link/names.txt"',
        'list names = file "loop"',
        'list names = file "a\x00b"',
        'list names = [] import "../../elsewhere/names.ndr"',
        'list names = [] import "%s/elsewhere/names.ndr"',
        'list names = [] import "link.ndr"',
    ],
)
def test_nothing_outside_is_read(told, tree, text):
    deep = tree / "rules/deep"
    (deep / "link.txt").symlink_to("../../elsewhere/names.txt")
    (deep / "link.ndr").symlink_to(tree / "elsewhere/names.ndr")
    (deep / "link").symlink_to(tree / "elsewhere")
    (deep / "loop").symlink_to("loop")
    assert told(text.replace("%s", str(tree))) == ["E210"]


def test_a_link_within_the_tree_is_read(told, tree):
    (tree / "rules/deep/link.txt").symlink_to("../names.txt")
    assert told('list names = file "link.txt"') == []


def test_a_tree_begins_at_its_topmost_source(told):
    assert told('list names = file "../names.txt"', top=False) == ["E210"]


def test_a_text_without_a_folder_reaches_nothing(schema):
    with pytest.raises(RuleError) as caught:
        load([Source("a.ndr", RULE % 'list names = file "setup.py"')], schema)
    assert [found.code for found in caught.value.diagnostics] == ["E210"]


@pytest.mark.parametrize(("content", "said"), [(b"\xff\n", "not UTF-8"), (b"x.example\n" * 4, "larger than 30 bytes")])
def test_a_list_that_cannot_be_whole_is_a_mistake(tree, schema, monkeypatch, content, said):
    monkeypatch.setattr(reach, "MAX_LIST_FILE", 30)
    (tree / "rules/names.txt").write_bytes(content)
    for source, lists in (
        (Source("a.ndr", RULE % 'list names = file "names.txt"', tree / "rules"), {}),
        (Source("a.ndr", RULE % ""), {"names": tree / "rules/names.txt"}),
    ):
        with pytest.raises(RuleError) as caught:
            load([source], schema, lists)
        [found] = caught.value.diagnostics
        assert said in found.message
        assert found.help


def test_a_mistake_in_a_list_of_the_configuration_has_its_place(tree, schema):
    path = tree / "elsewhere/names.txt"
    path.write_text("one.example\ntwo words " + "and more " * 20 + "\n")
    with pytest.raises(RuleError) as caught:
        load([Source("a.ndr", RULE % "")], schema, {"names": path})
    [found] = caught.value.diagnostics
    assert (found.code, found.file, found.line) == ("E512", str(path), 2)
    assert found.help
    assert len(found.source) <= 41
