"""`filter --outbound`: what is done to a message that we send. The pipe around it reads, writes, keeps its promises."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ndrfilter import limits, outbound
from ndrfilter.doors import envelope, options
from ndrfilter.terminal import complain

if TYPE_CHECKING:
    import argparse


def stamped(raw: bytes, args: argparse.Namespace) -> bytes:
    """The message with the marks of the plugins that are on; the same bytes where none has any for it.

    A new envelope sender, as BATV wants it, cannot be given on through a pipe. Raises ConfigError, UsageError,
    TemporaryError, and what a plugin does wrong.
    """
    judge = options.open_filter(args)
    seen = raw[: limits.MAX_MESSAGE]
    told, _ = envelope.envelope_of(args, seen, os.environ)
    stamps = [stamp for _, stamp in judge.stamps(seen, told)]
    for name in outbound.held_back(raw, stamps):
        complain(f"{name} is DKIM-signed already and stays as it is; stamp mail before it is signed")
    return outbound.apply(raw, stamps)
