"""`ndrfilter sent import`: the log's beginning, from a folder of sent mail. To import twice changes nothing."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import TYPE_CHECKING

from ndrfilter.doors import sources
from ndrfilter.doors.progress import Bar
from ndrfilter.doors.sent_place import SentPlace, sent_place
from ndrfilter.terminal import complain, escape, say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ndrfilter.message.model import Headers
    from ndrfilter.sentlog import Entry

DONE, UNREADABLE = 0, 2
_DELIVERED = ("Return-Path", "Delivered-To", "X-Original-To", "Envelope-To")
_WORDS = ("delivered here", "of others", "without a Message-ID", "too old")
_DESCRIPTION = """\
Record the messages in a folder of sent mail: files, directories, Maildirs, mboxes.

The sender is who stands in From, the recipients who stand in To, Cc and Bcc. Passed over is mail of other domains than
yours, and mail that was delivered to somebody here: received mail must never get into the log of sent mail, or who
forged your address in it could send you a bounce of it that looks genuine."""


def register(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "import",
        help="record a folder of sent mail",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", metavar="PLACE", nargs="+", help="a Sent folder; - is standard input")
    parser.add_argument(
        "--delivered",
        action="store_true",
        help="take delivered mail too, from an archive that gets a copy of all that you send and nothing else",
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Import everything; 2 if something could not be read."""
    from ndrfilter.sentlog import record

    work = _Import(sent_place(args.config), args.delivered)
    taken = record(work.place.store, work.entries(args.paths), work.place.now, retention=work.place.retention)
    count = work.count
    known = count["looked at"] - taken - sum(count[word] for word in _WORDS)
    words = [f"{known:,} there already"] if known else []
    words += [f"{count[word]:,} {word}" for word in _WORDS if count[word]]
    say(f"{count['looked at']:,} messages: {', '.join([f'{taken:,} recorded', *words])}")
    return UNREADABLE if count["unreadable"] else DONE


class _Import:
    """One call of the command: what it has seen so far."""

    def __init__(self, place: SentPlace, delivered: bool) -> None:
        self.place = place
        self.delivered = delivered
        self.count: Counter[str] = Counter()

    def entries(self, paths: list[str]) -> Iterator[Entry]:
        """What is to be recorded; what cannot be read is said on standard error and counted."""
        found: list[sources.Place] = []
        for place in sources.places(paths):
            if isinstance(place, sources.Unreadable):
                self._lose(place)
            else:
                found.append(place)
        with Bar.over(found) as bar:
            for place in found:
                for source in sources.messages(place):
                    if isinstance(source, sources.Unreadable):
                        self._lose(source)
                        continue
                    yield from self._entry(source.raw)
                    bar.advance(len(source.raw))

    def _entry(self, raw: bytes) -> Iterator[Entry]:
        from ndrfilter.message import parse
        from ndrfilter.message.dates import parse_date
        from ndrfilter.sentlog.outgoing import entry_of

        headers, now = parse(raw).headers, self.place.now
        date = parse_date(headers.text("Date"))
        entry = entry_of(headers, now if date is None else min(date, now))
        self.count["looked at"] += 1
        against = self._against(headers, entry)
        if against:
            self.count[against] += 1
        else:
            yield entry

    def _against(self, headers: Headers, entry: Entry) -> str:
        """One of `_WORDS` for what is not recorded, else nothing."""
        if not self.delivered and any(name in headers for name in _DELIVERED):
            return _WORDS[0]
        if not self.place.ours(entry):
            return _WORDS[1]
        if not entry.message_id.strip():
            return _WORDS[2]
        return _WORDS[3] if entry.time + self.place.retention <= self.place.now else ""

    def _lose(self, what: sources.Unreadable) -> None:
        self.count["unreadable"] += 1
        complain(f"{escape(what.label)}: {escape(what.why)}")
