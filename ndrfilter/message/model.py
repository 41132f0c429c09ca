"""The nouns of a message: fields, parts, hops, report, original. Built by `parse`; they hold no logic that can fail.

Everything expensive (decoded text, the returned original, its trace) is worked out on first use and kept.
"""

from __future__ import annotations

from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Address, IPv6Address


class Field(Noun):
    """One header field (RFC 5322 section 2.2).

    `name` as written; `raw` the bytes after the colon, folding included, without the last line end;
    `text` unfolded, RFC 2047 words decoded, 8-bit read as UTF-8 else Latin-1, control characters as spaces.
    """

    name: str
    raw: bytes
    text: str


class Headers:
    """Header fields in order, duplicates kept; names compare without case."""

    __slots__ = ("_index", "fields")

    def __init__(self, fields: tuple[Field, ...]) -> None:
        self.fields = fields
        index: dict[str, list[Field]] = {}
        for field in fields:
            index.setdefault(field.name.lower(), []).append(field)
        self._index = index

    def all(self, name: str) -> tuple[Field, ...]:
        """Every field of that name, top first."""
        return tuple(self._index.get(name.lower(), ()))

    def first(self, name: str) -> Field | None:
        """The topmost field of that name."""
        found = self._index.get(name.lower())
        return found[0] if found else None

    def text(self, name: str) -> str:
        """The topmost field's text, or an empty string."""
        found = self._index.get(name.lower())
        return found[0].text if found else ""

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._index

    def __iter__(self) -> Iterator[Field]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)


class Defect(Noun):
    """Something wrong with the bytes; `code` is a stable word, `detail` is ours, never mail text."""

    code: str  # e.g. "ambiguous-boundary", "duplicate-content-type", "truncated", "too-many-parts"
    detail: str = ""


class Address(Noun):
    """A mailbox address (RFC 5321): `domain` lower case, A-labels where it is a valid IDN; empty for a bare local part."""

    text: str
    local: str
    domain: str


class Hop(Noun):
    """One `Received:` field (RFC 5321 section 4.4) as its recorder meant it.

    `helo` is the client's own word. `rdns` is set only where the recorder looked the name up; `ip` only where
    the recorder saw the address of its peer (never an address that stands in a HELO). `by`, `helo` and `rdns` are lower
    case without a final dot. `with_` is the protocol ("esmtps"), `time` seconds since the epoch. `authenticated`
    is true where the recorder says so (ESMTPA, ESMTPSA, "Authenticated sender", Exim's A=). `local` is a hop that came from a process
    or user of the same host ("invoked by uid", "local", "from userid"). `forged` where the recorder says "may be forged".
    `dialect` names the software that wrote the field ("postfix"), empty where nothing tells.
    """

    helo: str | None = None
    rdns: str | None = None
    ip: IPv4Address | IPv6Address | None = None
    by: str | None = None
    with_: str | None = None
    id: str | None = None
    time: float | None = None
    for_: str | None = None
    sender: str | None = None  # an envelope-from that the recorder noted
    authenticated: bool = False
    local: bool = False
    forged: bool = False
    dialect: str = ""
    text: str = ""  # the unfolded field


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
    arrival_date: float | None
    envelope_id: str
    fields: StatusGroup
    recipients: tuple[ReportRecipient, ...]


class Part(Noun):
    """A MIME entity (RFC 2045). `body` is as transferred; see `parse.decoded` and `parse.text_of`."""

    headers: Headers
    content_type: str  # "text/plain", lower case
    params: tuple[tuple[str, str], ...]  # Content-Type parameters, names lower case, RFC 2231 decoded
    encoding: str  # Content-Transfer-Encoding, lower case, "7bit" when missing
    disposition: str  # "attachment", "inline" or empty
    filename: str  # from Content-Disposition, else Content-Type name
    body: bytes
    children: tuple[Part, ...]
    path: str  # "1", "1.2": place in the tree; the root is "1"
    depth: int

    def param(self, name: str) -> str:
        """A Content-Type parameter, or an empty string."""
        for key, value in self.params:
            if key == name:
                return value
        return ""

    def walk(self) -> Iterator[Part]:
        """This part and all below it, in order; does not enter a returned message/rfc822."""
        yield self
        for child in self.children:
            yield from child.walk()


class Original(Noun):
    """The message, or its header, that came back.

    `source` says where it was: "rfc822" (message/rfc822, message/global, partial), "headers" (text/rfc822-headers,
    message/global-headers), "inline" (after a separator in a text), "quoted" (indented or `> `-quoted), "attachment".
    `full` when a body came back as well. `raw` is as faithful to the original bytes as can be had.
    """

    headers: Headers
    source: str
    full: bool
    raw: bytes
    body: bytes
    trace: tuple[Hop, ...]


__all__ = [
    "Address", "Defect", "Field", "Headers", "Hop", "Original", "Part", "Report", "ReportRecipient", "StatusGroup",
]  # fmt: skip
