"""Processor time of a message in this process, without any door."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Sequence
from time import process_time

from ndrfilter import Envelope, Filter

NULL = Envelope(sender="")
SOMEBODY = Envelope(sender="someone@example.org")


def seconds(judge: Filter, batch: Sequence[bytes], envelope: Envelope, rounds: int) -> float:
    """Of one message: the median of the rounds; one more warms up."""
    taken = []
    for _ in range(rounds + 1):
        gc.collect()
        began = process_time()
        for raw in batch:
            judge.check(raw, envelope=envelope)
        taken.append((process_time() - began) / len(batch))
    return statistics.median(taken[1:])
