"""One visit to a mailbox: opened, looked through, acted upon, answered for. Everything is let go of at its end."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from ndrfilter import limits
from ndrfilter.doors.sweep import deeds, dialogue, pages, person
from ndrfilter.doors.sweep.progress import Progress
from ndrfilter.sweep import filing, places, run, state
from ndrfilter.sweep.judge import Judge
from ndrfilter.sweep.ledger import Ledger
from ndrfilter.sweep.mailbox import CutOffError, GoneError
from ndrfilter.terminal import complain, escape, say

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable
    from typing import Self, TypeVar

    from ndrfilter.sweep.nouns import Row
    from ndrfilter.sweep.run import Receipt

    T = TypeVar("T")

DONE, USAGE, TEMPORARY = 0, 2, 75


class Visit:
    """A mailbox, what is remembered of it, and what the options want of it. Use it in `with`."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.looked_at = 0
        self.watching = False
        self.progress = Progress(quiet=args.json and sys.stdout is not None and sys.stdout.isatty())
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

    @property
    def guess(self) -> str:
        """What may be the person's address: the name he logs in by."""
        user = self.mailbox.name.partition("://")[2].rpartition("@")[0]
        return user if "@" in user else ""

    def look(self) -> None:
        """Find out who it is, and look through the mailbox."""
        self.stubborn(lambda: filing.demand_place(self.mailbox, self.args.into))
        self.person = self.stubborn(lambda: person.known(self))
        self.judge = Judge(self.person.judge, next(iter(self.person.addresses), ""))
        self.ledger.begin(self.person.fingerprint, time.time(), self.person.record)
        receipt = self.stubborn(lambda: self.sweep(self.args.folder))
        self.ledger.finish(time.time())
        self.looked_at = receipt.looked_at
        self.progress.stop()
        for remark in receipt.remarks:
            complain(escape(remark))
        if "://" in self.mailbox.name:
            complain(f"read {self.mailbox.fetched:,} bytes from the server")

    def sweep(self, folders: list[str], tell: Callable[[Row], None] | None = None) -> Receipt:
        """Look through these folders, or through all that may hold returned mail."""
        skip = {self.args.into, *self.ledger.moves.targets()}
        return run.sweep(self.mailbox, folders, self.judge, self.ledger, self.progress, skip=skip, tell=tell)

    def act(self) -> int:
        """Do what was asked for with what was found, and say so; returns the exit code."""
        now, trouble = time.time(), ""
        if self.args.move:
            into = self.args.into
            filed = self.stubborn(lambda: filing.file_away(self.mailbox, self.ledger, into, now, self.progress))
            trouble = filed.trouble
            self._say(deeds.filed(filed, brief=self.watching))
        elif self.args.tag:
            tagged = self.stubborn(lambda: filing.tag(self.mailbox, self.ledger, now, self.progress))
            trouble = tagged.trouble
            self._say(deeds.tagged(tagged))
        return USAGE if trouble else DONE

    def undo(self) -> int:
        """Put everything back; returns the exit code."""
        done = self.stubborn(lambda: filing.undo(self.mailbox, self.ledger, time.time(), self.progress))
        self._say(deeds.undone(done))
        return TEMPORARY if done.trouble or done.left else DONE

    def answer(self) -> None:
        """Print the page, or the rows as JSON, and write the page for a browser."""
        if self.args.json:
            for row in self.ledger.rows():
                say(pages.as_json(row))
        else:
            say(*pages.plain(self))
        if self.args.html is not None:
            pages.write(self)
            complain(f"wrote {self.args.html}")

    def _say(self, lines: Iterable[str]) -> None:
        """What was done; standard output is for JSON alone where that was asked for."""
        self.progress.stop()
        for line in lines:
            if self.args.json:
                complain(line)
            else:
                say(line)

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
                self.progress.stop()
                complain(f"{escape(str(error))}; connecting again")
                time.sleep(limits.SWEEP_RECONNECT_PAUSE)
                with suppress(GoneError):  # made anew meanwhile: `work` opens what it needs
                    again()
