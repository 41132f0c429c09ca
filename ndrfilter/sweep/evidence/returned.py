"""Bounces of what the person surely sent, as evidence: by which relay it left, and whether Sent has what came back.

Who got a message of the person's can write a bounce of it, with any trace. So a relay seen in bounces alone is never
ours alone, and it takes reports of two organisations to see one at all.
"""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.facts.bounce import reporting_mta
from ndrfilter.facts.hosts import organisation
from ndrfilter.noun import Noun
from ndrfilter.sweep.evidence.trail import Host, Sightings
from ndrfilter.sweep.evidence.witnesses import BOUNCE, Witness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from ndrfilter.api import Filter
    from ndrfilter.ports import Store
    from ndrfilter.sweep.evidence.survey import Person
    from ndrfilter.sweep.mailbox import Mailbox


class Returned(Noun):
    """One bounce: its original's id and author, whom it is about, who reports it, and which hosts handed it over.

    `through_us` is whether a relay that is ours alone is believed to have done that. `time` is when the bounce came.
    """

    message_id: str
    author: str
    failed: tuple[str, ...]
    reporter: str
    hosts: tuple[Host, ...]
    through_us: bool
    time: float


def read(mailbox: Mailbox, found: Mapping[str, Sequence[str]], judge: Filter, me: str) -> Iterator[Returned]:
    """Some of the bounces in these folders, evenly spread over them all. Raises PlaceError, TemporaryError."""
    step = -(-sum(map(len, found.values())) // limits.SWEEP_BOUNCES) or 1
    for folder, uids in found.items():
        mailbox.open(folder)
        for _, raw in mailbox.raws(uids[::step], limits.SWEEP_BOUNCE_BYTES):
            one = _returned(raw, judge, me)
            if one is not None:
                yield one


def _returned(raw: bytes, judge: Filter, me: str) -> Returned | None:
    from ndrfilter.envelope import Envelope
    from ndrfilter.schema import Unknown
    from ndrfilter.sentlog.names import canonical_id

    facts = judge.facts(raw, Envelope(sender="", recipients=(me,)))

    def fact(name: str) -> Any:
        value = facts.fact(name)
        return None if isinstance(value, Unknown) else value

    original, author = fact("original"), fact("original.author")
    field = original.headers.first("Message-ID") if original is not None else None
    if field is None or author is None:
        return None
    handover, stranger = fact("original.handover"), fact("original.stranger")
    hop = handover or stranger
    ours = facts.site.relay(handover.rdns, handover.ip) if handover else None
    date = fact("original.date")
    return Returned(
        message_id=canonical_id(field.raw.decode("utf-8", "replace")),
        author=author.text,
        failed=tuple(one.address for one in fact("bounce.recipients") or ()),
        reporter=organisation(facts.once(reporting_mta)),
        hosts=(Host(hop.rdns or "", str(hop.ip) if hop.ip else ""),) if hop else (),
        through_us=ours is not None and not ours.shared,
        time=next((one.time for one in facts.message.hops if one.time is not None), date or 0.0),
    )


def evidence(
    returned: Iterable[Returned], person: Person, addresses: Sequence[str], store: Store
) -> tuple[Sightings, list[Witness]]:
    """The relays and the witnesses in these bounces."""
    from ndrfilter.sentlog import known

    seen: list[Returned] = []
    witnesses: dict[str, Witness] = {}
    for one in returned:
        if not one.message_id:
            continue
        entry = known(store, one.message_id, addresses, one.failed)
        if one.reporter and entry is not None and entry.sender and entry.recipient:
            seen.append(one)
        if one.through_us and person.has(one.author) and (entry is None or entry.sender):
            witnesses[one.message_id] = Witness(entry.time if entry else one.time, BOUNCE, entry is not None)
    return _sightings(seen), list(witnesses.values())


def _sightings(seen: Sequence[Returned]) -> Sightings:
    reporters: dict[str, set[str]] = {}
    for one in seen:
        for value in (value for host in one.hosts for value in host if value):
            reporters.setdefault(value, set()).add(one.reporter)
    found = Sightings(())
    for one in seen:
        hosts = [Host(*(value if len(reporters.get(value, ())) > 1 else "" for value in host)) for host in one.hosts]
        found.add(one.message_id, hosts, one.time, by_us=False)
    return found
