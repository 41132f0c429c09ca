"""The benches of speed: what they measure with, and that their tables say what was found."""

from __future__ import annotations

import pytest

from bench.speed import figures
from bench.speed.figures import Figure, Report
from bench.speed.installed import SITE
from bench.speed.mails import LETTER, letter, returned
from bench.speed.rules import made
from ndrfilter import Envelope, Filter


def test_what_is_required_is_judged_either_way():
    most, least, nothing = Figure("a", 2.0, "×", most=2.0), Figure("b", 1.7, "×", least=1.8), Figure("c", 5.0, "ms")
    assert (most.met, least.met, nothing.met) == (True, False, None)


@pytest.mark.parametrize("show", [figures.table, figures.markdown])
def test_a_table_names_what_was_missed_and_what_is_left_out(show):
    text = show(Report("Speed", [Figure("a bounce", 612.4, "µs", most=500.0, aim=250.0)], ["SKIPPED: a peer"]))
    assert all(part in text for part in ("Speed", "a bounce", "612 µs", "≤ 500, aim 250", "MISSED", "SKIPPED: a peer"))


@pytest.mark.parametrize("size", [1_000, 10_000, 1_000_000])
def test_letters_are_ordinary_mail_of_the_size_that_is_asked_for(size):
    raw = letter(size)
    assert abs(len(raw) - size) < 0.1 * size + 1_000
    assert Filter.from_config({}).check(raw, envelope=Envelope(sender="a@remote.test")).verdict == "not-a-bounce"


def test_what_comes_back_is_a_bounce_of_the_size_that_is_asked_for():
    raw = returned(100_000)
    assert abs(len(raw) - 100_000) < 2_000
    assert Filter.from_config({}).check(raw).kind == "failure"


def test_made_rules_differ_and_compile(tmp_path):
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "made.ndr").write_text(made(60))
    config = tmp_path / "ndrfilter.yml"
    config.write_text("site: {domains: [example.com]}\n")
    names = {rule.name for rule in Filter.from_config(config).loaded.program.rules}
    assert {f"MADE_{number}" for number in range(60)} <= names
    conditions = [line for line in made(60).splitlines() if "when" in line]
    assert len(set(conditions)) == 60


def test_the_gate_closes_for_letters(tmp_path):
    """Judged as quickly as promised, not only rightly: a plan that is not to be had would leave the gate open."""
    config = tmp_path / "ndrfilter.yml"
    config.write_text(SITE)
    judge = Filter.from_config(config)
    judge._gate.open(judge.ruleset)
    envelope = Envelope(sender="carol@remote.test")
    assert all(judge._gate.closed(raw, envelope, judge.ruleset) for raw in (LETTER.read_bytes(), letter(10_000)))
