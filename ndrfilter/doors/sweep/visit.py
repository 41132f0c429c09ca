"""One visit to a mailbox: opened, looked through, acted upon, answered for. Everything is let go of at its end."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from ndrfilter import limits
from ndrfilter.doors.sweep import deeds, dialogue, person
from ndrfilter.doors.sweep.progress import Progress
from ndrfilter.sweep import places, state
from ndrfilter.sweep.filing import FOLDER
from ndrfilter.sweep.ledger import Ledger
from ndrfilter.sweep.mailbox import CutOffError
from ndrfilter.terminal import complain, escape

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from typing import Self, TypeVar

    T = TypeVar("T")


class Visit:
    """A mailbox, what is remembered of it, and what the options want of it. Use it in `with`."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.progress = Progress(quiet=args.json and sys.stdout.isatty())
        self.mailbox = places.open_place(args.place, dialogue.access(args))
        try:
            self.folder = state.account_folder(self.mailbox.name)
            self.ledger = Ledger(self.folder / "ledger.db")
        except BaseException:
            self.mailbox.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()
        self.ledger.close()
        self.mailbox.close()

    def stubborn(self, work: Callable[[], T]) -> T:
        """`work`, again if the connection was lost on the way, a few times; it goes on where it was."""
        left = limits.SWEEP_RECONNECTS
        while True:
            try:
                return work()
            except CutOffError as error:
                again = getattr(self.mailbox, "again", None)
                if again is None or not left:
                    raise
                left -= 1
                complain(f"{escape(str(error))}; trying again")
                time.sleep(limits.SWEEP_RECONNECT_PAUSE)
                again()
