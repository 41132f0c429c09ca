"""Our lines in a mail log: found among all others, with the time they bear. Bytes in, entries out."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

from ndrfilter import limits
from ndrfilter.sentlog.logline import Clock, syslog_line
from ndrfilter.service.journal_lines import read_json, read_plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from ndrfilter.service.journal_lines import Entry

PROGRAM = "ndrfilter"
_LATEST = 2.0**33
_PREFIX = f"{PROGRAM}: "


def lines(file: BinaryIO) -> Iterator[bytes]:
    """The file's lines without their ends; what is longer than any log line is passed over."""
    rest, skipping = b"", False
    while data := file.read(limits.FOLLOW_READ):
        first, *others = data.split(b"\n")
        rest = b"" if skipping else rest + first
        if others:
            if not skipping:
                yield rest
            yield from others[:-1]
            rest, skipping = others[-1], False
        if len(rest) > limits.MAX_LOG_LINE:
            rest, skipping = b"", True
    if rest:
        yield rest


class Finder:
    """Finds our entries among the lines of one log, the last of which was written at `latest`."""

    def __init__(self, latest: float) -> None:
        self._clock = Clock(latest)

    def entry(self, raw: bytes) -> tuple[float | None, Entry] | None:
        """When a line was written (None: it does not say) and what it says; None for a line of others."""
        if len(raw) > limits.MAX_LOG_LINE:
            return None
        if raw.startswith(b"{"):
            return _of_json(raw.decode(errors="replace"), None)
        if PROGRAM.encode() not in raw:
            return None
        text = raw.decode(errors="replace").rstrip("\r")
        line = syslog_line(text)
        if line is None:
            return _of_text(text.removeprefix(_PREFIX), None) if text.startswith(_PREFIX) else None
        if line.program.rpartition("/")[2] != PROGRAM:
            return None
        return _of_text(line.text.removeprefix(_PREFIX), _sane(self._clock.read(line.stamp)))


def _of_text(text: str, when: float | None) -> tuple[float | None, Entry] | None:
    if text.startswith("{"):
        return _of_json(text, when)
    entry = read_plain(text)
    return entry and (when, entry)


def _of_json(text: str, when: float | None) -> tuple[float | None, Entry] | None:
    entry = read_json(text)
    return entry and (_time(json.loads(text).get("time")) or when, entry)


def _time(stamp: object) -> float | None:
    try:
        return _sane(datetime.fromisoformat(str(stamp)).timestamp())
    except (ValueError, OverflowError):
        return None


def _sane(when: float | None) -> float | None:
    """The time, if a log can be of it."""
    return when if when is not None and 0 < when < _LATEST else None
