"""A worker's memory over 100,000 messages: how much, and whether it stays so."""

from __future__ import annotations

import random
import tempfile
from collections import deque
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

from bench.speed.clients import flood, request
from bench.speed.figures import Figure, Report
from bench.speed.installed import Installed, Options
from bench.speed.mails import mails
from bench.speed.processes import memory, tree

MESSAGES, SAMPLES = 100_000, 10


def run(options: Options) -> Report:
    """Sampled ten times on the way."""
    count = MESSAGES // 50 if options.quick else MESSAGES
    mail = mails()
    mixed = [*mail.bounces, *mail.ordinary, *mail.others]
    random.Random(1).shuffle(mixed)
    everything = cycle(mixed)
    what = f"{count:,} messages over HTTP to one worker, of every kind, shuffled, each with an id of its own"
    notes = [mail.note, what]
    sizes = []
    with tempfile.TemporaryDirectory(prefix="ndrfilter-bench-") as name:
        ours = Installed(Path(name), more="service: {workers: 1}\n")
        with ours.serving("http") as service:
            worker = tree(service.process.pid)[-1]
            supervisor = memory(service.process.pid)[0]
            sizes.append(memory(worker))
            for sample in range(SAMPLES):
                part = count // SAMPLES
                batch = islice(everything, part)
                deque(flood(service.place["http"], _requests(batch, sample * part)), maxlen=0)
                sizes.append(memory(worker))
    shares = [pss for pss, _ in sizes]
    figures = [Figure("at the start", shares[0], "MB")]
    figures += [Figure(f"after {count * done // SAMPLES:,}", shares[done], "MB") for done in (1, 2, 5, 8, 10)]
    figures += [
        Figure("the supervisor", supervisor, "MB"),
        Figure("the worker in the end, PSS", shares[-1], "MB", most=80.0, aim=50.0),
        Figure("the worker in the end, RSS", sizes[-1][1], "MB"),
        Figure("growth over the last half", shares[-1] - shares[SAMPLES // 2], "MB", most=1.0),
    ]
    return Report("Memory", figures, notes)


def _requests(batch: Iterator[bytes], first: int) -> Iterator[bytes]:
    for number, raw in enumerate(batch, first):
        yield request(b"Delivered-To: <user%d@home-postfix.test>\r\n" % number + raw, number)
