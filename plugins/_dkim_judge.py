"""Which signature of ours stands on an original, what of it is covered, and what that is worth for this bounce."""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.errors import TemporaryError
from ndrfilter.noun import Noun
from ndrfilter.plugin import Unknown

from ._dkim_keys import keys_in
from ._dkim_signature import below, names_all, read, signed_fields
from ._dkim_verify import covers_body, verified

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ndrfilter.message.model import Address
    from ndrfilter.message.original import Original
    from ndrfilter.ports import Ports
    from ndrfilter.site import Site

    from ._dkim_keys import Key
    from ._dkim_signature import Pairs, Signature

    Fields = list[tuple[bytes, bytes]]

_WANTED = "From, Date and Message-ID"


class Settings(Noun):
    """The plugin's section. `signers` sign for all our domains; `senders` get the bounces of all our mail."""

    archive: Mapping[str, tuple[str, ...]]
    max_age: float
    uses: int
    signers: tuple[str, ...]
    senders: tuple[Address, ...]


class Found(Noun):
    """A signature of ours that verified; `sent` in seconds since the epoch."""

    covers: str
    domain: str
    selector: str
    standing: str
    sent: float


async def judged(facts: Any, ports: Ports) -> Found | Unknown | None:
    """The signature of ours that verifies; None where none does, Unknown where a key could not be had."""
    original, author = facts.fact("original"), facts.fact("original.author")
    for value in (original, author):
        if value is None or isinstance(value, Unknown):
            return value
    troubles: list[str] = []
    tested: Found | None = None
    for signature in ours(original.headers.pairs, author.domain, facts.site, facts.settings("dkim")):
        found = await _judge(facts, ports, original, signature, troubles)
        if found is not None and found.standing != "testing":
            return found
        tested = tested or found
    return tested or (Unknown(troubles[0]) if troubles else None)


def ours(pairs: Pairs, author: str, site: Site, given: Settings) -> list[Signature]:
    """The signatures that may speak for the author's domain, the lowest first: whoever passes mail on signs above.

    A domain of ours speaks for itself and what is above or below it, as in DMARC: a site may host domains whose
    owners publish keys as they like.
    """
    found: list[Signature] = []
    if not site.owns(author):
        return found
    for name, raw in reversed(pairs):
        signature = read(name, raw) if name.lower() == b"dkim-signature" else None
        if signature is not None:
            domain = signature.domain
            aligned = site.owns(domain) and (below(author, domain) or below(domain, author))
            if aligned or domain in given.signers:
                found.append(signature)
    return found[: limits.MAX_DKIM_SIGNATURES]


async def _judge(
    facts: Any, ports: Ports, original: Original, signature: Signature, troubles: list[str]
) -> Found | None:
    pairs = original.headers.pairs
    fields, sent = signed_fields(pairs, signature), _sent(facts, signature)
    if fields is None or _expired(signature, sent):
        return None
    result = await _verified(facts, ports, fields, signature, troubles)
    if result is None:
        return None
    covers = _covers(original, signature, names_all(pairs, signature))
    if not covers or sent is None:
        what = "the body that came back" if sent else "a time"
        troubles.append(f"the signature of {signature.domain} is valid, but covers neither {what} nor all of {_WANTED}")
        return None
    standing = _standing(facts, ports, signature, sent, *result)
    return Found(covers, signature.domain, signature.selector, standing, sent)


def _sent(facts: Any, signature: Signature) -> float | None:
    """When it was signed, by the signature's own word, else by a signed Date; None where neither tells."""
    date = facts.fact("original.date") if b"date" in signature.signed else None
    return (None if isinstance(date, Unknown) else date) if signature.time is None else signature.time


def _expired(signature: Signature, sent: float | None) -> bool:
    """Whether x= had passed when it was sent.

    That it has passed since is no matter: a bounce comes late, and whoever took the message on saw it in time.
    """
    return signature.expires is not None and sent is not None and signature.expires <= sent


async def _verified(
    facts: Any, ports: Ports, fields: Fields, signature: Signature, troubles: list[str]
) -> tuple[bytes, Key] | None:
    """The signed digest and its key, from the archive or else from DNS; what stood in the way goes to `troubles`."""
    place = signature.place
    causes: list[str] = []
    for source in ("archive", "dns"):
        texts = facts.settings("dkim").archive.get(place, ())
        if source == "dns":
            try:
                texts = await ports.resolver.query(place, "TXT")
            except TemporaryError as error:
                causes.append(str(error))
                break
        keys, refused = keys_in(texts, place)
        result = verified(fields, signature, keys)
        if result is not None:
            return result
        causes += [one.cause for one in refused]
    troubles += causes
    return None


def _covers(original: Original, signature: Signature, identified: bool) -> str:
    encoding = original.headers.text("Content-Transfer-Encoding").strip().lower().encode("utf-8")
    if original.full and covers_body(original.body, encoding, signature):
        return "whole"
    return "header" if identified else ""


def _standing(facts: Any, ports: Ports, signature: Signature, sent: float, digest: bytes, key: Key) -> str:
    from ndrfilter.plugin.binding import bound

    given = facts.settings("dkim")
    owners = (*given.senders, *_signed_sender(facts, signature))
    word = bound(facts, ports, digest, plugin="dkim", sent=sent, max_age=given.max_age, uses=given.uses, owners=owners)
    return "testing" if key.testing and word == "bound" else word


def _signed_sender(facts: Any, signature: Signature) -> tuple[Address, ...]:
    """Who really sent it (RFC 5322 section 3.6.2), if the signature covers that."""
    from ndrfilter.message.addresses import parse_addresses

    field = facts.fact("original").headers.first("Sender") if b"sender" in signature.signed else None
    return parse_addresses(field.text)[:1] if field else ()
