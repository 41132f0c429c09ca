"""The start of the service: everything that can be wrong is found here, before anybody is served."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
from typing import TYPE_CHECKING

from ndrfilter import limits
from ndrfilter.service import generation, identity
from ndrfilter.service.crew import PACE, Pace
from ndrfilter.service.journal_sinks import SYSLOG, Syslog
from ndrfilter.service.sockets import Sockets
from ndrfilter.service.supervisor import Means, Supervisor
from ndrfilter.service.systemd import Notifier, inherited
from ndrfilter.terminal import complain

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndrfilter.api import Filter
    from ndrfilter.service.connection import Connection

_FILES = 2 * limits.SERVICE_CONNECTIONS  # descriptors that a worker might want


def serve(load: Callable[[], Filter], door: Callable[[str], type[Connection]], pace: Pace = PACE) -> int:
    """Serve until told to stop; the exit code. Raises ConfigError, and then nothing stays bound.

    `load` reads the configuration, now and at every reload; `door` finds the class that speaks a protocol.
    """
    signal.signal(signal.SIGTERM, _leave_off)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # everything is being read anyway
    notifier = Notifier(os.environ)
    judge = generation.prepared(load)
    user = identity.wanted(judge.config)
    doors = {one.door: door(one.door) for one in judge.config.listen}
    sockets = Sockets(inherited(os.environ), *(() if user is None else ((user.uid, user.gid),)))
    sockets.open(judge.config)
    try:
        if user is not None:
            with user.acting():
                generation.check_readable(judge.config)
                judge = generation.prepared(load)
            user.become()
        _raise_file_limit()
        _say_if_nobody_listens(judge.config.service.log)
        return Supervisor(Means(load, doors, pace, notifier, sockets), judge.config).run(judge)
    finally:
        sockets.close()


def _say_if_nobody_listens(log: str) -> None:
    """A log that nobody takes is no reason not to serve, and the one place where it cannot be told is the log."""
    if log == SYSLOG:
        syslog = Syslog()
        if not syslog.heard:
            complain("service.log: nobody listens at /dev/log, so nothing is logged until somebody does")
        syslog.close()


def _leave_off(*_: object) -> None:
    """Told to stop before anybody is served: undo what was done, and go."""
    raise SystemExit(0)


def _raise_file_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):  # a sandbox may forbid it; then fewer have to do
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
