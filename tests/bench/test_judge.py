"""The judge of BounceBench's figures: keeps count, and lets nothing pass that was promised."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

JUDGE = Path(__file__).resolve().parents[2] / "bench" / "judge.py"
GOOD = {
    "genuine": {"genuine": 50, "undetermined": 50},
    "forged": {"backscatter": 96, "undetermined": 4},
    "disguised": {"undetermined": 10},
    "fabricated": {"undetermined": 10},
    "bare": {"undetermined": 10},
    "ham": {"not-a-bounce": 1000},
    "spam": {"not-a-bounce": 1000, "fake": 2},
}


def judge(tmp_path, table):
    results = tmp_path / "results.json"
    results.write_text(json.dumps({"table": table, "misses": []}))
    return subprocess.run([sys.executable, JUDGE, results], capture_output=True, text=True)


def test_good_figures_pass(tmp_path):
    done = judge(tmp_path, GOOD)
    assert done.returncode == 0
    assert "MISSED" not in done.stdout


@pytest.mark.parametrize(
    ("label", "counts", "named"),
    [
        ("genuine", {"genuine": 999, "backscatter": 1}, "genuine called backscatter or fake"),
        ("genuine", {"genuine": 44, "undetermined": 56}, "genuine called genuine"),
        ("forged", {"backscatter": 94, "undetermined": 6}, "forged called backscatter"),
        ("fabricated", {"undetermined": 999, "genuine": 1}, "fabricated called genuine"),
        ("ham", {"not-a-bounce": 998, "undetermined": 2}, "ham called anything but not-a-bounce"),
        ("spam", {"not-a-bounce": 10, "crash:ValueError": 1}, "crashes"),
        ("bare", {}, "bare called anything but undetermined"),
    ],
)
def test_a_broken_promise_is_named(tmp_path, label, counts, named):
    done = judge(tmp_path, GOOD | {label: counts})
    assert done.returncode == 1
    assert [line for line in done.stdout.splitlines() if line.startswith("MISSED") and named in line]
