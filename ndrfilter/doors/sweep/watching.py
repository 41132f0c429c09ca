"""Staying at a mailbox: what comes in is told and filed away as it comes, through lost connections too."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from ndrfilter import limits
from ndrfilter.doors.sweep import pages, person
from ndrfilter.errors import TemporaryError
from ndrfilter.sweep.nouns import INBOX
from ndrfilter.terminal import clip, complain, escape, say

if TYPE_CHECKING:
    from ndrfilter.doors.sweep.visit import Visit
    from ndrfilter.sweep.nouns import Row

_LONG = 60


def watch(visit: Visit) -> None:
    """Stay until interrupted. All folders are looked through now and then, the first one whenever something comes."""
    folder = _watched(visit)
    complain(f"watching {escape(visit.mailbox.name)}, {escape(folder)}; Ctrl-C ends it")
    whole = time.monotonic()
    pause = limits.SWEEP_RECONNECT_PAUSE
    while True:
        try:
            visit.mailbox.open(folder)
            came = visit.mailbox.wait(limits.SWEEP_WATCH)
            late = time.monotonic() - whole >= limits.SWEEP_WATCH_ALL
            if came or late:
                _look(visit, [] if late else [folder])
                whole = time.monotonic() if late else whole
            pause = limits.SWEEP_RECONNECT_PAUSE
        except TemporaryError as error:
            complain(f"{escape(str(error))}; again in {pause:g} s")
            time.sleep(pause)
            pause = min(2 * pause, limits.SWEEP_WATCH)
            _again(visit)


def _again(visit: Visit) -> None:
    again = getattr(visit.mailbox, "again", None)
    if again is not None:
        try:
            again()
        except TemporaryError as error:
            complain(escape(str(error)))


def _watched(visit: Visit) -> str:
    """The folder where mail comes in."""
    if visit.args.folder:
        return str(visit.args.folder[0])
    folders = visit.mailbox.folders()
    return str(next((one.name for one in folders if one.role == INBOX), folders[0].name))


def _look(visit: Visit, folders: list[str]) -> None:
    person.refresh(visit, visit.person)
    visit.sweep(folders or visit.args.folder, lambda row: _tell(visit, row))
    visit.progress.stop()
    visit.act()
    sys.stdout.flush()


def _tell(visit: Visit, row: Row) -> None:
    if visit.args.json:
        say(pages.as_json(row))
        return
    about = row.failed[0].address if row.failed else row.title or row.subject
    say(f"{row.verdict.upper():<12}  {clip(about, _LONG)}  {escape(row.why)}")
