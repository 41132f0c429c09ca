"""Where the time of a message goes: the share of each floor of the house, by samples of what runs."""

from __future__ import annotations

import signal
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from bench.speed import inprocess
from bench.speed.figures import Figure, Report
from bench.speed.installed import Installed, Options
from bench.speed.mails import ROOT, mails
from ndrfilter import Envelope, Filter

_OURS = str(ROOT / "ndrfilter") + "/"
_EVERY = 0.001  # seconds of processor time
_SHOWN = 12


def run(options: Options) -> Report:
    """Of bounces and of ordinary mail. What C does for a function is counted as the function's own."""
    mail = mails(30 if options.quick else 0)
    notes = [mail.note, "Samples of processor time, in process: the floor whose function runs, or calls into C."]
    figures = []
    with tempfile.TemporaryDirectory(prefix="ndrfilter-bench-") as name:
        judge = Filter.from_config(Installed(Path(name)).config)
        kinds = (("a bounce", mail.bounces, inprocess.NULL), ("ordinary mail", mail.ordinary, inprocess.SOMEBODY))
        for kind, batch, envelope in kinds:
            taken = inprocess.seconds(judge, batch, envelope, 1)
            figures.append(Figure(f"{kind}, in process", taken * 1e6, "µs"))
            places = _sampled(judge, batch, envelope, seconds=0.5 if options.quick else 10.0)
            total = sum(places.values()) or 1
            for place, samples in places.most_common(_SHOWN):
                figures.append(Figure(f"{kind}: {place}", 100 * samples / total, "%"))
    return Report("Where the time goes", figures, notes)


def _sampled(judge: Filter, batch: Sequence[bytes], envelope: Envelope, seconds: float) -> Counter[str]:
    """How often each floor was met, over so many seconds of processor time."""
    places: Counter[str] = Counter()

    def note(_signal: int, frame: FrameType | None) -> None:
        places[_floor(frame)] += 1

    before = signal.signal(signal.SIGPROF, note)
    signal.setitimer(signal.ITIMER_PROF, _EVERY, _EVERY)
    try:
        while sum(places.values()) * _EVERY < seconds:
            for raw in batch:
                judge.check(raw, envelope=envelope)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return places


def _floor(frame: FrameType | None) -> str:
    """The package and module of ours that runs, or that called what runs."""
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(_OURS):
            return "/".join(Path(name.removeprefix(_OURS)).with_suffix("").parts[:2])
        frame = frame.f_back
    return "elsewhere"
