"""`ndrfilter compile`: the rules of a configuration, compiled and kept on disk, so that a pipe starts quickly."""

from __future__ import annotations

from ndrfilter.errors import TemporaryError
from ndrfilter.terminal import escape, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

_EPILOG = """\
Run it after installing or upgrading, and after changing a rule, as the user who filters mail, or as root for all users.
They go to /var/cache/ndrfilter for root, to $XDG_CACHE_HOME/ndrfilter for others, or to $NDRFILTER_CACHE, which then
has to be set for the filter too. What does not fit the rules that are there is not used: each start compiles anew."""


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "compile",
        help="keep the compiled rules",
        description="Compile the rules and keep them on disk, so that the next start is quick.",
        epilog=_EPILOG,
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Compile, keep, and say where."""
    from ndrfilter import config, knowledge

    chosen = config.load(args.config)
    try:
        path, loaded = knowledge.keep(chosen)
    except OSError as error:
        where = escape(str(error.filename or "the cache"))
        raise TemporaryError(f"{where}: cannot be written: {error.strerror}; run it as a user who may") from error
    program = loaded.program
    say(f"{len(program.rules)} rules and {len(program.recognisers)} recognisers kept in {escape(str(path))}")
    return 0
