"""What comes out of sources: evidence, descriptions, traces, recognisers, imports, lets."""

import pytest

from ndrfilter.errors import RuleError
from ndrfilter.limits import MAX_TRACE_STEPS
from ndrfilter.schema import Evidence, Unknown


def test_evidence_is_that_of_the_weakest_fact(program, facts):
    rules = {rule.name: rule for rule in program(
        "rule STRONG { when original.stranger exists and site.configured }\n"
        "rule WEAK { when hit STRONG and subject exists }\n"
        "rule LESS { when original.stranger exists evidence reputation }\n"
        "rule OVER { when hit LESS }\n"
        "rule NONE { when site.configured }\n"
    ).rules}  # fmt: skip
    words = {name: rule.evidence for name, rule in rules.items()}
    assert words == {
        "STRONG": Evidence.TRACE, "WEAK": Evidence.CONTENT, "LESS": Evidence.REPUTATION, "OVER": Evidence.REPUTATION,
        "NONE": Evidence.REPUTATION,
    }  # fmt: skip
    assert rules["WEAK"].facts == {"original.stranger", "site.configured", "subject"}
    assert rules["WEAK"].references == {"STRONG"}


def test_a_description_does_not_change_the_evidence(program, facts):
    (rule,) = program('rule A { describe "{subject}" when original.stranger exists }').rules
    assert rule.evidence is Evidence.TRACE
    assert rule.facts == {"original.stranger"}


def test_absence_is_inherited_toward_backscatter_only(program):
    rules = {rule.name: rule for rule in program(
        'rule B { describe "b" when original.stranger exists absence of log toward backscatter 1.0 }\n'
        'rule G { describe "g" when original.stranger exists toward genuine 1.0 }\n'
        'rule H { describe "h" when hit B toward backscatter 1.0 }\n'
    ).rules}  # fmt: skip
    assert [rules[name].needs_complete for name in "BGH"] == [{"relays", "log"}, set(), {"relays", "log"}]


def test_descriptions(program, facts, scope):
    (rule,) = program(
        'rule A { describe "{original.stranger}, {original.stranger.by otherwise original.stranger.ip}, {author}, {now}, '
        '{envelope.recipients}, {message_id}, {body.text}, {{{capture.word}}}, {size}, {returned}" '
        "when subject matches /(?P<word>D\\w+)/ }"
    ).rules
    text = rule.describe(scope(facts | {"body.text": Unknown("cut")}))
    assert text == (
        "host66.spam.example [203.0.113.66], 203.0.113.66, Jane@Example.COM, 2026-11-22 10:00 UTC, "
        "list-bounces+jane=x.example@lists.example, b@example.org, (none), (unknown), {Delivery}, 2048, yes"
    )


def test_a_description_is_bounded_and_harmless(program, scope):
    (rule,) = program('rule A { describe "{subject}" when returned }').rules
    text = rule.describe(scope({"subject": "a\x1b[31m\r\nb\u202e" + "x" * 10_000}))
    assert text.startswith("a\\x1b[31m  b\\x202e")
    assert len(text) == 300
    assert text.isprintable()


def test_a_capture_may_stand_inside_any(program, facts, scope):
    (rule,) = program(
        'rule A { describe "{capture.list}" when any r in envelope.recipients: r.local matches /^(?P<list>.+)-bounces\\+/ }'
    ).rules
    assert rule.describe(scope(facts)) == "list"


def test_trace_shows_every_condition_with_its_value(program, facts, scope):
    (rule,) = program('rule A { when returned and (subject == "x" or size > 5) }').rules
    shown = dict(rule.trace(scope(facts)))
    assert shown['subject == "x"'] is False
    assert shown["size > 5"] is True
    assert shown["size"] == "2048"
    assert shown['returned and (subject == "x" or size > 5)'] is True


def traced(program, facts, scope, condition, items=""):
    made = program(f"{items}\nrule A {{ when {condition} }}")
    return dict(made.rules[-1].trace(scope(facts, lists=made.lists)))


def test_trace_shows_what_stands_inside_lets(program, facts, scope):
    items = """
      let inner = subject contains "odd"
      let odd = inner or size > 5
      let ours(hop) = hop.ip in site.networks
      let both(a, b) = ours(a) and not ours(b)
    """
    shown = traced(program, facts, scope, "odd and both(original.trace.first, original.stranger)", items)
    assert shown['inner: subject contains "odd"'] is False
    assert shown["odd: size > 5"] is True
    assert shown["odd"] is True
    assert shown["ours(original.trace.first): hop.ip in site.networks"] is True
    assert shown["ours(original.stranger): hop.ip in site.networks"] is False
    assert shown["both(original.trace.first, original.stranger): not ours(b)"] is True


def test_trace_has_values_in_peoples_words(program, facts, scope):
    facts["report"] = object()
    condition = """original.stranger exists and original.trace.count > 1 and original.trace exists and report exists
      and author exists and now > original.date and envelope.recipients exists and original.handover exists
      and defects exists and author in l and subject matches /x/"""
    shown = traced(program, facts | {"defects": ()}, scope, condition, 'list l = ["a"]')
    assert shown["original.stranger"] == "host66.spam.example [203.0.113.66]"
    assert shown["original.trace"] == "[192.0.2.9], [203.0.113.1], x"
    assert shown["author"] == "Jane@Example.COM"
    assert shown["envelope.recipients"] == "list-bounces+jane=x.example@lists.example, b@example.org"
    assert shown["report"] == "(a report)"
    assert shown["defects"] == "(empty)"
    assert shown["original.handover"] is None
    assert shown["now"].endswith("UTC")
    assert not {"l", "/x/"} & set(shown)


def test_a_trace_is_bounded(program, facts, scope):
    items = "\n".join(f"let l{n} = " + " or ".join(f"size > {n}{m}" for m in range(30)) for n in range(9))
    shown = traced(program, facts, scope, " or ".join(f"l{n}" for n in range(9)), items)
    assert len(shown) == MAX_TRACE_STEPS


def test_recognisers_reasons_and_tests(program, tmp_path, facts, scope, address):
    made = program(
        "recognise LOW { when subject exists hit \"a.eml\" }\n"
        'recognise HIGH { software "High" priority 5 when subject exists kind delay when size > 5 kind failure\n'
        "  original after line /^--/ recipient from body /<(?P<address>[^>]+)>/ recipient from headers[\"X-R\"] }\n"
        'reason full { describe "full" status "x.2.2" text /quota/i }\n'
        'world W { time 2026-11-22T10:00:00Z }\n'
        'rule A { when returned test "t" { world W message """x: y\n\n""" site { domains: [example.com] relays: [192.0.2.1, {name: "*.x", shared: true}] } expect hit expect kind none } }',
        folder=tmp_path,
    )  # fmt: skip
    high, low = made.recognisers
    assert (high.name, high.software, low.software) == ("HIGH", "High", "LOW")
    assert [kind for kind, _ in high.kinds] == ["delay", "failure"]
    assert high.kinds[0][1](scope(facts)) is True
    assert [(extract.what, extract.source) for extract in high.extracts] == [
        ("recipient", "body"),
        ("recipient", "X-R"),
    ]
    assert made.reasons[0].patterns[0].search("QUOTA")
    short, long = made.tests
    assert (short.message, short.expectations) == (tmp_path / "a.eml", (("hit", ""),))
    assert (long.message, long.base) == (b"x: y\n\n", "W")
    assert long.own.site == {"domains": ["example.com"], "relays": ["192.0.2.1", {"name": "*.x", "shared": True}]}
    assert long.expectations == (("hit", ""), ("kind", "none"))
    assert made.worlds["W"].time == facts["now"]


def test_imports_bring_lets_and_lists(program, tmp_path, scope):
    (tmp_path / "common.ndr").write_text(
        'language 1\nlet small = size < limit\nlet limit = 10\nlist names = ["x"]\nrule UNSEEN { when small }'
    )
    made = program('import "common.ndr"\nrule A { when small and subject in names }', folder=tmp_path)
    assert [rule.name for rule in made.rules] == ["A"]
    assert made.rules[0].condition(scope({"size": 5, "subject": "x"}, lists=made.lists)) is True


def test_a_clause_that_is_lost_says_nothing_about_the_rest(program):
    with pytest.raises(RuleError) as caught:
        program('rule A {\n  describe "x"\n  when returned and and\n}\nrule B { when hit A }')
    assert [found.code for found in caught.value.diagnostics] == ["E101"]


def test_a_let_is_worked_out_once_for_a_scope_with_a_memo(program, scope):
    asked = []

    class Counting(scope):
        def __init__(self, facts):
            super().__init__(facts)
            self.memo = {}

        def fact(self, name):
            asked.append(name)
            return super().fact(name)

    made = program('let empty = subject == ""\nrule A { when empty }\nrule B { when not empty or hit A }')
    counting = Counting({"subject": ""})
    assert [rule.condition(counting) for rule in made.rules[:1]] == [True]
    counting.rules = {"A": True}
    assert made.rules[1].condition(counting) is True
    assert asked == ["subject"]


def test_a_let_that_is_pending_is_asked_again(program, scope):
    (rule,) = program("let failed = original.spf == fail\nrule A { when failed }").rules
    asked = scope({"original.spf": Unknown("dns", ("original.spf",))})
    asked.memo = {}
    assert rule.condition(asked).pending == ("original.spf",)
    asked.facts["original.spf"] = "fail"
    assert rule.condition(asked) is True


def test_patterns_meet_any_text(evaluate):
    assert evaluate("subject matches /^.$/", {"subject": "\U0001f4e7"}) is True
    assert evaluate("subject matches /b$/", {"subject": "a\ud800b"}) is True
    assert evaluate('subject like "*ü"', {"subject": "x\x00ü"}) is True


def test_a_long_chain_of_imports_is_refused(program, tmp_path):
    for number in range(100):
        (tmp_path / f"f{number}.ndr").write_text(f'language 1\nimport "f{number + 1}.ndr"\n')
    with pytest.raises(RuleError) as caught:
        program('import "f0.ndr"', folder=tmp_path)
    assert caught.value.diagnostics[0].code == "E507"
