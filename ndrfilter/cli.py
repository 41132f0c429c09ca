"""The command line: finds the command, loads only its module, and turns every ending into an exit code.

0 done; 1 `check --fail-on` found what it was told to; 2 usage, configuration, or a file that could not be read; 75 try
again; 130 interrupted; 141 the reader of our output went away. `filter` ends with 0 or 75 and nothing else.
"""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from io import TextIOWrapper
from typing import TYPE_CHECKING

from ndrfilter.errors import NdrError, TemporaryError
from ndrfilter.terminal import colourful, complain, escape, in_words, reason, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

DONE, USAGE, TEMPORARY, INTERRUPTED, NO_READER = 0, 2, 75, 130, 141

COMMANDS = {
    "check": ("ndrfilter.doors.check", "tell bounces apart: files, directories, Maildirs, mboxes, standard input"),
    "explain": ("ndrfilter.doors.explain", "the long answer for a person, about one message"),
    "sweep": ("ndrfilter.doors.sweep", "go through a whole mailbox, tell apart what was returned, file it away"),
    "filter": (
        "ndrfilter.doors.pipe",
        "mark the message on standard input, for procmail, maildrop, sieve, Postfix",
    ),
    "serve": ("ndrfilter.doors.serve", "answer mail servers and filters: rspamd HTTP, spamd, milter, Postfix policy"),
    "report": ("ndrfilter.doors.report", "what the service did, from its lines in mail logs"),
    "sent": ("ndrfilter.doors.sent", "keep the log of what you sent, by which its bounces are known"),
    "config": ("ndrfilter.workbench.config_commands", "write, verify and show the configuration"),
    "rules": ("ndrfilter.workbench.rules_commands", "check, test, list and show rules"),
    "compile": ("ndrfilter.workbench.compile_command", "keep the compiled rules, so that the next start is quick"),
}
_DESCRIPTION = """\
ndrfilter tells genuine bounces from backscatter, fake bounces and ordinary mail, and says why.
Start with:  ndrfilter check --me you@example.com PATH"""
_EPILOG = "`ndrfilter COMMAND --help` says more about a command."
_CONFIG_HELP = (
    "configuration file (else $NDRFILTER_CONFIG, $XDG_CONFIG_HOME/ndrfilter/ndrfilter.yml, "
    "/etc/ndrfilter/ndrfilter.yml)"
)


def main(argv: Sequence[str]) -> int:
    """Run one command; returns the exit code."""
    command = _chosen(argv)
    if command != "filter":
        return _guarded(command, argv)
    try:
        return DONE if _guarded(command, argv) == DONE else TEMPORARY
    except Exception as error:  # a broken installation: the mail must stay where it is
        complain(f"{type(error).__name__}: {escape(str(error))}")
        return TEMPORARY


def _chosen(argv: Sequence[str]) -> str:
    """The command's name: the first word that is neither an option nor the value of one."""
    words = iter(argv)
    for word in words:
        if word in ("-c", "--config"):
            next(words, None)
        elif not word.startswith("-"):
            return word
    return ""


def _guarded(command: str, argv: Sequence[str]) -> int:
    try:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        args = _parser(command).parse_args(argv)
        code: int = args.func(args)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else DONE
    except BrokenPipeError:
        _drop_output()
        return NO_READER
    except KeyboardInterrupt:
        return INTERRUPTED
    except NdrError as error:
        return _failed(error)
    except OSError as error:
        complain(f"cannot read or write: {escape(reason(error))}")
        _drop_output()
        return TEMPORARY


def _failed(error: NdrError) -> int:
    complain(in_words(error, colourful(sys.stderr)))
    return TEMPORARY if isinstance(error, TemporaryError) else USAGE


def _drop_output() -> None:
    """Let the interpreter's last flush go nowhere, since where it should go is gone."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parser(command: str) -> argparse.ArgumentParser:
    """The parser: of the chosen command whole, of the others the line in the overview."""
    parser = argparse.ArgumentParser(
        "ndrfilter",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("-c", "--config", metavar="FILE", help=_CONFIG_HELP)
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, (module, line) in COMMANDS.items():
        if name == command:
            import_module(module).register(commands)
            _take_config(commands.choices[name])
        else:
            commands.add_parser(name, help=line)
    return parser


def _take_config(parser: argparse.ArgumentParser) -> None:
    """Let `--config` stand behind the command and its own commands as well."""
    parser.add_argument("-c", "--config", metavar="FILE", default=argparse.SUPPRESS, help="configuration file")
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                _take_config(below)


class _Version(argparse.Action):
    """Looks the version up only when somebody asks."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any, **__: Any) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            say(f"ndrfilter {version('ndrfilter')}")
        except PackageNotFoundError:
            say("ndrfilter, run from a checkout that is not installed")
        parser.exit()
