"""`ndrfilter filter` as a process for each message, beside a bare interpreter and `spamassassin`."""

from __future__ import annotations

import json
import shlex
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

from bench.speed.figures import Figure, Report
from bench.speed.installed import Installed, Options
from bench.speed.mails import BOUNCE, LETTER
from bench.speed.peers import vbounce
from bench.speed.processes import run as one_process

BARE = ["/usr/bin/python3", "-I", "-S", "-c", "pass"]


class _Timed:
    """A command with its input, and how long each run took, in seconds."""

    def __init__(self, name: str, command: list[str], stdin: Path, every: int = 1) -> None:
        self.name, self.command, self.stdin, self.every = name, command, stdin, every
        self.walls: list[float] = []
        self.cpus: list[float] = []

    @property
    def wall(self) -> float:
        return statistics.median(self.walls)

    @property
    def cpu(self) -> float:
        return statistics.median(self.cpus)


def run(options: Options) -> Report:
    """Wall clock of whole processes, taking turns."""
    notes = [f"Ordinary mail: {LETTER.name}; a bounce: {BOUNCE.name}. Median wall clock; the commands take turns."]
    notes.append(f"The launcher of {options.program or 'this checkout, which stats each of its files at a start'}.")
    with tempfile.TemporaryDirectory(prefix="ndrfilter-bench-") as name:
        folder = Path(name)
        ours = Installed(folder / "ours", program=options.program)
        pipe = [str(ours.launcher)]
        bare, letter, bounce = (
            _Timed("a bare interpreter", BARE, LETTER),
            _Timed("ndrfilter filter, ordinary mail", pipe, LETTER),
            _Timed("ndrfilter filter, a bounce", pipe, BOUNCE),
        )
        timed = [bare, letter, bounce]
        spamassassin = shutil.which("spamassassin")
        if spamassassin:
            timed.append(_Timed("spamassassin, a bounce", [spamassassin, *vbounce(folder / "sa")], BOUNCE, every=5))
        else:
            notes.append("SKIPPED: spamassassin, which is not installed")
        _take_turns(timed, 3 if options.quick else 60, ours.env)
        figures = [Figure(one.name, one.wall * 1000, "ms") for one in timed]
        figures += [
            *(Figure(f"{one.name}: processor time", one.cpu * 1000, "ms") for one in timed),
            Figure("processor time, ordinary mail to a bare interpreter", letter.cpu / bare.cpu, "×"),
            Figure("processor time, a bounce to a bare interpreter", bounce.cpu / bare.cpu, "×"),
            Figure("ordinary mail to a bare interpreter", letter.wall / bare.wall, "×", most=1.7, aim=1.3),
            Figure("a bounce to a bare interpreter", bounce.wall / bare.wall, "×", most=4.0, aim=2.0),
        ]
        if spamassassin:
            figures.append(
                Figure("spamassassin to us, a bounce", timed[3].wall / bounce.wall, "×", least=5.0, aim=12.0)
            )
        figures += _hyperfine([bare, letter, bounce], ours.env, folder, notes, 1 if options.quick else 12)
    return Report("The pipe", figures, notes)


def _take_turns(timed: list[_Timed], rounds: int, env: dict[str, str]) -> None:
    for number in range(-1, rounds):  # one that does not count: files come into the cache
        for one in timed:
            if number < 0 or number % one.every == 0:
                took = one_process(one.command, one.stdin, env=env)
                if number >= 0:
                    one.walls.append(took.wall)
                    one.cpus.append(took.cpu)


def _hyperfine(timed: list[_Timed], env: dict[str, str], folder: Path, notes: list[str], turns: int) -> list[Figure]:
    """The same ratios by hyperfine; it measures one command after the other, and so is called again and again."""
    program = shutil.which("hyperfine")
    if not program:
        notes.append("SKIPPED: hyperfine, which is not installed; our own loop alone")
        return []
    times: list[list[float]] = [[] for _ in timed]
    for _ in range(turns):
        for one, found in zip(timed, times, strict=True):
            kept = folder / "hyperfine.json"
            options = ["--warmup", "1", "--runs", "5", "--export-json", str(kept)]
            line = f"{shlex.join(one.command)} < {shlex.quote(str(one.stdin))}"  # older versions know no --input
            subprocess.run([program, *options, line], env=env, check=True, capture_output=True)
            found += json.loads(kept.read_text())["results"][0]["times"]
    medians = [statistics.median(found) for found in times]
    return [
        Figure("by hyperfine: ordinary mail to a bare interpreter", medians[1] / medians[0], "×", most=1.7, aim=1.3),
        Figure("by hyperfine: a bounce to a bare interpreter", medians[2] / medians[0], "×", most=4.0, aim=2.0),
    ]
