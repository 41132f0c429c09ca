"""`ndrfilter compile`: the rules of a configuration, compiled and kept on disk, so that a pipe starts quickly."""

from __future__ import annotations

from pathlib import Path

from ndrfilter.errors import TemporaryError
from ndrfilter.terminal import complain, escape, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

LAUNCHER = "ndrfilter-filter"
_EPILOG = """\
Run it after installing or upgrading, and after changing a rule, as the user who filters mail, or as root for all users.
They go to /var/cache/ndrfilter for root, to $XDG_CACHE_HOME/ndrfilter for others, or to $NDRFILTER_CACHE, which then
has to be set for the filter too. What does not fit the rules that are there is not used: each start compiles anew.

The launcher is a script that does what `ndrfilter filter` does, with the same options, and starts much more quickly. It
is written beside the rules, or where --launcher says: name it in procmail, maildrop or a pipe. With --config before it
the launcher is for that configuration. Once something changes it is as slow as the filter, until this is run again."""


def register(subparsers: Any) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "compile",
        help="keep the compiled rules",
        description="Compile the rules and keep them on disk, so that the next start is quick.",
        epilog=_EPILOG,
    )
    parser.add_argument(
        "--launcher", metavar="PATH", help="write the launcher there, such as /usr/local/bin/ndrfilter-filter"
    )
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Compile, keep, and say where."""
    from ndrfilter import config, knowledge
    from ndrfilter.adapters import cache
    from ndrfilter.frozen import NotFrozenError
    from ndrfilter.launch.write import write

    chosen = config.load(args.config)
    folder = cache.folders()[0]
    launcher = Path(args.launcher).absolute() if args.launcher else folder / LAUNCHER
    try:
        path, loaded = knowledge.keep(chosen)
        program = loaded.program
        say(f"{len(program.rules)} rules and {len(program.recognisers)} recognisers kept in {escape(str(path))}")
        write(chosen, bound=args.config is not None, launcher=launcher, folder=folder)
        say(f"launcher written: {escape(str(launcher))}")
    except NotFrozenError as error:
        complain(f"no launcher for this configuration: {escape(str(error))}")
    except OSError as error:
        where = escape(str(error.filename or "the cache"))
        raise TemporaryError(f"{where}: cannot be written: {error.strerror}; run it as a user who may") from error
    return 0
