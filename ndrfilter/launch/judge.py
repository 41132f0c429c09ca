"""Judging within the launcher: the same steps as `doors.pipe`, by a filter that was kept whole."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]

from ndrfilter.doors import filtered
from ndrfilter.frozen import thaw
from ndrfilter.terminal import complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any


class _Late(BaseException):
    """The deadline; no Exception, so that nobody who guards a plugin or a rule takes it for that one's failure."""


class _Told:
    """The envelope's options as `doors.envelope` takes them."""

    def __init__(self, options: dict[str, list[str]]) -> None:
        last = {name: values[-1] for name, values in options.items()}
        self.recipient = options.get("--recipient")
        self.sender = last.get("--sender")
        self.client_ip, self.client_name = last.get("--client-ip"), last.get("--client-name")
        self.helo = last.get("--helo")
        self.max_seconds = float(last.get("--max-seconds", filtered.SECONDS))


def judged(raw: bytes, options: dict[str, list[str]], frozen: dict[str, Any]) -> bytes:
    """The reply to a message. Raises whatever goes wrong: who called has another way."""
    told = _Told(options)
    _signal.signal(_signal.SIGALRM, _late)
    try:
        try:
            _signal.setitimer(_signal.ITIMER_REAL, max(0.0, told.max_seconds))
            return filtered.judged(raw, thaw(frozen), told)
        finally:  # a timer outlives exec, and would kill whom we leave the message to
            _signal.setitimer(_signal.ITIMER_REAL, 0)
    except _Late:
        complain(filtered.late(told.max_seconds))
        return filtered.unjudged(raw, "timeout")


def _late(_signal: int, _frame: FrameType | None) -> None:
    raise _Late
