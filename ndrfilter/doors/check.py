"""`ndrfilter check`: verdicts with their reasons for files, directories, Maildirs, mbox files and standard input."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from typing import TYPE_CHECKING

from ndrfilter.doors import envelope, options, sources
from ndrfilter.doors.listing import Listing
from ndrfilter.doors.progress import Bar
from ndrfilter.errors import UsageError
from ndrfilter.terminal import complain, escape, reason, say, style_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from ndrfilter.api import Filter
    from ndrfilter.engine.result import Result

FOUND, USAGE = 1, 2
TOO_LONG = "message-too-long"
NO_SITE = (
    "To tell yours from forged ones we must know your domain: add --me you@your.domain, or run ndrfilter config init."
)

_DESCRIPTION = """\
Say of each message whether it is a genuine bounce, backscatter, a fake, or none of them, and why.

PATH is a file (one message, or an mbox), a directory or Maildir (all that is below it), or - for standard input."""
_EXAMPLES = """\
examples:
  ndrfilter check --me you@example.com ~/Maildir
  ndrfilter check --only genuine,undetermined bounces.mbox
  ndrfilter check --json new/ | jq -r 'select(.verdict == "backscatter") | .path'
  find . -name '*.eml' -print0 | ndrfilter check -0
  ndrfilter check --fail-on fake,backscatter incoming.eml || echo "not ours"

exit codes: 0 done, whatever the verdicts; 1 a verdict of --fail-on occurred; 2 wrong usage or configuration, or a
file that could not be read (the others are judged first); 75 try again later."""


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "check",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", metavar="PATH", nargs="*", help="what to check; - is standard input")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options.add_me(parser)
    parser.add_argument("--only", metavar="VERDICT[,…]", type=options.verdicts, default=(), help="show only these")
    parser.add_argument("--fail-on", metavar="VERDICT[,…]", type=options.verdicts, default=(), help="exit 1 at these")
    parser.add_argument("--trace", action="store_true", help="show the value of every condition")
    parser.add_argument("--color", choices=("auto", "always", "never"), default="auto", help="colour (auto)")
    lists = parser.add_mutually_exclusive_group()
    lists.add_argument("--files", action="store_true", help="PATH is a list of paths, one a line")
    lists.add_argument("-0", "--null", action="store_true", help="the same, a NUL after each path")
    envelope.add_options(parser)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Check everything; returns the exit code."""
    paths = _paths(args)
    run_ = _Run(args, options.open_filter(args))
    show = run_.json if args.json else run_.people
    show(paths)
    if run_.lost:
        return USAGE
    return FOUND if run_.seen.intersection(args.fail_on) else 0


def _paths(args: argparse.Namespace) -> list[str]:
    given = args.paths or ([] if sys.stdin is None or sys.stdin.isatty() else [sources.STDIN])
    if not given:
        raise UsageError("check: nothing to check; name files or directories, or - for standard input")
    if not (args.files or args.null):
        return list(given)
    separator = b"\0" if args.null else b"\n"
    found: list[str] = []
    for path in given:
        try:
            with sources.opened(path) as stream:
                found += sources.listed(stream, separator)
        except OSError as error:
            raise UsageError(f"{escape(path)}: {reason(error)}") from error
    return found


class _Run:
    """One call of the command: what it has seen so far."""

    def __init__(self, args: argparse.Namespace, judge: Filter) -> None:
        self.args, self.judge = args, judge
        self.seen: set[str] = set()
        self.lost = 0

    def json(self, paths: list[str]) -> None:
        """One object a line, in the order of the input."""
        import json

        for label, result in self.results(paths):
            if not self.args.only or result.verdict in self.args.only:
                say(json.dumps({"path": label, **result.to_dict()}))

    def people(self, paths: list[str]) -> None:
        """The people's format, in the order in which people want to read."""
        width = min(max(shutil.get_terminal_size((100, 24)).columns, 60), 100)
        listing = Listing(style_for(self.args.color, sys.stdout), width, self.args.only, sys.stdout.isatty())
        for label, result in self.results(paths):
            listing.add(label, result)
        listing.lost(self.lost)
        for line in listing:
            say(line)
        if listing.many and not self.judge.config.sites:
            say(NO_SITE)

    def results(self, paths: list[str]) -> Iterator[tuple[str, Result]]:
        """Every message with its result; what cannot be read is said on standard error and counted."""
        found: list[sources.Place] = []
        for place in sources.places(paths):
            if isinstance(place, sources.Unreadable):
                self._lose(place)
            else:
                found.append(place)
        with Bar.over(found, quiet=self.args.json and sys.stdout.isatty()) as bar:
            for place in found:
                for source in sources.messages(place):
                    if isinstance(source, sources.Unreadable):
                        self._lose(source)
                        continue
                    result = self._judged(source, place.path == sources.STDIN)
                    self.seen.add(result.verdict)
                    bar.advance(len(source.raw))
                    yield source.label, result

    def _judged(self, source: sources.Source, from_stdin: bool) -> Result:
        told, word = envelope.envelope_of(self.args, source.raw, os.environ if from_stdin else {})
        result = self.judge.check(source.raw, envelope=told, envelope_source=word, trace=self.args.trace)
        return result._replace(defects=(*result.defects, TOO_LONG)) if source.cut else result

    def _lose(self, what: sources.Unreadable) -> None:
        self.lost += 1
        complain(f"{escape(what.label)}: {escape(what.why)}")
