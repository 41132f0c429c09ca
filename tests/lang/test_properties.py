import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ndrfilter.errors import RuleError
from ndrfilter.lang import Source, load
from ndrfilter.lang.diagnose import render
from ndrfilter.limits import MAX_EXPRESSION_DEPTH
from ndrfilter.schema import BOOLEAN, Evidence, FactSpec, Schema, Unknown, list_of

NAMES = ("a", "b", "c", "d")
FLAGS = Schema(
    {name: FactSpec(name, BOOLEAN, Evidence.TRACE, "") for name in NAMES}
    | {"flags": FactSpec("flags", list_of(BOOLEAN), Evidence.TRACE, "")},
    {},
)
UNKNOWN = "unknown"

conditions = st.recursive(
    st.sampled_from(NAMES).map(lambda name: ("fact", name)),
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.just("surely"), inner),
        st.tuples(st.just("known"), inner),
        st.tuples(st.just("and"), st.lists(inner, min_size=2, max_size=4)),
        st.tuples(st.just("or"), st.lists(inner, min_size=2, max_size=4)),
        st.lists(inner, min_size=1, max_size=4).flatmap(
            lambda parts: st.tuples(st.just("of"), st.just(parts), st.integers(1, len(parts)))
        ),
    ),
    max_leaves=12,
)
three = st.sampled_from([True, False, None, UNKNOWN])


def written(tree):
    kind, part = tree[0], tree[1]
    if kind == "fact":
        return part
    if kind in ("not", "surely"):
        return f"{kind} ({written(part)})"
    if kind == "known":
        return f"({written(part)}) known"
    if kind == "of":
        return f"{tree[2]} of {{{', '.join(map(written, part))}}}"
    return "(" + f" {kind} ".join(map(written, part)) + ")"


def naive(tree, facts):
    """Kleene's logic by counting what holds for sure and what may hold."""
    kind, part = tree[0], tree[1]
    if kind == "fact":
        return False if facts[part] is None else facts[part]
    if kind in ("not", "surely", "known"):
        value = naive(part, facts)
        if value == UNKNOWN:
            return UNKNOWN if kind == "not" else False
        return {"not": not value, "surely": value, "known": True}[kind]
    values = [naive(inner, facts) for inner in part]
    wanted = {"and": len(values), "or": 1}.get(kind) or tree[2]
    sure, possible = values.count(True), values.count(True) + values.count(UNKNOWN)
    return True if sure >= wanted else False if possible < wanted else UNKNOWN


class Flags:
    def __init__(self, facts):
        self.facts = facts

    def fact(self, name):
        value = self.facts[name]
        return Unknown("nobody knows") if value == UNKNOWN else value


def evaluated(condition, facts):
    (rule,) = load([Source("t", f"language 1 rule T {{ when {condition} }}")], FLAGS).rules
    value = rule.condition(Flags(facts))
    return UNKNOWN if isinstance(value, Unknown) else value


@settings(max_examples=80, deadline=None)
@given(conditions, st.lists(three, min_size=4, max_size=4))
def test_conditions_are_what_a_naive_reading_says(tree, values):
    facts = dict(zip(NAMES, values, strict=True))
    assert evaluated(written(tree), facts) == naive(tree, facts)


@settings(max_examples=80, deadline=None)
@given(conditions, st.lists(three, min_size=4, max_size=4), st.lists(st.booleans(), min_size=4, max_size=4))
def test_learning_more_never_changes_what_was_decided(tree, values, later):
    """What is pending may become anything; a decision taken before must stand."""
    (rule,) = load([Source("t", f"language 1 rule T {{ when {written(tree)} }}")], FLAGS).rules

    class Pending:
        def fact(self, name):
            value = values[NAMES.index(name)]
            return Unknown("on its way", (name,)) if value == UNKNOWN else value

    class Come:
        def fact(self, name):
            value = values[NAMES.index(name)]
            return later[NAMES.index(name)] if value == UNKNOWN else value

    before, after = rule.condition(Pending()), rule.condition(Come())
    if isinstance(before, Unknown):
        assert before.pending
    else:
        assert after is before


@settings(max_examples=60, deadline=None)
@given(st.lists(three, max_size=6))
def test_quantifiers_agree_with_junctions(values):
    facts = {"flags": tuple(Unknown("x") if value == UNKNOWN else value for value in values)}
    plain = [False if value is None else value for value in values]
    expected_any = True if True in plain else UNKNOWN if UNKNOWN in plain else False
    expected_all = False if False in plain else UNKNOWN if UNKNOWN in plain else True
    assert evaluated("any f in flags: f", facts) == expected_any
    assert evaluated("all f in flags: f", facts) == expected_all
    assert evaluated("none f in flags: f", facts) == (UNKNOWN if expected_any == UNKNOWN else not expected_any)


PIECES = [
    *["rule", "recognise", "reason", "let", "list", "group", "world", "import", "language", "when", "describe", "toward", "test", "hit", "miss", "kind", "site", "message"],
    *["and", "or", "not", "any", "all", "none", "count", "in", "exists", "missing", "known", "surely", "otherwise", "of", "rules", "matches", "within", "contains"],
    *['{', '}', '(', ')', '[', ']', ':', ',', '.', '=', '==', '"x"', '"{a}"', '"""y"""', '/z/i', '1', '2.5', '3d', '192.0.2.1', '::1', 'a', 'b', 'flags', '#', '\n', 'T', 'U', 'backscatter', 'fake'],
]  # fmt: skip
texts = st.one_of(
    st.text(max_size=200),
    st.text(alphabet=string.printable + "äß\u2028\x00", max_size=200),
    st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join),
    st.lists(st.sampled_from(PIECES), max_size=40).map(
        lambda pieces: "language 1\nrule A {\nwhen a\n" + " ".join(pieces)
    ),
)


def refusals(text):
    try:
        load([Source("any.ndr", text)], FLAGS)
    except RuleError as error:
        return error.diagnostics
    return None


@settings(max_examples=300, deadline=None)
@given(texts)
def test_any_text_compiles_or_is_refused_with_reasons(text):
    found = refusals(text)
    assert found is None or any(one.is_error for one in found)
    lines = text.split("\n")
    for one in found or ():
        assert 1 <= one.line <= len(lines)
        assert 1 <= one.column <= len(lines[one.line - 1]) + 1
        assert one.length >= 1
        assert render(one)


DEEP = {
    "parentheses": lambda count: "(" * count + "a" + ")" * count,
    "not": lambda count: "not " * count + "a",
    "open": lambda count: "(" * count,
    "lists": lambda count: "a in " + "[" * count + "]" * count,
    "any": lambda count: "any x in flags: " * count + "x",
    "of": lambda count: "1 of {" * count + "a" + "}" * count,
    "members": lambda count: "a" + ".b" * count,
    "otherwise": lambda count: "a otherwise " * count + "b",
    "index": lambda count: "a" + "[a" * count + "]" * count,
    "site": lambda count: 'a test "t" { message "m" expect hit site { x: ' + "{x: " * count + "y" + "}" * (count + 2),
    "site list": lambda count: 'a test "t" { message "m" expect hit site { x: ' + "[" * count + "]" * count + "} }",
}


@pytest.mark.parametrize("shape", DEEP)
@pytest.mark.parametrize("count", [MAX_EXPRESSION_DEPTH + 1, 3_000])
def test_nesting_is_bounded_and_told(shape, count):
    text = f"language 1\nrule T {{ when {DEEP[shape](count)} }}"
    if shape == "parentheses":
        assert load([Source("deep.ndr", text)], FLAGS).rules
        return
    with pytest.raises(RuleError):
        load([Source("deep.ndr", text)], FLAGS)


def test_long_chains_are_not_deep():
    for operator in ("and", "or"):
        text = f"language 1\nrule T {{ when {f' {operator} '.join(NAMES * 200)} }}"
        assert load([Source("long.ndr", text)], FLAGS).rules
