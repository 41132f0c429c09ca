"""The MIME tree (RFC 2045, 2046): parts as spans of the message's bytes, found by their boundaries, within limits."""

from __future__ import annotations

import re

from ndrfilter import limits
from ndrfilter.message.charset import decode_text
from ndrfilter.message.headers import scan
from ndrfilter.message.model import Defect, Headers, Part, Span
from ndrfilter.message.params import parse_value
from ndrfilter.message.transfer import KNOWN, decode
from ndrfilter.message.types import MESSAGE_TYPES

_SNIFFED = re.compile(rb"(?m)^--([!-,.-~][!-~]{5,68})[ \t]*$")
_PADDING = re.compile(rb"(--)?[ \t]*(?=\n|\Z)")

_MAX_BOUNDARIES = 4
_MAX_DELIMITERS = 5_000  # lines that begin like a delimiter and are none count, too


class Tree:
    """Builds the tree of one message and notes what was wrong with it."""

    __slots__ = ("_data", "defects", "parts")

    def __init__(self, data: bytes, headers: Headers, start: int, end: int) -> None:
        """The parts of the message whose body is from `start` to `end`."""
        self._data = data
        self.parts: list[Part] = []
        self.defects: list[Defect] = []
        self._part(headers, Span(data, 0, start, end), "1", 0, "text/plain", ())

    def _defect(self, code: str, path: str = "") -> None:
        if len(self.defects) < limits.MAX_DEFECTS:
            self.defects.append(Defect(code, f"part {path}" if path else ""))

    def _part(
        self, headers: Headers, span: Span, path: str, depth: int, default: str, outer: tuple[bytes, ...]
    ) -> Part:
        typed = headers.places["content-type"]
        if len(typed) > 1:
            self._defect("duplicate-content-type", path)
        content_type, params = parse_value(headers.text_at(typed[0])) if typed else (default, ())
        if "/" not in content_type:
            content_type = "text/plain"
        part = Part(headers, content_type, params, span, path, depth)
        self.parts.append(part)
        multipart = content_type.startswith("multipart/")
        if part.encoding not in KNOWN or (multipart and part.encoding in ("base64", "quoted-printable")):
            self._defect("bad-encoding", path)
        if multipart:
            if depth >= limits.MAX_MIME_DEPTH:
                self._defect("too-deep", path)
            else:
                part.children = self._children(part, span.body, span.end, outer)
        elif content_type in MESSAGE_TYPES and self._is_deep(span):
            self._defect("too-deep", path)
        return part

    def _is_deep(self, span: Span) -> bool:
        """Whether the message in `span` is one in one in one, beyond the limit; only the outermost is ever read."""
        start = span.body
        if not self._may_hold_message(start, span.end):
            return False
        for _ in range(limits.MAX_MIME_DEPTH):
            block = scan(self._data, start, span.end, strict=True)
            if parse_value(block.headers.text("content-type"))[0] not in MESSAGE_TYPES:
                return False
            start = block.body
        return True

    def _may_hold_message(self, start: int, end: int) -> bool:
        """False only where the header from `start` on has no such type, told without reading it field by field."""
        blank = self._data.find(b"\n\n", start, min(end, start + limits.MAX_FIELD_BYTES))
        if blank < 0:
            return True
        header = self._data[start:blank].lower().replace(b"message-id:", b"")
        return b"message" in header or b"=?" in header

    def _children(self, part: Part, start: int, end: int, outer: tuple[bytes, ...]) -> tuple[Part, ...]:
        boundary, place = self._boundary(part, start, end)
        if not boundary:
            return ()
        if outer and any(boundary.startswith(other) or other.startswith(boundary) for other in outer):
            self._defect("ambiguous-boundary", part.path)
        default = "message/rfc822" if part.content_type == "multipart/digest" else "text/plain"
        children: list[Part] = []
        for number, (first, last) in enumerate(self._spans(boundary, place, end, part.path), 1):
            if len(self.parts) >= limits.MAX_MIME_PARTS:
                self._defect("too-many-parts")
                break
            block = scan(self._data, first, last, strict=True)
            span = Span(self._data, first, block.body, last)
            path, depth = f"{part.path}.{number}", part.depth + 1
            children.append(self._part(block.headers, span, path, depth, default, (*outer, boundary)))
        return tuple(children)

    def _boundary(self, part: Part, start: int, end: int) -> tuple[bytes, int]:
        """The declared boundary; where none is declared or it never occurs, the one that is evidently used.

        And where the first line that begins with its delimiter begins.
        """
        named = [value for key, value in part.params if key == "boundary" and value]
        if len(named) > 1 and len(set(named)) > 1:
            self._defect("ambiguous-boundary", part.path)
        for value in list(dict.fromkeys(map(str.rstrip, named)))[:_MAX_BOUNDARIES]:
            boundary = value.encode("utf-8", "replace")[:200]
            if boundary and (place := self._find(boundary, start, end)) >= 0:
                return boundary, place
        self._defect("missing-boundary", part.path)
        sniffed = _SNIFFED.search(self._data, start, min(end, start + 65536))
        if sniffed and self._data.find(b"\n--" + sniffed[1], sniffed.end(), end) >= 0:
            return sniffed[1], self._find(sniffed[1], start, end)
        return b"", -1

    def _find(self, boundary: bytes, start: int, end: int) -> int:
        """Where the next line that begins with the delimiter begins, or -1."""
        delimiter = b"--" + boundary
        if self._data.startswith(delimiter, start) and start + len(delimiter) <= end:
            return start
        found = self._data.find(b"\n" + delimiter, max(start - 1, 0), end)
        return found + 1 if found >= 0 else -1

    def _spans(self, boundary: bytes, position: int, end: int, path: str) -> list[tuple[int, int]]:
        """Where the parts begin and end; the first delimiter stands at `position`."""
        data, line, size = self._data, b"\n--" + boundary, len(boundary) + 2
        spans: list[tuple[int, int]] = []
        first = -1
        for _ in range(_MAX_DELIMITERS):
            if position < 0 or len(spans) > limits.MAX_MIME_PARTS:
                break
            padding = _PADDING.match(data, position + size, end)
            if padding is None:
                position = self._find(boundary, position + size, end)
                continue
            if first >= 0:
                spans.append((first, max(first, position - 1)))
            close = padding.end()
            first = min(close + 1, end)
            if padding[1]:
                return spans
            position = (data.find(line, close, end) + 1) or -1
        if first >= 0 and len(spans) <= limits.MAX_MIME_PARTS:
            self._defect("unclosed-boundary", path)
            spans.append((first, end))
        return spans


def decoded(part: Part, limit: int = limits.MAX_DECODED_PART) -> bytes:
    """The part's content without its transfer encoding, line ends as LF, at most `limit` bytes."""
    return decode(part.beginning(4 * limit), part.encoding, limit)


def text_of(part: Part) -> str:
    """The part's content as text, by its charset or a guess, at most about `limits.MAX_DECODED_PART` characters."""
    return decode_text(decoded(part), part.param("charset"))
