"""BATV: a private signature in the envelope sender of what we send (prvs, draft-levine-smtp-batv), known again when the
bounce comes to it.

A tag is `KDDDSSSSSS`: the key's number, the day of expiry since the epoch modulo 1000, and 24 bits of HMAC-SHA1 over
these four digits and the untagged address, as Exim's `${prvs}` and the BATV milters make them.
"""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.message.addresses import addresses_of, parse_address
from ndrfilter.message.model import Address
from ndrfilter.message.tags import prvs_of
from ndrfilter.noun import Noun
from ndrfilter.plugin import Evidence, FactSpec, Setting, SettingError, Stamp, Unknown, hookimpl
from ndrfilter.plugin.binding import bound
from ndrfilter.schema import BOOLEAN, enum

from ._batv_tags import RESULTS, Settings, can_bear, check, listed, tagged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from ndrfilter.plugin import Outgoing
    from ndrfilter.ports import Ports

NAME = "batv"
_DAY = 86_400
_REPORTS = ("failure", "delay", "success", "relayed", "expanded")
_RECIPIENT_FIELDS = ("X-Original-To", "Delivered-To", "Envelope-To", "X-Envelope-To", "To")


class Bearer(Noun):
    """A valid tag, whose it is, and whether the bounce came to it (else the original's Return-Path has it)."""

    tag: str
    owner: Address
    in_envelope: bool


@hookimpl
def settings() -> Iterable[Setting]:
    """What the section may say."""
    yield Setting("keys", "keys", "the secrets by their number, k0 to k9; the first signs, all verify", required=True)
    yield Setting("days", "number", "how many days a tag is good", 7.0)
    yield Setting(
        "uses", "number", "how many bounces to one tag are believed; one sender's mail of a day shares it", 200.0
    )
    yield Setting("since", "text", "the day, as 2026-11-22, since when all our mail leaves with a tag", "")
    yield Setting("subaddress", "text", "+ or -: write local+prvs=TAG@domain instead of prvs=TAG=local@domain", "")
    yield Setting("exempt_senders", "texts", "our addresses (* allowed) or domains that must stay as they are", ())
    yield Setting("exempt_recipients", "texts", "addresses (* allowed) or domains that want an unchanged sender", ())


@hookimpl
def configure(values: Mapping[str, Any]) -> Settings:
    """The section, checked."""
    keys = tuple(key._replace(id=key.id.lower().removeprefix("k")) for key in values["keys"])
    for key in keys:
        if len(key.id) != 1 or key.id not in "0123456789":
            raise SettingError("keys", f'"{key.id}" is no number of a key', "a tag has room for one digit: k0 to k9")
    if len({key.id for key in keys}) < len(keys):
        raise SettingError("keys", "a number stands twice", "give each key a digit of its own")
    if not 1 <= values["days"] <= limits.MAX_BATV_DAYS:
        raise SettingError("days", "out of range", f"1 to {limits.MAX_BATV_DAYS}; Exim's own tags are good for 7")
    if values["uses"] < 1:
        raise SettingError("uses", "too small", "leave it out, or make it larger")
    if values["subaddress"] not in ("", "+", "-"):
        raise SettingError("subaddress", f"{values['subaddress']!r} is no delimiter", "+ or -, or leave it out")
    return Settings(
        keys, int(values["days"]), int(values["uses"]), _day(values["since"]), values["subaddress"],
        tuple(map(str.lower, values["exempt_senders"])), tuple(map(str.lower, values["exempt_recipients"])),
    )  # fmt: skip


def _day(text: str) -> float | None:
    if not text:
        return None
    from datetime import UTC, datetime

    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise SettingError("since", f"{text!r} is no day", "write it as 2026-11-22") from None


@hookimpl
def stamp(outgoing: Outgoing, settings: Settings) -> Stamp | None:
    """The tagged envelope sender, for mail of our domains that nobody exempted."""
    sender = parse_address(outgoing.sender or "")
    if sender is None or not outgoing.site.owns(sender.domain) or not can_bear(sender):
        return None
    recipients = [parse_address(recipient) for recipient in outgoing.recipients]
    if listed(sender, settings.exempt_senders) or any(listed(to, settings.exempt_recipients) for to in recipients):
        return None
    return Stamp(sender=tagged(sender, settings, outgoing.now))


def _results(facts: Any) -> tuple[tuple[str, Address, str], ...]:
    """For each recipient of the bounce: the word, whose address it is, the tag."""
    return tuple(_judged(recipient, facts) for recipient in facts.envelope.recipients)


def _judged(address: Address, facts: Any) -> tuple[str, Address, str]:
    prvs = prvs_of(address.local)
    if prvs is None:
        return "untagged", address, ""
    owner = Address(f"{prvs.local}@{address.domain}", prvs.local, address.domain)
    return check(prvs, address.domain, facts.settings(NAME), facts.now), owner, prvs.tag


def result(facts: Any) -> str | None:
    """The best of RESULTS among the bounce's recipients of our domains, None if there is none."""
    words = [word for word, owner, _ in facts.once(_results) if facts.site.owns(owner.domain)]
    return min(words, key=RESULTS.index) if words else None


def bearer(facts: Any) -> Bearer | None:
    """The valid tag that speaks for the bounce; of several recipients each must have one.

    A server that took the tag off may have left it in the original's Return-Path, of the same address.
    """
    came, recipients = facts.once(_results), facts.envelope.recipients
    if came and all(word == "valid" for word, _, _ in came):
        return Bearer(came[0][2], came[0][1], in_envelope=True)
    for word, owner, tag in _in_return_path(facts):
        if word == "valid" and [(to.local.lower(), to.domain) for to in recipients] == [
            (owner.local.lower(), owner.domain)
        ]:
            return Bearer(tag, owner, in_envelope=False)
    return None


def _in_return_path(facts: Any) -> Iterator[tuple[str, Address, str]]:
    headers = getattr(facts.fact("original"), "headers", None)
    for address in addresses_of(headers, "Return-Path")[:1] if headers else ():
        yield _judged(address, facts)


async def _binding(facts: Any, ports: Ports) -> str:
    found = facts.once(bearer)
    if found is None:
        return ""
    settings: Settings = facts.settings(NAME)
    block = f"{found.tag} {found.owner.local}@{found.owner.domain}".lower().encode("utf-8", "surrogatepass")
    return bound(
        facts, ports, block, plugin=NAME, sent=facts.now, max_age=(settings.days + 1) * _DAY, uses=settings.uses,
        owners=facts.envelope.recipients if found.in_envelope else (found.owner,),
    )  # fmt: skip


async def _proof(facts: Any, ports: Ports) -> bool:
    found = facts.once(bearer)
    return found is not None and found.in_envelope and await facts.aonce(_binding, ports) == "bound"


async def _trace(facts: Any, ports: Ports) -> bool:
    found = facts.once(bearer)
    if found is None:
        return False
    word = await facts.aonce(_binding, ports)
    return word == "uncounted" or (word == "bound" and not found.in_envelope)


def missing(facts: Any) -> bool | None:
    """Whether a bounce came to a plain address although all our mail leaves tagged, and nothing explains why."""
    settings: Settings = facts.settings(NAME)
    if settings.since is None:
        return None
    if result(facts) != "untagged" or facts.fact("envelope.null") is not True or facts.fact("kind") not in _REPORTS:
        return False
    return not (_homemade(facts) or _exempt(facts, settings) or _too_old(facts, settings) or _tagged_elsewhere(facts))


def unsent(facts: Any) -> bool | None:
    """Whether, before there is a message to read, the envelope alone says that no mail of ours can have had a recipient
    as its sender: one without a tag, or with one that is not ours, though all our mail leaves tagged.

    What only the message could tell is held for possible: where some mail leaves plain for its recipients' sake,
    nothing is said, and as long as something older than the tags may still come back.
    """
    settings: Settings = facts.settings(NAME)
    if settings.since is None:
        return None
    if facts.fact("size") or facts.fact("envelope.null") is not True or facts.fact("bounce.client_ip") is None:
        return False
    judged = [(word, owner) for word, owner, _ in facts.once(_results) if facts.site.owns(owner.domain)]
    if not judged or any(word not in ("untagged", "forged") for word, _ in judged) or settings.exempt_recipients:
        return False
    plain = any(not can_bear(owner) or listed(owner, settings.exempt_senders) for _, owner in judged)
    return not plain and facts.now >= settings.since + (limits.BATV_QUEUE_DAYS + 1) * _DAY


def _homemade(facts: Any) -> bool:
    """Whether our own server may have written the bounce, before the tag is put on: nobody outside brought it."""
    from ndrfilter.site import private

    own = facts.fact("original.own_bounce")
    if own is True or isinstance(own, Unknown):
        return True
    envelope = facts.envelope
    peers = [(envelope.client_name, envelope.client_ip), *((hop.rdns, hop.ip) for hop in facts.message.trace)]
    if envelope.client_name is None and envelope.client_ip is None:
        del peers[0]
    name, ip = next((peer for peer in peers if not (peer[1] and private(peer[1]))), (None, None))
    return (name is None and ip is None) or facts.site.relay(name, ip) is not None


def _exempt(facts: Any, settings: Settings) -> bool:
    """Whether sender or recipients are of those whose mail leaves without a tag."""
    senders = facts.envelope.recipients
    if any(not can_bear(sender) or listed(sender, settings.exempt_senders) for sender in senders):
        return True
    written = facts.fact("original.to")
    failed = facts.fact("bounce.recipients")
    to = [*(written or ()), *(parse_address(one.address) for one in failed or ())]
    return any(listed(address, settings.exempt_recipients) for address in to)


def _too_old(facts: Any, settings: Settings) -> bool:
    """Whether the original may be from before the tags, or from that very day; undated, it may be as old as a queue."""
    date, since = facts.fact("original.date"), settings.since or 0.0
    return (date if isinstance(date, (int, float)) else facts.now - limits.BATV_QUEUE_DAYS * _DAY) < since + _DAY


def _tagged_elsewhere(facts: Any) -> bool:
    """Whether a tag of ours stands where a server that took it off may have kept it."""
    written = addresses_of(facts.message.headers, *_RECIPIENT_FIELDS)
    found = [*(_judged(address, facts) for address in written[: limits.MAX_BATV_ADDRESSES]), *_in_return_path(facts)]
    return any(word in ("valid", "expired") for word, _, _ in found)


@hookimpl
def declare() -> Iterable[FactSpec]:
    """The facts of BATV."""
    words = enum("batv", *RESULTS)
    proof = "the bounce came to an address that we tagged, in time and among the first"
    trace = "a tag of ours, but not counted, or in the original's Return-Path only"
    absent = "the bounce came to a plain address, though all our mail leaves tagged"
    yield FactSpec("batv.result", words, Evidence.STRUCTURE, "what the recipient's tag is worth", result, optional=True)
    yield FactSpec("batv.proof", BOOLEAN, Evidence.PROOF, proof, afetch=_proof)
    yield FactSpec("batv.valid", BOOLEAN, Evidence.TRACE, trace, afetch=_trace)
    early = "before there is a message: no mail of ours can have had this sender"
    for name, doc, fetch in (("missing", absent, missing), ("unsent", early, unsent)):
        yield FactSpec(
            f"batv.{name}", BOOLEAN, Evidence.TRACE, doc, fetch, optional=True, needs_complete="signing"
        )  # fmt: skip
