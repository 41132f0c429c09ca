"""`ndrfilter serve`: the service, on the protocols that MTAs and filters speak."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import TYPE_CHECKING

from ndrfilter import limits
from ndrfilter.doors import options

if TYPE_CHECKING:
    from typing import Any

    from ndrfilter.api import Filter
    from ndrfilter.config import Config
    from ndrfilter.config.model import Listener
    from ndrfilter.service.connection import Connection

DOORS = {
    "http": ("ndrfilter.doors.http", "HttpConnection"),
    "spamd": ("ndrfilter.doors.spamd", "SpamdConnection"),
    "milter": ("ndrfilter.doors.milter", "MilterConnection"),
    "policy": ("ndrfilter.doors.policy", "PolicyConnection"),
}
_DEFAULT = "http=127.0.0.1:11433"
_DESCRIPTION = """\
Answer mail servers and filters on the protocols they speak: rspamd's HTTP, spamd, milter, Postfix policy.

It stays in the foreground, and says on standard error (or where service.log wants it) what it does. SIGHUP reads
configuration, rules, rulesets and lists again; so does a change of one of them. What is broken is refused, and the old
goes on. SIGTERM ends it when everything that was begun is answered; a second one ends it at once."""
_EPILOG = f"""\
examples:
  ndrfilter serve                                  where the configuration says, else {_DEFAULT}
  ndrfilter serve --listen spamd=127.0.0.1:783 --listen milter=unix:/run/ndrfilter/milter.sock
  ndrfilter -c ndrfilter.yml serve --workers 4 --user ndrfilter

exit codes: 0 told to stop; 2 usage, configuration, or a place where it cannot listen: then nobody was served."""


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "serve", description=_DESCRIPTION, epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--listen",
        metavar="PROTOCOL=ADDRESS",
        action="append",
        help="listen there instead of where the configuration says; PROTOCOL is http, spamd, milter or policy, ADDRESS "
        "127.0.0.1:11433, [::1]:783, unix:/run/ndrfilter/http.sock or systemd:NAME; as often as you like",
    )
    parser.add_argument(
        "--workers",
        metavar="N",
        type=_workers,
        help=f"worker processes, at most {limits.MAX_WORKERS}; 0: one for each processor",
    )
    parser.add_argument("--user", metavar="NAME", help="whom to run as, when started by root")
    options.add_me(parser)
    parser.set_defaults(func=run)


def _workers(text: str) -> int:
    if not text.isdecimal() or int(text) > limits.MAX_WORKERS:
        raise argparse.ArgumentTypeError(f"a number from 0 to {limits.MAX_WORKERS} is wanted, not {text!r}")
    return int(text)


def door(name: str) -> type[Connection]:
    """The class that speaks the protocol of that name."""
    module, attribute = DOORS[name]
    found: type[Connection] = getattr(import_module(module), attribute)
    return found


def listening(args: argparse.Namespace, configured: tuple[Listener, ...]) -> tuple[Listener, ...]:
    """Where to listen; raises ConfigError."""
    from ndrfilter.config.serving import listener
    from ndrfilter.config.tree import Place, Reader

    if configured and not args.listen:
        return configured
    reader = Reader()
    split = [word.partition("=") for word in args.listen or [_DEFAULT]]
    found = [listener(name, address, Place("--listen"), reader) for name, _, address in split]
    reader.finish()
    return tuple(one for one in found if one is not None)


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    from ndrfilter.service.start import serve

    def load() -> Filter:
        from ndrfilter.api import Filter

        config = options.open_config(args)
        if config.path is not None:
            args.config = str(config.path.absolute())  # the same file at every reload, whoever we are by then
        return Filter.from_config(_as_told(args, config))

    return serve(load, door)


def _as_told(args: argparse.Namespace, config: Config) -> Config:
    """The configuration with what the command line says instead."""
    from ndrfilter.config.tree import Place

    listen = listening(args, config.listen)
    told = {"user": args.user, "workers": args.workers}
    told = {key: value for key, value in told.items() if value is not None}
    origins = {key: place for key, place in config.origins.items() if listen is config.listen or "listen" not in key}
    if args.listen:
        origins |= {f"listen[{number}].{one.door}": Place("--listen") for number, one in enumerate(listen)}
    origins |= {f"service.{key}": Place(f"--{key}") for key in told}
    return config._replace(listen=listen, origins=origins, service=config.service._replace(**told))
