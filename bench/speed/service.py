"""The service beside rspamd and spamd: processor time of a message, and what a second worker adds."""

from __future__ import annotations

import http.client
import statistics
import tempfile
from collections.abc import Callable, Iterable, Sequence
from itertools import cycle
from pathlib import Path
from time import perf_counter

from bench.speed.clients import Http, Spamd, rate, request
from bench.speed.figures import Figure, Report
from bench.speed.installed import Installed, Options
from bench.speed.mails import Mails, mails
from bench.speed.peers import Peer, peers
from bench.speed.processes import cpu, tree, waited

REQUIRED = {
    ("HTTP", "bounce", "rspamd"): (0.50, 0.25),
    ("HTTP", "ordinary mail", "rspamd"): (0.20, 0.10),
    ("spamd protocol", "bounce", "spamd"): (0.10, 0.04),
}
"""Our processor time to the peer's, at most and where we want to get."""
_OURS = {"HTTP": Http, "spamd protocol": Spamd}
_ONE = "HTTP, by one rule alone"
"""What is left without rules: reading, recognising, deciding and replying."""


def run(options: Options) -> Report:
    """Both tables."""
    mail, rounds = mails(30 if options.quick else 0), 1 if options.quick else 3
    notes = [mail.note, "Processor time of the whole process tree, median of the rounds; the first one warms up."]
    with tempfile.TemporaryDirectory(prefix="ndrfilter-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the peers have users of their own, who must get there
        figures = _side_by_side(folder, mail, rounds, notes)
        figures += _two_workers(folder, mail.bounces, 1.0 if options.quick else 6.0, 1 if options.quick else 3)
    return Report("The service", figures, notes)


def _side_by_side(folder: Path, mail: Mails, rounds: int, notes: list[str]) -> list[Figure]:
    single = "service: {workers: 1}\n"
    ours, bare = Installed(folder / "all", more=single), Installed(folder / "bare", more=single, rule="ABUSE_REPORT")
    with ours.serving("http", "spamd") as service, bare.serving("http") as one, peers(folder, notes) as others:
        places = zip(_OURS.items(), (service.place["http"], service.place["spamd"]), strict=True)
        daemons = [*others, *(Peer(name, client(place), service.process.pid) for (name, client), place in places)]
        daemons.append(Peer(_ONE, Http(one.place["http"]), one.process.pid))
        kinds = {"bounce": mail.bounces, "ordinary mail": mail.ordinary}
        seen: dict[tuple[str, str], list[float]] = {}
        for number in range(rounds + 1):
            for kind, batch in kinds.items():
                for daemon in daemons:
                    used = _round(daemon, batch, null=kind == "bounce")
                    if number:
                        seen.setdefault((daemon.name, kind), []).append(used)
    taken = {key: statistics.median(values) for key, values in seen.items()}
    ordered = sorted(taken, key=lambda key: key[::-1])
    return [*(Figure(f"{key[1]}: {key[0]}", taken[key], "µs") for key in ordered), *_ratios(taken)]


def _round(daemon: Peer, batch: Iterable[bytes], *, null: bool) -> float:
    """Microseconds of processor time a message."""
    before, asked = cpu(daemon.pid), 0
    for raw in batch:
        try:
            daemon.client.ask(raw, null=null)
        except (OSError, http.client.HTTPException) as error:
            raise RuntimeError(f"{daemon.name} gave no answer: {error!r}") from error
        asked += 1
    return (cpu(daemon.pid) - before) / asked * 1e6


def _ratios(taken: dict[tuple[str, str], float]) -> list[Figure]:
    found = []
    for (name, kind), ours in taken.items():
        for peer in ("rspamd", "spamd") if name in (*_OURS, _ONE) else ():
            if theirs := taken.get((peer, kind)):
                most, aim = REQUIRED.get((name, kind, peer), (None, None))
                found.append(Figure(f"{kind} over {name}: ours to {peer}'s", ours / theirs, "×", most=most, aim=aim))
    return sorted(found, key=lambda one: one.most is None)


def _two_workers(folder: Path, bounces: Sequence[bytes], seconds: float, rounds: int) -> list[Figure]:
    """One and two take turns: what else the machine does meets both.

    The time in which a worker was held up because all processors were busy, with the client or with other programs, is
    not counted: what counts is whether the workers hold up each other, and whether each of them has its share.
    """
    requests = [request(raw, number) for number, raw in enumerate(bounces)]
    installed = [Installed(folder / f"workers-{number}", more=f"service: {{workers: {number}}}\n") for number in (1, 2)]
    rates: tuple[list[float], list[float]] = ([], [])
    with installed[0].serving("http") as one, installed[1].serving("http") as two:
        for _ in range(rounds):
            for service, found in zip((one, two), rates, strict=True):
                clock = _clock(tree(service.process.pid)[1:])
                found.append(rate(service.place["http"], cycle(requests), seconds, clock))
    single, double = map(statistics.median, rates)
    return [
        Figure("bounces a second over HTTP, one worker with a processor for itself", single, "/s"),
        Figure("bounces a second over HTTP, two workers with a processor for each", double, "/s"),
        Figure("two workers to one", double / single, "×", least=1.8, aim=1.95),
    ]


def _clock(workers: Sequence[int]) -> Callable[[], float]:
    """Tells the time in which these workers had processors, or slept: the mean of them."""
    return lambda: perf_counter() - statistics.fmean(map(waited, workers))
