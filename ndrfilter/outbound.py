"""Outbound stamping: the bytes of a message that leaves, with what the plugins want on it. Pure; leaves the body alone.

New fields stand after the trace at the top (RFC 5322 section 3.6), where a signer who comes later finds them. A field
that a DKIM signature (RFC 6376) covers already stays as it is: a broken signature harms more than a stamp helps.
"""

from __future__ import annotations

import re

from ndrfilter import limits
from ndrfilter.message.places import after_from_line, header_end, line_end
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ndrfilter.plugin.outgoing import Stamp

_NAME = rb"([!-9;-~]{1,200}+)[ \t]*+:"
_FIELD = re.compile(_NAME + rb"[^\n]*+(?:\n[ \t][^\n]*+)*\n?")
_LONE_CR = re.compile(rb"\r(?!\r?\n)")
_FIELD_CR = re.compile(_NAME + rb"[^\r]*+(?:\r[ \t][^\r]*+)*\r?")
_TRACE = re.compile(rb"(?:received|return-path|delivered-to|x-original-to|(?:x-)?envelope-to|resent-[a-z-]+)\Z", re.I)
_SIGNED = re.compile(rb"[:;]h=([^;]*+)", re.I)
_FIELD_NAME = re.compile(r"[!-9;-~]{1,76}\Z")
_FIELD_TEXT = re.compile(r"[!-~](?:[ -~]*[!-~])?\Z")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]+>\Z")


class _Field(Noun):
    """A field in the message's bytes: its name in lower case, and its place."""

    name: bytes
    start: int
    end: int


def apply(raw: bytes, stamps: Iterable[Stamp]) -> bytes:
    """`raw` with these stamps on it, line ends as in the message; the envelope sender is the caller's to change.

    Of several new Message-IDs the first holds. A message without a header, or whose header has mixed line ends, comes
    back as it is. Raises ValueError for a stamp that cannot stand in a header.
    """
    stamps = tuple(stamps)
    fields = _fields(raw)
    if not stamps or not fields:
        return raw
    edits = sorted(_edits(raw, fields, stamps))
    out: list[bytes | memoryview] = []
    position = 0
    for start, end, new in edits:
        out += [memoryview(raw)[position:start], new]
        position = end
    return b"".join([*out, memoryview(raw)[position:]])


def held_back(raw: bytes, stamps: Iterable[Stamp]) -> tuple[str, ...]:
    """The names of the fields that these stamps would change and that a DKIM signature in the message covers."""
    wanted = {name.lower(): name for stamp in stamps for name in _touched(stamp)}
    signed = _signed(raw, _fields(raw))
    return tuple(name for lower, name in wanted.items() if lower.encode() in signed)


def _touched(stamp: Stamp) -> Iterator[str]:
    yield from (name for name, _ in stamp.fields)
    if stamp.message_id:
        yield "Message-ID"


def _fields(raw: bytes) -> tuple[_Field, ...]:
    """The header's fields; lines that are none are passed over. None at all where readers differ on what a line is."""
    start = after_from_line(raw)
    end = header_end(raw, start)
    pattern, feed = (_FIELD, b"\n") if b"\n" in raw else (_FIELD_CR, b"\r")
    if feed == b"\n" and _LONE_CR.search(raw, start, end):
        return ()
    found: list[_Field] = []
    while start < end and len(found) < limits.MAX_HEADER_FIELDS:
        match = pattern.match(raw, start, end)
        if match is not None:
            found.append(_Field(match[1].lower(), start, match.end()))
        start = match.end() if match else raw.find(feed, start, end) + 1 or end
    return tuple(found)


def _signed(raw: bytes, fields: tuple[_Field, ...]) -> frozenset[bytes]:
    """The names in the `h=` of the DKIM signatures."""
    values = (b"".join(raw[one.start : one.end].split()) for one in fields if one.name == b"dkim-signature")
    return frozenset(name.lower() for value in values for names in _SIGNED.findall(value) for name in names.split(b":"))


def _edits(raw: bytes, fields: tuple[_Field, ...], stamps: tuple[Stamp, ...]) -> Iterator[tuple[int, int, bytes]]:
    """(start, end, new) for each place that changes; none overlap."""
    signed, end_of_line = _signed(raw, fields), line_end(raw)
    new = [field for stamp in stamps for field in stamp.fields]
    message_id = next((_checked(stamp.message_id) for stamp in stamps if stamp.message_id), "")
    gone = {name.lower().encode() for stamp in stamps for name in stamp.remove} - signed
    yield from ((one.start, one.end, b"") for one in fields if one.name in gone)
    if message_id and b"message-id" not in signed:
        old = next((one for one in fields if one.name == b"message-id"), None)
        if old is not None and b"message-id" not in gone:
            yield old.start, old.end, _replaced(raw[old.start : old.end], message_id)
        else:
            new.append(("Message-ID", message_id))
    ours = b"".join(_line(name, text) + end_of_line for name, text in new if name.lower().encode() not in signed)
    if ours:
        place = _below_trace(fields)
        yield place, place, ours if raw[place - 1 : place] in (b"", b"\n", b"\r") else end_of_line + ours


def _below_trace(fields: tuple[_Field, ...]) -> int:
    place = fields[0].start
    for one in fields:
        if one.start != place or not _TRACE.match(one.name):
            break
        place = one.end
    return place


def _replaced(field: bytes, message_id: str) -> bytes:
    """The Message-ID field with another id; its name and its line end stay."""
    name = field[: field.index(b":")]
    return name + b": " + message_id.encode() + field[len(field.rstrip(b"\r\n")) :]


def _checked(message_id: str) -> str:
    if not _MESSAGE_ID.match(message_id) or len(message_id) > limits.MAX_LINE - len("Message-ID: "):
        raise ValueError(f"{message_id[:80]!r} is no Message-ID")
    return message_id


def _line(name: str, text: str) -> bytes:
    """One field without its line end; raises ValueError where it would be none, or more than one."""
    if (
        not _FIELD_NAME.match(name)
        or not _FIELD_TEXT.match(text)
        or len(name) + len(text) > limits.MAX_LINE - len(": ")
    ):
        raise ValueError(f"{name!r}: {text[:80]!r} cannot stand in a header")
    return f"{name}: {text}".encode()
