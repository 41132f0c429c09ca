"""Facts of the message itself: headers, addresses, text, links, attachments, envelope, outer trace, site and time."""

from __future__ import annotations

from ndrfilter.facts.records import RECORDS
from ndrfilter.message.addresses import addresses_of
from ndrfilter.message.dates import parse_date
from ndrfilter.noun import Noun
from ndrfilter.plugin import hookimpl
from ndrfilter.schema import (
    BOOLEAN,
    DOMAIN,
    IP,
    NETWORK,
    NUMBER,
    STRING,
    TIME,
    Evidence,
    FactSpec,
    Unknown,
    absent,
    list_of,
    map_of,
    record,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ndrfilter.facts.world import EnvelopeFacts, Facts
    from ndrfilter.message.model import Address, Headers
    from ndrfilter.schema import RecordSpec, Schema
    from ndrfilter.site import Site


class HeaderText:
    """A header field as rules see it."""

    __slots__ = ("_pair", "text")

    def __init__(self, text: str, pair: tuple[bytes, bytes]) -> None:
        self.text = text
        self._pair = pair

    @property
    def raw(self) -> str:
        """The value as it came."""
        return self._pair[1].decode("latin-1")

    @property
    def name(self) -> str:
        """The field's name as written."""
        return self._pair[0].decode("latin-1")


class HeaderMap(dict[str, "tuple[HeaderText, ...]"]):
    """Header fields by name for rules: hundreds of recognisers ask for the same few."""

    __slots__ = ("_headers",)

    def __init__(self, headers: Headers) -> None:
        super().__init__()
        self._headers = headers

    @property
    def names(self) -> frozenset[str]:
        """The names of the fields that are there, lower case."""
        return self._headers.names

    if TYPE_CHECKING:

        def get(self, name: str) -> tuple[HeaderText, ...]:  # type: ignore[override]
            """Every field of that name, top first."""
    else:
        get = dict.__getitem__  # so that what was asked before is one look-up in C

    def __missing__(self, name: str) -> tuple[HeaderText, ...]:
        headers = self._headers
        found = self[name] = tuple([
            HeaderText(headers.text_at(place), headers.pairs[place]) for place in headers.places[name]
        ])  # fmt: skip
        return found


class VarMap:
    """The site's own variables by name."""

    __slots__ = ("_vars",)

    def __init__(self, pairs: tuple[tuple[str, str], ...]) -> None:
        self._vars = pairs

    def get(self, name: str) -> tuple[str, ...]:
        """The variable's value, as a list of one, or empty."""
        return tuple(value for key, value in self._vars if key == name)


class PartFact(Noun):
    """A MIME part as rules see it."""

    type: str
    name: str | None
    path: str
    depth: int


def first_address(headers: Headers, name: str) -> Address | None:
    """The first address in the fields of that name."""
    found = addresses_of(headers, name)
    return found[0] if found else None


def text_or_none(headers: Headers, name: str) -> str | None:
    """The topmost field's text; None where there is no such field."""
    found = headers.places[name]
    return headers.text_at(found[0]) if found else None


def date_of(headers: Headers) -> float | None:
    """The Date field as seconds since the epoch."""
    text = headers.text("date")
    return parse_date(text) if text else None


def _null_sender(envelope: EnvelopeFacts) -> Any:
    return envelope.sender is None if envelope.told else Unknown("nobody told the envelope sender")


def _authors(facts: Facts) -> tuple[Address, ...]:
    return addresses_of(facts.message.headers, "From")


def _parts(facts: Facts) -> tuple[PartFact, ...]:
    return tuple(
        PartFact(part.content_type, part.filename or None, part.path, part.depth) for part in facts.message.parts
    )


def _networks(site: Site) -> tuple[Any, ...]:
    return tuple(relay.network for relay in site.relays if relay.network is not None)


def _names(relays: Iterable[Any]) -> tuple[str, ...]:
    return tuple(relay.name for relay in relays if relay.name)


_ADDRESS, _ADDRESSES = record("address"), list_of(record("address"))
_CONTENT, _STRUCTURE, _TRACE = Evidence.CONTENT, Evidence.STRUCTURE, Evidence.TRACE
_CONTENT_TYPE = ("field", ("first", ("index", ("fact", "headers"), ("const", "Content-Type"))), "text")
_SEEN: dict[str, tuple[Any, ...]] = {  # see FactSpec
    "subject": ("text", "Subject"),
    "message_id": ("text", "Message-ID"),
    "author": ("address", "From"),
    "authors": ("addresses", "From"),
    "sender_header": ("address", "Sender"),
    "to": ("addresses", "To"),
    "mime.type": ("type", "Content-Type"),
    "mime.parts": ("types",),
    "mime.report_type": ("if", ("contains", _CONTENT_TYPE, ("const", "report-type"), "lower", False)),
    "envelope.null": ("null",),
    "envelope.sender": ("address", ""),
}
_SITE = Evidence.PROOF  # the site's own configuration: nothing a sender could forge


def _message_facts() -> Iterable[FactSpec]:
    def fact(name: str, type_: Any, evidence: Evidence, doc: str, fetch: Any, optional: bool = False) -> FactSpec:
        return FactSpec(name, type_, evidence, doc, fetch, optional=optional, stage="message", seen=_SEEN.get(name, ()))

    yield fact("headers", map_of(record("header")), _STRUCTURE, "the message's header fields by name",
               lambda f: HeaderMap(f.message.headers))  # fmt: skip
    yield fact("subject", STRING, _CONTENT, "the Subject", lambda f: text_or_none(f.message.headers, "Subject"), True)
    yield fact(
        "author", _ADDRESS, _CONTENT, "the first From address", lambda f: next(iter(f.once(_authors)), None), True
    )
    yield fact("authors", _ADDRESSES, _CONTENT, "all From addresses", lambda f: f.once(_authors))
    yield fact("sender_header", _ADDRESS, _CONTENT, "the Sender",
               lambda f: first_address(f.message.headers, "Sender"), True)  # fmt: skip
    yield fact("to", _ADDRESSES, _CONTENT, "all To addresses", lambda f: addresses_of(f.message.headers, "To"))
    yield fact("message_id", STRING, _CONTENT, "the Message-ID",
               lambda f: text_or_none(f.message.headers, "Message-ID"), True)  # fmt: skip
    yield fact("date", TIME, _CONTENT, "the Date", lambda f: date_of(f.message.headers), True)
    yield fact("size", NUMBER, _STRUCTURE, "the message's size in bytes", lambda f: len(f.message.raw))
    yield fact("body.text", STRING, _CONTENT, "the text for people, without the returned original",
               lambda f: f.message.text)  # fmt: skip
    yield fact("body.links", list_of(record("link")), _CONTENT, "links in text and HTML", lambda f: f.message.links)
    yield fact("body.attachments", list_of(record("attachment")), _STRUCTURE, "attached files",
               lambda f: f.message.attachments)  # fmt: skip
    yield fact("mime.type", STRING, _STRUCTURE, "the content type of the whole", lambda f: f.message.root.content_type)
    yield fact("mime.report_type", STRING, _STRUCTURE, "report-type of a multipart/report",
               lambda f: f.message.root.param("report-type").lower() or None, True)  # fmt: skip
    yield fact("mime.parts", list_of(record("part")), _STRUCTURE, "every MIME part", _parts)
    yield fact("trace", list_of(record("hop")), _TRACE, "the message's own Received fields, top first",
               lambda f: f.message.trace)  # fmt: skip
    yield fact("report", record("report"), _STRUCTURE, "the delivery status", lambda f: f.message.report, True)


def _envelope_facts() -> Iterable[tuple[str, Any, str, Any, bool]]:
    yield "envelope.sender", _ADDRESS, "the envelope sender; absent if null", lambda e: e.sender, True
    yield "envelope.null", BOOLEAN, "the envelope sender is <>", _null_sender, False
    yield "envelope.recipients", _ADDRESSES, "the envelope recipients", lambda e: e.recipients, False
    yield "envelope.client_ip", IP, "the SMTP client's address", lambda e: e.client_ip, True
    yield "envelope.client_name", DOMAIN, "the SMTP client's name", lambda e: e.client_name, True
    yield "envelope.helo", STRING, "what the SMTP client said", lambda e: e.helo, True


def _site_facts() -> Iterable[tuple[str, Any, str, Any]]:
    yield "site.configured", BOOLEAN, "a site is configured", lambda s: s.configured
    yield "site.domains", list_of(DOMAIN), "our domains", lambda s: s.domains
    yield "site.networks", list_of(NETWORK), "our relays' networks", _networks
    yield "site.relay_names", list_of(DOMAIN), "our relays' names", lambda s: _names(s.relays)
    yield "site.receivers", list_of(DOMAIN), "our receivers' names", lambda s: _names(s.receivers)
    yield "site.authserv_ids", list_of(STRING), "our authserv-ids", lambda s: s.authserv_ids
    yield "site.complete", list_of(STRING), "what is complete", lambda s: tuple(sorted(s.complete))
    yield "site.vars", map_of(STRING), "the site's own variables", lambda s: VarMap(s.vars)


def known_of(site: Site, schema: Schema) -> dict[str, Any]:
    """The facts that every message of a site has in common: the site's own, and those of plugins that are off."""
    silent = {name: None for name, spec in schema.facts.items() if spec.fetch is absent}
    return {**silent, **{name: read(site) for name, _, _, read in _site_facts()}}


def _ready() -> Iterable[FactSpec]:
    """The facts that need no message."""
    yield FactSpec("now", TIME, _SITE, "the time", lambda f: f.now, stage="message")
    for name, type_, doc, read, optional in _envelope_facts():
        fetch = lambda f, read=read: read(f.envelope)  # noqa: E731
        yield FactSpec(name, type_, _TRACE, doc, fetch, optional=optional, stage="message", seen=_SEEN.get(name, ()))
    for name, type_, doc, read in _site_facts():
        fetch = lambda f, read=read: read(f.site)  # noqa: E731
        yield FactSpec(name, type_, _SITE, doc, fetch, stage="message")


@hookimpl
def declare() -> Iterable[FactSpec | RecordSpec]:
    """The built-in record types and the message's facts."""
    return (*RECORDS, *_message_facts(), *_ready())
