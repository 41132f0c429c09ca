"""What a recorder notes in comments: an envelope sender, a process or user of its own host."""

from __future__ import annotations

import re

_LOCAL = re.compile(
    r"(?m)invoked (?:by (?:uid|alias)|for bounce|from command)|, from userid \d|^uid \d|\[local\]|\[unix socket\]"
    r"|^from \S+@\S+$|^localhost$"
)
# A user or program of the recorder's host gave it the message. A filter that hands mail back looks the same.
_BY_HAND = re.compile(r"(?m), from userid \d|^uid \d|^from \S+@\S+$|invoked (?:by uid|from command)")
_LOCAL_WITH = frozenset({"local", "bsmtp", "rules", "store", "internal"})
_SENDER = re.compile(r"envelope-(?:from|sender):? <?([^\s<>()]*+)>?", re.I)


def is_local(protocol: str, comments: str) -> bool:
    """Whether it came from a process of the recorder's host, by the protocol or the comments, all in lower case."""
    return protocol in _LOCAL_WITH or _LOCAL.search(comments) is not None


def is_by_hand(comments: str) -> bool:
    """Whether the comments, in lower case, tell that a user or program handed it in."""
    return _BY_HAND.search(comments) is not None


def noted_sender(comments: str) -> str | None:
    """The envelope sender that stands in the comments."""
    found = _SENDER.search(comments) if "envelope-" in comments.lower() else None
    return found[1] if found else None
