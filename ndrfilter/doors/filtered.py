"""What `filter` does to a message, without the command line around it: the reply of a judge, or of nobody."""

from __future__ import annotations

import os

from ndrfilter import limits
from ndrfilter.doors import envelope, reply
from ndrfilter.terminal import complain, escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.api import Filter

SECONDS = 8.0
"""How long judging may take, if nobody says."""

_SENTENCES = {
    "config": "The configuration of ndrfilter is broken; nobody judged this message.",
    "timeout": "Judging this message took too long; nobody judged it.",
    "internal": "ndrfilter failed on this message; nobody judged it.",
}


def judged(raw: bytes, judge: Filter, args: envelope.Told) -> bytes:
    """The message with its verdict; raises UsageError."""
    seen = raw[: limits.MAX_MESSAGE]
    told, word = envelope.envelope_of(args, seen, os.environ)
    result = judge.check(seen, envelope=told, envelope_source=word)
    for trouble in result.errors:
        complain(f"{escape(trouble.where)}: {escape(trouble.what)}")
    return reply.annotate(raw, result)


def late(seconds: float) -> str:
    """The complaint that it took so long."""
    return f"not done within {seconds:g} s"


def unjudged(raw: bytes, word: str) -> bytes:
    """The message as one that nobody could judge: "config", "timeout", "internal"."""
    return reply.annotate_error(raw, word, _SENTENCES[word])
