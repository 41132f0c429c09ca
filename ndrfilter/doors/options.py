"""Options that several commands share, and opening the filter as they ask."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ndrfilter.errors import UsageError
from ndrfilter.schema import VERDICTS
from ndrfilter.terminal import complain, escape

if TYPE_CHECKING:
    from ndrfilter.api import Filter
    from ndrfilter.config import Config


def add_me(parser: argparse.ArgumentParser) -> None:
    """`--me ADDRESS` and `--no-dns`."""
    parser.add_argument(
        "--me",
        metavar="ADDRESS",
        help="your address: protect its domain, with what DNS says of its servers, instead of a configuration",
    )
    parser.add_argument("--no-dns", action="store_true", help="do not ask DNS about the domain of --me")


def verdicts(text: str) -> tuple[str, ...]:
    """The verdicts in "genuine,fake"; raises argparse.ArgumentTypeError."""
    found = tuple(word.strip().lower() for word in text.split(",") if word.strip())
    for word in found:
        if word not in VERDICTS:
            raise argparse.ArgumentTypeError(f"no such verdict: {word!r} (choose from {', '.join(VERDICTS)})")
    if not found:
        raise argparse.ArgumentTypeError(f"name a verdict: {', '.join(VERDICTS)}")
    return found


def open_filter(args: argparse.Namespace) -> Filter:
    """The filter for `--config` or `--me`, of whom a sweep may know more; raises ConfigError, UsageError."""
    from ndrfilter.api import Filter

    return Filter.from_config((args.me and not args.config and _swept(args.me)) or open_config(args))


def _swept(address: str) -> Config | None:
    """The configuration that a sweep of that person's mailbox found out, said where it comes from; None without one."""
    from ndrfilter.sweep import evidence

    found = evidence.remembered(address)
    if found is None:
        return None
    profile, folder = found
    complain(f"{escape(address)} as a sweep found out: {escape(str(folder / evidence.NAME))}")
    return evidence.config_of(profile, folder)


def open_config(args: argparse.Namespace) -> Config:
    """The configuration for `--config` or `--me`; raises ConfigError, UsageError."""
    from ndrfilter.config import for_me, load

    if not args.me:
        return load(args.config)
    if args.config:
        raise UsageError("--me stands instead of a configuration; leave one of them out")
    from ndrfilter.adapters.dns import DnsResolver

    return for_me(args.me, None if args.no_dns else DnsResolver(), lambda text: complain(escape(text)))
