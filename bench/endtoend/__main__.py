"""The end-to-end proof as a command: real servers, real DSNs, and how each source of evidence does.

    python -m bench.endtoend HARNESS [--json FILE] [--out FOLDER]

HARNESS is the folder of the mail servers' harness; needs root. Ends with 1 if a promise is missed. FOLDER, which must
not exist, keeps all that came about; without it nothing is kept.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from bench.endtoend import figures, judge, network, run


def main() -> int:
    """Run the matrix and print the figures."""
    parser = argparse.ArgumentParser(
        "bench.endtoend", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("harness", type=Path)
    parser.add_argument("--json", type=Path, metavar="FILE", help="all rows and figures")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="keep the DSNs, the log and the letters here")
    args = parser.parse_args()
    reason = network.obstacle(args.harness)
    if reason:
        sys.exit(reason)
    with tempfile.TemporaryDirectory(prefix="ndrfilter-endtoend-") as scratch:
        out = args.out or Path(scratch) / "out"
        began = time.monotonic()
        run.flow(args.harness, out)
        sent = time.monotonic()
        rows = list(judge.judged(out))
        ended = time.monotonic()
    for kind in ("own", "forwarded", *figures.FORGED):
        print("\n".join(figures.table(rows, kind)))
    lines = figures.promises(rows)
    print("\n".join(line for _, line in lines))
    print(f"mail and DSNs {sent - began:.0f} s, {len(rows)} verdicts {ended - sent:.0f} s")
    if args.json:
        report = {"promises": [line for _, line in lines], "seconds": [sent - began, ended - sent], "rows": rows}
        args.json.write_text(json.dumps(report, indent=1), encoding="utf-8")
    return 0 if all(kept for kept, _ in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
