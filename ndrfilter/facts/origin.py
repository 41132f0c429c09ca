"""Facts of the original: its header, its sender and author, its trace, and what the chain of trust makes of them."""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.facts.authres import results
from ndrfilter.facts.bounce import original, reporting_mta, too_many_recipients
from ndrfilter.facts.client import client
from ndrfilter.facts.content import HeaderMap, date_of, first_address, text_or_none
from ndrfilter.facts.outer import written_by_us
from ndrfilter.facts.reporter import given_by_stranger
from ndrfilter.facts.stray import stray_hops
from ndrfilter.facts.trust import Chain, Report, follow
from ndrfilter.message.addresses import addresses_of
from ndrfilter.plugin import hookimpl
from ndrfilter.schema import BOOLEAN, STRING, TIME, Evidence, FactSpec, enum, list_of, map_of, record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from ndrfilter.facts.world import Facts
    from ndrfilter.message.model import Address
    from ndrfilter.message.original import Original

SOURCES = enum("source", "rfc822", "headers", "inline", "quoted", "attachment")


def chain(facts: Facts) -> Chain:
    """The chain of trust over the original's trace, once a message."""
    return facts.once(_chain)


def _chain(facts: Facts) -> Chain:
    came_back = original(facts)
    if came_back is None or not facts.site.configured:
        return Chain()
    told = facts.message.report
    bringer = facts.once(client)
    stray, cut = facts.once(stray_hops)
    report = Report(
        mta=facts.once(reporting_mta),
        received_from=told.received_from_mta if told else "",
        bringer=bringer.ip if bringer else None,
        own_bounce=_own_bounce(facts),
        stray=stray,
        cut=cut or _more_hops(came_back),
    )
    return follow(came_back.trace, facts.site, report, came_back.headers)


def _more_hops(came_back: Original) -> bool:
    return came_back.headers.count("received") > limits.MAX_HOPS


def _own_bounce(facts: Facts) -> bool:
    envelope = facts.envelope
    told = envelope.client_ip is not None or envelope.client_name is not None
    giver = (envelope.client_name, envelope.client_ip) if told else None
    return written_by_us(facts.message.hops, facts.site, giver)


def _reported_by_stranger(facts: Facts) -> bool:
    came_back, found = original(facts), chain(facts)
    if came_back is None or found.own_bounce:
        return False
    return given_by_stranger(facts, came_back.trace[: found.depth + 1])


def sender(facts: Facts) -> Address | None:
    """The original's envelope sender: its Return-Path if that came back, else whom the bounce was sent to."""
    came_back = original(facts)
    if came_back is None:
        return None
    path = first_address(came_back.headers, "Return-Path")
    if path is not None and path.domain:
        return path
    recipients = facts.envelope.recipients
    if recipients:
        return recipients[0]
    return first_address(facts.message.headers, "To")


def _of_header(read: Any) -> Any:
    def fetch(facts: Facts) -> Any:
        came_back = original(facts)
        return None if came_back is None else read(came_back.headers)

    return fetch


def _defects(facts: Facts) -> tuple[str, ...]:
    came_back = original(facts)
    hops = came_back is not None and _more_hops(came_back)
    stray = facts.once(stray_hops)[1] if came_back and facts.site.configured else False
    many = {"too-many-recipients": too_many_recipients(facts), "too-many-hops": hops, "too-many-stray-hops": stray}
    left_out = (code for code, is_so in many.items() if is_so)
    found = (*(defect.code for defect in facts.message.defects), *left_out)
    return tuple(dict.fromkeys(found))


def _auth(facts: Facts) -> Any:
    came_back = original(facts)
    if came_back is None:
        return ()
    depth = -1 if facts.once(_reported_by_stranger) else chain(facts).depth  # then nobody believable wrote any of them
    return results(came_back.headers, came_back.trace, depth, facts.once(reporting_mta))


_CONTENT, _STRUCTURE, _TRACE = Evidence.CONTENT, Evidence.STRUCTURE, Evidence.TRACE


def _header_facts() -> Iterable[FactSpec]:
    def fact(name: str, type_: Any, evidence: Evidence, doc: str, fetch: Any, optional: bool = True) -> FactSpec:
        return FactSpec(f"original.{name}", type_, evidence, doc, fetch, optional=optional)

    address = record("address")
    yield FactSpec(
        "original", record("original_message"), _STRUCTURE, "the message that came back", original, optional=True
    )
    yield fact("headers", map_of(record("header")), _CONTENT, "its header fields by name", _of_header(HeaderMap))
    yield fact("sender", address, _CONTENT, "its envelope sender", sender)
    yield fact("author", address, _CONTENT, "its From", _of_header(lambda h: first_address(h, "From")))
    yield fact("to", list_of(address), _CONTENT, "its To", _of_header(lambda h: addresses_of(h, "To")))
    yield fact("message_id", STRING, _CONTENT, "its Message-ID", _of_header(lambda h: text_or_none(h, "Message-ID")))
    yield fact("subject", STRING, _CONTENT, "its Subject", _of_header(lambda h: text_or_none(h, "Subject")))
    yield fact("date", TIME, _CONTENT, "its Date", _of_header(date_of))
    yield FactSpec(
        "defects", list_of(STRING), _STRUCTURE, "what is wrong with the message's bytes, or more than we read", _defects
    )
    yield fact("full", BOOLEAN, _STRUCTURE, "a body came back too", lambda f: getattr(original(f), "full", None))
    yield fact("source", SOURCES, _STRUCTURE, "where it stood", lambda f: getattr(original(f), "source", None))


def _trace_facts() -> Iterable[FactSpec]:
    def fact(name: str, type_: Any, doc: str, fetch: Any, optional: bool = True, absence: str = "") -> FactSpec:
        return FactSpec(f"original.{name}", type_, _TRACE, doc, fetch, optional=optional, needs_complete=absence)

    hop = record("hop")
    yield fact("trace", list_of(hop), "its Received fields, top first; empty if none came back",
               lambda f: getattr(original(f), "trace", ()), optional=False)  # fmt: skip
    yield fact("handover", hop, "the believed hop at which one of ours gave it away", lambda f: chain(f).handover)
    yield fact("stranger", hop, "the first client, from the top, neither ours nor the reporting side's",
               lambda f: chain(f).stranger, absence="relays")  # fmt: skip
    yield fact("ours_claimed", BOOLEAN, "one of ours is named where it cannot be believed",
               lambda f: chain(f).claimed, optional=False)  # fmt: skip
    yield fact("ours_claimed_by_helo", BOOLEAN, "one of ours is named as a client's own word",
               lambda f: chain(f).claimed_by_helo, optional=False)  # fmt: skip
    yield fact("fabricated", BOOLEAN, "its top hop says it is by us, and our own trace does not bear that out",
               lambda f: chain(f).fabricated, optional=False)  # fmt: skip
    yield fact("own_bounce", BOOLEAN, "our own MTA wrote the bounce, as our outer trace shows",
               lambda f: original(f) is not None and chain(f).own_bounce, optional=False)  # fmt: skip
    yield fact("reported_by_stranger", BOOLEAN, "the host that gave us the bounce is none of those it names as writers",
               lambda f: f.once(_reported_by_stranger), optional=False)  # fmt: skip
    yield fact("account", STRING, "the account that a shared relay wrote into it", lambda f: chain(f).account)
    yield fact(
        "auth", list_of(record("authres")), "Authentication-Results and Received-SPF in it", _auth, optional=False
    )


@hookimpl
def declare() -> Iterable[FactSpec]:
    """The facts of the original."""
    return (*_header_facts(), *_trace_facts())
