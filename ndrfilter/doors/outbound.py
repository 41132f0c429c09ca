"""`filter --outbound`: what is done to a message that we send. The pipe around it reads, writes, keeps its promises."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ndrfilter import limits, outbound, outgoing
from ndrfilter.adapters.clock import SystemClock
from ndrfilter.doors import envelope, options
from ndrfilter.doors.sent_place import PLUGIN as SENT_LOG
from ndrfilter.terminal import complain, escape

if TYPE_CHECKING:
    import argparse


def stamped(raw: bytes, args: argparse.Namespace) -> bytes:
    """The message with the marks of the plugins that are on; the same bytes where none has any for it.

    A new envelope sender, as BATV wants it, cannot be given on through a pipe. Raises ConfigError, UsageError,
    TemporaryError, and what a plugin does wrong.
    """
    config = options.open_config(args)
    if not outgoing.stampers(config) and SENT_LOG not in config.plugins:
        complain("no plugin that marks mail is on: name token, for example, under plugins in the configuration")
    seen = raw[: limits.MAX_MESSAGE]
    told, _ = envelope.envelope_of(args, seen, os.environ)
    stamps = [stamp for _, stamp in outgoing.stamps(config, seen, told, SystemClock().now())]
    for name in outbound.held_back(raw, stamps):
        complain(f"{name} is DKIM-signed already and stays as it is; stamp mail before it is signed")
    return outbound.apply(raw, stamps)


def remember(sent: bytes, args: argparse.Namespace) -> None:
    """Put the message, as it was written, into the sent log where that is on. What goes wrong is said and no more."""
    try:
        if not args.me:
            _record(sent[: limits.MAX_MESSAGE], args)
    except (Exception, KeyboardInterrupt) as error:
        complain(f"not recorded in the sent log: {escape(str(error)) or type(error).__name__}")


def _record(sent: bytes, args: argparse.Namespace) -> None:
    from ndrfilter.doors.sent_place import sent_place

    place = sent_place(args.config)
    if SENT_LOG in place.config.plugins:
        told, _ = envelope.envelope_of(args, sent, os.environ)
        place.add(sent, told.sender, tuple(told.recipients))
