"""What a generation of workers serves with: loaded whole in the supervisor, so that nothing broken is ever forked."""

from __future__ import annotations

import asyncio
import gc
from contextlib import suppress

from ndrfilter.errors import ConfigError, Diagnostic
from ndrfilter.noun import Noun
from ndrfilter.service import preload
from ndrfilter.service.changes import certificates, sources
from ndrfilter.service.desk import Desk
from ndrfilter.service.journal import Journal
from ndrfilter.service.journal_sinks import ERROR
from ndrfilter.service.ward import Ward
from ndrfilter.service.worker import Worker, room
from ndrfilter.terminal import reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ndrfilter.api import Filter
    from ndrfilter.config import Config
    from ndrfilter.service.board import Board
    from ndrfilter.service.connection import Connection
    from ndrfilter.service.sockets import Bound

new_event_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
with suppress(ImportError):  # it is not made for every machine, and costs less
    from uvloop import new_event_loop

_SAMPLE = b"""\
From: MAILER-DAEMON@example.com
To: you@example.com
Subject: Undelivered Mail Returned to Sender
Content-Type: text/plain

I could not deliver your message.
"""


class Generation(Noun):
    """A filter, where it is asked, and by which protocols."""

    judge: Filter
    bound: tuple[Bound, ...]
    doors: Mapping[str, type[Connection]]
    lifeline: int

    def work(self, board: Board, seat: int, ready: Callable[[], None]) -> None:
        """Be a worker of it until told to leave."""
        counters, journal = board.seat(seat), Journal.open(self.judge.config.service)
        desk = Desk(self.judge, (counters, journal))
        desk.board = board
        worker = Worker(
            self.bound,
            self.doors,
            desk,
            Ward(room()),
            lifeline=self.lifeline,
            beat=lambda connections: counters.beat(connections, journal.lost),
            log=lambda text: journal.event(text, ERROR),
        )
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(worker.serve(ready))


def prepared(load: Callable[[], Filter]) -> Filter:
    """A filter with everything that a worker would otherwise load for its first message; raises ConfigError.

    What is kept is frozen: a collector that walks through it would copy the pages that all workers share.
    """
    gc.unfreeze()
    gc.collect()
    judge = load()
    judge.prepare()
    Desk(judge)
    judge.at_once(judge.facts(_SAMPLE))
    preload.everything(judge.config.plugins)
    return judge


def freeze() -> None:
    """Forget what is not needed any more, and keep the rest in shared pages; to be called before a fork."""
    gc.collect()
    gc.freeze()


def check_readable(config: Config) -> None:
    """Raise ConfigError for everything that this user could not read again when it changes; TLS keys are root's."""
    mistakes, exempt = [], set(certificates(config))
    for path in sources(config):
        try:
            if path not in exempt and path.is_file():
                path.open("rb").close()
        except OSError as error:
            advice = "the service's user has to read it whenever it changes: chgrp to its group, and chmod 640"
            mistakes.append(Diagnostic("E779", f"cannot read {path}: {reason(error)}", str(path), help=advice))
    if mistakes:
        raise ConfigError(mistakes)
