"""The decision list, as properties over random rule sets and as single cases."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ndrfilter.engine.step import Need, Verdict, step
from ndrfilter.schema import Evidence, Unknown

UNKNOWN = Unknown("nobody answered")
values = st.sampled_from([True, True, False, UNKNOWN])
sides = st.sampled_from(["backscatter", "genuine", "fake"])
rows = st.lists(
    st.tuples(
        values,
        sides,
        st.floats(0.1, 9.0),
        st.sampled_from(list(Evidence)),
        st.sampled_from(["", "g1", "g2"]),
        st.sampled_from([frozenset(), frozenset({"relays"}), frozenset({"log", "signing"})]),
        st.sampled_from(["live", "live", "shadow"]),
        st.booleans(),
    ),
    max_size=12,
)
worlds = st.fixed_dictionaries(
    {
        "returned": st.booleans(),
        "site.configured": st.booleans(),
        "original.handover": st.sampled_from([None, "hop"]),
        "original.ours_claimed": st.sampled_from([True, False, UNKNOWN]),
    }
)
complete = st.sets(st.sampled_from(["relays", "log", "signing"])).map(frozenset)
caps = st.fixed_dictionaries({"g1": st.floats(0.5, 9.0), "g2": st.floats(0.5, 9.0)})
quiet = settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def rules_of(build, drawn):
    return [
        build.rule(
            f"R{n}", value, side, score, evidence=evidence, group=group, needs_complete=needs, mode=mode,
            exempt="a list's own business" if exempt and side == "backscatter" and score > 8 else "",
        )
        for n, (value, side, score, evidence, group, needs, mode, exempt) in enumerate(drawn)
    ]  # fmt: skip


def run(build, rules, world, marks, group_caps=None):
    outcome = step(build.ruleset(rules, group_caps), build.facts(**world), {}, marks)
    assert isinstance(outcome, Verdict)
    return outcome.decision


def live(rules, value, toward=None):
    return [r for r in rules if r.condition(None) == value and r.mode == "live" and toward in (None, r.toward)]


@quiet
@given(rows, worlds, complete, caps, st.sampled_from([Evidence.RECORD, Evidence.PROOF]))
def test_proof_or_record_is_never_outvoted(build, drawn, world, marks, group_caps, evidence):
    rules = [rule for rule in rules_of(build, drawn) if not rule.exempt]
    rules.append(build.rule("PROOF", True, "genuine", 0.1, evidence=evidence))
    world = world | {"returned": True, "site.configured": True}
    assert run(build, rules, world, marks, group_caps).verdict == "genuine"


@quiet
@given(rows, worlds, complete, caps)
def test_an_undecided_rescue_prevents_backscatter(build, drawn, world, marks, group_caps):
    rules = [*rules_of(build, drawn), build.rule("RESCUE", UNKNOWN, "genuine", 100.0)]
    assert run(build, rules, world, marks, group_caps).verdict != "backscatter"


@quiet
@given(rows, worlds, complete, caps)
def test_without_a_site_neither_backscatter_nor_genuine(build, drawn, world, marks, group_caps):
    decided = run(build, rules_of(build, drawn), world | {"site.configured": False}, marks, group_caps)
    assert decided.verdict in ("undetermined", "fake", "not-a-bounce")


@quiet
@given(rows, worlds, caps)
def test_without_complete_absence_alone_never_reaches_required(build, drawn, world, group_caps):
    absent = [(v, "backscatter", s, e, g, frozenset({"relays"}), m, x) for v, _, s, e, g, _, m, x in drawn]
    decided = run(build, rules_of(build, absent), world, frozenset(), group_caps)
    assert decided.verdict != "backscatter"
    assert decided.verdict == "not-a-bounce" or decided.score < decided.required


@quiet
@given(rows, worlds, complete, caps)
def test_backscatter_needs_a_counted_trace_and_no_claim_of_ours(build, drawn, world, marks, group_caps):
    rules = rules_of(build, drawn)
    if run(build, rules, world, marks, group_caps).verdict == "backscatter":
        counted = [r for r in live(rules, True, "backscatter") if r.needs_complete <= marks]
        assert any(r.evidence >= Evidence.TRACE for r in counted)
        assert world["original.handover"] is None
        assert world["original.ours_claimed"] is False


@quiet
@given(rows, worlds, complete, caps)
def test_shadow_rules_change_no_verdict(build, drawn, world, marks, group_caps):
    rules = rules_of(build, drawn)
    seen = [rule for rule in rules if rule.mode == "live"]
    assert run(build, rules, world, marks, group_caps) == run(build, seen, world, marks, group_caps)


@quiet
@given(rows, worlds, complete, caps)
def test_ordinary_mail_is_no_bounce_whatever_the_origin_axis_says(build, drawn, world, marks, group_caps):
    rules = [rule for rule in rules_of(build, drawn) if rule.toward != "fake"]
    assert run(build, rules, world | {"returned": False}, marks, group_caps).verdict == "not-a-bounce"


def test_a_group_counts_to_its_cap(build):
    rules = [build.rule(f"R{n}", True, group="same_fact", score=4.0) for n in range(3)]
    assert run(build, rules, {}, frozenset(), {"same_fact": 6.0}).score == 6.0


def test_an_exemption_passes_before_proof(build):
    rules = [build.rule("VERP", True, "", 0.0, exempt="a list's"), build.rule("DKIM", True, "genuine", 9.0, evidence=5)]
    assert run(build, rules, {}, frozenset()).why == "exempt"


@pytest.mark.parametrize(
    ("toward", "needed"), [("genuine", True), ("backscatter", True), ("fake", True), ("nothing", False)]
)
def test_a_network_fact_is_asked_only_if_it_could_change_the_verdict(build, toward, needed):
    rules = [build.rule("BASE", True, "backscatter", 5.5)]
    if toward != "nothing":
        rules.append(build.rule("NET", "original.spf", toward, 6.0))
    if toward == "backscatter":
        rules[0] = rules[0]._replace(score=1.0)
    outcome = step(build.ruleset(rules), build.facts(), {}, frozenset())
    assert isinstance(outcome, Need) is needed
    if needed:
        assert outcome.names == ("original.spf",)


def test_a_network_fact_that_cannot_change_the_verdict_is_left_alone(build):
    rules = [build.rule("SURE", True, "genuine", 9.0, evidence=Evidence.PROOF), build.rule("NET", "original.spf")]
    outcome = step(build.ruleset(rules), build.facts(), {}, frozenset())
    assert isinstance(outcome, Verdict)
    assert outcome.decision.verdict == "genuine"


def test_a_rule_that_raises_is_named_and_the_others_go_on(build):
    broken = build.rule("BROKEN", True)._replace(condition=lambda _scope: 1 // 0)
    facts = build.facts()
    outcome = step(build.ruleset([broken, build.rule("GOOD", True, score=6.0)]), facts, {}, frozenset())
    assert outcome.decision.verdict == "backscatter"
    assert facts.troubles[0][0] == "rule BROKEN"


@pytest.mark.parametrize(
    ("replacer", "verdict"), [(True, "undetermined"), (False, "backscatter"), (Unknown("nobody knows"), "backscatter")]
)
def test_a_rule_is_replaced_while_another_hits(build, replacer, verdict):
    rules = [
        build.rule("WIDE", True, score=6.0),
        build.rule("NARROW", replacer, score=1.0, replaces=("WIDE",)),
    ]
    outcome = step(build.ruleset(rules), build.facts(), {}, frozenset())
    assert outcome.decision.verdict == verdict
    assert ("WIDE" in {one.rule.name for one in outcome.outcomes}) is (replacer is not True)


def test_a_rule_in_the_shadow_replaces_nothing(build):
    rules = [build.rule("WIDE", True, score=6.0), build.rule("NARROW", True, mode="shadow", replaces=("WIDE",))]
    assert step(build.ruleset(rules), build.facts(), {}, frozenset()).decision.verdict == "backscatter"


@pytest.mark.parametrize(("trace", "verdict"), [(5.0, "genuine"), (4.0, "undetermined")])
def test_hints_do_not_make_genuine_what_the_trace_alone_does_not(build, trace, verdict):
    rules = [build.rule("TRACE", True, "genuine", trace)]
    rules += [build.rule(f"HINT{n}", True, "genuine", 1.0, evidence=Evidence.CONTENT) for n in range(4)]
    assert step(build.ruleset(rules), build.facts(), {}, frozenset()).decision.verdict == verdict


def test_a_proof_that_could_not_be_looked_for_is_said(build):
    rules = [build.rule("PROOF", Unknown("DNS is silent"), "genuine", 8.0, evidence=Evidence.PROOF)]
    decision = step(build.ruleset(rules), build.facts(), {}, frozenset()).decision
    assert (decision.verdict, decision.why) == ("undetermined", "undecided")


@pytest.mark.parametrize(("complete", "verdict"), [(["log"], "undetermined"), ([], "genuine")])
def test_a_trace_that_what_is_complete_contradicts_is_not_enough(build, complete, verdict):
    rules = [
        build.rule("TRACE", True, "genuine", 20.0),
        build.rule("MISSING", True, score=6.0, evidence=Evidence.RECORD, needs_complete=frozenset({"log"})),
    ]
    outcome = step(build.ruleset(rules), build.facts(), {}, frozenset(complete))
    assert outcome.decision.verdict == verdict
