"""A worker's memory over 100,000 messages: how much, and whether it stays so."""

from __future__ import annotations

import random
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path

from bench.speed.clients import flood, request
from bench.speed.figures import Figure, Report
from bench.speed.installed import Installed, Options
from bench.speed.mails import Mails, mails
from bench.speed.processes import memory, tree

MESSAGES, SAMPLES = 100_000, 10
_BOUNCES, _OTHERS = 2, 1  # of twenty messages; the rest is ordinary mail, as in life, where it is more yet


def run(options: Options) -> Report:
    """Sampled ten times on the way."""
    count = MESSAGES // 50 if options.quick else MESSAGES
    mail = mails()
    everything = _mixed(mail)
    what = (
        f"{count:,} messages over HTTP to one worker, each with an id and a recipient of its own: "
        f"{_BOUNCES} in 20 are bounces, {_OTHERS} is spam, a forgery, a receipt or an automatic reply"
    )
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
    figures += [Figure(f"after {count * done // SAMPLES:,}", shares[done], "MB") for done in range(1, SAMPLES + 1)]
    figures += [
        Figure("the supervisor", supervisor, "MB"),
        Figure("the worker in the end, PSS", shares[-1], "MB", most=80.0, aim=50.0),
        Figure("the worker in the end, RSS", sizes[-1][1], "MB", most=80.0),
        Figure("growth over the last half", shares[-1] - shares[SAMPLES // 2], "MB", most=1.0),
    ]
    return Report("Memory", figures, notes)


def _mixed(mail: Mails) -> Iterator[bytes]:
    """Mail without end, each kind in an order of its own that repeats when all of it was sent."""
    chance = random.Random(1)

    def endless(kind: Sequence[bytes]) -> Iterator[bytes]:
        return cycle(chance.sample(kind, len(kind)))

    bounces, ordinary, others = map(endless, (mail.bounces, mail.ordinary, mail.others))
    pattern = [bounces] * _BOUNCES + [others] * _OTHERS
    pattern += [ordinary] * (20 - len(pattern))
    chance.shuffle(pattern)
    return (next(kind) for kind in cycle(pattern))


def _requests(batch: Iterator[bytes], first: int) -> Iterator[bytes]:
    for number, raw in enumerate(batch, first):
        yield request(b"Delivered-To: <user%d@home-postfix.test>\r\n" % number + raw, number)
