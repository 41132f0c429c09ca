"""The message that came back: in a part of its own, in an attachment, or inside the text."""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.message.headers import is_known, scan
from ndrfilter.message.inline import Found, find_header, header_at, unquoted
from ndrfilter.message.model import Part
from ndrfilter.message.original import Original
from ndrfilter.message.transfer import IDENTITY, base64_bytes, decode
from ndrfilter.message.types import HEADER_TYPES, MESSAGE_TYPES, STATUS_TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from ndrfilter.message.text import Segment

_CARRIERS = frozenset(
    {"application/octet-stream", "text/plain", "application/eml", "application/x-eml", "application/message"}
)
_SURE_TYPES = MESSAGE_TYPES | HEADER_TYPES
_MAX_LINES = 20_000


def originals_of(parts: tuple[Part, ...]) -> tuple[Original, ...]:
    """The originals that are parts of their own, the best first: whole messages, then headers, then attachments.

    In a report those after the delivery status come before all others. One more than `limits.MAX_ORIGINALS` at most.
    """
    status = next((number for number, part in enumerate(parts) if part.content_type in STATUS_TYPES), -1)
    found: list[tuple[bool, int, int, Original]] = []
    search = limits.MAX_RETURNED_SEARCH  # bytes of all such parts together, or many parts would take many times as long
    for number, part in enumerate(parts):
        rank, original = _original_of(part, number, search)
        search -= min(search, part.size) if part.content_type in _SURE_TYPES else 0
        if original is not None:
            found.append((number < status, rank, number, original))
        if len(found) > limits.MAX_ORIGINALS:
            break
    found.sort(key=lambda entry: entry[:3])
    return tuple(entry[3] for entry in found)


def _original_of(part: Part, number: int, search: int) -> tuple[int, Original | None]:
    if part.children:
        return 9, None
    kind, places = part.content_type, part.headers.places
    if number and "received" in places and ("from" in places or "message-id" in places):
        return 1, message_in(part.entity, "rfc822")  # the blank line and the type before the message were left out
    if kind in MESSAGE_TYPES:
        return 0, message_in(_content(part), "rfc822", search=search)
    if kind in HEADER_TYPES:
        return 1, message_in(_content(part), "headers", search=search)
    named = part.filename.lower().endswith((".eml", ".hdr", ".mht", ".822", ".msg"))
    if number and kind not in STATUS_TYPES and (named or kind in _CARRIERS):
        return 2, message_in(_content(part), "attachment", sure=False)
    return 9, None


def _content(part: Part) -> bytes:
    """A returned message may be larger than other parts; one that only pretends to be unencoded is decoded."""
    if part.encoding in IDENTITY:
        data = part.body
        if part.content_type in MESSAGE_TYPES and b":" not in data[:200] and len(data) > 60:
            plain = base64_bytes(data[: limits.MAX_DECODED_PART])
            return plain.replace(b"\r\n", b"\n") if b": " in plain[:2000] else data
        return data
    data = decode(part.body, part.encoding, limits.MAX_MESSAGE)
    if b":" not in data[:2000] and b":" in part.beginning(200):
        return part.body  # RFC 2046 section 5.2.1 forbids encodings here, so some declare one and use none
    return data


def message_in(
    data: bytes, source: str, *, sure: bool = True, search: int = limits.MAX_RETURNED_SEARCH
) -> Original | None:
    """The message that `data` is; None where it has no header, or, unless `sure`, nothing that looks like a mail's.

    If it is `sure` but does not begin with a header, one is looked for in its first `search` bytes.
    """
    if not sure:
        found = header_at(data, 0)
        if found is None or find_header(data, found.start) != found:
            return None
        data = unquoted(data, found)
    block = scan(data)
    if not len(block.headers) or not any(is_known(name) for name, _ in block.headers.pairs):
        return _indented(data[:search], data, source) if sure else None
    return Original(block.headers, source, data, block.body)


def _indented(front: bytes, data: bytes, source: str) -> Original | None:
    found = find_header(front)
    if found is None:
        return None
    raw = unquoted(data, found)
    block = scan(raw)
    return Original(block.headers, source, raw, block.body) if len(block.headers) else None


def inline_in(segments: Iterable[Segment]) -> tuple[int, Original, Segment] | None:
    """The original inside one of these texts, with the place where it begins in `data` of that segment."""
    for segment in segments:
        if made := _made(segment.data, find_header(segment.data)):
            return *made, segment
    return None


def _made(data: bytes, found: Found | None) -> tuple[int, Original] | None:
    if found is None:
        return None
    raw = unquoted(data, found)
    block = scan(raw)
    if not len(block.headers):
        return None
    return found.start, Original(block.headers, "quoted" if found.prefix else "inline", raw, block.body)


def after_separator(segment: Segment, separators: Sequence[Any]) -> tuple[int, Original] | None:
    """The original after the first line that one of the patterns finds, with its place in `segment.data`."""
    position = 0
    data = segment.data
    lines = segment.text[: limits.MAX_RETURNED_SEARCH].split("\n", _MAX_LINES)
    for line in lines[:_MAX_LINES]:
        line_end = data.find(b"\n", position)
        if line_end < 0:
            return None
        position = line_end + 1
        if any(pattern.search(line) for pattern in separators):
            made = _made(data, header_at(data, position))
            if made is not None:
                return made
    return None
