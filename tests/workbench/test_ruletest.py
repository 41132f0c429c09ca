import pytest

from ndrfilter import knowledge
from ndrfilter.config import from_mapping
from ndrfilter.facts.world import Knowledge
from ndrfilter.lang import Source, load
from ndrfilter.resources import root
from ndrfilter.workbench import ruletest

LOADED = knowledge.of(from_mapping({}), with_tests=True)
RULE = """language 1
world elsewhere { site { domains: [example.net] } envelope { sender: "a@example.net" recipients: [b@example.net] } time 2030-01-01T00:00:00Z }
rule SUBJECT { describe "s" when subject contains "x" toward fake 1.0 %s }
rule WORLDLY { describe "w" when any d in site.domains: d == "example.net" toward fake 0.1 %s }
rule SENDER  { describe "e" when envelope.sender.domain == "example.net" toward fake 0.1 %s }
rule CLOCK   { describe "c" when now > 2029-01-01 toward fake 0.1 %s }
rule SPF     { describe "d" when spf.original == fail toward backscatter 0.1 %s }
rule OFF     { describe "o" when subject contains "x" mode off toward fake 1.0 %s }
"""
MAIL = '"""Subject: x\n\ntext\n"""'


@pytest.fixture
def outcomes():
    def run(**tests):
        names = ("SUBJECT", "WORLDLY", "SENDER", "CLOCK", "SPF", "OFF")
        text = RULE % tuple(tests.get(name, "") for name in names)
        world = Source("world.ndr", (root("rules") / "world.ndr").read_text("utf-8"))
        program = load([world, Source("tests.ndr", text)], LOADED.schema)
        return ruletest.run(LOADED._replace(program=program, bounces=Knowledge()))

    return run


def failures(outcomes):
    return [failure for outcome in outcomes for failure in outcome.failures]


@pytest.mark.parametrize("rule", ["WORLDLY", "SENDER", "CLOCK"])
def test_a_named_world_brings_site_envelope_and_time(outcomes, rule):
    assert failures(outcomes(**{rule: f"hit {MAIL} in elsewhere"})) == []


@pytest.mark.parametrize("rule", ["WORLDLY", "SENDER", "CLOCK"])
def test_the_default_world_is_another(outcomes, rule):
    assert failures(outcomes(**{rule: f"miss {MAIL}"})) == []


def test_what_a_test_says_itself_comes_first(outcomes):
    test = f'test "own" {{ message {MAIL} world elsewhere envelope {{ sender: "a@example.org" }} expect miss }}'
    assert failures(outcomes(SENDER=test)) == []


def test_expectations_of_the_result(outcomes):
    test = f'test "t" {{ message {MAIL} expect hit expect verdict not-a-bounce expect kind failure }}'
    assert failures(outcomes(SUBJECT=test)) == ["expected kind failure, got none"]


def test_a_rule_that_is_off_is_tested_all_the_same(outcomes):
    assert failures(outcomes(OFF=f"hit {MAIL}")) == []


BOUNCE = '''"""
    Return-Path: <>
    Received: from mx.other.example (mx.other.example [198.51.100.25])
    \tby mx.example.com (Postfix) with ESMTP id 1; Sun, 22 Nov 2026 11:00:00 +0000
    From: MAILER-DAEMON@mx.other.example
    To: alice@example.com
    Subject: Undelivered
    MIME-Version: 1.0
    Content-Type: multipart/report; report-type=delivery-status; boundary=b

    --b
    Content-Type: text/plain

    no
    --b
    Content-Type: message/delivery-status

    Reporting-MTA: dns; mx.other.example

    Final-Recipient: rfc822; bob@other.example
    Action: failed
    Status: 5.1.1

    --b
    Content-Type: message/rfc822

    Return-Path: <alice@example.com>
    Received: from spam.example (spam.example [203.0.113.66])
    \tby mx.other.example (Postfix) with ESMTP id 2; Sun, 22 Nov 2026 10:59:00 +0000
    From: alice@example.com
    To: bob@other.example
    Subject: x

    text
    --b--
    """'''


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ('example.com TXT \\"v=spf1 -all\\"', "hit"),
        ('example.com TXT \\"v=spf1 ip4:203.0.113.66 -all\\"', "miss"),
        ("example.com TXT TIMEOUT", "undecided"),
    ],
)
def test_a_zone_answers_for_dns(outcomes, zone, expected):
    assert (
        failures(
            outcomes(SPF=f'test "z" {{ message {BOUNCE} plugins {{ spf: {{}} }} zone "{zone}" expect {expected} }}')
        )
        == []
    )


def test_an_undecided_rule_says_why(outcomes):
    found = failures(
        outcomes(
            SPF=f'test "z" {{ message {BOUNCE} plugins {{ spf: {{}} }} zone "example.com TXT TIMEOUT" expect hit }}'
        )
    )
    assert len(found) == 1
    assert found[0].startswith("expected hit, got undecided (")


@pytest.mark.parametrize(
    ("test", "words"),
    [
        (f'test "t" {{ message {MAIL} zone "example.com A nonsense" expect miss }}', "no A data"),
        (
            f'test "t" {{ message {MAIL} site {{ domains: [example.com] relais: [] }} expect miss }}',
            "did you mean relays",
        ),
    ],
)
def test_a_world_that_is_wrong_fails_the_test_and_says_so(outcomes, test, words):
    [failure] = failures(outcomes(SUBJECT=test))
    assert words in failure


def test_a_missing_message_fails_the_test():
    test = LOADED.program.tests[0]._replace(message=ruletest.Path("no/such.eml"))
    [outcome] = ruletest.run(LOADED, [test])
    assert "no/such.eml" in outcome.failures[0]
    assert outcome.result is None


def test_every_shipped_rule_passes_its_tests():
    wrong = [
        (outcome.test.place, outcome.test.subject, outcome.failures)
        for outcome in ruletest.run(LOADED)
        if not outcome.passed
    ]
    assert wrong == []


def test_every_shipped_rule_has_a_hit_and_a_miss():
    said = {}
    for test in LOADED.program.tests:
        said.setdefault(test.subject, set()).update(what for what, _ in test.expectations)
    scored = [rule.name for rule in LOADED.program.rules if rule.toward or rule.exempt]
    assert [name for name in scored if not {"hit", "miss"} <= said.get(name, set())] == []
