"""The nouns of a message: fields, parts, hops, report. Built by `parse`; they hold no logic that can fail.

The returned original, which reads its own trace, is in `original`.
"""

from __future__ import annotations

from ndrfilter.message.dates import parse_date
from ndrfilter.message.fields import Field, Headers
from ndrfilter.message.params import parse_value
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address


class Defect(Noun):
    """Something wrong with the bytes; `code` is a stable word, `detail` is ours, never mail text."""

    code: str  # e.g. "ambiguous-boundary", "duplicate-content-type", "truncated", "too-many-parts"
    detail: str = ""


class Address(Noun):
    """A mailbox address (RFC 5321); `domain` lower case, A-labels where it is a valid IDN, empty for a bare name."""

    text: str
    local: str
    domain: str


class Hop(Noun):
    """One `Received:` field (RFC 5321 section 4.4) as its recorder meant it.

    `helo` is the client's own word. `rdns` is set only where the recorder looked the name up; `ip` only where
    the recorder saw the address of its peer (never an address that stands in a HELO). `by`, `helo` and `rdns` are lower
    case without a final dot. `with_` is the protocol ("esmtps"), `date` the words that `time` is read from.
    `authenticated` is true where the recorder says so (ESMTPA, ESMTPSA, "Authenticated sender", Exim's A=), `login` the
    name given.
    `local` is a hop that came from a process or user of the same host ("invoked by uid", "from userid"), `submitted` a
    local one that names the user. `forged` where the recorder says "may be forged"; without an address, where the field
    contradicts itself and tells nothing of its client.
    `dialect` names the software that wrote the field ("postfix"), empty where nothing tells.
    """

    helo: str | None = None
    rdns: str | None = None
    ip: IPv4Address | IPv6Address | None = None
    by: str | None = None
    with_: str | None = None
    id: str | None = None
    date: str = ""
    for_: str | None = None
    sender: str | None = None  # an envelope-from that the recorder noted
    authenticated: bool = False
    local: bool = False
    submitted: bool = False
    login: str | None = None
    forged: bool = False
    dialect: str = ""
    text: str = ""  # the unfolded field

    @property
    def time(self) -> float | None:
        """When the recorder wrote it, in seconds since the epoch."""
        return parse_date(self.date)


class StatusGroup(Noun):
    """One group of fields of a delivery-status part (RFC 3464 section 2.1): names lower case, first value wins."""

    fields: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str:
        """The value of that field (name in lower case), or an empty string."""
        for key, value in self.fields:
            if key == name:
                return value
        return ""


class ReportRecipient(Noun):
    """The per-recipient fields of RFC 3464 section 2.3, types ("rfc822;") taken off the values."""

    final: str
    original: str
    action: str  # as written, lower case, comment removed
    status: str  # "5.1.1", empty if none is well formed
    diagnostic: str
    remote_mta: str
    group: StatusGroup


class Report(Noun):
    """A parsed message/delivery-status or message/global-delivery-status part."""

    reporting_mta: str  # name alone, lower case
    received_from_mta: str
    arrival: str  # the words that `arrival_date` is read from
    envelope_id: str
    fields: StatusGroup
    recipients: tuple[ReportRecipient, ...]
    cut: tuple[str, ...] = ()  # codes of defects: what of it was left out

    @property
    def arrival_date(self) -> float | None:
        """When the original came to the reporting MTA, in seconds since the epoch."""
        return parse_date(self.arrival) if self.arrival else None


class Span(Noun):
    """A place in a message's bytes (line ends LF): where an entity's header begins, its body, and where it ends."""

    data: bytes
    head: int
    body: int
    end: int


class Part:
    """A MIME entity (RFC 2045): a span of the message with its own header. See `decoded` and `text_of` for its content.

    `content_type` is lower case ("text/plain"); `params` are its parameters, names lower case, RFC 2231 decoded;
    `encoding` the Content-Transfer-Encoding in lower case, "7bit" when missing; `path` the place in the tree ("1.2",
    the root is "1").
    """

    def __init__(
        self,
        headers: Headers,
        content_type: str,
        params: tuple[tuple[str, str], ...],
        span: Span,
        path: str = "1",
        depth: int = 0,
    ) -> None:
        self.headers = headers
        self.content_type = content_type
        self.params = params
        self.children: tuple[Part, ...] = ()
        self.path = path
        self.depth = depth
        places = headers.places  # most parts have neither field
        encoding = headers.text("content-transfer-encoding") if "content-transfer-encoding" in places else ""
        self.encoding = (encoding and encoding.strip(' ;"').lower()) or "7bit"
        placed = "content-disposition" in places
        self._placed = parse_value(headers.text("content-disposition")) if placed else ("", ())
        self._span = span

    @property
    def body(self) -> bytes:
        """The body as transferred, line ends as LF; a copy each time."""
        return self._span.data[self._span.body : self._span.end]

    @property
    def entity(self) -> bytes:
        """Header and body as transferred, line ends as LF; a copy each time."""
        return self._span.data[self._span.head : self._span.end]

    @property
    def size(self) -> int:
        """Length of the body."""
        return self._span.end - self._span.body

    def beginning(self, size: int) -> bytes:
        """The first `size` bytes of the body."""
        return self._span.data[self._span.body : min(self._span.end, self._span.body + size)]

    @property
    def disposition(self) -> str:
        """Content-Disposition (RFC 2183): "attachment", "inline" or empty."""
        return self._placed[0]

    @property
    def filename(self) -> str:
        """The name from Content-Disposition, else from Content-Type, else empty."""
        for key, value in (*self._placed[1], *self.params):
            if key in ("filename", "name"):
                return value
        return ""

    def param(self, name: str) -> str:
        """A Content-Type parameter, or an empty string."""
        for key, value in self.params:
            if key == name:
                return value
        return ""


class Link(Noun):
    """A link in a text: where it leads, the words it stands under (empty in plain text), the host in lower case."""

    url: str
    text: str
    domain: str


class Attachment(Noun):
    """A part that is there to be opened: its file name, type, extension (lower case, no dot), and what it would do."""

    name: str
    type: str
    extension: str
    executable: bool
    archive: bool
    html: bool


__all__ = [
    "Address", "Attachment", "Defect", "Field", "Headers", "Hop", "Link", "Part", "Report", "ReportRecipient",
    "Span", "StatusGroup",
]  # fmt: skip
