"""The token in what came back: where it is looked for, for whom it was made, and where it ought to have been."""

from __future__ import annotations

import re

from ndrfilter import limits
from ndrfilter.message.addresses import addresses_of, parse_address
from ndrfilter.message.dates import parse_date
from ndrfilter.message.model import Address
from ndrfilter.message.references import labelled_ids
from ndrfilter.message.tags import srs_of, strip_tag
from ndrfilter.noun import Noun
from ndrfilter.plugin import Unknown

from ._token_form import DAY, Token, canonical, message_id_of, tokens_in, unwoven

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from ndrfilter.message.fields import Headers

NAME = "token"
STATES = ("valid", "expired", "mismatch", "unknown-key")
_IDS = re.compile(r"<[^<>]{1,998}>")
_MAX_AUTHORS, _MAX_ADDRESSES = 10, 200
_DELIVERED = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "Resent-From")


class Finding(Noun):
    """A token that came back: where it stood, one word on it, and the author it was made for, if it verified."""

    place: str  # header, message-id, reference, text
    state: str
    token: Token
    author: Address | None = None


def finding(facts: Any) -> Finding | None:
    """The token that came back, the one that says most if there are several; None where there is none."""
    return facts.once(_find)  # type: ignore[no-any-return]


def _find(facts: Any) -> Finding | None:
    read = (_read(facts, *one) for one, _ in zip(_tokens(facts), range(limits.MAX_TOKENS), strict=False))
    return min((one for one in read if one), key=lambda one: STATES.index(one.state), default=None)


def _headers(facts: Any) -> Headers | None:
    """The original's header, where its Message-ID came back."""
    original = facts.fact("original")
    known = original is not None and not isinstance(original, Unknown) and message_id_of(original.headers)
    return original.headers if known else None


def _tokens(facts: Any) -> Iterator[tuple[str, Token, str]]:
    """Where there is a token, the token, and the Message-ID that it should cover. With a Message-ID of the original at
    hand nothing else counts: what the bounce refers to may be what the original referred to."""
    headers = _headers(facts)
    if headers is None:
        for place, text in _references(facts):
            core, inside = unwoven(canonical(text))
            if inside:
                yield place, inside, core
        return
    core, inside = unwoven(message_id_of(headers))
    for field in headers.all(facts.settings(NAME).header):
        yield from (("header", token, core) for token in tokens_in(field.text))
    if inside:
        yield "message-id", inside, core


def _references(facts: Any) -> Iterator[tuple[str, str]]:
    """The Message-IDs that the bounce itself names: as the one that it answers, or in its text, in words."""
    message = facts.message
    for group in filter(None, (message.disposition, message.report and message.report.fields)):
        yield "reference", group.get("original-message-id")
    headers = message.headers
    answered = _IDS.findall(headers.text("In-Reply-To")) or _IDS.findall(headers.text("References"))[-1:]
    yield from (("reference", text) for text in answered[: limits.MAX_TOKENS])
    yield from (("text", named) for named in labelled_ids(message.text))


def _read(facts: Any, place: str, token: Token, core: str) -> Finding | None:
    settings, headers = facts.settings(NAME), _headers(facts)
    secret = settings.secrets.get(token.key)
    if secret is None:
        return Finding(place, "unknown-key", token)
    author = next((one for one in _authors(facts, headers) if token.verifies(secret, one, core)), None)
    date = parse_date(headers.text("Date")) if headers else None
    if author is None or (date is not None and int(date) != token.date):
        return Finding(place, "mismatch", token) if headers and _is_ours(facts, facts.fact("original.author")) else None
    expired = facts.now > (token.day + 1) * DAY + settings.expires
    return Finding(place, "expired" if expired else "valid", token, author)


def _authors(facts: Any, headers: Headers | None) -> Iterable[Address]:
    """Whose mail it may have been: its author's, else of one of those that the bounce is for."""
    if headers and (found := addresses_of(headers, "From")):
        return found[:1]
    told = facts.envelope.recipients or addresses_of(facts.message.headers, "To")
    plain = [one._replace(local=strip_tag(one.local)) for one in told[:_MAX_AUTHORS]]
    return (*plain, *(one._replace(local=one.local.partition("+")[0]) for one in plain if "+" in one.local))


def missing(facts: Any) -> bool | Unknown:
    """Whether mail that we would have marked came back without a token that verifies, its header whole.

    A token under another key may be ours: of a key that was taken out too early, or that only another host has as yet.
    """
    headers, original = _headers(facts), facts.fact("original")
    if headers is None or original.source not in ("rfc822", "headers"):
        return False
    whole = all(name in headers for name in ("Received", "From", "Date"))
    found = finding(facts)
    if not whole or not _marked(facts, headers) or (found and found.state in ("valid", "expired")):
        return False
    if found and found.state == "unknown-key":
        return Unknown(f"there is a token of the key {found.token.key}, which is none of ours here")
    return True


def _marked(facts: Any, headers: Headers) -> bool:
    """Whether mail of this author and sender is ours to mark, and not what one of us has redirected in his own name."""
    if "Return-Path" in headers and not addresses_of(headers, "Return-Path"):
        return False
    author, sender = facts.fact("original.author"), facts.fact("original.sender")
    if _is_ours(facts, author):
        return True
    rewritten = sender is not None and srs_of(sender.local) is not None
    return _is_ours(facts, sender) and not rewritten and not _came_to_us(facts, headers)


def _came_to_us(facts: Any, headers: Headers) -> bool:
    """Whether the header says that the message had come to an address of ours before it left."""
    told = [*addresses_of(headers, *_DELIVERED)]
    trace = facts.fact("original.trace")
    told += [one for hop in trace if hop.for_ and (one := parse_address(hop.for_))]
    return any(_is_ours(facts, address) for address in told[:_MAX_ADDRESSES])


def _is_ours(facts: Any, address: Address | None) -> bool:
    return address is not None and facts.site.owns(address.domain)
