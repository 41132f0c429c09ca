import subprocess
import sys

from ndrfilter.lang.parse import CLASSES, parse, parser


def test_every_grammar_rule_has_a_class_and_every_class_a_rule():
    named = {str(rule.alias or rule.origin.name) for rule in parser().rules}
    nodes = {name for name in named if not name.startswith("_")}
    inlined = {"expr", "or_expr", "and_closed", "and_open", "not_closed", "not_open", "comparison", "sum", "otherwise"}
    assert nodes - inlined - {"postfix", "primary"} <= set(CLASSES)
    abstract = {"item", "clause", "test_part", "node"}
    assert set(CLASSES) - abstract <= named


def test_words_of_the_language_are_names_where_a_name_is_wanted():
    text = 'rule when { when hit hit and a.list.text.any exists tags test, rule group world hit "x" in reason }'
    block = parse("language 1 " + text).nodes[1]
    assert block.word(1).text == "when"
    assert len(block.nodes) == 4


def test_a_quantifier_reaches_to_the_end_of_its_condition():
    block = parse("rule A { when a or any x in l: x.b and c or d }").nodes[0]
    condition = block.nodes[0].nodes[0]
    assert type(condition).__name__ == "OrExpr"
    assert type(condition.nodes[1]).__name__ == "Quantified"
    assert type(condition.nodes[1].nodes[1]).__name__ == "OrExpr"


def test_spans_cover_what_was_written():
    text = "rule A { when ( a == 1 ) and not (b in [1, 2]) }"
    condition = parse(text).nodes[0].nodes[0].nodes[0]
    assert [text[part.start : part.end] for part in condition.nodes] == ["( a == 1 )", "not (b in [1, 2])"]


def test_running_compiled_rules_needs_neither_the_parser_nor_heavy_modules():
    code = "import sys, ndrfilter.lang.closures, ndrfilter.lang.rule, ndrfilter.lang.guard; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"lark", "typing", "dataclasses", "inspect", "logging", "email", "json"} & set(loaded)
