"""`parse`: bytes in, a lazy `Message` out. It never raises; what is wrong is in `Message.defects`.

What only some messages need is imported when it is asked for: a pipe process lives too short to compile every pattern.
"""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.message.headers import line_ends, scan
from ndrfilter.message.lazy import lazy
from ndrfilter.message.mime import Tree, decoded
from ndrfilter.message.model import Attachment, Defect, Headers, Hop, Link, Part, Report, StatusGroup
from ndrfilter.message.types import STATUS_TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from ndrfilter.message.original import Original
    from ndrfilter.message.text import Segment
    from ndrfilter.message.trace import Hops

_STATUS_SIZE = limits.MAX_STATUS_BYTES + 1  # one more shows that there is more
_STATUS_CARRIERS = frozenset({"text/plain", "application/octet-stream", "message/report", "text/delivery-status"})


def parse(raw: bytes) -> Message:
    """The message in `raw`. Beyond `limits.MAX_MESSAGE` it is cut off, with the defect "too-big"."""
    defects: list[str] = []
    data = raw
    if len(data) > limits.MAX_MESSAGE:
        data = data[: limits.MAX_MESSAGE]
        defects.append("too-big")
    data, wrong = line_ends(data)
    defects.extend(wrong)
    if b"\0" in data:
        defects.append("nul-bytes")
    block = scan(data)
    defects.extend(block.defects)
    return Message(raw, data, block.headers, block.body, tuple(defects))


class Message:
    """A message. Its header is read at once; everything else on first use, and then kept."""

    def __init__(self, raw: bytes, data: bytes, headers: Headers, body: int, codes: tuple[str, ...]) -> None:
        self.raw = raw
        self.headers = headers
        self._data = data
        self._body = body
        self._codes = codes

    @lazy
    def _tree(self) -> Tree:
        return Tree(self._data, self.headers, self._body, len(self._data))

    @property
    def body(self) -> bytes:
        """What stands below the header, bare carriage returns as line feeds."""
        return self._data[self._body :]

    @property
    def root(self) -> Part:
        """The outermost MIME entity."""
        return self.parts[0]

    @property
    def defects(self) -> tuple[Defect, ...]:
        """What is wrong with the header and the MIME structure, and what was left out, each said once."""
        codes = (*self._codes, *self._left_out())
        return tuple(dict.fromkeys((*(Defect(code) for code in codes), *self._tree.defects)))[: limits.MAX_DEFECTS]

    def _left_out(self) -> Iterator[str]:
        if self.headers.count("received") > limits.MAX_HOPS:
            yield "too-many-hops"
        if len(self.whole_text) > limits.MAX_TEXT or any(segment.cut for segment in self.segments):
            yield "text-too-long"
        if len(self.parts) > limits.MAX_ORIGINALS and len(self.originals) > limits.MAX_ORIGINALS:
            yield "too-many-originals"
        if self.report is not None:
            yield from self.report.cut

    @lazy
    def parts(self) -> tuple[Part, ...]:
        """Every part, the root first; a returned message's own parts are not among them."""
        return tuple(self._tree.parts)

    @lazy
    def hops(self) -> Hops:
        """The message's own `Received:` fields, top first, each read when it is looked at."""
        from ndrfilter.message.trace import Hops

        return Hops(self.headers)

    @lazy
    def trace(self) -> tuple[Hop, ...]:
        """All of them."""
        return tuple(self.hops)

    @lazy
    def status_part(self) -> Part | None:
        """The first part that is a delivery status by its type."""
        for part in self.parts:
            if part.content_type in STATUS_TYPES:
                return part
        return None

    @lazy
    def wrapped(self) -> Message | None:
        """The bounce itself, where a gateway has put it whole into another of the same Message-ID."""
        own = self.headers.text("Message-ID")
        if not own or self.status_part:
            return None
        inner = next(iter(self._own_originals), None)
        same = inner is not None and inner.source == "rfc822" and inner.headers.text("Message-ID") == own
        return parse(inner.raw) if inner is not None and same else None

    @lazy
    def report(self) -> Report | None:
        """The delivery status: a part of that type, one under another type, or one inside the text."""
        return self._own_report() or (self.wrapped._own_report() if self.wrapped else None)

    def _own_report(self) -> Report | None:
        from ndrfilter.message.report import parse_report, report_in_text, starts_like_report

        for part in self.parts:
            if part.content_type in STATUS_TYPES and (report := parse_report(_status_bytes(part))):
                return report
        for part in self.parts:
            if part.content_type in _STATUS_CARRIERS and not part.children and starts_like_report(decoded(part, 400)):
                report = parse_report(decoded(part, _STATUS_SIZE))
                if report and report.recipients:
                    return report
        for segment in self.segments:
            if report := report_in_text(self._human(segment)):
                return report
        return None

    @lazy
    def originals(self) -> tuple[Original, ...]:
        """The returned messages, the best first; usually one. An original in the text counts if no part is one."""
        return (self.wrapped or self)._own_originals

    @lazy
    def _own_originals(self) -> tuple[Original, ...]:
        from ndrfilter.message.returned import originals_of

        found = originals_of(self.parts)
        return found or ((self.inline[1],) if self.inline else ())

    @property
    def original(self) -> Original | None:
        """The returned message or header."""
        return self.originals[0] if self.originals else None

    def find_original(self, separators: Sequence[Any]) -> Original | None:
        """The original after a line of the text in which one of the compiled patterns is found."""
        from ndrfilter.message.returned import after_separator

        for segment in self.segments:
            if made := after_separator(segment, separators):
                return made[1]
        return None

    @lazy
    def segments(self) -> tuple[Segment, ...]:
        """The texts for people: text/plain parts, or text/html ones where there is no plain text."""
        from ndrfilter.message.text import segments_of

        return segments_of(self.parts)

    @lazy
    def inline(self) -> tuple[int, Original, Segment] | None:
        """The original inside the text, where it begins, and in which segment."""
        from ndrfilter.message.returned import inline_in
        from ndrfilter.message.text import Segment

        return self._shown_inline or inline_in(
            Segment(part) for part in self.parts if part.content_type in STATUS_TYPES
        )

    @lazy
    def _shown_inline(self) -> tuple[int, Original, Segment] | None:
        """The one inside a text that a person sees."""
        from ndrfilter.message.returned import inline_in

        return inline_in(self.segments)

    def _human(self, segment: Segment) -> bytes:
        inline = self._shown_inline
        return segment.data[: inline[0]] if inline and inline[2] is segment else segment.data

    @lazy
    def whole_text(self) -> str:
        """The text for people without the original that stands in it."""
        return "\n".join(segment.decode(self._human(segment)) for segment in self.segments)

    @lazy
    def text(self) -> str:
        """The same, at most `limits.MAX_TEXT` characters of it."""
        return self.whole_text[: limits.MAX_TEXT]

    @lazy
    def links(self) -> tuple[Link, ...]:
        """The links in the texts for people, also in HTML beside plain text; not those of an original in the text."""
        from ndrfilter.message.text import html_segments_of, links_of

        shown = self.segments
        beside = () if shown and shown[0].is_html else html_segments_of(self.parts)
        read = ((one.html, one.decode(self._human(one)[: limits.MAX_DECODED_PART])) for one in shown)
        return links_of((*read, *((segment.html, segment.text) for segment in beside)))

    @lazy
    def attachments(self) -> tuple[Attachment, ...]:
        """The parts that are there to be opened."""
        from ndrfilter.message.attachments import attachments_of

        return attachments_of(self.parts)

    @lazy
    def feedback(self) -> StatusGroup | None:
        """The fields of a message/feedback-report (RFC 5965)."""
        return self._fields_of("message/feedback-report")

    @lazy
    def disposition(self) -> StatusGroup | None:
        """The fields of a message/disposition-notification (RFC 8098)."""
        return self._fields_of("message/disposition-notification", "message/global-disposition-notification")

    def _fields_of(self, *types: str) -> StatusGroup | None:
        from ndrfilter.message.report import parse_groups

        for part in self.parts:
            if part.content_type in types:
                groups = parse_groups(decoded(part, limits.MAX_STATUS_BYTES))
                return StatusGroup(tuple(field for group in groups for field in group.fields))
        return None


def _status_bytes(part: Part) -> bytes:
    """A status part's content; where the blank line after its header is missing, the fields stand in the header."""
    places = part.headers.places
    misplaced = "reporting-mta" in places or "final-recipient" in places
    return part.entity[:_STATUS_SIZE] if misplaced else decoded(part, _STATUS_SIZE)
