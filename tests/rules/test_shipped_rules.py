"""The shipped rules keep the promises that docs/rules.md makes for all of them."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest

from ndrfilter import knowledge, resources
from ndrfilter.config.model import Config
from ndrfilter.schema import Evidence

REQUIRED = 5.0
DOCUMENTATION = re.compile(
    r"^(?:[\w.-]+\.)?(?:example(?:\.(?:com|net|org))?|test|local|outlook\.com)$|^(?:192\.0\.2|198\.51\.100|203\.0\.113|10)\."
)


@pytest.fixture(scope="module")
def program():
    """All rule files, compiled together as the composition root does."""
    return knowledge.of(Config(), with_tests=True).program


@pytest.fixture(scope="module")
def judging(program):
    """The rules that score or exempt."""
    return [rule for rule in program.rules if rule.toward or rule.exempt]


def test_there_are_enough_rules(judging):
    assert len(judging) >= 45


def test_every_rule_says_what_and_why_and_is_tagged(program):
    silent = [
        rule.name for rule in program.rules if not (rule.describe_source and len(rule.because) > 40 and rule.tags)
    ]
    assert not silent


def test_every_rule_has_a_hit_and_a_miss(program):
    seen = defaultdict(set)
    for test in program.tests:
        seen[test.subject].update(word for word, _ in test.expectations)
    assert not [rule.name for rule in program.rules if not {"hit", "miss"} <= seen[rule.name]]


def test_no_rule_below_class_trace_decides_on_the_origin_axis(judging):
    weak = [rule for rule in judging if rule.toward in ("backscatter", "genuine") and rule.evidence < Evidence.TRACE]
    assert not [rule.name for rule in weak if rule.score > 2.5]


def test_weak_evidence_against_a_bounce_stays_below_required_taken_together(program, judging):
    total = defaultdict(float)
    for rule in judging:
        if rule.toward == "backscatter" and rule.evidence < Evidence.TRACE:
            total[rule.group or rule.name] += rule.score
    assert sum(min(score, program.groups.get(group, score)) for group, score in total.items()) < REQUIRED


ABSENCES = {"not_through_us": "relays", "not_signed_by_us": "signing", "not_in_log": "log"}
"""What can decide against a bounce: one group, with one cap, for each thing that all our mail may be declared to have."""


def test_all_weighty_evidence_against_a_bounce_shares_the_cap_of_what_is_missing(program, judging):
    weighty = [rule for rule in judging if rule.toward == "backscatter" and rule.evidence >= Evidence.TRACE]
    assert {rule.group for rule in weighty} == ABSENCES.keys()
    assert {program.groups[group] for group in ABSENCES} == {6.0}


def test_whatever_counts_absence_against_a_bounce_needs_its_completeness(judging):
    decisive = [rule for rule in judging if rule.group in ABSENCES and rule.name != "TOP_HOP_FABRICATED"]
    assert not [rule.name for rule in decisive if ABSENCES[rule.group] not in rule.needs_complete]


def test_no_fake_rule_reaches_required_alone(judging):
    assert not [rule.name for rule in judging if rule.toward == "fake" and rule.score >= REQUIRED]


def test_test_mail_names_only_documentation_hosts():
    addresses = re.compile(r"[\w.+=-]+@([\w-]+(?:\.[\w-]+)+)|https?://(?:[^/@\s]*@)?([\w.-]+)")
    strangers = set()
    for path in resources.root("rules").glob("*/mail/*.eml"):
        for mailbox, host in addresses.findall(path.read_text(encoding="utf-8")):
            name = (mailbox or host).lower()
            if not DOCUMENTATION.search(name) and name != "github.com":
                strangers.add((path.name, name))
    assert not strangers
