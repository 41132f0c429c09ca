"""Measures and attacks a service that it starts.

    python -m bench.service hostile [--count 10000] [--seed 1]   broken sessions on every door
    python -m bench.service slow [--rounds 3]                    500 slow clients beside 50 good ones

Prints what it saw, as a table and with --json FILE as JSON; exits 1 if it is not as it should be. Where other work
keeps the machine busy, `slow` judges the answers only: what it finds out about time is about the machine then.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from bench.service import hostile, slow
from bench.service.sessions import CONFIG
from tests.service_process import Serving

DOORS = ("http", "spamd", "milter", "policy")
MOST = 2.0
CALM = 10.0
"""Milliseconds: where short naps end later than that, the machine is too busy for its latencies to mean anything."""


def _hostile(args: argparse.Namespace) -> tuple[list[dict[str, object]], bool]:
    rows: list[dict[str, object]] = []
    with Serving(CONFIG, *(f"{door}=127.0.0.1:0" for door in args.doors)) as service:
        for door in args.doors:
            seen = asyncio.run(hostile.attack(door, service.place[door], args.count, args.seed))
            rows.append({"door": door, **{word: seen[word] for word in ("ended", "gone", "hung", "right", "wrong")}})
            print("  ".join(f"{name} {value}" for name, value in rows[-1].items()), flush=True)
        alive = service.process.poll() is None
    log = "\n".join(service.lines)
    died = [line for line in service.lines if "Traceback" in line or "died" in line or "killed" in line]
    print(f"still there: {alive}; {len(died)} lines of the log tell of a failure")
    print("\n".join(died[:5]) if died else "", end="")
    return rows, alive and not died and "Traceback" not in log and not any(row["hung"] or row["wrong"] for row in rows)


def _slow(args: argparse.Namespace) -> tuple[list[dict[str, object]], bool]:
    """Every answer must be right in time; the ratio counts on a calm machine, and is told on a busy one."""
    with Serving(CONFIG, "http=127.0.0.1:0", "spamd=127.0.0.1:0") as service:
        rows = asyncio.run(slow.compare(service.place, args.rounds))
    good = True
    for row in rows:
        figures = f"p99 {row['alone_ms']:.1f} ms alone, {row['beside_ms']:.1f} ms beside; {row['ratio']:.2f} ×"
        calm = row["nap_late_ms"] <= CALM
        print(f"{row['door']}: {figures}; naps end {row['nap_late_ms']:.1f} ms late{'' if calm else ': not judged'}")
        good = good and (row["ratio"] <= MOST or not calm)
    return rows, good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("hostile", "slow"))
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--doors", nargs="+", default=DOORS, choices=DOORS)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    rows, good = (_hostile if args.what == "hostile" else _slow)(args)
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0 if good else 1


sys.exit(main())
