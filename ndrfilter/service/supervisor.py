"""The supervisor: forks the workers, lets nothing happen to them unnoticed, reloads, and stops in good order.

It has neither event loop nor threads, so that it can fork at any time: signals come through a descriptor, and it waits
in poll(2). It talks to no client and judges no mail.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
from importlib.metadata import PackageNotFoundError, version
from time import monotonic, strftime, time

from ndrfilter import limits
from ndrfilter.config.model import DEFAULT
from ndrfilter.noun import Noun
from ndrfilter.service import generation
from ndrfilter.service.board import Board
from ndrfilter.service.crew import Crew, Office, Pace
from ndrfilter.service.generation import Generation
from ndrfilter.service.journal import Journal
from ndrfilter.service.journal_sinks import ERROR, INFO, WARNING
from ndrfilter.service.reload import ReloadError, Reloads
from ndrfilter.service.remarks import remarks
from ndrfilter.service.sockets import Sockets
from ndrfilter.service.systemd import Notifier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ndrfilter.api import Filter
    from ndrfilter.config import Config
    from ndrfilter.service.connection import Connection
    from ndrfilter.service.sockets import Bound

_STOPS = (signal.SIGTERM, signal.SIGINT)
_GLANCE = 0.1  # seconds between looks while something is under way
_HELD_UP = 4 * limits.SERVICE_TICK  # seconds: whatever stopped us so long may have stopped the workers as well
_FAREWELL = 2.0  # seconds more than the time for draining, until who has not ended is killed


class Means(Noun):
    """What a supervisor works with; see `start.serve`."""

    load: Callable[[], Filter]
    doors: Mapping[str, type[Connection]]
    pace: Pace
    notifier: Notifier
    sockets: Sockets


class Supervisor:
    """One running service; made once in a process. Raises ConfigError if its log cannot be written."""

    def __init__(self, means: Means, config: Config) -> None:
        self._means = means
        self._config = config
        self._journal = Journal.open(config.service)
        self._workers = config.service.workers or min(_processors(), limits.MAX_WORKERS)
        self._board = Board(limits.SERVICE_SEATS * self._workers)
        self._office = Office(self._board, self._say, means.pace)
        self._reloads = Reloads(means.load, means.sockets, config, means.pace.watch)
        self._lifeline, held = os.pipe()
        self._wakeup, waking = os.pipe()
        self._office.private |= {held, self._wakeup, waking}
        _listen_to_signals(self._wakeup, waking)
        self._number = 0
        self._serving: Crew | None = None
        self._coming: Crew | None = None
        self._patience = 0.0  # until when the coming ones must be ready
        self._leaving: list[Crew] = []
        self._stopping = False

    def run(self, judge: Filter) -> int:
        """Serve with this filter until told to stop; the exit code."""
        self._board.note(started=time(), version=_version())
        self._announce(judge.config)
        self._hire(judge, tuple(self._means.sockets.bound))
        before = monotonic()
        while not self._stopping or self._crews():
            now = monotonic()
            if now - before > _HELD_UP:
                self._office.awake = now
            before = now
            for crew in self._crews():
                crew.tend(now)
            if not self._stopping:
                self._renew(now)
            self._wait()
        for one in _STOPS:  # while it ends, the interpreter would let the next one kill it
            signal.signal(one, signal.SIG_IGN)
        self._say("stopped")
        return 0

    def _announce(self, config: Config) -> None:
        for one in self._means.sockets.bound:
            self._say(f"listening: {one}")
        if config.origin(f"listen[0].{config.listen[0].door}") == DEFAULT:
            self._say("nothing says where to listen; that is the default")
        for text in remarks(config):
            self._say(text, WARNING)

    def _crews(self) -> list[Crew]:
        self._leaving = [crew for crew in self._leaving if len(crew)]
        return [crew for crew in (self._serving, self._coming, *self._leaving) if crew is not None]

    def _renew(self, now: float) -> None:
        """Go on with a reload, or begin one; pet the watchdog while workers serve."""
        if self._coming is not None:
            if self._coming.complete:
                self._take_over(self._coming)
            elif self._serving is not None and now >= self._patience:
                self._give_up(self._coming)
        elif self._reloads.due(now):
            if len(self._office.free) >= self._workers:
                self._reload()
            for crew in [] if self._coming else self._leaving[:1]:  # there is no seat free: the eldest has to hurry
                self._dismiss(crew, stop=True)
        if self._serving is not None and self._serving.serving:
            self._means.notifier.alive()

    def _reload(self) -> None:
        self._means.notifier.reloading()
        try:
            fresh = self._reloads.read()
        except ReloadError as error:
            self._refuse(str(error))
            generation.freeze()
            return
        self._journal.close()
        self._journal, self._config = fresh.journal, fresh.judge.config
        if fresh.restart:
            self._say(f"changed, and wants a restart: {', '.join(fresh.restart)}; everything else applies now", WARNING)
        for text in remarks(self._config):
            self._say(text, WARNING)
        self._patience = monotonic() + self._means.pace.start
        self._hire(fresh.judge, fresh.bound)

    def _hire(self, judge: Filter, bound: tuple[Bound, ...]) -> None:
        """Let a new generation start; it takes over when all of it serves."""
        self._number += 1
        self._board.know(rule.name for rule in judge.loaded.program.rules)
        made = Generation(judge, bound, self._means.doors, self._lifeline)
        generation.freeze()
        self._coming = Crew(
            self._number, self._workers, lambda seat, ready: made.work(self._board, seat, ready), self._office
        )

    def _take_over(self, crew: Crew) -> None:
        """The new generation serves; the old one may go."""
        before, self._serving, self._coming = self._serving, crew, None
        self._board.note(generation=crew.number, ruleset=self._config.ruleset)
        if before is None:
            self._say(f"ready: {self._workers} {'worker' if self._workers == 1 else 'workers'}")
        else:
            self._dismiss(before, stop=False)
            self._leaving.append(before)
            self._board.happened("reload", "ok")
            self._board.note(reloaded=time(), reload="ok", error="")
            self._say(f"reloaded: generation {crew.number} serves")
        self._means.notifier.ready(f"generation {crew.number} serves since {strftime('%F %T')}")

    def _refuse(self, why: str) -> None:
        """The old generation goes on, and says why."""
        self._board.happened("reload", "failed")
        self._board.note(reloaded=time(), reload="failed", error=why)
        self._say(f"reload refused, everything goes on as before: {why}", ERROR)
        first = why.partition("\n")[0]
        self._means.notifier.ready(f"reload refused at {strftime('%F %T')}, the old configuration serves: {first}")

    def _give_up(self, crew: Crew) -> None:
        self._coming = None
        self._leaving.append(crew)
        self._dismiss(crew, stop=False)  # those that are ready may have clients
        self._refuse(f"the new workers were not ready within {self._means.pace.start:g} s")

    def _dismiss(self, crew: Crew, *, stop: bool) -> None:
        crew.leave(stop=stop, until=monotonic() + self._config.service.drain + _FAREWELL)

    def _wait(self) -> None:
        """Sleep until a child has something to say, a signal comes, or it is time to look around."""
        poll = select.poll()
        poll.register(self._wakeup, select.POLLIN)
        crews = self._crews()
        for pipe in (pipe for crew in crews for pipe in crew.pipes):
            poll.register(pipe, select.POLLIN)
        busy = self._coming is not None or self._stopping or self._serving is None or not self._serving.complete
        for descriptor, _ in poll.poll((_GLANCE if busy else limits.SERVICE_TICK) * 1_000):
            if descriptor == self._wakeup:
                self._signalled()
            else:
                for crew in crews:
                    crew.heard(descriptor)

    def _signalled(self) -> None:
        with contextlib.suppress(BlockingIOError):
            for number in os.read(self._wakeup, 4_096):
                if number in _STOPS:
                    self._stop()
                elif number == signal.SIGHUP:
                    self._reloads.wanted = True
        self._reap()

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                for crew in self._crews():
                    crew.ended(pid, status, monotonic())

    def _stop(self) -> None:
        """Let the workers end what was begun; told a second time, end at once."""
        if self._stopping:
            for crew in self._crews():
                crew.send(signal.SIGKILL)
            return
        self._stopping = True
        self._say("stopping")
        self._means.notifier.stopping()
        self._leaving, self._serving, self._coming = self._crews(), None, None
        for crew in self._leaving:
            self._dismiss(crew, stop=True)
        self._means.sockets.close()

    def _say(self, text: str, level: int = INFO) -> None:
        self._journal.event(text, level)


def _listen_to_signals(wakeup: int, waking: int) -> None:
    for end in (wakeup, waking):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
    for one in (*_STOPS, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(one, lambda *_: None)


def _processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _version() -> str:
    with contextlib.suppress(PackageNotFoundError):
        return version("ndrfilter")
    return ""
