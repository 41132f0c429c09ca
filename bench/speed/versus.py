"""This checkout against another: what a change does to the processor time of a message.

    python -m bench.speed.versus OTHER [--rounds 6]     OTHER is a checkout, such as a worktree of what was before

A process of each judges the same mail, a few messages in turn, so that both meet the same machine. Two thirds of the
mail warm up, and only the rest counts, of which neither has seen anything: what is remembered of one message may help
with the next, and with itself it must not. A difference of less than about 2 % is none.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.speed import figures
from bench.speed.figures import Figure, Report
from bench.speed.installed import Installed
from bench.speed.mails import ROOT, mails

_SHARE = 3  # one in so many messages is measured
_TURN = 8  # messages


class Side:
    """A process that judges with one checkout's code."""

    def __init__(self, checkout: Path, config: Path, folder: Path, sender: str) -> None:
        words = [sys.executable, "-P", str(ROOT / "bench/speed/turns.py"), str(config), str(folder), sender]
        env = {**os.environ, "PYTHONPATH": str(checkout), "PYTHONHASHSEED": "0"}
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(words, env=env, stdin=pipe, stdout=pipe, text=True, bufsize=1)
        self.taken = 0

    def judge(self, first: int, last: int) -> int:
        """Nanoseconds for these messages."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{first} {last}\n")
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def compared(checkouts: Sequence[Path], config: Path, batch: Sequence[bytes], sender: str) -> list[float]:
    """Microseconds of a message by each checkout; of the batch, the last third is measured."""
    with tempfile.TemporaryDirectory(prefix="ndrfilter-bench-") as name:
        for number, raw in enumerate(batch):
            Path(name, str(number)).write_bytes(raw)
        sides = [Side(checkout, config, Path(name), sender) for checkout in checkouts]
        fresh = len(batch) - len(batch) // _SHARE
        for side in sides:
            side.judge(0, fresh)
        for turn, first in enumerate(range(fresh, len(batch), _TURN)):
            for side in sides if turn % 2 else reversed(sides):
                side.taken += side.judge(first, min(first + _TURN, len(batch)))
        for side in sides:
            side.close()
        return [side.taken / 1_000 / (len(batch) - fresh) for side in sides]


def run(other: Path, rounds: int) -> Report:
    """Both checkouts with the same configuration, without doors; each round measures another third."""
    mail, found = mails(), []
    with tempfile.TemporaryDirectory(prefix="ndrfilter-bench-") as name:
        installed = Installed(Path(name), compiled=False)
        for kind, batch, sender in (("a bounce", mail.bounces, ""), ("ordinary mail", mail.ordinary, "a@b.test")):
            taken = []
            for turn in range(rounds):
                thirds = [batch[number::_SHARE] for number in range(_SHARE)]
                mixed = [raw for number in range(1, _SHARE + 1) for raw in thirds[(turn + number) % _SHARE]]
                taken.append(compared((other, ROOT), installed.config, mixed, sender))
            ratios = [after / before for before, after in taken]
            for which, one in (("before", 0), ("after", 1)):
                found.append(Figure(f"{kind}, {which}", statistics.median(pair[one] for pair in taken), "µs"))
            found.append(Figure(f"{kind}, after / before", statistics.median(ratios), "×"))
            found += [Figure(f"{kind}, {word} ratio", of(ratios), "×") for word, of in (("least", min), ("most", max))]
    return Report(f"{other} and this checkout", found, [mail.note])


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path)
    parser.add_argument("--rounds", type=int, default=6)
    args = parser.parse_args()
    if not (args.other / "ndrfilter" / "__init__.py").is_file():
        parser.error(f"{args.other} is no checkout of ndrfilter")
    print(figures.table(run(args.other.resolve(), args.rounds)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
