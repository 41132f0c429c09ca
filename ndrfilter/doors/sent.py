"""`ndrfilter sent add|import|follow|status|forget`: feeding and looking after the log of what we sent."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from ndrfilter import limits
from ndrfilter.doors import sent_import
from ndrfilter.doors.sent_place import SentPlace, sent_place
from ndrfilter.errors import NdrError, TemporaryError
from ndrfilter.terminal import complain, escape, in_words, reason, say

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any, NoReturn

    from ndrfilter.sentlog.upkeep import Summary

DONE, TEMPORARY = 0, 75
_DESCRIPTION = """\
Keep a log of what you sent, so that bounces of it are known and bounces of forged mail are too.

Of every message it keeps keyed digests of its Message-ID, its sender and its recipients, and the time."""
_ADD = """\
Record the message on standard input as sent.

It should be where your mail leaves, with the Message-ID that others will see. Recipients come from the command line,
else $RECIPIENT, else To, Cc and Bcc; the sender from --sender, else $SENDER, else From. A message without a Message-ID
and one of another domain than yours are not recorded."""
_ADD_EXAMPLES = """\
examples:
  ndrfilter sent add --sender=alice@example.com -- bob@receiver.example < message.eml
  ndrfilter sent add --pass --sender="$SENDER" -- "$@" | /usr/sbin/sendmail -G -i -f "$SENDER" -- "$@"

exit codes: 0 recorded, or nothing to record; with --pass all of the message was written as well; 75 anything else, and
nothing was written: keep the mail and try again."""


class _Parser(argparse.ArgumentParser):
    """Ends with `usage_code` where it is called in a way it does not know: mail servers bounce mail at exit code 2."""

    usage_code = 2

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As ever, but nothing unknown is left to the parser above."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return found, unknown

    def error(self, message: str) -> NoReturn:
        """What was wrong, on standard error."""
        complain(f"{self.prog}: {escape(message)} (--help says more)")
        raise SystemExit(self.usage_code)


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the commands."""
    from ndrfilter.doors import sent_follow

    raw = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser("sent", description=_DESCRIPTION, formatter_class=raw)
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_Parser)
    _register_add(commands)
    sent_import.register(commands)
    sent_follow.register(commands)
    status_parser = commands.add_parser("status", help="how much is in the log, and since when it is complete")
    status_parser.add_argument("--json", action="store_true", help="as one JSON object")
    status_parser.set_defaults(func=status)
    _register_forget(commands)


def _register_add(commands: Any) -> None:
    raw = argparse.RawDescriptionHelpFormatter
    parser = commands.add_parser(
        "add", help="record the message on standard input", description=_ADD, epilog=_ADD_EXAMPLES, formatter_class=raw
    )
    parser.add_argument("recipients", metavar="RECIPIENT", nargs="*", help="envelope recipients")
    parser.add_argument("--recipient", metavar="ADDRESS", action="append", default=[], help="one more of them")
    parser.add_argument("--sender", metavar="ADDRESS", help="envelope sender; '' or <> is the null sender")
    parser.add_argument("--pass", dest="pass_on", action="store_true", help="write the message on to standard output")
    parser.set_defaults(func=add)
    parser.usage_code = TEMPORARY


def _register_forget(commands: Any) -> None:
    parser = commands.add_parser(
        "forget",
        help="remove messages from the log",
        description="Remove messages from the log, by their Message-ID or everything that is older than a date.",
    )
    parser.add_argument("ids", metavar="MESSAGE-ID", nargs="*", help="with or without angle brackets")
    parser.add_argument("--before", metavar="DATE", type=_date, help="all that was sent before (2026-11-22, UTC)")
    parser.set_defaults(func=forget)


def _date(text: str) -> float:
    from datetime import UTC, datetime

    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no date; write 2026-11-22 or 2026-11-22T10:00:00Z") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def add(args: argparse.Namespace) -> int:
    """Record one message; returns 0 or 75."""
    try:
        raw = _read()
        _record(raw, args)
        if args.pass_on:
            _write(raw)
    except NdrError as error:
        complain(in_words(error))
    except OSError as error:
        complain(f"cannot read or write: {reason(error)}")
    except KeyboardInterrupt:
        complain("interrupted")
    except Exception as error:  # whatever it is, the mail must stay where it is
        complain(f"internal error: {type(error).__name__}: {escape(str(error))}")
    else:
        return DONE
    return TEMPORARY


def _record(raw: bytes, args: argparse.Namespace) -> None:
    from ndrfilter.message.delivery import path_of

    sender = os.environ.get("SENDER") if args.sender is None else args.sender
    told = (*args.recipients, *args.recipient) or (os.environ.get("RECIPIENT", ""),)
    recipients = tuple(filter(None, map(path_of, told)))
    place = sent_place(args.config)
    if not place.add(raw[: limits.MAX_MESSAGE], None if sender is None else path_of(sender), recipients):
        complain("the message has no Message-ID, so there is nothing to record")


def _read() -> bytes:
    if sys.stdin is None:
        raise TemporaryError("standard input is closed")
    os.set_blocking(sys.stdin.fileno(), True)
    return sys.stdin.buffer.read()


def _write(raw: bytes) -> None:
    """All of it, closed at the end: a full disk may show as late as that."""
    if sys.stdout is None:
        raise TemporaryError("standard output is closed")
    output, rest = sys.stdout.fileno(), memoryview(raw)
    os.set_blocking(output, True)
    while rest:
        rest = rest[os.write(output, rest) :]
    os.close(output)


def status(args: argparse.Namespace) -> int:
    """Say how much there is, since when it is complete, and how big it is."""
    from ndrfilter.adapters.database import NAME
    from ndrfilter.sentlog.upkeep import Summary, summary

    place = sent_place(args.config)
    file = place.folder / NAME
    there = _is_there(file)
    found = summary(place.store) if there else Summary(0, 0, None, None, None)
    size = sum(path.stat().st_size for path in place.folder.glob(f"{NAME}*")) if there else 0
    if args.json:
        import json

        say(json.dumps({**_plain(found), "retention": place.retention, "file": str(file), "bytes": size}))
        return DONE
    say(*_in_words(found, place), f"{escape(str(file))}: {size:,} bytes")
    return DONE


def _is_there(file: Path) -> bool:
    try:
        file.lstat()
    except FileNotFoundError:
        return False
    except OSError:
        pass  # opening it says what is wrong
    return True


def _plain(found: Summary) -> dict[str, object]:
    return {**found._asdict(), "coverage": found.coverage._asdict() if found.coverage else None}


def _in_words(found: Summary, place: SentPlace) -> list[str]:
    from ndrfilter.sentlog.log import moment

    lines = [f"{found.messages:,} messages to {found.copies:,} recipients, kept for {place.retention / 86_400:g} days"]
    if found.oldest is not None and found.newest is not None:
        lines.append(f"the oldest of {moment(found.oldest)}, the newest of {moment(found.newest)}")
    if found.coverage is None:
        return [*lines, "not complete: nobody follows the mail log (ndrfilter sent follow), so absence says nothing"]
    lines.append(f"complete since {moment(found.coverage.since)}, fed until {moment(found.coverage.until)}")
    if place.now - found.coverage.until > limits.SENT_STALE:
        lines.append("nobody has fed it since then: is `ndrfilter sent follow` running?")
    if not any("log" in site.complete for site in place.config.sites):
        lines.append("the configuration does not say `complete: [log]`, so absence says nothing")
    return lines


def forget(args: argparse.Namespace) -> int:
    """Remove what is asked for; 2 if an id was not there."""
    from ndrfilter.errors import UsageError
    from ndrfilter.sentlog import upkeep

    if not args.ids and args.before is None:
        raise UsageError("sent forget: name Message-IDs, or --before DATE")
    store = sent_place(args.config).store
    lost = [message_id for message_id in args.ids if not upkeep.forget(store, message_id)]
    forgotten = len(args.ids) - len(lost)
    if args.before is not None:
        forgotten += upkeep.forget_before(store, args.before)
    say(f"{forgotten:,} forgotten")
    for message_id in lost:
        complain(f"{escape(message_id)} is not in the log")
    return 2 if lost else DONE
