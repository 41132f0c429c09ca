"""Cost against size: ordinary mail from 10 KB to 10 MB, and bounces that bring so much back."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench.speed import inprocess
from bench.speed.clients import Http
from bench.speed.figures import Figure, Report
from bench.speed.installed import Installed, Options
from bench.speed.mails import letter, returned
from bench.speed.processes import cpu
from ndrfilter import Filter

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
_BYTES = 20_000_000  # of each size in one round


def run(options: Options) -> Report:
    """Processor time, in process and over HTTP."""
    notes = ["Ordinary mail is text, HTML and an attachment; a bounce brings back a message of that size."]
    volume, rounds = (_BYTES // 20, 1) if options.quick else (_BYTES, 3)
    figures = []
    with tempfile.TemporaryDirectory(prefix="ndrfilter-bench-") as name:
        ours = Installed(Path(name), more="service: {workers: 1}\n")
        judge = Filter.from_config(ours.config)
        kinds = (("ordinary mail", letter, inprocess.SOMEBODY), ("a bounce", returned, inprocess.NULL))
        for kind, make, envelope in kinds:
            taken = {}
            for size in SIZES:
                batch = [make(size)] * max(1, min(200, volume // size))
                taken[size] = inprocess.seconds(judge, batch, envelope, rounds)
                figures.append(Figure(f"{kind} of {_short(size)}", taken[size] * 1e6, "µs"))
            figures += _slope(kind, taken)
        with ours.serving("http") as service:
            client = Http(service.place["http"])
            for size in (SIZES[0], SIZES[-1]):
                raw, times = letter(size), max(2, min(500, volume * 5 // size))
                client.ask(raw, null=False)
                before = cpu(service.process.pid)
                for _ in range(times):
                    client.ask(raw, null=False)
                used = (cpu(service.process.pid) - before) / times
                figures.append(Figure(f"ordinary mail of {_short(size)} over HTTP", used * 1e6, "µs"))
            figures.append(Figure(f"over HTTP, a byte of {_short(size)}", used / size * 1e9, "ns"))
    return Report("Cost against size", figures, notes)


def _slope(kind: str, taken: dict[int, float]) -> list[Figure]:
    """What one byte more costs, and whether it is more for the last ones than for the first."""
    small, largest = SIZES[0], SIZES[-1]
    most = 15.0 if kind == "ordinary mail" else None
    return [
        Figure(f"{kind}: a byte of {_short(largest)}", taken[largest] / largest * 1e9, "ns", most=most),
        Figure(
            f"{kind}: {_short(largest)} to {_short(small)}, in times the size",
            taken[largest] / taken[small] / (largest / small), "×", most=1.0 if most else None,
        ),
    ]  # fmt: skip


def _short(size: int) -> str:
    return f"{size // 1_000_000} MB" if size >= 1_000_000 else f"{size // 1_000} KB"
