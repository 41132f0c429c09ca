"""The metrics: the library's own parsers read them, whatever names rules and words have."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_answers import answer, question
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_prometheus

from ndrfilter.service.board import Board
from ndrfilter.service.desk import Remark
from ndrfilter.service.metrics import OPENMETRICS, content_type, render

OLD_SCRAPER = "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75," + OLD_SCRAPER
)


@pytest.fixture
def board():
    board = Board(2)
    board.know(["A", "B"])
    counters = board.seat(0)
    counters.answered(question("http"), answer(rules=["A"], seconds=0.0004))
    counters.answered(question("http"), answer("genuine", rules=["A"], undecided=[("B", "timeout")], seconds=0.03))
    counters.answered(
        question("milter"), answer("fake", "none", would="reject", troubles=[("plugin x", "")], seconds=99)
    )
    counters.answered(question(), answer("undetermined", "none", unjudged="opt-out", action=""))
    counters.remarked(Remark("spamd", "", (("refused", "too large"),)))
    counters.beat(connections=3)
    board.happened("reload", "failed")
    board.happened("worker", "died")
    board.note(started=1_800_000_000.0, reloaded=1_800_000_100.0, reload="failed", version="0.1.0", ruleset="default")
    return board


def samples(board, accept=OPENMETRICS):
    read = read_openmetrics if "openmetrics" in accept else read_prometheus
    families = read(render(board, accept).decode())
    return {(one.name, *sorted(one.labels.items())): one.value for family in families for one in family.samples}


@pytest.mark.parametrize("accept", [OPENMETRICS, PROMETHEUS, OLD_SCRAPER, ""])
def test_every_scraper_reads_what_happened(board, accept):
    found = samples(board, accept)
    name = "ndrfilter_messages_total"
    assert found[name, ("door", "http"), ("kind", "failure"), ("verdict", "backscatter")] == 1
    assert found[name, ("door", "milter"), ("kind", "none"), ("verdict", "fake")] == 1
    assert found["ndrfilter_unjudged_messages_total", ("reason", "opt-out")] == 1
    assert found["ndrfilter_unjudged_messages_total", ("reason", "internal")] == 0
    assert found["ndrfilter_actions_total", ("action", "header")] == 3
    assert found["ndrfilter_actions_total", ("action", "none")] == 1
    assert found["ndrfilter_withheld_actions_total", ("action", "reject")] == 1
    assert found["ndrfilter_rule_hits_total", ("rule", "A")] == 2
    assert found["ndrfilter_rule_hits_total", ("rule", "B")] == 0
    assert found["ndrfilter_rule_undecided_total", ("rule", "B")] == 1
    assert found["ndrfilter_undecided_causes_total", ("cause", "timeout")] == 1
    assert found["ndrfilter_refused_total", ("door", "spamd"), ("reason", "too")] == 1
    assert found["ndrfilter_troubles_total", ("where", "plugin x")] == 1
    assert found["ndrfilter_reloads_total", ("outcome", "failed")] == 1
    assert found["ndrfilter_worker_events_total", ("event", "died")] == 1
    assert found["ndrfilter_last_reload_successful",] == 0
    assert found["ndrfilter_start_time_seconds",] == 1_800_000_000
    assert found["ndrfilter_last_reload_time_seconds",] == 1_800_000_100
    assert found["ndrfilter_build_info", ("ruleset", "default"), ("version", "0.1.0")] == 1
    assert found["ndrfilter_workers",] == 1
    assert found["ndrfilter_connections", ("worker", "0")] == 3
    assert found["ndrfilter_worker_memory_bytes", ("worker", "0")] > 1_000_000
    assert found["ndrfilter_dns_questions_total",] >= 0


def test_latency_is_a_histogram(board):
    found = samples(board)
    name = "ndrfilter_message_duration_seconds"
    buckets = {dict(key[1:])["le"]: value for key, value in found.items()
               if key[0] == f"{name}_bucket" and ("door", "http") in key}  # fmt: skip
    assert list(buckets.values()) == sorted(buckets.values())
    assert (buckets["0.0005"], buckets["0.025"], buckets["0.05"], buckets["+Inf"]) == (2, 2, 3, 3)
    assert found[f"{name}_count", ("door", "http")] == 3
    assert math.isclose(found[f"{name}_sum", ("door", "http")], 0.0304)
    assert found[f"{name}_bucket", ("door", "milter"), ("le", "10.0")] == 0
    assert found[f"{name}_bucket", ("door", "milter"), ("le", "+Inf")] == 1


def test_names_have_units_and_help(board):
    for family in read_openmetrics(render(board).decode()):
        assert family.name.startswith("ndrfilter_")
        assert family.documentation
        if family.name.endswith(("_seconds", "_bytes")) and family.type != "counter":
            assert family.unit == family.name.rpartition("_")[2]


def test_the_page_about_them_names_them_all(board):
    page = (Path(__file__).resolve().parents[2] / "docs/service/metrics.md").read_text(encoding="utf-8")
    table = re.findall(r"`(ndrfilter_\w+)`", "\n".join(line for line in page.splitlines() if line.startswith("|")))
    ends = {"counter": "_total", "info": "_info"}
    served = [one.name + ends.get(one.type, "") for one in read_openmetrics(render(board).decode())]
    assert sorted(table) == sorted(served)
    used = set(re.findall(r"\bndrfilter_\w+", page))
    assert used <= {*table, "ndrfilter_messages_total"}


def test_the_content_type_is_that_of_the_text():
    assert content_type().startswith("application/openmetrics-text; version=1.0.0; charset=utf-8")
    assert content_type(PROMETHEUS).startswith("application/openmetrics-text")
    assert content_type(OLD_SCRAPER).startswith("text/plain; version=0.0.4")
    assert render(Board(1)).endswith(b"# EOF\n")


def test_a_board_on_which_nothing_happened():
    found = samples(Board(3))
    assert found["ndrfilter_workers",] == 0
    assert found["ndrfilter_last_reload_successful",] == 1


def test_causes_that_look_alike_do_not_spoil_a_scrape():
    board = Board(1)
    told = answer(undecided=[("A", "a\x1bb"), ("A", "a\\x1bb")])
    board.seat(0).answered(question(), told)
    assert samples(board)["ndrfilter_undecided_causes_total", ("cause", "a\\x1bb")] == 2


ODD = st.text(st.characters() | st.sampled_from('"\\\n{}=,\x00\ud800 '), max_size=40)


@pytest.mark.parametrize("accept", [OPENMETRICS, ""])
@settings(deadline=None)
@given(st.lists(ODD, max_size=5, unique=True), ODD, ODD)
def test_any_name_can_be_scraped(accept, rules, cause, word):
    board = Board(1)
    board.know(rules)
    counters = board.seat(0)
    counters.answered(question(word), answer(rules=rules, undecided=[(word, cause)], troubles=[(cause, word)]))
    counters.remarked(Remark(word, "", (("refused", cause), (word, word))))
    board.happened(word, cause)
    board.note(version=word, ruleset=cause)
    found = samples(board, accept)
    lines = [line.rpartition(b" ")[0] for line in render(board, accept).splitlines() if line[:1] != b"#"]
    assert len(lines) == len(set(lines))
    assert sum(value for key, value in found.items() if key[0] == "ndrfilter_rule_hits_total") == len(rules)
    assert sum(value for key, value in found.items() if key[0] == "ndrfilter_undecided_causes_total") == 1
