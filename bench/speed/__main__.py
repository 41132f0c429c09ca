"""How fast it is, beside those who do the same: one measurement by name, or several.

    python -m bench.speed service   processor time of a message over HTTP and spamd's protocol; one worker and two
    python -m bench.speed pipe      `ndrfilter filter` as a process for each message
    python -m bench.speed rules     cost against the number of rules
    python -m bench.speed size      cost against the size of a message
    python -m bench.speed start     what it takes to start
    python -m bench.speed memory    a worker's memory over 100,000 messages
    python -m bench.speed profile   where the time of a message goes
    python -m bench.speed all

Prints tables with what is required, with --markdown as for a page, and writes JSON with --json FILE. Exits 1 if
something required is not met. --quick is a small form of everything, to see that it works: its figures mean little,
and nothing is required of them. Peers that are not installed are left out, which is said.
"""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path

from bench.speed import figures
from bench.speed.installed import Options

NAMES = ("service", "pipe", "rules", "size", "start", "memory", "profile")


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="+", choices=(*NAMES, "all"))
    parser.add_argument("--quick", action="store_true", help="a small form, which only shows that it works")
    parser.add_argument("--program", default="", metavar="NDRFILTER", help="an installed ndrfilter, for the pipe")
    parser.add_argument("--markdown", action="store_true", help="print tables for a page")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    reports = []
    show = figures.markdown if args.markdown else figures.table
    print(figures.machine(), end="\n\n", flush=True)
    for name in NAMES if "all" in args.what else args.what:
        report = import_module(f"bench.speed.{name}").run(Options(args.quick, args.program))
        reports.append(figures.unjudged(report) if args.quick else report)
        print(show(reports[-1]), end="\n\n", flush=True)
    short = figures.summary(reports)
    if len(reports) > 1 and not args.quick:
        print(show(short), flush=True)
    if args.json:
        kept = {"machine": figures.machine(), "reports": [figures.plain(report) for report in reports]}
        args.json.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    return 0 if all(one.met for one in short.figures) else 1


sys.exit(main())
