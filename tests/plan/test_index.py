"""The index of conditions and the quick evaluator give what the plain evaluator gives, whatever facts come to."""

from collections import namedtuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ndrfilter.lang.guard import Condition
from ndrfilter.plan.fold import folded
from ndrfilter.plan.index import Index, numbers, table
from ndrfilter.plan.together import Together
from ndrfilter.plan.triggers import triggers
from ndrfilter.schema import Unknown

Item = namedtuple("Item", "text domain flag")


class Map(dict):
    """A map as headers are one: values by lower-case name, and the names that are there."""

    @property
    def names(self):
        return frozenset(self)

    def get(self, name):
        return dict.get(self, name.lower(), ())


FACTS = ("subject", "body.text", "kind", "null", "author", "items", "headers", "plugin")
texts = st.sampled_from(
    ["", "Undelivered Mail", "re: you", "a.example.com", "Example.COM.", "\ud800x", "Ⅻ İ ſ K k", "b"]
)
unknowns = st.sampled_from([Unknown("nobody knows"), Unknown("not asked", ("plugin",))])
items = st.builds(Item, texts | st.none() | unknowns, texts | st.none(), st.booleans() | st.none() | unknowns)
lists = st.lists(items | unknowns, max_size=3).map(tuple)
maps = st.dictionaries(st.sampled_from(["x-a", "x-b"]), st.lists(items, min_size=1, max_size=2).map(tuple)).map(Map)
values = st.one_of(texts, texts, st.none(), unknowns, st.booleans(), items, lists, maps, st.just(()), st.just(3))
worlds = st.fixed_dictionaries(
    {
        "subject": texts | values, "body.text": texts | values, "kind": texts | values, "null": st.booleans() | values,
        "author": items | values, "items": lists | values, "headers": maps | values, "plugin": st.none() | values,
    }
)  # fmt: skip

PATTERNS = (("undeliver", "i"), ("^re:", ""), ("[a-k]", "i"), ("x|Mail$", "m"), ("(ſ|ß)", "i"), (r"\bexample\b", "i"))
patterns = st.sampled_from(PATTERNS)
folds = st.sampled_from(["exact", "lower", "domain", "mailbox"])
consts = texts.map(lambda text: ("const", text))


def subjects(variable):
    entry = st.sampled_from(["X-A", "x-b"]).map(lambda name: ("index", ("fact", "headers"), ("const", name)))
    end = st.tuples(st.sampled_from(["first", "last"]), entry | st.just(("fact", "items")))
    record = st.one_of(st.just(("fact", "author")), end, *([st.just(("variable", 0))] if variable else []))
    field = st.tuples(st.just("field"), record, st.sampled_from(["text", "domain", "flag", "nothing"]))
    fact = st.sampled_from(FACTS).map(lambda name: ("fact", name))
    return st.one_of(fact, field, end, entry, fact.map(lambda of: ("length", of)))


def leaves(variable):
    of = subjects(variable)
    plain = st.booleans()
    matches = st.tuples(st.just("matches"), of, patterns, plain).map(lambda m: ("matches", m[1], *m[2], m[3]))
    part = st.tuples(st.sampled_from(["contains", "starts", "ends"]), of, consts | of, folds, plain)
    within = st.tuples(st.just("within"), of, consts | st.just(("fact", "items")), plain)
    member = st.tuples(
        st.just("in"), of, st.lists(texts, max_size=3).map(lambda many: ("const", tuple(many))), st.just("text"), folds,
        st.just(""), plain,
    )  # fmt: skip
    compare = st.tuples(
        st.just("cmp"), st.sampled_from(["==", "!=", "<"]), of | consts, of | consts, st.just("text"), folds
    )
    number = st.tuples(st.just("cmp"), st.just(">"), of, st.just(("const", 0)), st.just("number"), st.just("exact"))
    state = st.tuples(st.sampled_from(["exists", "missing", "known", "truth", "truth"]), of)
    return st.one_of(matches, matches, state, state, part, within, member, compare, number)


def conditions(variable=False):
    base = leaves(variable)
    if not variable:
        quantified = st.tuples(
            st.sampled_from(["any", "any", "all", "none"]),
            st.just(("fact", "items")) | st.just(("index", ("fact", "headers"), ("const", "X-A"))),
            conditions(variable=True),
            st.just(0),
        )
        base = st.one_of(base, base, quantified, st.sampled_from(["R0", "R1", "OFF"]).map(lambda name: ("rule", name)))

    def deeper(inner):
        many = st.lists(inner, min_size=2, max_size=4).map(tuple)
        return st.one_of(
            st.tuples(st.just("and"), many),
            st.tuples(st.just("or"), many),
            st.tuples(st.sampled_from(["not", "surely", "truth"]), inner),
            many.flatmap(lambda parts: st.tuples(st.just("at_least"), st.integers(1, len(parts)), st.just(parts))),
            inner.map(lambda of: of if variable else ("shared", repr(of), of)),
            st.tuples(st.just("truth"), st.tuples(st.just("otherwise"), inner, inner)),
        )

    return st.recursive(base, deeper, max_leaves=6)


class Scope:
    """Facts of a table, and three rules of which one asks another and one is off."""

    def __init__(self, facts, rules, build):
        self.facts, self.rules, self.build, self.memo = facts, rules, build, {}

    def fact(self, name):
        return self.facts[name]

    def rule(self, name):
        return self.build(self.rules[name])(self) if name in self.rules else Unknown("rule OFF is off")


def indexed(conditions, cheap, first=False):
    return Index(table(conditions, cheap, first=first), conditions)


def without_rules(ir):
    return ("const", False) if "rule" in str(ir) else ir


@settings(max_examples=150, deadline=None)
@given(st.lists(conditions(), min_size=1, max_size=5), conditions(), conditions(), worlds, st.booleans())
def test_the_index_leaves_out_only_what_is_false(found, one, other, facts, first):
    rules = {"R0": without_rules(one), "R1": without_rules(other)}
    scope = Scope(facts, rules, Condition)
    expected = [Condition(ir)(scope) for ir in found]
    index = indexed(found, frozenset(FACTS) - {"plugin"}, first=first)
    possible, bits = index.possible(scope)
    left = numbers(index.narrowed(scope, -1, bits))
    assert set(left) <= set(numbers(possible))
    assert [value for number, value in enumerate(expected) if number not in left and value is not False] == []
    quick = [Condition(ir, index.build)(Scope(facts, rules, Condition)) for ir in found]
    assert quick == expected
    assert list(map(type, quick)) == list(map(type, expected))


@settings(max_examples=100, deadline=None)
@given(st.lists(conditions().map(without_rules), min_size=1, max_size=5), worlds)
def test_conditions_come_in_order_with_the_text_asked_last(found, facts):
    scope = Scope(facts, {}, Condition)
    left = list(indexed(found, frozenset(FACTS)).in_order(scope))
    assert left == sorted(left)
    assert [ir for number, ir in enumerate(found) if number not in left and Condition(ir)(scope) is not False] == []


@settings(max_examples=150, deadline=None)
@given(conditions().map(without_rules), worlds)
def test_a_condition_without_what_is_always_absent_is_the_same(ir, facts):
    facts = facts | {"plugin": None, "author": None}
    before, after = Condition(ir), Condition(folded(ir, frozenset({"plugin", "author"})))
    assert after(Scope(facts, {}, Condition)) == before(Scope(facts, {}, Condition))


def test_a_condition_that_can_only_be_false_asks_for_nothing():
    gone = folded(("and", (("truth", ("fact", "null")), ("exists", ("fact", "plugin")))), frozenset({"plugin"}))
    assert gone == ("const", False)
    assert list(indexed([gone], frozenset()).in_order(Scope({}, {}, Condition))) == []


def test_a_dear_fact_is_asked_only_where_the_plain_evaluator_asks_for_it():
    dear, cheap = ("exists", ("fact", "plugin")), ("exists", ("fact", "subject"))
    assert triggers(("and", (cheap, dear)), frozenset({"subject"}), first=True)[0].questions == {(cheap[1], "exists")}
    assert triggers(dear, frozenset({"subject"})) == ()
    assert triggers(dear, frozenset({"subject"}), first=True)[0].questions == {(dear[1], "exists")}


def test_the_text_is_not_asked_for_what_the_header_decides():
    class Shy(Scope):
        def fact(self, name):
            assert name != "body.text"
            return super().fact(name)

    found = (
        "and",
        (("matches", ("fact", "subject"), "x", "", False), ("matches", ("fact", "body.text"), "y", "", False)),
    )
    facts = dict.fromkeys(FACTS) | {"subject": "y"}
    assert list(indexed([found], frozenset(FACTS)).in_order(Shy(facts, {}, Condition))) == []


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([*PATTERNS, ("", ""), (".", "s"), ("k|s", "i"), ("(a{3}|b){2}", "")]), unique=True),
    st.text() | texts,
)
def test_patterns_together_match_as_they_do_alone(many, text):
    alone = [
        place for place, one in enumerate(many) if Condition(("matches", ("const", text), *one, False))(None) is True
    ]
    assert list(Together(tuple(many)).hits(text)) == alone


@pytest.mark.parametrize("count", [0, 1, 1_200])
def test_any_number_of_patterns_goes_together(count):
    together = Together(tuple((f"word{number}z", "") for number in range(count)))
    assert together.hits("word1z wordz word1199z word0z") == tuple(place for place in (0, 1, 1_199) if place < count)
