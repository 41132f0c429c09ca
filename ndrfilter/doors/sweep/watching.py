"""Staying at a mailbox: what comes in is told and filed away as it comes, through lost connections too."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from ndrfilter import limits
from ndrfilter.doors.sweep import pages, person
from ndrfilter.errors import TemporaryError
from ndrfilter.sweep.mailbox import GoneError
from ndrfilter.sweep.nouns import INBOX
from ndrfilter.terminal import clip, complain, escape, say

if TYPE_CHECKING:
    from ndrfilter.doors.sweep.visit import Visit
    from ndrfilter.sweep.nouns import Row

_LONG = 60


def watch(visit: Visit) -> None:
    """Stay until interrupted. All folders are looked through now and then, the first one whenever something comes."""
    work = _Watch(visit)
    complain(f"watching {escape(visit.mailbox.name)}, {escape(work.folder)}; Ctrl-C ends it")
    sys.stdout.flush()
    pause = limits.SWEEP_RECONNECT_PAUSE
    while True:
        try:
            work.once()
            pause = limits.SWEEP_RECONNECT_PAUSE
        except TemporaryError as error:
            visit.progress.stop()
            complain(f"{escape(str(error))}; again in {pause:g} s")
            time.sleep(pause)
            pause = min(2 * pause, limits.SWEEP_WATCH)
            _again(visit)


class _Watch:
    """The look at a mailbox that goes on: `folder` is where mail comes in."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self.folder = _watched(visit)
        self._whole = time.monotonic()
        self._owed = False
        visit.watching = True

    def once(self) -> None:
        """Wait until there may be something new, and see to it; what was cut off the last time is done first."""
        visit = self._visit
        visit.mailbox.open(self.folder)
        if visit.mailbox.wait(0.0 if self._owed else limits.SWEEP_WATCH) or not self._owed:
            self._look()
        if self._owed:
            visit.act()
            self._owed = False
        sys.stdout.flush()

    def _look(self) -> None:
        visit, now = self._visit, time.monotonic()
        late = now - self._whole >= limits.SWEEP_WATCH_ALL
        person.refresh(visit, visit.person)
        visit.sweep(visit.args.folder if late else [self.folder], self._found)
        visit.progress.stop()
        self._whole = now if late else self._whole

    def _found(self, row: Row) -> None:
        self._owed = True
        _tell(self._visit, row)


def _again(visit: Visit) -> None:
    again = getattr(visit.mailbox, "again", None)
    if again is not None:
        try:
            again()
        except GoneError:  # made anew meanwhile: it is opened as it is now
            return
        except TemporaryError as error:
            complain(escape(str(error)))


def _watched(visit: Visit) -> str:
    """The folder where mail comes in."""
    if visit.args.folder:
        return str(visit.args.folder[0])
    folders = visit.mailbox.folders()
    return str(next((one.name for one in folders if one.role == INBOX), folders[0].name))


def _tell(visit: Visit, row: Row) -> None:
    if visit.args.json:
        say(pages.as_json(row))
        return
    about = row.failed[0].address if row.failed else row.title or row.subject
    say(f"{row.verdict.upper():<12}  {clip(about, _LONG)}  {escape(row.why)}")
