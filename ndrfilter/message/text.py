"""What a person reads: the text of the parts, HTML stripped to text, and the links in them."""

from __future__ import annotations

import re

from ndrfilter import limits
from ndrfilter.message.addresses import domain_of
from ndrfilter.message.charset import decode_text, is_ascii_compatible
from ndrfilter.message.lazy import lazy
from ndrfilter.message.mime import decoded
from ndrfilter.message.model import Link, Part
from ndrfilter.message.types import HEADER_TYPES, MESSAGE_TYPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_BREAK = re.compile(r"<(?:br|/?(?:p|div|tr|li|h[1-6]|table|pre|blockquote|ul|ol|hr))\b[^<>]*>", re.I)
_CELL = re.compile(r"</t[dh]\s*>", re.I)
_TAG = re.compile(r"<[!/?A-Za-z][^<>]*>")
_BLANKS = re.compile(r"  ++")
_INDENT = re.compile(r"(?m)^ ")
_SPACES = re.compile(r"[ \t\xa0]++")
_BLANK_LINES = re.compile(r"\n{3,}")
_ANCHOR = re.compile(r"<a\b([^<>]*)>", re.I)
_HREF = re.compile(r"\bhref\s{0,5}=\s{0,5}(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"']+))", re.I)
_URL = re.compile(r"\b(?:https?|ftp)://[^\s<>\"'\\^`{|}]{1,2000}|\bwww\.[^\s<>\"'\\^`{|}]{1,2000}", re.I)
_AUTHORITY = re.compile(
    r"(?:[a-z][a-z0-9+.-]{0,20}:)?//(?:[^/?#@\\]{0,200}@)?(\[[0-9a-f:.]{2,45}\]|[^/?#:\\@]{1,253})", re.I
)
_MAX_LABEL = 300
_NOT_SHOWN = HEADER_TYPES | MESSAGE_TYPES | {"text/calendar", "text/x-vcard", "text/css"}


class Segment:
    """The human text of one part: `data` bytes with LF line ends, `text` the same lines decoded.

    `is_html` where the text was HTML.
    """

    def __init__(self, part: Part) -> None:
        self.part = part
        self.is_html = _kind(part.content_type) == "html"
        self._charset = part.param("charset")
        # How much of the content is read, in bytes: an original may stand far down in a plain text.
        self._limit = limits.MAX_DECODED_PART if self.is_html else limits.MAX_RETURNED_SEARCH

    @lazy
    def content(self) -> bytes:
        """The content as it was, without its transfer encoding."""
        return decoded(self.part, self._limit)

    @property
    def cut(self) -> bool:
        """Whether the content may be longer than what is read of it."""
        return len(self.content) >= self._limit

    @lazy
    def html(self) -> str:
        """The HTML as it was, or an empty string."""
        return decode_text(self.content, self._charset) if self.is_html else ""

    @lazy
    def data(self) -> bytes:
        """The content as bytes of an ASCII-compatible character set."""
        if self.is_html:
            return strip_html(self.html).encode("utf-8", "replace")
        data = self.content
        return (
            data if is_ascii_compatible(self._charset) else decode_text(data, self._charset).encode("utf-8", "replace")
        )

    @lazy
    def text(self) -> str:
        """The content as text."""
        return self.decode(self.data)

    def decode(self, data: bytes) -> str:
        """A piece of `data` as text."""
        return decode_text(data, "utf-8" if self.is_html or not is_ascii_compatible(self._charset) else self._charset)


def segments_of(parts: Sequence[Part]) -> tuple[Segment, ...]:
    """The texts for people: plain ones that are shown, else HTML that is shown, else plain ones that are attached."""
    leaves = [part for part in parts if not part.children]
    shown = [part for part in leaves if part.disposition != "attachment"]
    for kind, among in (("plain", shown), ("html", shown), ("plain", leaves)):
        segments = _segments([part for part in among if _kind(part.content_type) == kind])
        for segment in segments:
            if segment.data and not segment.data.isspace():
                return segments
    return ()


def html_segments_of(parts: Sequence[Part]) -> tuple[Segment, ...]:
    """The texts of the HTML parts that are shown."""
    return _segments(
        [part for part in parts if _kind(part.content_type) == "html" and part.disposition != "attachment"]
    )


def _segments(parts: Iterable[Part]) -> tuple[Segment, ...]:
    """Their texts, until `limits.MAX_DECODED_PART` bytes are reached."""
    total = 0
    segments = []
    for part in parts:
        segments.append(Segment(part))
        total += part.size
        if total > limits.MAX_DECODED_PART:
            break
    return tuple(segments)


def _kind(content_type: str) -> str:
    """What a leaf of that type is for a reader: "plain" text, "html", or nothing."""
    if content_type == "text/plain":
        return "plain"
    if content_type in ("text/html", "application/xhtml+xml"):
        return "html"
    if content_type.startswith("multipart/"):
        return "plain"  # without a boundary that occurs: what stands in it is text
    shown = content_type.startswith("text/") and content_type not in _NOT_SHOWN
    return "plain" if shown else ""


def strip_html(html: str) -> str:
    """The text of HTML: tags, comments, scripts and styles gone, blocks on lines of their own, entities resolved."""
    from html import unescape  # heavy table: only where there is HTML

    html = _without(_without(_without(html, "<!--", "-->"), "<style", "</style"), "<script", "</script")
    html = html if "<pre" in html.lower() else _in_one_line(html)
    html = _TAG.sub("", _CELL.sub("\t", _BREAK.sub("\n", html)))
    lines = (line.rstrip() for line in unescape(_INDENT.sub("", html)).replace("\xa0", " ").split("\n"))
    return _BLANK_LINES.sub("\n\n", "\n".join(lines))


def _in_one_line(html: str) -> str:
    return _BLANKS.sub(" ", html.replace("\n", " ").replace("\t", " "))


def _without(html: str, start: str, end: str) -> str:
    """`html` without what stands from `start` to the `>` of `end`, any case; an open end takes nothing away."""
    lower = html.lower()
    if len(lower) != len(html):  # a few letters grow when lowered, and places would shift
        lower = html
    at = lower.find(start)
    out = []
    position = 0
    while at >= 0:
        close = lower.find(end, at + len(start))
        close = lower.find(">", close) if close >= 0 else -1
        if close < 0:
            break
        out.append(html[position:at])
        position = close + 1
        at = lower.find(start, position)
    out.append(html[position:])
    return "".join(out)


def links_of(texts: Iterable[tuple[str, str]]) -> tuple[Link, ...]:
    """Links of texts, given as HTML ("" if none) and as read: by `href`, and plain URLs that no anchor names."""
    found: dict[tuple[str, str], Link] = {}
    for html, text in texts:
        anchors = _html_links(html) if html else []
        named = "\n".join(part for link in anchors for part in (link.url, link.text))
        for link in (*anchors, *(plain for plain in _plain_links(text) if plain.url not in named)):
            found.setdefault((link.url, link.text), link)
            if len(found) >= limits.MAX_LINKS:
                return tuple(found.values())
    return tuple(found.values())


def _html_links(html: str) -> list[Link]:
    from html import unescape

    links = []
    for match in _ANCHOR.finditer(html):
        href = _HREF.search(match[1])
        if href is None:
            continue
        url = unescape(href[1] or href[2] or href[3] or "").strip()
        close = html.find("</", match.end(), match.end() + 2 * _MAX_LABEL)
        label = html[match.end() : close if close >= 0 else match.end() + _MAX_LABEL]
        if url and not url.startswith("#"):
            links.append(_link(url, _SPACES.sub(" ", unescape(_TAG.sub(" ", label))).strip()))
        if len(links) >= limits.MAX_LINKS:
            break
    return links


def _plain_links(text: str) -> list[Link]:
    links = []
    for match in _URL.finditer(text):
        links.append(_link(match[0].rstrip(".,;:!?)]"), ""))
        if len(links) >= limits.MAX_LINKS:
            break
    return links


def _link(url: str, text: str) -> Link:
    found = _AUTHORITY.match(url if "//" in url[:25] else "//" + url if url[:4].lower() == "www." else "")
    return Link(url, text[:_MAX_LABEL], domain_of(found[1]) if found else "")
