"""Does the Sent folder have everything? Only what we know from elsewhere that the person sent can witness to that."""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

COPY, REPLY, BOUNCE, NAMELESS = "copy", "reply", "bounce", "nameless"
_DAY = 86_400.0
_SURELY = 5  # e to the minus fifth: once in 150 such a run comes about by chance


class Witness(Noun):
    """A message that the person sent: how we know (a copy to himself, an answer, a bounce), and whether Sent has it.

    `time` in seconds since the epoch: when it was sent; of one that is missing, the latest that it can have been.
    """

    time: float
    kind: str
    found: bool


class Witnesses(Noun):
    """What they say together. `since` and `until` bound the stretch in which Sent has everything, None for no such.

    `found` and `days` count those of the stretch, or of what comes nearest to one; `missing` is the last missing one.
    """

    found: int = 0
    days: int = 0
    needed: int = limits.SWEEP_WITNESSES
    missing: Witness | None = None
    since: float | None = None
    until: float | None = None

    @property
    def demonstrated(self) -> bool:
        """Whether there is such a stretch."""
        return self.since is not None


def weigh(witnesses: Iterable[Witness], newest: float, read: float) -> Witnesses:
    """What the witnesses show; `newest` is when the newest message in Sent was sent, `read` when Sent was read.

    A stretch begins after the last missing one, and after the last long time without any. Where one in ten was missing
    before, ten found ones in a row mean little: the more were missing, the more must have been found since.
    """
    ordered = sorted(witnesses)
    lost = [one for one in ordered if not one.found]
    run = [one for one in ordered if one.found and (not lost or one.time > lost[-1].time)]
    before = len(ordered) - len(run)
    needed = max(limits.SWEEP_WITNESSES, _SURELY * -(-before // len(lost))) if lost else limits.SWEEP_WITNESSES
    run = _without_gap(run)
    days = len({one.time // _DAY for one in run})
    found = Witnesses(len(run), days, needed, lost[-1] if lost else None)
    if len(run) < needed or days < limits.SWEEP_WITNESS_DAYS:
        return found
    fresh = newest >= read - limits.SWEEP_SENT_FRESH and run[-1].time >= read - limits.SWEEP_WITNESS_GAP
    until = read - limits.SWEEP_SENT_LAG if fresh else min(newest, run[-1].time)
    return found._replace(since=run[0].time, until=until) if run[0].time < until else found


def _without_gap(run: list[Witness]) -> list[Witness]:
    """The last of them, as far back as they follow each other closely."""
    for place in range(len(run) - 1, 0, -1):
        if run[place].time - run[place - 1].time > limits.SWEEP_WITNESS_GAP:
            return run[place:]
    return run
