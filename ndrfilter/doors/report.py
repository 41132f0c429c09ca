"""`ndrfilter report`: what the service did, told from its log lines."""

from __future__ import annotations

import argparse
import re
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ndrfilter.doors import report_words
from ndrfilter.doors.report_lines import Finder, lines
from ndrfilter.doors.report_tally import Tally
from ndrfilter.errors import UsageError
from ndrfilter.sentlog.packed import UNREADABLE, open_log
from ndrfilter.sentlog.tail import rotated
from ndrfilter.terminal import complain, escape, reason, say, style_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, BinaryIO

DONE, MISSING = 0, 2
_UNITS = {"m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}
_SPAN = re.compile(r"(\d{1,6})([mhdw])")
_DESCRIPTION = """\
Say what the service did, from its lines in mail logs: verdicts, what was done or would have been, the rules, what
could not be decided and why, who gets the most backscatter, floods, how long answers took.

Logs may be syslog's files, `journalctl -o short-iso`, or our own log, plain or JSON, packed or not; lines of others are
passed over. Without FILE it is the log that the configuration names, and what it was rotated into."""


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "report", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", metavar="FILE", nargs="*", help="a log; - is standard input")
    parser.add_argument("--since", metavar="WHEN", help="count from then on: 24h, 7d, 2026-11-22, 2026-11-22T08:00")
    parser.add_argument("--json", action="store_true", help="the report as one JSON object")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Read everything, then tell; 2 if something could not be read."""
    since = since_when(args.since, time.time()) if args.since else None
    paths = args.files or _configured(args.config)
    tally = Tally()
    read = [_read(path, tally, since) for path in paths]
    if args.json:
        import json

        say(json.dumps(report_words.plain(tally), ensure_ascii=True, indent=2))
    else:
        say(*report_words.text(tally, style_for("auto", sys.stdout)))
    if tally.empty and all(read):
        complain(f"no line of `ndrfilter serve` is there{'' if since is None else ' from then on'}")
    if since is not None and tally.untimed:
        complain(f"{tally.untimed:,} lines bear no time; they were counted as if they were new enough")
    return DONE if all(read) else MISSING


def since_when(text: str, now: float) -> float:
    """The time that `--since` names, in seconds since the epoch; dates are local. Raises UsageError."""
    found = _SPAN.fullmatch(text)
    if found:
        return now - int(found[1]) * _UNITS[found[2]]
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        raise UsageError(f"--since {text}: write 90m, 24h, 7d, 2w, or a date: 2026-11-22, 2026-11-22T08:00") from None


def _configured(config: str | None) -> Sequence[str]:
    """The log that the configuration names, after what it was rotated into. Raises ConfigError, UsageError."""
    from ndrfilter.config import load

    log = load(config).service.log
    if log in ("stderr", "syslog", ""):
        raise UsageError(
            f"the configuration logs to {log or 'stderr'}; name the file: ndrfilter report /var/log/mail.log, "
            "or: journalctl -u ndrfilter -o short-iso | ndrfilter report -"
        )
    path = Path(log)
    return [*map(str, rotated(path)), log]


def _read(path: str, tally: Tally, since: float | None) -> bool:
    """Count one log; whether it could be read to its end."""
    try:
        if path == "-":
            _count(sys.stdin.buffer, Finder(time.time()), tally, since)
        else:
            with open_log(Path(path)) as file:
                _count(file, Finder(Path(path).stat().st_mtime), tally, since)
    except UNREADABLE as error:
        complain(f"{escape(path)}: {escape(reason(error))}")
        return False
    return True


def _count(file: BinaryIO, finder: Finder, tally: Tally, since: float | None) -> None:
    for line in lines(file):
        found = finder.entry(line)
        if found is not None and (since is None or found[0] is None or found[0] >= since):
            tally.add(found[1], found[0])
