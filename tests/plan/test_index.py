"""The index of conditions and the quick evaluator give what the plain evaluator gives, whatever facts come to."""

from collections import namedtuple
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ndrfilter.lang.guard import Condition
from ndrfilter.plan.fold import folded
from ndrfilter.plan.index import Index, numbers, table
from ndrfilter.plan.together import Together
from ndrfilter.plan.triggers import Prices, triggers
from ndrfilter.schema import Unknown

Item = namedtuple("Item", "text domain flag ip")


class Map(dict):
    """A map as headers are one: values by lower-case name, and the names that are there."""

    @property
    def names(self):
        return frozenset(self)

    def get(self, name):
        return dict.get(self, name.lower(), ())


FACTS = ("subject", "body.text", "kind", "null", "author", "items", "headers", "client", "plugin")
texts = st.sampled_from(
    ["", "Undelivered Mail", "re: you", "a.example.com", "Example.COM.", "\ud800x", "Ⅻ İ ſ K k", "b", "aİ", "kAI", "ai"]
)
unknowns = st.sampled_from([Unknown("nobody knows"), Unknown("not asked", ("plugin",))])
ips = st.sampled_from(["192.0.2.1", "192.0.2.200", "0.0.0.0", "2001:db8::1", "::1", "fe80::1%eth0"]).map(ip_address)
items = st.builds(
    Item, texts | st.none() | unknowns, texts | st.none(), st.booleans() | st.none() | unknowns, ips | st.none()
)
lists = st.lists(items | unknowns, max_size=3).map(tuple)
maps = st.dictionaries(st.sampled_from(["x-a", "x-b"]), st.lists(items, min_size=1, max_size=2).map(tuple)).map(Map)
values = st.one_of(texts, texts, st.none(), unknowns, st.booleans(), items, lists, maps, st.just(()), st.just(3), ips)
worlds = st.fixed_dictionaries(
    {
        "subject": texts | values, "body.text": texts | values, "kind": texts | values, "null": st.booleans() | values,
        "author": items | values, "items": lists | values, "headers": maps | values, "client": ips | values,
        "plugin": st.none() | values,
    }
)  # fmt: skip

PATTERNS = (("undeliver", "i"), ("^re:", ""), ("[a-k]", "i"), ("x|Mail$", "m"), ("(ſ|ß)", "i"), (r"\bexample\b", "i"))
patterns = st.sampled_from(PATTERNS)
folds = st.sampled_from(["exact", "lower", "domain", "mailbox"])
consts = texts.map(lambda text: ("const", text))
nets = st.sampled_from(["192.0.2.0/24", "192.0.2.0/25", "0.0.0.0/0", "2001:db8::/32", "::/0"]).map(
    lambda n: ("network", n)
)
networks = nets | st.lists(nets | ips.map(lambda ip: ("ip", str(ip))), min_size=1, max_size=3).map(
    lambda many: ("list", tuple(many))
)


def subjects(variable):
    entry = st.sampled_from(["X-A", "x-b"]).map(lambda name: ("index", ("fact", "headers"), ("const", name)))
    end = st.tuples(st.sampled_from(["first", "last"]), entry | st.just(("fact", "items")))
    record = st.one_of(st.just(("fact", "author")), end, *([st.just(("variable", 0))] if variable else []))
    field = st.tuples(st.just("field"), record, st.sampled_from(["text", "domain", "flag", "ip", "nothing"]))
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
    client = st.just(("fact", "client")) | of
    net = st.tuples(st.just("in_net"), client, networks, plain)
    compare = st.tuples(
        st.just("cmp"), st.sampled_from(["==", "!=", "<"]), of | consts, of | consts, st.just("text"), folds
    )
    number = st.tuples(st.just("cmp"), st.just(">"), of, st.just(("const", 0)), st.just("number"), st.just("exact"))
    state = st.tuples(st.sampled_from(["exists", "missing", "known", "truth", "truth"]), of)
    return st.one_of(matches, matches, state, state, part, within, member, net, compare, number)


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


def indexed(conditions, prices, first=False):
    return Index(table(conditions, prices, first=first), conditions, fewest=1)


def priced(cheap):
    """Facts of which some are cheap; others are dear, and one must not be asked beforehand."""
    return Prices(frozenset(cheap), tuple(name for name in FACTS if name != "plugin" and name not in cheap))


prices = st.sets(st.sampled_from(FACTS[:-1])).map(priced)


def without_rules(ir):
    return ("const", False) if "rule" in str(ir) else ir


@settings(max_examples=150, deadline=None)
@given(st.lists(conditions(), min_size=1, max_size=5), conditions(), conditions(), worlds, prices, st.booleans())
def test_the_index_leaves_out_only_what_is_false(found, one, other, facts, prices, first):
    rules = {"R0": without_rules(one), "R1": without_rules(other)}
    scope = Scope(facts, rules, Condition)
    expected = [Condition(ir)(scope) for ir in found]
    index = indexed(found, prices, first=first)
    possible, bits = index.possible(scope, -1)
    left = numbers(index.narrowed(scope, -1, bits))
    assert set(left) <= set(numbers(possible))
    assert [value for number, value in enumerate(expected) if number not in left and value is not False] == []
    quick = [Condition(ir, index.build)(Scope(facts, rules, Condition)) for ir in found]
    assert quick == expected
    assert list(map(type, quick)) == list(map(type, expected))


@settings(max_examples=100, deadline=None)
@given(st.lists(conditions(), min_size=2, max_size=5), worlds, prices, st.integers(0, 31))
def test_what_is_not_wanted_is_not_left_out_for_that(found, facts, prices, wanted):
    scope = Scope(facts, {"R0": ("const", False)}, Condition)
    possible, _ = indexed(found, prices).possible(scope, wanted)
    kept = {number for number, ir in enumerate(found) if Condition(ir)(scope) is not False}
    assert kept <= set(numbers(possible))


@settings(max_examples=100, deadline=None)
@given(st.lists(conditions().map(without_rules), min_size=1, max_size=5), worlds, prices)
def test_conditions_come_in_order_with_what_is_dear_asked_last(found, facts, prices):
    scope = Scope(facts, {}, Condition)
    left = list(indexed(found, prices).in_order(scope))
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
    assert list(indexed([gone], Prices(frozenset())).in_order(Scope({}, {}, Condition))) == []


def test_a_fact_of_others_is_asked_only_where_the_plain_evaluator_asks_for_it():
    theirs, cheap = ("exists", ("fact", "plugin")), ("exists", ("fact", "subject"))
    prices = Prices(frozenset({"subject"}))
    assert triggers(("and", (cheap, theirs)), prices, first=True)[0].questions == {(cheap[1], "exists")}
    assert triggers(theirs, prices) == ()
    assert triggers(theirs, prices, first=True)[0].questions == {(theirs[1], "exists")}


class Shy(Scope):
    """A scope that does not want to be asked for the text."""

    def fact(self, name):
        assert name != "body.text"
        return super().fact(name)


def both(of_text):
    return ("and", (("matches", ("fact", "subject"), "x", "", False), of_text))


OF_TEXT = [
    ("matches", ("fact", "body.text"), "y", "", False),
    ("contains", ("fact", "body.text"), ("const", "y"), "lower", False),
    ("or", (("truth", ("fact", "null")), ("contains", ("fact", "body.text"), ("const", "y"), "exact", False))),
]


@pytest.mark.parametrize("of_text", OF_TEXT)
def test_what_is_dear_is_not_asked_for_what_the_cheap_decides(of_text):
    facts = dict.fromkeys(FACTS) | {"subject": "y"}
    index = indexed([both(of_text)], Prices(frozenset({"subject", "null"}), ("body.text",)))
    assert list(index.in_order(Shy(facts, {}, Condition))) == []
    assert index.possible(Shy(facts, {}, Condition), -1)[0] == 0
    assert index.possible(Shy(facts | {"subject": "x"}, {}, Condition), 0)[0] == 1  # not wanted: nobody looks


@pytest.mark.parametrize("number", [0, 7])
def test_of_many_conditions_on_one_value_one_is_left(number):
    of = ("fact", "subject")
    nets = [("in_net", of, ("network", f"192.0.2.{n}/32"), False) for n in range(40)]
    parts = [(word, of, ("const", f"Word-{n}i"), "lower", False) for n in range(40) for word in ("contains", "ends")]
    lists = [("any", ("fact", "items"), ("within", ("field", ("variable", 0), "domain"), ("const", f"d{n}.test"), False), 0)
             for n in range(40)]  # fmt: skip
    prices = Prices(frozenset({"subject"}), ("items",))
    facts = {"subject": ip_address(f"192.0.2.{number}"), "items": (Item("", f"a.d{number}.test", True, None),)}

    def left(conditions, **more):
        return numbers(indexed(conditions, prices).possible(Scope(facts | more, {}, Condition), -1)[0])

    assert left(nets) == [number]
    assert left(lists) == [number]
    assert left(parts, subject=f"a word-{number}I") == [2 * number, 2 * number + 1]


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


def test_texts_that_come_again_match_as_they_did_however_many_come_between():
    together = Together((("^word[13579]", ""), ("7$", "")))
    short = [f"word{number}" for number in range(1_000)]
    long = [f"{word} {'x' * 200} {word}" for word in short[:20]]
    for text in (*short, *long, *reversed(short), *long, *short[:300], *short[:300]):
        assert together.hits(text) == (0,) * (text[4] in "13579") + (1,) * (text[-1] == "7")
