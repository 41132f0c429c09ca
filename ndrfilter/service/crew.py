"""A generation of workers: as many processes as wanted, each on a seat; who dies or hangs is replaced."""

from __future__ import annotations

import os
import signal
import sys
from time import monotonic

from ndrfilter import limits
from ndrfilter.noun import Noun
from ndrfilter.service.journal_sinks import WARNING
from ndrfilter.service.worker import RETIRE, STOP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import NoReturn

    from ndrfilter.service.board import Board

    Work = Callable[[int, Callable[[], None]], None]

_ALL = frozenset(range(1, signal.NSIG)) - {signal.SIGKILL, signal.SIGSTOP, 32, 33}
_SOON = 1.0  # a worker that ends within so many seconds of its start has not really served


class Pace(Noun):
    """How patient the supervisor is; in seconds."""

    heartbeat: float = limits.SERVICE_HEARTBEAT
    start: float = limits.SERVICE_START
    back_off: float = limits.SERVICE_BACK_OFF
    watch: float = limits.SERVICE_WATCH


PACE = Pace()


class Office:
    """What all generations share: the seats, the supervisor's own descriptors, the log, the board."""

    def __init__(self, board: Board, log: Callable[[str, int], None], pace: Pace) -> None:
        self.board = board
        self.log = log
        self.pace = pace
        self.private: set[int] = set()  # descriptors that no worker may keep
        self.free = list(range(board.seats - 1, -1, -1))
        self.awake = 0.0  # since when the supervisor itself was not held up


class _Sitter:
    """One worker process; `pipe` is where it says that it serves, -1 when there is nothing more to hear.

    `trusted` is when we last began to wait for a sign of it.
    """

    __slots__ = ("born", "pid", "pipe", "seat", "serves", "trusted")

    def __init__(self, pid: int, seat: int, pipe: int) -> None:
        self.pid = pid
        self.seat = seat
        self.pipe = pipe
        self.serves = False
        self.born = self.trusted = monotonic()


class Crew:
    """The workers of one generation."""

    def __init__(self, number: int, wanted: int, work: Work, office: Office) -> None:
        """`work(seat, ready)` is what a worker does; it calls `ready` when it serves."""
        self.number = number
        self.wanted = wanted
        self._work = work
        self._office = office
        self._sitters: dict[int, _Sitter] = {}
        self._failures = 0
        self._next = 0.0  # when another may be started
        self.until: float | None = None  # when those who leave are cut off; None while they serve

    def __len__(self) -> int:
        return len(self._sitters)

    @property
    def serving(self) -> int:
        """How many of them serve."""
        return sum(one.serves for one in self._sitters.values())

    @property
    def complete(self) -> bool:
        """Whether all that are wanted serve."""
        return self.serving >= self.wanted

    @property
    def pipes(self) -> list[int]:
        """Where those will be heard who have not said yet that they serve."""
        return [one.pipe for one in self._sitters.values() if one.pipe >= 0]

    def tend(self, now: float) -> None:
        """Start who is missing, and end who hangs."""
        for one in tuple(self._sitters.values()):
            self._look_at(one, now)
        if self.until is not None:
            if now >= self.until:
                self.send(signal.SIGKILL)
            return
        while len(self._sitters) < self.wanted and now >= self._next and self._office.free:
            try:
                self._start()
            except OSError as error:
                self._stumbled(f"cannot start a worker: {error.strerror}", now)

    def heard(self, pipe: int) -> None:
        """Whoever is at that pipe serves, or is dead."""
        for one in self._sitters.values():
            if one.pipe == pipe:
                one.serves = bool(os.read(pipe, 1))
                self._close(one)

    def ended(self, pid: int, status: int, now: float) -> bool:
        """Take note of a dead child; whether it was one of ours."""
        one = self._sitters.pop(pid, None)
        if one is None:
            return False
        self._close(one)
        self._office.board.vacate(one.seat)
        self._office.free.append(one.seat)
        if self.until is None:
            self._office.board.happened("worker", "died")
            self._mourn(one, _how(status), one.serves and now - one.born >= _SOON, now)
        return True

    def leave(self, stop: bool, until: float) -> None:
        """Ask them to leave, all at once if the service stops; who has not by then is cut off."""
        self.until = until if self.until is None else min(until, self.until)
        self.send(STOP if stop else RETIRE)

    def send(self, what: signal.Signals) -> None:
        """Send all of them a signal."""
        for one in self._sitters.values():
            # One that has not got as far as listening to RETIRE has nobody to wait for.
            os.kill(one.pid, what if one.serves or what != RETIRE else STOP)

    def _start(self) -> None:
        office = self._office
        seat = office.free.pop()
        try:
            pid, pipe = _fork(lambda ready: self._work(seat, ready), office.private)
        except OSError:
            office.free.append(seat)
            raise
        office.private.add(pipe)
        self._sitters[pid] = _Sitter(pid, seat, pipe)

    def _look_at(self, one: _Sitter, now: float) -> None:
        pace = self._office.pace
        if one.serves:
            silent = now - max(one.trusted, self._office.awake, self._office.board.beats(one.seat))
            if silent < pace.heartbeat:
                return
            self._office.board.happened("worker", "stuck")
            self._office.log(f"worker {one.pid} gave no sign of life for {silent:.1f} s; replacing it", WARNING)
        elif now - one.trusted < pace.start:
            return
        else:
            self._office.log(f"worker {one.pid} was not ready after {pace.start:g} s; replacing it", WARNING)
        one.trusted = now  # it is told once
        os.kill(one.pid, signal.SIGKILL)

    def _mourn(self, one: _Sitter, how: str, served: bool, now: float) -> None:
        what = f"worker {one.pid} {how}"
        if served:
            self._failures = 0
            self._office.log(f"{what}; replacing it", WARNING)
        else:
            self._stumbled(f"{what} right after its start", now)

    def _stumbled(self, what: str, now: float) -> None:
        """The first two are replaced at once, then we wait longer and longer."""
        self._failures += 1
        delay = 0.0 if self._failures <= 2 else min(self._office.pace.back_off, 0.1 * 2 ** min(self._failures - 3, 10))
        self._next = now + delay
        self._office.log(f"{what}; another one {f'in {delay:g} s' if delay else 'at once'}", WARNING)

    def _close(self, one: _Sitter) -> None:
        if one.pipe >= 0:
            self._office.private.discard(one.pipe)
            os.close(one.pipe)
            one.pipe = -1


def _how(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"was killed by signal {-code}"


def _fork(work: Callable[[Callable[[], None]], None], private: Iterable[int]) -> tuple[int, int]:
    """Do `work` in a child; its process number and the pipe on which it says that it is ready. Raises OSError."""
    hear, tell = os.pipe()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ALL)
    try:
        pid = os.fork()
        if pid == 0:
            _child(work, [*private, hear], tell)
    except OSError:
        os.close(hear)
        raise
    finally:
        os.close(tell)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return pid, hear


def _child(work: Callable[[Callable[[], None]], None], private: Iterable[int], tell: int) -> NoReturn:
    """Live as a worker, and never come back into the supervisor's code."""
    code = 70  # EX_SOFTWARE
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGUSR1):
            signal.signal(number, signal.SIG_DFL)
        for number in (signal.SIGINT, signal.SIGHUP):  # a terminal sends them to everybody; the supervisor decides
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        for descriptor in private:
            os.close(descriptor)
        work(lambda: _say_ready(tell))
        code = 0
    except BaseException as error:
        from ndrfilter.terminal import complain, escape

        complain(f"worker {os.getpid()}: {type(error).__name__}: {escape(str(error))}")
    finally:
        if sys.stderr is not None:
            sys.stderr.flush()
        os._exit(code)


def _say_ready(tell: int) -> None:
    os.write(tell, b"1")
    os.close(tell)
