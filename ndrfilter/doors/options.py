"""Options that several commands share, and opening the filter as they ask."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ndrfilter.errors import UsageError
from ndrfilter.schema import VERDICTS

if TYPE_CHECKING:
    from typing import Any

    from ndrfilter.api import Filter


def add_me(parser: argparse.ArgumentParser) -> None:
    """`--me ADDRESS`."""
    parser.add_argument(
        "--me",
        metavar="ADDRESS",
        help="your address: protect its domain without a configuration file",
    )


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
    """The filter for `--config` and `--me`; raises ConfigError, UsageError."""
    from ndrfilter.api import Filter

    return Filter.from_config(site_of(args.me) if getattr(args, "me", None) else args.config)


def site_of(address: str) -> dict[str, Any]:
    """A configuration for the owner of one address; raises UsageError if it has no domain."""
    _local, _at, domain = address.strip().strip("<>").rpartition("@")
    if not domain or "." not in domain:
        raise UsageError(f"--me: {address!r} is no mail address; write --me you@example.com")
    return {"site": {"domains": [domain]}}
