"""Where the log goes: standard error, syslog, a file. None of them ever stops the mail: a line that is lost is counted.

A line is one write of less than a pipe takes whole, so lines of several processes never mix.
"""

from __future__ import annotations

import os
import select
import socket
import stat
import sys
import time
from datetime import datetime
from pathlib import Path

from ndrfilter import limits
from ndrfilter.errors import ConfigError, Diagnostic
from ndrfilter.terminal import reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Framing = Callable[[int, str], str]

ERROR, WARNING, INFO = 3, 4, 6
"""Priorities of syslog(3)."""

_MAIL = 2 << 3
_STDERR = 2
SYSLOG = "syslog"
"""`service.log` for the system's log."""
_DEV_LOG = "/dev/log"


class Sink:
    """Takes lines; `lost` says how many it could not. This one takes none: standard error may be closed."""

    def __init__(self) -> None:
        self.lost = 0
        self._patience = limits.JOURNAL_PATIENCE
        self._poll, self._polled = select.poll(), -1

    def write(self, level: int, text: str, raw: bool) -> None:
        """Write one line; `raw`: it is JSON, and wants nothing in front of it where that can be."""
        try:
            done = self._write(self._framed(level, text, raw).encode("utf-8", "backslashreplace"))
        except (OSError, ValueError):
            done = False
        self.lost += not done

    def close(self) -> None:
        """Give back what is held."""

    def _write(self, line: bytes) -> bool:  # noqa: ARG002 - for those who can
        return False

    def _framed(self, level: int, text: str, raw: bool) -> str:  # noqa: ARG002 - for those who put something before
        return text

    def _ready(self, descriptor: int) -> bool:
        """Whether it takes a line now; one that takes nothing for a while is not waited for until it does again."""
        if descriptor != self._polled:
            self._poll, self._polled = select.poll(), descriptor
            self._poll.register(descriptor, select.POLLOUT)
        ready = bool(self._poll.poll(self._patience * 1_000))
        self._patience = limits.JOURNAL_PATIENCE if ready else 0.0
        return ready


class Descriptor(Sink):
    """A file descriptor."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._torn = b""
        self._may_block = descriptor < 0 or not stat.S_ISREG(os.fstat(descriptor).st_mode)

    def _write(self, line: bytes) -> bool:
        if self._may_block and not self._ready(self._descriptor):
            return False
        whole = self._torn + line + b"\n"
        written = os.write(self._descriptor, whole)
        self._torn = b"" if written == len(whole) or not written else b"\n"
        return written == len(whole)


class StandardError(Descriptor):
    """Standard error, as the journal of systemd likes it where it is behind it (sd-daemon(3))."""

    def __init__(self) -> None:
        super().__init__(_STDERR)
        self._journald = _is_journal(_STDERR)

    def _framed(self, level: int, text: str, raw: bool) -> str:
        if self._journald:
            return f"<{level}>{text}"
        return text if raw else f"ndrfilter: {text}"


class File(Descriptor):
    """A file, each line with the time, the host and the process, as syslog writes them."""

    def __init__(self, path: Path) -> None:
        """Raises ConfigError."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK
        try:
            descriptor = os.open(path, flags, 0o640)
        except (OSError, ValueError) as error:
            what, advice = (
                f"cannot write to {path}: {reason(error)}",
                "the service's user has to make it there",
            )
            raise ConfigError([Diagnostic("E769", what, "service.log", help=advice)]) from error
        super().__init__(descriptor)
        self._host = socket.gethostname().partition(".")[0] or "localhost"
        self._when, self._before = (0, 0), ""

    def _framed(self, level: int, text: str, raw: bool) -> str:  # noqa: ARG002 - a file has no priorities
        return text if raw else self._prefix() + text

    def _prefix(self) -> str:
        when = int(time.time()), os.getpid()
        if when != self._when:
            stamp = datetime.fromtimestamp(when[0]).astimezone().isoformat()
            self._when, self._before = when, f"{stamp} {self._host} ndrfilter[{when[1]}]: "
        return self._before

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)


class Syslog(Sink):
    """The system's log, facility mail. A log that is restarted is found again."""

    def __init__(self, path: str = _DEV_LOG) -> None:
        super().__init__()
        self._path = path
        self._socket: socket.socket | None = None

    def _framed(self, level: int, text: str, raw: bool) -> str:  # noqa: ARG002 - the header is the protocol's
        return f"<{_MAIL | level}>{time.strftime('%b %e %H:%M:%S')} ndrfilter[{os.getpid()}]: {text}"

    def _write(self, line: bytes) -> bool:
        for _ in range(2):
            try:
                return self._send(line)
            except BlockingIOError:
                return False
            except OSError:
                self.close()
        return False

    def _send(self, line: bytes) -> bool:
        end = self._connected()
        return self._ready(end.fileno()) and end.send(line) == len(line)

    def _connected(self) -> socket.socket:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
            self._socket.connect(self._path)
        return self._socket

    @property
    def heard(self) -> bool:
        """Whether anybody takes lines there now."""
        try:
            self._connected()
        except OSError:
            self.close()
            return False
        return True

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def sink(where: str) -> Sink:
    """The sink for `service.log`: "stderr", "syslog", "" (stderr) or a path. Raises ConfigError."""
    if where == SYSLOG:
        return Syslog()
    if where not in ("stderr", ""):
        return File(Path(where))
    return StandardError() if sys.__stderr__ is not None else Sink()


def _is_journal(descriptor: int) -> bool:
    """Whether that is the stream which systemd named in JOURNAL_STREAM."""
    found = os.fstat(descriptor)
    return os.environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"
