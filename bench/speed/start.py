"""What it takes to start: imports, configuration, rules compiled and not, up to the first verdict, and the service."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from bench.speed.figures import Figure, Report
from bench.speed.installed import Installed, Options
from bench.speed.mails import BOUNCE
from bench.speed.processes import Run
from bench.speed.processes import run as one_process

_STEPS = (
    ("the interpreter of this environment", "pass"),
    ("import ndrfilter", "import ndrfilter"),
    ("import Filter", "from ndrfilter import Filter"),
    ("read the configuration", "import ndrfilter.config as c; c.load(__import__('pathlib').Path({config!r}))"),
    ("make a Filter, rules compiled", "from ndrfilter import Filter; f = Filter.from_config({config!r})"),
    (
        "the first verdict, rules compiled",
        "import sys; from ndrfilter import Filter; Filter.from_config({config!r}).check(sys.stdin.buffer.read())",
    ),
)


def run(options: Options) -> Report:
    """Wall clock and processor time of processes that do one step more each."""
    rounds = 1 if options.quick else 15
    figures = []
    with tempfile.TemporaryDirectory(prefix="ndrfilter-bench-") as name:
        ours = Installed(Path(name, "compiled"), more="service: {workers: 1}\n")
        bare = Installed(Path(name, "not"), compiled=False)
        steps = [(what, code.format(config=str(ours.config)), ours) for what, code in _STEPS]
        steps.append(("the first verdict, rules not compiled", _STEPS[-1][1].format(config=str(bare.config)), bare))
        taken: dict[str, list[Run]] = {}
        for number in range(rounds + 1):
            for what, code, where in steps:
                if where is ours or number <= 2:  # seconds each: two are enough
                    taken.setdefault(what, []).append(_python(code, where))
        for what, code, where in steps:
            runs = taken[what][1:]
            figures += [
                Figure(what, statistics.median(one.wall for one in runs) * 1000, "ms"),
                Figure(f"{what}: processor time", statistics.median(one.cpu for one in runs) * 1000, "ms"),
                Figure(f"{what}: modules", _modules(code, where, Path(name)), ""),
            ]
        began = perf_counter()
        with ours.serving("http"):
            ready = perf_counter() - began
        figures.append(Figure("the service, from its start until it is ready", ready * 1000, "ms"))
    return Report("Start-up", figures, ["Whole processes, median; the steps take turns."])


def _python(code: str, where: Installed) -> Run:
    return one_process([sys.executable, "-c", code], BOUNCE, env=where.env)


def _modules(code: str, where: Installed, folder: Path) -> int:
    """How many modules the process has in the end."""
    kept = folder / "modules"
    tail = "\nimport sys; print(len(sys.modules))"
    one_process([sys.executable, "-c", code + tail], BOUNCE, env=where.env, stdout=kept)
    return int(kept.read_text())
