"""Holds BounceBench's figures (its --json file) against what ndrfilter promises; exits 1 if one promise is missed.

Usage: judge.py RESULTS.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

# What is counted, over which cases, and its bound in per cent: at most, or at least where marked.
PROMISES = (
    ("genuine called backscatter or fake", "genuine", ("backscatter", "fake"), "most", 0.0),
    ("genuine called not-a-bounce", "genuine", ("not-a-bounce",), "most", 0.5),
    ("genuine called genuine", "genuine", ("genuine",), "least", 45.0),
    ("forged called genuine", "forged", ("genuine",), "most", 0.0),
    ("forged called backscatter", "forged", ("backscatter",), "least", 95.0),
    ("disguised called genuine", "disguised", ("genuine",), "most", 0.0),
    ("fabricated called genuine", "fabricated", ("genuine",), "most", 0.0),
    ("bare called anything but undetermined", "bare", ("genuine", "backscatter", "fake", "not-a-bounce"), "most", 1.0),
    ("ham called anything but not-a-bounce", "ham", ("genuine", "backscatter", "fake", "undetermined"), "most", 0.1),
    ("spam called anything but not-a-bounce or fake", "spam", ("genuine", "backscatter", "undetermined"), "most", 0.2),
    ("spam called fake", "spam", ("fake",), "most", 0.2),
)


def crashes(table: dict[str, dict[str, int]]) -> int:
    """How many cases ended in an exception."""
    return sum(number for counts in table.values() for verdict, number in counts.items() if verdict.startswith("crash"))


def judged(table: dict[str, dict[str, int]]) -> list[tuple[bool, str]]:
    """Each promise: whether it is kept, and a line of the table."""
    lines = []
    for what, label, verdicts, side, bound in PROMISES:
        counts = table.get(label, {})
        number, total = sum(counts.get(verdict, 0) for verdict in verdicts), sum(counts.values())
        share = 100 * number / total if total else 0.0
        kept = total > 0 and (share <= bound if side == "most" else share >= bound)
        word = "kept  " if kept else "MISSED"
        lines.append((kept, f"{word}  {what:46} {number:5} of {total:5}  {share:6.2f} %   at {side} {bound:g} %"))
    found = crashes(table)
    lines.append((found == 0, f"{'MISSED' if found else 'kept  '}  {'crashes':46} {found:5}"))
    return lines


def main(path: str) -> int:
    """Prints the table; 0 if every promise is kept."""
    lines = judged(json.loads(Path(path).read_text(encoding="utf-8"))["table"])
    print("\n".join(line for _, line in lines))
    return 0 if all(kept for kept, _ in lines) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
