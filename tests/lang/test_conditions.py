import ipaddress

import pytest

from ndrfilter.errors import RuleError
from ndrfilter.schema import Evidence, Unknown

TRUE = """
subject == "Mail Delivery Failed"
subject ==~ "mail delivery failed"
subject contains "Delivery"
subject contains~ "delivery"
subject startswith "Mail"
subject endswith~ "FAILED"
subject like "Mail*F?iled"
subject like~ "mail*"
subject matches /^mail\\s/i
subject not matches /^mail/
subject in ["x", "Mail Delivery Failed"]
subject in~ ["x", "MAIL DELIVERY FAILED"]
subject not in ["x"]
kind == failure
failure == kind
kind in [failure, delay]
kind != delay
kind == "failure"
size >= 2048 and size < 3000 and size + 1 == 2049
now > 2026-01-01
now - original.date > 2d and now - original.date <= 72h
author == "Jane@example.com"
author != "jane@example.com"
author.local == "Jane"
author.domain == "EXAMPLE.com."
author within "example.com"
author within site.domains
author not within "*.example.com"
any r in envelope.recipients: r.local matches /-bounces\\+/
all r in envelope.recipients: r.domain exists
none r in envelope.recipients: r within site.domains
(count r in envelope.recipients: r within "lists.example") == 1
envelope.recipients.count == 2
envelope.recipients.last == "b@EXAMPLE.org"
envelope.client_ip in 192.0.2.0/24
envelope.client_ip in [198.51.100.1, 192.0.2.0/28]
envelope.client_ip in site.networks
envelope.client_ip not in 2001:db8::/32
envelope.client_ip == 192.0.2.7
headers["x-mailer"].first startswith "Acme"
headers["X-MAILER"] exists and headers["X-Nothing"] missing
headers["X-Nothing"].first missing
original.stranger exists and original.stranger.rdns within "spam.example"
original.stranger.by missing
original.stranger.with missing
(original.stranger.by otherwise "nobody.example") == "nobody.example"
any h in original.trace: h.ip in site.networks
not (all h in original.trace: h.ip in site.networks)
any l in body.links: l.domain not within site.domains
any l in body.links: l within "example.com"
any a in original.trace: any b in original.trace: a.ip == 192.0.2.9 and b.ip == 203.0.113.1
2 of {returned, size > 5, subject == "x"}
1 of rules {YES, NO}
hit YES and not hit NO
surely returned
returned known
site.domains contains "example.com"
site.vars["tenant"] missing
message_id missing
""".strip().splitlines()
FALSE = """
message_id == "x"
message_id != "x"
message_id not contains "x"
message_id like "*"
message_id matches /x?/
message_id in ["x"]
message_id not in ["x"]
original.stranger.by == "x"
original.handover.rdns == "x"
original.handover exists
original.sender within site.domains
original.signed
3 of {returned, size > 5, subject == "x"}
2 of rules {YES, NO}
any h in original.auth: h.believed
headers["X-Nothing"].first contains ""
envelope.client_ip in [198.51.100.1]
""".strip().splitlines()
UNKNOWN = """
body.text == "x"
body.text != "x"
body.text exists
not (body.text exists)
body.text matches /x/
any h in trace: h.ip in site.networks
(count h in trace: returned) > 0
mime.type in ["a"]
trace.first.rdns within "example.com"
size > 3 and body.text == "x"
2 of {returned, body.text == "x", subject == "x"}
""".strip().splitlines()


@pytest.fixture
def check(evaluate, facts):
    facts = facts | {"body.text": Unknown("cut off"), "trace": Unknown("cut off"), "mime.type": 5}
    helpers = "rule YES { when returned }\nrule NO { when returned }"
    return lambda condition: evaluate(condition, facts, items=helpers, rules={"YES": True, "NO": False})


@pytest.mark.parametrize("condition", TRUE)
def test_holds(condition, check):
    assert check(condition) is True


@pytest.mark.parametrize("condition", FALSE)
def test_does_not_hold(condition, check):
    assert check(condition) is False


@pytest.mark.parametrize("condition", UNKNOWN)
def test_cannot_be_known(condition, check):
    assert isinstance(check(condition), Unknown)


def test_what_is_pending_is_gathered_from_all_operands(evaluate):
    facts = {"original.spf": Unknown("dns", ("original.spf",)), "returned": Unknown("dns", ("returned",))}
    result = evaluate("returned and original.spf == fail", facts)
    assert set(result.pending) == {"original.spf", "returned"}
    assert evaluate("returned and original.spf == fail", facts | {"returned": False}) is False


@pytest.mark.parametrize(
    "condition", ["surely original.spf == fail", "original.spf known", "(original.spf otherwise none) == none"]
)
def test_what_may_still_come_is_not_decided(condition, evaluate):
    assert evaluate(condition, {"original.spf": Unknown("dns", ("original.spf",))}).pending == ("original.spf",)
    assert evaluate(condition, {"original.spf": Unknown("dns")}) in (True, False)


def test_a_fact_that_raises_or_lies_gives_unknown(evaluate):
    for value in (object(), 5, b"x", [None], {"a": 1}, Unknown("why")):
        result = evaluate('subject contains "x"', {"subject": value})
        assert isinstance(result, Unknown)


def test_a_list_that_is_too_long_is_unknown_where_it_was_not_looked_at(evaluate, address):
    many = tuple(address(f"a{number}@example.com") for number in range(5_000))
    facts = {"envelope.recipients": many}
    assert evaluate('any r in envelope.recipients: r.local == "a3"', facts) is True
    assert isinstance(evaluate('any r in envelope.recipients: r.local == "nobody"', facts), Unknown)


def test_lets_take_what_fits(evaluate, facts):
    items = "let is(x, y) = x == y\nlet failed = is(kind, failure)\nlet far(hop) = not ours(hop)\nlet ours(h) = h.ip in site.networks"
    assert evaluate("failed and is(size, 2048) and any h in original.trace: far(h)", facts, items=items) is True


def test_named_lists(evaluate, address):
    items = 'list partners = ["partner.example", "*.supplier.example", "192.0.2.0/24"]'
    facts = {
        "author": address("a@x.supplier.example"),
        "subject": "Partner.example",
        "envelope.client_ip": ipaddress.ip_address("192.0.2.7"),
    }
    assert evaluate("author within partners and envelope.client_ip in partners", facts, items=items) is True
    assert evaluate("subject in partners", facts, items=items) is False
    assert evaluate("subject in~ partners", facts, items=items) is True
    assert evaluate("subject in configured", {"subject": "x"}, lists={"configured": ["# none", "x  # one"]}) is True


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
    assert shown["size"] == 2048
    assert shown['returned and (subject == "x" or size > 5)'] is True


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
    assert (long.message, long.world) == (b"x: y\n\n", "W")
    assert long.site == {"domains": ["example.com"], "relays": ["192.0.2.1", {"name": "*.x", "shared": True}]}
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
