"""`ndrfilter sent follow`: feeds the sent log from the logs of Postfix and Exim, as a service or once."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from threading import Event
from time import monotonic
from typing import TYPE_CHECKING

from ndrfilter import limits
from ndrfilter.errors import TemporaryError, UsageError
from ndrfilter.terminal import complain, escape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from ipaddress import IPv4Network, IPv6Network
    from typing import Any

    from ndrfilter.doors.sent_place import SentPlace
    from ndrfilter.sentlog.follow import Follower

_DESCRIPTION = """\
Read the mail log and keep in the sent log what our users and programs sent to other servers. Runs until it is told to
stop; remembers its place, so that a restart neither loses nor doubles anything. Mail that came from outside is never
taken for ours, whatever its sender says. Only the sender domains of the configuration's sites count."""
_EXAMPLES = """\
examples:
  ndrfilter sent follow                                  /var/log/mail.log, or Exim's main log
  ndrfilter sent follow --once /var/log/mail.log         what there is, with the rotated files, and no longer
  ndrfilter sent follow --local 0,1000 /var/log/mail.log   mail() of a web server's scripts does not count
  journalctl -fu postfix -o short-iso | ndrfilter sent follow -"""
USUAL = ("/var/log/mail.log", "/var/log/maillog", "/var/log/exim4/mainlog", "/var/log/exim/main.log")
_STDIN = "-"
_DONE, _UNREAD = 0, 2


def register(subparsers: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "follow",
        help="feed the sent log from the log of Postfix or Exim",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", metavar="FILE", nargs="*", help=f"the log; - is standard input ({USUAL[0]} …)")
    parser.add_argument("--format", choices=("auto", "postfix", "exim"), default="auto", help="whose log (auto)")
    parser.add_argument("--once", action="store_true", help="stop at the end of the log")
    parser.add_argument(
        "--local",
        metavar="all|none|USER,…",
        type=_users,
        default=None,
        help="whose use of the sendmail command counts as ours (all): login names or uids, or none",
    )
    parser.add_argument(
        "--no-loopback",
        action="store_true",
        help="programs that speak SMTP to this machine do not count without a login",
    )
    parser.add_argument(
        "--trust",
        metavar="NETWORK",
        type=_network,
        action="append",
        default=[],
        help="clients that may send for us without a login, besides the sites' relays; may be given several times",
    )
    parser.set_defaults(func=run)


def _users(text: str) -> frozenset[str] | None:
    """None for all; login names get their uids beside them, since Postfix logs those and Exim these."""
    import pwd

    if text == "all":
        return None
    names = {name.strip() for name in text.split(",")} - {"", "none"}
    for name in tuple(names):
        try:
            entry = pwd.getpwuid(int(name)) if name.isdecimal() else pwd.getpwnam(name)
        except (KeyError, OverflowError) as error:
            if not name.isdecimal():
                raise argparse.ArgumentTypeError(f"there is no user {name!r} on this machine") from error
            continue
        names |= {entry.pw_name, str(entry.pw_uid)}
    return frozenset(names)


def _network(text: str) -> IPv4Network | IPv6Network:
    from ipaddress import ip_network

    try:
        return ip_network(text, strict=False)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"not a network: {text!r}") from error


def run(args: argparse.Namespace) -> int:
    """Follow until the end, or until told to stop; returns the exit code."""
    from ndrfilter.adapters.clock import SystemClock
    from ndrfilter.doors.sent_place import sent_place
    from ndrfilter.sentlog.log import keeps

    place = sent_place(args.config)
    if not place.config.sites:
        raise UsageError("no site is configured, so no mail is ours: `ndrfilter config init` makes a configuration")
    keeps(place.store, place.retention)
    names, stop = _files(args.files), Event()
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    followers: list[Follower] = []
    try:
        followers += (_follower(place, args, name) for name in names)
        _follow(followers, args.once, stop, SystemClock().now)
        return _UNREAD if args.once and any(follower.trouble for follower in followers) else _DONE
    finally:
        for follower in followers:
            follower.close()
        for number, handler in before.items():
            signal.signal(number, handler)


def _files(named: Sequence[str]) -> list[str]:
    if named.count(_STDIN) and len(named) > 1:
        raise UsageError("standard input stands alone")
    found = list(named) or [name for name in USUAL if Path(name).exists()]
    if not found:
        raise UsageError(f"none of the usual logs is here ({', '.join(USUAL)}): name yours")
    return found


def _follower(place: SentPlace, args: argparse.Namespace, name: str) -> Follower:
    from ndrfilter.sentlog.follow import Follower
    from ndrfilter.sentlog.trust import Trust

    def say(text: str) -> None:
        complain(escape(text))

    path = None if name == _STDIN else Path(os.path.abspath(name))  # noqa: PTH100 - a link may be turned elsewhere
    trust = Trust(place.config.sites, not args.no_loopback, tuple(args.trust), args.local)
    follower = Follower(place.store, trust, str(path or "standard input"), say, args.format, place.retention)
    follower.open(path, sys.stdin.fileno() if path is None else 0)
    return follower


def _follow(followers: Sequence[Follower], once: bool, stop: Event, now: Callable[[], float]) -> None:
    written = monotonic()
    while not stop.is_set():
        news = [follower.step(now()) for follower in followers]
        idle = not any(news)
        ended = all(follower.ended for follower in followers) or (once and idle)
        if ended or monotonic() - written >= limits.FOLLOW_INTERVAL or any(follower.full for follower in followers):
            whole = not any(follower.trouble for follower in followers)
            for follower in followers:
                _commit(follower, stop, now, cover=whole and (idle or len(followers) == 1))
            written = monotonic()
        if ended:
            return
        if idle:
            stop.wait(limits.FOLLOW_PAUSE)
    for follower in followers:
        _commit(follower, stop, now, cover=len(followers) == 1)


def _commit(follower: Follower, stop: Event, now: Callable[[], float], *, cover: bool) -> None:
    """Write, as often as it takes; told to stop, try once. What is not written is read again at the next start.

    Of several logs none says that nothing is missing while another has yet to be read, or cannot be.
    """
    said = ""
    while True:
        try:
            follower.commit(now(), cover=cover)
        except TemporaryError as error:
            if str(error) != said:
                complain(f"{escape(str(error))}; trying again")
            said = str(error)
            if stop.wait(limits.FOLLOW_RETRY):
                return
        else:
            if said:
                complain("the sent log can be written again")
            return
