"""The command: its options, and which of the things that can be done with a mailbox they ask for."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ndrfilter.errors import NdrError, UsageError

if TYPE_CHECKING:
    from typing import Any

INTO = "Backscatter"
_DESCRIPTION = """\
Find what was returned to a mailbox, tell it apart, and answer: did I send these, has somebody my password, which of
them must I read? Nothing is changed unless you ask for it, nothing is ever deleted, a genuine bounce is never moved.

PLACE is imaps://you@imap.example.com (or imap://, which demands STARTTLS), a Maildir, an mbox file, or a folder of
those."""
_EXAMPLES = """\
examples:
  ndrfilter sweep imaps://you@example.com@imap.example.com
  ndrfilter sweep ~/Maildir --html answer.html
  ndrfilter sweep imaps://you@imap.example.com --move     file backscatter and fakes into the folder Backscatter
  ndrfilter sweep imaps://you@imap.example.com --undo     put everything back
  ndrfilter sweep imaps://you@imap.example.com --move --watch     go on as mail comes in

exit codes: 0 done; 2 wrong usage, or a mailbox that cannot be used as asked; 75 try again later: nothing is lost, and
the same command goes on where it was. The same holds after Ctrl-C (130)."""


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "sweep", description=_DESCRIPTION, epilog=_EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("place", metavar="PLACE", help="the mailbox")
    _about_you(parser)
    _deeds(parser)
    _showing(parser)
    _access(parser)
    parser.set_defaults(func=run)


def _about_you(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("who you are", "Asked for at the first time, and remembered.")
    group.add_argument("--me", metavar="ADDRESS", action="append", default=[], help="an address of yours; repeat it")
    group.add_argument(
        "--sent", metavar="FOLDER", action="append", default=[], help="a folder with what you sent; repeat it"
    )
    group.add_argument(
        "--all-sent-is-there",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="every program and phone of yours keeps what it sends in the Sent folder (or not)",
    )
    group.add_argument("--yes", action="store_true", help="take what is found out about you without asking")
    group.add_argument("--no-dns", action="store_true", help="do not ask DNS about your domains")


def _deeds(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what to do")
    deeds = group.add_mutually_exclusive_group()
    deeds.add_argument("--move", action="store_true", help="file backscatter and fakes into a folder of their own")
    deeds.add_argument("--tag", action="store_true", help="set keywords instead: $NDRBackscatter, $NDRFake …")
    deeds.add_argument("--undo", action="store_true", help="put back what was moved, take keywords away")
    group.add_argument("--into", metavar="FOLDER", default=INTO, help=f"the folder to move into ({INTO})")
    group.add_argument("--watch", action="store_true", help="stay, and do the same as mail comes in")
    group.add_argument("--folder", metavar="FOLDER", action="append", default=[], help="look only into this; repeat it")


def _showing(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the answer")
    group.add_argument("--html", metavar="FILE", type=Path, help="write it as a page for a browser too")
    group.add_argument(
        "--language", metavar="LANGUAGE", default="", help="en, de, fr, es or ja (your locale's, else en)"
    )
    group.add_argument("--json", action="store_true", help="one JSON object for each message that was returned")


def _access(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how to log in", "Without these you are asked for the password.")
    ways = group.add_mutually_exclusive_group()
    ways.add_argument("--password-file", metavar="FILE", type=Path, help="its first line is the password")
    ways.add_argument("--password-command", metavar="COMMAND", help="prints the password; run without a shell")
    ways.add_argument("--keyring", action="store_true", help="the system's keyring has it, under the service ndrfilter")
    ways.add_argument("--token-command", metavar="COMMAND", help="prints an OAuth2 access token")
    group.add_argument("--ca-file", metavar="FILE", type=Path, help="trust this authority's certificates (PEM)")


def run(args: argparse.Namespace) -> int:
    """Do what was asked; returns the exit code."""
    from ndrfilter.doors.sweep.pages import language
    from ndrfilter.doors.sweep.visit import Visit
    from ndrfilter.doors.sweep.watching import watch

    language(args.language)
    if args.undo and args.watch:
        raise UsageError("sweep: --watch has nothing to undo; give one of --undo and --watch")
    if args.config and args.me:
        raise UsageError("sweep: --me stands instead of a configuration; leave one of them out")
    with Visit(args) as visit:
        if args.undo:
            return visit.undo()
        visit.look()
        try:
            code = visit.act()
        except NdrError:  # what was found out is told all the same
            visit.answer()
            raise
        visit.answer()
        if args.watch:
            watch(visit)
    return code
