"""`ndrfilter serve`: the service, on the protocols that MTAs and filters speak."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import TYPE_CHECKING

from ndrfilter.doors import options
from ndrfilter.terminal import complain

if TYPE_CHECKING:
    from typing import Any

    from ndrfilter.config.model import Listener
    from ndrfilter.service.connection import Connection

DOORS = {
    "http": ("ndrfilter.doors.http", "HttpConnection"),
    "spamd": ("ndrfilter.doors.spamd", "SpamdConnection"),
    "milter": ("ndrfilter.doors.milter", "MilterConnection"),
    "policy": ("ndrfilter.doors.policy", "PolicyConnection"),
}
_DESCRIPTION = """\
Answer mail servers and filters on the protocols they speak: rspamd's HTTP, spamd, milter, Postfix policy."""


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "serve", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--listen",
        metavar="PROTOCOL=ADDRESS",
        action="append",
        help="listen there, instead of where the configuration says: http=127.0.0.1:11433, spamd=unix:/run/x.sock",
    )
    options.add_me(parser)
    parser.set_defaults(func=run)


def door(name: str) -> type[Connection]:
    """The class that speaks the protocol of that name."""
    module, attribute = DOORS[name]
    found: type[Connection] = getattr(import_module(module), attribute)
    return found


def listening(args: argparse.Namespace, configured: tuple[Listener, ...]) -> tuple[Listener, ...]:
    """Where to listen; raises ConfigError."""
    from ndrfilter.config.serving import listener
    from ndrfilter.config.tree import Place, Reader

    if not args.listen:
        return configured
    reader = Reader()
    split = [word.partition("=") for word in args.listen]
    found = [listener(name, address, Place("--listen"), reader) for name, _, address in split]
    reader.finish()
    return tuple(one for one in found if one is not None)


def run(args: argparse.Namespace) -> int:
    """Serve until told to stop."""
    import asyncio
    import socket

    from ndrfilter.service.desk import Desk
    from ndrfilter.service.ward import Ward
    from ndrfilter.service.worker import Bound, Worker

    judge = options.open_filter(args)
    listeners = listening(args, judge.config.listen)
    bound = []
    for one in listeners:
        if one.path:
            sock = socket.socket(socket.AF_UNIX)
            sock.bind(one.path)
        else:
            sock = socket.socket(socket.AF_INET6 if ":" in one.host else socket.AF_INET)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((one.host, one.port))
        sock.listen(1024)
        sock.setblocking(False)
        bound.append(Bound(one, sock))
        place = one if one.path else one._replace(port=sock.getsockname()[1])
        complain(f"listening: {one.door} on {place}")
    doors = {one.door: door(one.door) for one in listeners}

    async def main() -> None:
        await Worker(bound, doors, Desk(judge), Ward()).serve()

    complain("ready")
    asyncio.run(main())
    return 0
