"""The header scanner: bytes to fields with one regular expression, tolerant of what stands before and between."""

from __future__ import annotations

import re

from ndrfilter import limits
from ndrfilter.message.model import Headers
from ndrfilter.noun import Noun

_NAME = rb"([!-9;-~]{1,200}+)[ \t]*+:"
_BEGINNING = re.compile(_NAME)
_FIELD = re.compile(_NAME + rb"([^\n]*+(?:\n[ \t][^\n]*+)*)\n?")
_CLEAN = re.compile(rb"([!-9;-~]{1,200}+):([^\n]*+(?:\n[ \t][^\n]*+)*)(?:\n|\Z)")
_KNOWN = re.compile(
    rb"(?:received|return-path|from|to|subject|date|message-id|mime-version|content-type|delivered-to|reply-to|sender|cc"
    rb"|content-transfer-encoding|dkim-signature|authentication-results|x-[a-z0-9-]++|list-[a-z]++|auto-submitted"
    rb"|received-spf|arc-[a-z-]++|resent-[a-z]++|precedence|in-reply-to|references|organization|user-agent|importance"
    rb"|content-[a-z]++|thread-[a-z]++|errors-to|domainkey-signature)\Z",
    re.I,
)
_MAX_JUNK_LINES = 30
_MAX_BROKEN_LINES = 20


class Block(Noun):
    """A scanned header: its fields, where the body starts, and the codes of what was wrong."""

    headers: Headers
    body: int
    defects: tuple[str, ...]


def is_known(name: bytes) -> bool:
    """Whether mail headers have fields of that name."""
    return _KNOWN.match(name) is not None


def line_ends(raw: bytes) -> tuple[bytes, tuple[str, ...]]:
    """`raw` with LF for every line end (CRLF, CR CR LF, bare CR), and the codes of what was wrong with them."""
    if b"\r" not in raw:
        return raw, ()
    data = raw.replace(b"\r\n", b"\n")
    lone = b"\r" in data
    defects = []
    if lone:
        defects.append("bare-cr")
    if data.count(b"\n") > len(raw) - len(data) or (lone and b"\n" in raw):
        defects.append("mixed-line-ends")
    if lone:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data, tuple(defects)


def scan(data: bytes, start: int = 0, end: int | None = None, *, strict: bool = False) -> Block:
    """The header that begins at `start` of `data` (line ends LF).

    Unless `strict`, a `From ` line, log lines or other junk before the first field is skipped. Without any field the
    body starts at `start`. A line that is no field ends the header unless a known field follows it.
    """
    end = len(data) if end is None else end
    position = start if strict or _BEGINNING.match(data, start, end) else _skip_junk(data, start, end)
    clean = _clean(data, position, end)
    return clean or scan_lines(data, start, position, end)


def _clean(data: bytes, position: int, end: int) -> Block | None:
    """The usual header, small and of nothing but fields up to a blank line or the end, in one stroke; else None."""
    blank = data.find(b"\n\n", position, min(end, position + limits.MAX_FIELD_BYTES))
    if blank >= 0:
        stop, body, cut = blank + 1, blank + 2, False
    elif end - position < limits.MAX_FIELD_BYTES:
        stop, body, cut = end, end, data[end - 1 : end] != b"\n"
    else:
        return None
    pairs = _CLEAN.findall(data, position, stop)
    # With a colon and a line end for each field: is it all?
    count = len(pairs)
    if len(b"".join(map(b"".join, pairs))) + 2 * count - cut != stop - position:
        return None
    return Block(Headers(pairs), body, ("truncated",) * cut) if 0 < count <= limits.MAX_HEADER_FIELDS else None


def scan_lines(data: bytes, start: int, position: int, end: int) -> Block:
    """Any header, field by field: the measure of what `scan` does in one stroke."""
    fields: list[tuple[bytes, bytes]] = []
    defects: list[str] = []
    stop = min(end, position + limits.MAX_HEADER_BYTES)
    while position < stop:
        found = _FIELD.match(data, position, min(end, stop + limits.MAX_FIELD_BYTES))
        if found is None:
            if data[position] == 10:
                position += 1
                break
            following = _after_junk(data, position, end) if fields else -1
            if following < 0:
                defects.append("no-body-separator" if fields else "no-header")
                break
            position = following
            continue
        if len(fields) >= limits.MAX_HEADER_FIELDS:
            break
        name, raw = found.groups()
        if len(raw) > limits.MAX_FIELD_BYTES:
            raw = raw[: limits.MAX_FIELD_BYTES]
            defects.append("header-too-long")
        fields.append((name, raw))
        position = found.end()
    else:
        if fields and position >= end and data[end - 1 : end] != b"\n":
            defects.append("truncated")
    if len(fields) >= limits.MAX_HEADER_FIELDS or (stop < end and position >= stop):
        defects.append("too-many-headers")
        blank = data.find(b"\n\n", max(start, position - 1), end)
        position = end if blank < 0 else blank + 2
    if not fields and "no-header" not in defects:
        defects.append("no-header")
    return Block(Headers(fields), position if fields else start, tuple(defects))


def _skip_junk(data: bytes, start: int, end: int) -> int:
    """Where the first field begins, past blank lines, a `From ` line, log lines; `start` if no header is near."""
    position = start
    while position < min(end, start + _MAX_JUNK_LINES) and data[position] == 10:
        position += 1
    for _ in range(_MAX_JUNK_LINES):
        found = _BEGINNING.match(data, position, end)
        if found is not None and (position == start or is_known(found[1])):
            return position
        line_end = data.find(b"\n", position, end)
        if line_end in (-1, position):
            break
        position = line_end + 1
    return start


def _after_junk(data: bytes, position: int, end: int) -> int:
    """The start of the known field right after a few lines that are none, else -1.

    Up to two lines of any kind; more only if they are single words, as of a long token that somebody broke.
    """
    for number in range(_MAX_BROKEN_LINES):
        line, position = position, data.find(b"\n", position, end) + 1
        if position <= 0 or position >= end or (number > 1 and b" " in data[line:position]):
            return -1
        found = _BEGINNING.match(data, position, end)
        if found is not None:
            return position if is_known(found[1]) else -1
    return -1
