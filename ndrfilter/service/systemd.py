"""What systemd and we say to each other: sockets that it bound for us, how we are, and its watchdog.

Works with everything that speaks these protocols (sd_listen_fds(3), sd_notify(3)); without them nothing happens.
"""

from __future__ import annotations

import contextlib
import os
from socket import AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM, socket
from time import CLOCK_MONOTONIC, clock_gettime_ns, monotonic

from ndrfilter import limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping

_FIRST = 3  # SD_LISTEN_FDS_START


def inherited(environ: MutableMapping[str, str]) -> dict[str, list[socket]]:
    """The sockets that were handed over to this process, by name; the variables that tell of them are taken away."""
    pid, count, names = (environ.pop(name, "") for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"))
    found: dict[str, list[socket]] = {}
    if pid != str(os.getpid()) or not count.isdecimal():
        return found
    words = names.split(":")
    for number in range(min(int(count), limits.MAX_LISTENERS)):
        with contextlib.suppress(OSError):  # what is no socket cannot be listened on
            one = socket(fileno=_FIRST + number)
            one.set_inheritable(False)
            found.setdefault(words[number] if number < len(words) else "unknown", []).append(one)
    return found


class Notifier:
    """Tells the service manager, if there is one, how we are. Never raises."""

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        """Takes the variables away that tell of it, so that no other process thinks that they are for it."""
        address = environ.pop("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        interval, pid = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
        wanted = interval.isdecimal() and pid in ("", str(os.getpid()))
        self._interval = int(interval) / 2_000_000 if wanted else 0.0
        self._last = 0.0

    def tell(self, *lines: str) -> None:
        """Send assignments such as "READY=1"."""
        if not self._address:
            return
        with contextlib.suppress(OSError), socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC) as channel:
            channel.setblocking(False)
            channel.sendto("\n".join(lines).encode("utf-8", "replace"), self._address)

    def ready(self, status: str) -> None:
        """All workers serve, at the start or after a reload."""
        self.tell("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """A reload began."""
        self.tell("RELOADING=1", f"MONOTONIC_USEC={clock_gettime_ns(CLOCK_MONOTONIC) // 1_000}", "STATUS=reloading")

    def stopping(self) -> None:
        """No new connection is taken any more."""
        self.tell("STOPPING=1", "STATUS=ending what was begun")

    def alive(self) -> None:
        """Pet the watchdog, if it is time; to be called often, and only while the workers are well."""
        now = monotonic()
        if self._interval and now - self._last >= self._interval / 2:
            self._last = now
            self.tell("WATCHDOG=1")
