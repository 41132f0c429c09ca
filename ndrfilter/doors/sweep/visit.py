"""One visit to a mailbox: opened, looked through, acted upon, answered for. Everything is let go of at its end."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from ndrfilter import limits
from ndrfilter.doors.sweep import dialogue, words
from ndrfilter.doors.sweep.progress import Bar
from ndrfilter.errors import TemporaryError, UsageError
from ndrfilter.sweep import evidence, filing, places, state
from ndrfilter.sweep.ledger import Ledger
from ndrfilter.sweep.mailbox import CutOffError
from ndrfilter.terminal import complain, escape, say

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from typing import Self, TypeVar

    from ndrfilter.sweep.mailbox import Mailbox

    T = TypeVar("T")


class Visit:
    """What the commands of one call do, in their order."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args = args
        self.mailbox: Mailbox = places.open_place(args.place, dialogue.access(args))
        self.folder = state.account_folder(self.mailbox.name, None)
        self.ledger = Ledger(self.folder / "ledger.db")
        self.bar = Bar(quiet=args.json and sys.stdout.isatty())
