"""Whose mailbox it is, and the filter for that: proposed by the mailbox and DNS, agreed to once, then remembered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from ndrfilter import knowledge
from ndrfilter.doors.sweep import dialogue
from ndrfilter.noun import Noun
from ndrfilter.sweep import evidence
from ndrfilter.sweep.answer import SentScope
from ndrfilter.sweep.mailbox import PlaceError
from ndrfilter.terminal import complain, escape, say

if TYPE_CHECKING:
    from ndrfilter.adapters.store import SqliteStore
    from ndrfilter.api import Filter
    from ndrfilter.doors.sweep.visit import Visit
    from ndrfilter.sweep.evidence import Profile, Proposal


class Person(Noun):
    """The filter for his mail, what his Sent folders say, and a word that changes when verdicts may.

    `record` changes when more is known of what he sent: then only what was returned may get another verdict.
    `profile` and `store` are None where a configuration stands for them.
    """

    judge: Filter
    fingerprint: str
    sent: SentScope | None = None
    profile: Profile | None = None
    store: SqliteStore | None = None
    record: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """His addresses, as far as anybody told."""
        return self.profile.addresses if self.profile else ()


def known(visit: Visit) -> Person:
    """The person of this mailbox: by a configuration, by what is remembered, or by what is found out and agreed to."""
    from ndrfilter.adapters.clock import SystemClock
    from ndrfilter.adapters.store import SqliteStore
    from ndrfilter.api import Filter
    from ndrfilter.config import from_mapping, load

    knowledge.keep_once(load(visit.args.config) if visit.args.config else from_mapping({}))
    if visit.args.config:
        judge = Filter.from_config(visit.args.config)
        return Person(judge, _word(judge, ""))
    store = SqliteStore(visit.folder, SystemClock())
    before = evidence.load(visit.folder)
    if before is not None and _is_known(visit, before) and before.relays and not before.complete:
        _read_sent(visit, before, store)
        profile, witnesses = before, 0
    else:
        proposal = _proposal(visit, before, store)
        profile, witnesses = _settled(visit, before, proposal), proposal.witnesses.found
        evidence.cover(profile, proposal, store)
    judge = Filter.from_config(evidence.config_of(profile, visit.folder), store=store)
    word = _word(judge, evidence.fingerprint(profile))
    return Person(judge, word, _scope(profile, store, witnesses), profile, store, _record(store))


def _is_known(visit: Visit, before: Profile) -> bool:
    """Whether the person has agreed to that, and the options say nothing else."""
    args = visit.args
    return before.confirmed is not None and not (args.me or args.sent or args.all_sent_is_there is not None)


def refresh(visit: Visit, person: Person) -> None:
    """Read what was sent since: who writes and gets a bounce a minute later must be known as its sender."""
    if person.profile is not None and person.store is not None:
        _read_sent(visit, person.profile, person.store)


def _read_sent(visit: Visit, profile: Profile, store: SqliteStore) -> None:
    evidence.refresh(profile, visit.mailbox, visit.ledger, store, time.time(), visit.progress)


def _proposal(visit: Visit, before: Profile | None, store: SqliteStore) -> Proposal:
    from ndrfilter.adapters.dns import DnsResolver

    args = visit.args
    me = args.me or (list(before.addresses) if before else dialogue.addresses(visit.guess))
    resolver = None if args.no_dns else DnsResolver()
    named = args.sent or (before.sent if before else ())
    return evidence.propose(
        me, visit.mailbox, visit.ledger, resolver, store, time.time(), visit.progress, sent=tuple(named)
    )


def _settled(visit: Visit, before: Profile | None, proposal: Proposal) -> Profile:
    """The profile to judge by: what was agreed to before, unless more is told or known now; else what is agreed to."""
    args = visit.args
    visit.progress.stop()
    if before is not None and _is_known(visit, before) and (before.relays or not proposal.profile.relays):
        return before._replace(complete=before.complete and proposal.profile.complete)
    if dialogue.agreed(evidence.words(proposal), args.yes):
        profile = proposal.profile._replace(complete=_complete(args.all_sent_is_there, proposal), confirmed=time.time())
        evidence.save(visit.folder, profile)
        return profile
    if dialogue.somebody():
        evidence.save(visit.folder, proposal.profile._replace(complete=False))
        raise PlaceError(f'then change {visit.folder / evidence.NAME}, and write a date behind "confirmed:" there')
    complain("nobody could be asked whether this is right; --yes says so, and it is remembered:")
    for line in evidence.words(proposal):
        complain(f"  {escape(line)}")
    return proposal.profile._replace(complete=False)


def _complete(said: bool | None, proposal: Proposal) -> bool:
    """Absence counts only where the mailbox shows that it may, and the person says so too."""
    if not proposal.profile.complete:
        if said:
            say("The mailbox does not show that all you send is in the Sent folder, so absence counts for nothing.")
        return False
    return dialogue.all_is_sent_there() if said is None else said


def _scope(profile: Profile, store: SqliteStore, witnesses: int) -> SentScope | None:
    record = evidence.recorded(store)
    if not profile.sent or record.since is None or record.until is None:
        return None
    return SentScope(record.messages, record.since, record.until, profile.sure, witnesses)


def _record(store: SqliteStore) -> str:
    from ndrfilter.sentlog import coverage

    covers = coverage(store)
    return f"{evidence.recorded(store).messages} {covers.since if covers else 0}"


def _word(judge: Filter, profile: str) -> str:
    return f"{knowledge.word_of(judge.config)} {profile}"
