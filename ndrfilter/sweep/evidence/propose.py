"""Whose mailbox it is and what its Sent folder proves: all the evidence brought together, and told to who is asked."""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.noun import Noun
from ndrfilter.sweep.evidence import returned
from ndrfilter.sweep.evidence.profile import Observed, Profile, config_of, domains_of, usable
from ndrfilter.sweep.evidence.remarks import remarks_on
from ndrfilter.sweep.evidence.sent import Reader, Sent, sent_folders, told
from ndrfilter.sweep.evidence.shared import everybodys, of_provider
from ndrfilter.sweep.evidence.survey import Person, Survey
from ndrfilter.sweep.evidence.witnesses import NAMELESS, Witness, Witnesses, weigh
from ndrfilter.sweep.mailbox import PlaceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Protocol

    from ndrfilter.adapters.store import SqliteStore
    from ndrfilter.config.published import Published
    from ndrfilter.ports import Resolver
    from ndrfilter.sentlog import Known
    from ndrfilter.sweep.evidence.trail import Sightings
    from ndrfilter.sweep.mailbox import Mailbox

    class Book(Protocol):
        """With whom the person writes."""

        def sent(self, addresses: Iterable[str]) -> None:
            """He wrote to each of these, once more."""

        def wrote_to(self, address: str) -> int:
            """How many messages he sent there."""

    class Ledger(Protocol):
        """What is remembered of the mailbox."""

        @property
        def book(self) -> Book:
            """With whom the person writes."""

    class Progress(Protocol):
        """Who is told how far it is."""

        def folder(self, name: str) -> None:
            """That folder is being read now."""

        def start(self, total: int) -> None:
            """So many messages are to be read."""

        def advance(self, number: int) -> None:
            """So many more were."""


_IN_COPIES, _IN_BOUNCES = "in {} messages to yourself", "in {} bounces of mail in your Sent folder"


class Proposal(Noun):
    """What was found out. `profile` is neither confirmed nor, unless Sent demonstrably has everything, complete.

    `sent_messages` is how many messages of the person's are recorded, sent between `since` and `until` (seconds since
    the epoch, None for none). `remarks` say in plain English what is weak, or was left out, and why.
    """

    profile: Profile
    sent_messages: int
    since: float | None
    until: float | None
    witnesses: Witnesses
    remarks: tuple[str, ...]


def propose(
    me: Sequence[str],
    mailbox: Mailbox,
    ledger: Ledger,
    resolver: Resolver | None,
    store: SqliteStore,
    now: float,
    progress: Progress,
    *,
    sent: Sequence[str] = (),
) -> Proposal:
    """Read the Sent folders into the log, look at the newest mail, ask DNS, and say whose mailbox this seems to be.

    `me` are the addresses that the person named, `sent` the folders; without `resolver` nobody asks DNS. What was read
    once is not fetched again. Raises PlaceError for an address that is none and a folder that is not there,
    TemporaryError for what may work later.
    """
    me = _checked(me)
    folders = sent_folders(mailbox, sent)
    refresh(Profile(me, sent=folders), mailbox, ledger, store, now, progress)
    record = told(store)
    addresses = _addresses(me, record)
    published, troubles = _published(domains_of(addresses), resolver)
    look = _Look(Profile(addresses, sent=folders), mailbox, ledger, store, published)
    relays, receivers, witnesses = look.all(record, progress)
    weighed = weigh(witnesses, record.until or 0.0, now)
    profile = Profile(addresses, relays, receivers, folders, complete=weighed.demonstrated)
    remarks = remarks_on(profile, record, weighed, now, troubles)
    return Proposal(profile, record.messages, record.since, record.until, weighed, remarks)


def refresh(
    profile: Profile, mailbox: Mailbox, ledger: Ledger, store: SqliteStore, now: float, progress: Progress
) -> None:
    """Record what is new in the Sent folders, and nothing else. Raises PlaceError, TemporaryError."""
    reader = Reader(store, ledger.book, now, profile.addresses, _alone(profile.addresses))
    for name in profile.sent:
        reader.read(mailbox, name, progress)


def cover(profile: Profile, proposal: Proposal, store: SqliteStore) -> None:
    """Tell the log in which stretch nothing can be missing: what was demonstrated, and only if the person said so too.

    What was told before and is not true any more is taken back. Raises TemporaryError.
    """
    from ndrfilter.sentlog import coverage, covered
    from ndrfilter.sentlog.log import covered_since

    since, until = proposal.witnesses.since, proposal.witnesses.until
    if profile.sure and since is not None and until is not None:
        covered(store, since, until)
        covered_since(store, since)
    elif coverage(store) is not None:
        covered_since(store, float(2**40))


def _checked(me: Sequence[str]) -> tuple[str, ...]:
    from ndrfilter.terminal import escape

    for address in me:
        if not usable(address.strip()):
            raise PlaceError(f'"{escape(address)}" is no mail address; write --me you@example.com')
    if not me:
        raise PlaceError("nobody said whose mailbox this is; write --me you@example.com")
    return tuple(dict.fromkeys(address.strip().lower() for address in me))


def _alone(addresses: Sequence[str]) -> tuple[str, ...]:
    """The domains of these addresses in which not everybody may have one."""
    return tuple(domain for domain in domains_of(addresses) if not everybodys(domain))


def _addresses(me: Sequence[str], record: Sent) -> tuple[str, ...]:
    """The person's addresses: those named, and those that he sent from; often enough, where others have some too."""
    own = _alone(me)
    often = sorted(record.authors.items(), key=lambda one: (-one[1], one[0]))
    used = (
        address
        for address, number in often
        if usable(address) and (address.rpartition("@")[2] in own or number >= limits.SWEEP_ALIAS)
    )
    return tuple(dict.fromkeys((*me, *used)))[: max(len(me), limits.SWEEP_ADDRESSES)]


def _published(
    domains: Sequence[str], resolver: Resolver | None
) -> tuple[dict[str, Published], tuple[tuple[str, str], ...]]:
    """What each domain says of itself in DNS; and of which it could not be asked, and why."""
    import asyncio

    from ndrfilter.config.published import ask

    if resolver is None:
        return {}, ()
    found = {domain: asyncio.run(ask(domain, resolver)) for domain in domains}
    return found, tuple((domain, one.troubles[0]) for domain, one in found.items() if one.troubles)


class _Look:
    """What the mailbox and DNS tell of servers, and who witnesses to what was sent."""

    def __init__(
        self, start: Profile, mailbox: Mailbox, ledger: Ledger, store: SqliteStore, published: dict[str, Published]
    ) -> None:
        from ndrfilter.sentlog.names import mailbox_of

        self.start = start
        self.mailbox = mailbox
        self.book = ledger.book
        self.store = store
        self.published = published
        self.person = Person(frozenset(map(mailbox_of, start.addresses)), _alone(start.addresses))

    def ask(self, message_id: str) -> Known | None:
        from ndrfilter.sentlog import known

        return known(self.store, message_id, self.start.addresses, self.start.addresses)

    def all(self, record: Sent, progress: Progress) -> tuple[tuple[Observed, ...], tuple[Observed, ...], list[Witness]]:
        from pathlib import Path

        survey = Survey(self.person)
        survey.look(self.mailbox, progress)
        receivers = _once((*self._receivers(), *survey.house.receivers()))[: limits.SWEEP_RECEIVERS]
        copies = survey.sightings(self.ask).relays(_IN_COPIES)
        relays = _once((*self._relays(), *copies))
        sightings, witnesses = self._bounces(survey, self.start._replace(relays=relays, receivers=receivers))
        relays = _once((*relays, *sightings.relays(_IN_BOUNCES)))[: limits.SWEEP_RELAYS]
        site = config_of(self.start._replace(relays=relays), Path()).sites[0]
        witnesses += survey.witnesses(self.ask, self.book.wrote_to, site, record.makers)
        if record.nameless is not None:
            witnesses.append(Witness(record.nameless, NAMELESS, False))
        return relays, receivers, witnesses

    def _bounces(self, survey: Survey, profile: Profile) -> tuple[Sightings, list[Witness]]:
        from pathlib import Path

        from ndrfilter.api import Filter

        judge = Filter.from_config(config_of(profile, Path())._replace(settings={}, state=None))
        read = returned.read(self.mailbox, survey.bounces, judge, profile.addresses[0])
        return returned.evidence(read, self.person, profile.addresses, self.store)

    def _relays(self) -> Iterator[Observed]:
        for domain, found in self.published.items():
            for one in found.relays:
                yield Observed(one.value, one.source, one.shared or everybodys(domain) or of_provider(one.value))

    def _receivers(self) -> Iterator[Observed]:
        for found in self.published.values():
            yield from (Observed(one.value, one.source) for one in found.receivers)


def _once(hosts: Iterable[Observed]) -> tuple[Observed, ...]:
    """Each value once; what is found to be ours alone in one place is so."""
    found: dict[str, Observed] = {}
    for one in hosts:
        known = found.setdefault(one.value, one)
        if known.shared and not one.shared:
            found[one.value] = one
    return tuple(found.values())
