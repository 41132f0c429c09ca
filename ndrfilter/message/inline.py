"""An original inside a text: found by looking like a mail header, wherever an MTA put it, indented or quoted too."""

from __future__ import annotations

import re

from ndrfilter import limits
from ndrfilter.noun import Noun

_NAME = rb"(?!(?:https?|ftp|mailto):)[A-Za-z][A-Za-z0-9_.-]{0,76}+[ \t]*+:"
_MAX_LINES = 2_000  # of one block; a longer one goes on in the next
_BLOCK = re.compile(
    rb"(?m)^([ \t]{0,40}+(?:[>|][>| ]{0,10}+)?)"
    rb"(%(name)s[^\n]*+(?:\n\1(?:[ \t]+|%(name)s)[^\n]*+){1,%(lines)d})" % {b"name": _NAME, b"lines": _MAX_LINES}
)
_BLANK = re.compile(rb"[ \t>|\n]*\n")
_FIELD_NAME = re.compile(rb"(?m)^[ \t>|]{0,52}+([A-Za-z][A-Za-z0-9_.-]{0,76}+)[ \t]*+:")
_STRONG = frozenset(
    {b"received", b"message-id", b"return-path", b"mime-version", b"dkim-signature", b"received-spf", b"x-mailer"}
)
_KNOWN = _STRONG | {
    b"from", b"to", b"subject", b"date", b"content-type", b"content-transfer-encoding", b"reply-to", b"cc",
    b"sender", b"user-agent", b"in-reply-to", b"references", b"delivered-to", b"list-unsubscribe", b"list-id",
    b"authentication-results", b"domainkey-signature", b"errors-to", b"organization", b"importance", b"precedence",
    b"thread-index", b"thread-topic", b"resent-from", b"resent-to", b"resent-date", b"resent-message-id",
}  # fmt: skip
_STATUS = frozenset({b"final-recipient", b"reporting-mta", b"original-recipient", b"diagnostic-code", b"remote-mta"})


_STRONG_MARKS = tuple(name + b":" for name in sorted(_STRONG))
_PLAIN_MARKS = (b"subject:", b"from:", b"date:", b"to:")


class Found(Noun):
    """Where a header begins in a text, and what stands before each of its lines."""

    start: int
    prefix: bytes


def find_header(data: bytes, start: int = 0) -> Found | None:
    """The first block of lines from `start` on that is a mail header and no summary, transcript or status report.

    At least three different known fields, one of them such as only headers have (Received, Message-ID, …), or all of
    From, To, Subject and Date. Behind quote marks people's mail programs repeat short headers, so there it takes more.
    """
    first = _earliest(data, start)
    if first < 0:
        return None
    for match in _BLOCK.finditer(data, first, start + limits.MAX_RETURNED_SEARCH):
        if _is_header(match[2], _least(match[1])):
            return Found(match.start(), match[1])
    return None


def _earliest(data: bytes, start: int) -> int:
    """A place from `start` on before which no header begins, -1 where none can stand at all.

    Every header has one of the strong fields or all of the plain ones, and a blank line parts it from what is before.
    """
    lower = data.lower()
    if b" :" in lower or b"\t:" in lower:
        return start
    places = [place for mark in _STRONG_MARKS if (place := lower.find(mark, start)) >= 0]
    if all(mark in lower for mark in _PLAIN_MARKS):
        places += [lower.find(mark, start) for mark in _PLAIN_MARKS]
    if not places:
        return -1
    blank = data.rfind(b"\n\n", start, max(min(places), start))
    return start if blank < 0 else blank + 2


def _least(prefix: bytes) -> int:
    """How many known fields it takes behind that prefix."""
    if not prefix:
        return 3
    return 6 if prefix.strip() else 4


def _is_header(block: bytes, least: int) -> bool:
    names = {name.lower() for name in _FIELD_NAME.findall(block[: limits.MAX_FIELD_BYTES])}
    if names & _STATUS:
        return False
    if names >= {b"received", b"return-path"}:
        return True
    known = {name for name in names if name in _KNOWN or name.startswith((b"x-", b"arc-"))}
    if len(known) < (3 if b"received" in known else least):
        return False
    return bool(known & _STRONG) or {b"from", b"to", b"subject", b"date"} <= known


def header_at(data: bytes, start: int) -> Found | None:
    """The header that begins on the first line with something on it from `start` on; two fields are enough here."""
    blank = _BLANK.match(data, start)
    match = _BLOCK.match(data, blank.end() if blank else start)
    if match is None:
        return None
    names = {name.lower() for name in _FIELD_NAME.findall(match[2][: limits.MAX_FIELD_BYTES])}
    known = {name for name in names if name in _KNOWN or name.startswith(b"x-")}
    return Found(match.start(), match[1]) if len(known) > 1 and not names & _STATUS else None


def unquoted(data: bytes, found: Found) -> bytes:
    """The text from the header on, without the indentation or quote marks of its lines."""
    rest = data[found.start :]
    if not found.prefix:
        return rest
    prefix, bare, size = found.prefix, found.prefix.rstrip(), len(found.prefix)
    lines = []
    for line in rest.split(b"\n"):
        if line.startswith(prefix):
            lines.append(line[size:])
        elif not line.strip() or line == bare:
            lines.append(b"")
        else:
            break
    return b"\n".join(lines)
