"""What happened, how sure that is, and what would make it surer: `answer_of`. Pure; every threshold has its reason."""

from __future__ import annotations

from datetime import datetime

from ndrfilter import limits
from ndrfilter.sweep.answer.gather import MISSPELT, Gathered, letter
from ndrfilter.sweep.answer.nouns import (
    BACKSCATTER,
    FAKE,
    GENUINE,
    HACKED,
    LIKELY,
    MISTAKE,
    NOTHING,
    ORDINARY,
    PHISHED,
    REPUTATION,
    RETURNED,
    SPOOFED,
    SURE,
    UNCLEAR,
    UNDETERMINED,
    UNSURE,
    Answer,
    Counted,
    Finding,
)
from ndrfilter.sweep.answer.spelling import Speller
from ndrfilter.sweep.answer.timeline import timeline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo

    from ndrfilter.sweep.answer.nouns import Book, Letter, Scope
    from ndrfilter.sweep.nouns import Row

_INTRUDED = 3  # strangers written to: one or two may be a form or a program that sends in the person's name
_SURELY_INTRUDED = 10  # strangers, all clients saving into Sent: no form and no typing error looks so
_UNCOVERED_INTRUDED = 20  # strangers without a Sent folder that could tell: more than most people write to in a while
_SPOOFED = 3  # messages: one or two may be a friend's server with a wrong clock or a wrong idea of whom to tell
_FLOOD = 20  # unclear ones at once, to people never written to: a forged address is the usual cause
_MOSTLY = 0.8
_REFUSED_BY_MANY = 2  # domains that refuse: then it is not one receiver's whim
_EPOCH = datetime(1970, 1, 1)


def answer_of(rows: Iterable[Row], scope: Scope, book: Book | None, zone: tzinfo | None = None) -> Answer:
    """What a person is told of these rows, read once, in bounded memory. Times are told in `zone`, None for local."""
    gathered = Gathered(scope, book, zone)
    for row in rows:
        gathered.add(row)
    now = gathered.wall(scope.now) or _EPOCH
    findings = tuple(_findings(gathered))
    looked_at = max(scope.looked_at, sum(gathered.counts.values()))
    by_day = gathered.buckets.by_day(BACKSCATTER)
    return Answer(
        scope=scope,
        now=now,
        looked_at=looked_at,
        counts={**gathered.counts, ORDINARY: looked_at - sum(gathered.counts.values())},
        findings=findings,
        read=_letters(gathered),
        timeline=timeline(gathered.buckets, _main_verdict(findings, gathered), now),
        hints=tuple(_hints(gathered, findings)),
        doubts=tuple(Counted(what, number) for what, number in gathered.doubts.most_common()),
        unclear=tuple(letter(gathered, row, total, {}) for row, total in gathered.kept[UNDETERMINED].rows()),
        days=tuple(sorted(sorted(by_day.items(), key=lambda day: day[1], reverse=True)[: limits.ANSWER_DAYS])),
        hosts=tuple(Counted(what, number) for what, number in gathered.hosts.most_common(limits.ANSWER_HOSTS) if what),
        fakes=tuple(row.title for row, _ in gathered.kept[FAKE].rows()),
    )


def _findings(gathered: Gathered) -> Iterator[Finding]:
    """What happened, worst first; there is always something."""
    found = [*filter(None, (find(gathered) for find in (_hacked, _reputation, _spoofed, _fake, _mistake, _returned)))]
    if not found:
        unclear = gathered.counts[UNDETERMINED]
        found = [Finding(UNCLEAR, UNSURE, unclear) if unclear else Finding(NOTHING, SURE, gathered.scope.looked_at)]
    return iter(sorted(found, key=lambda finding: finding.certainty == UNSURE and finding.name != HACKED))


def _hacked(gathered: Gathered) -> Finding | None:
    """Somebody else sends through the person's account: Sent does not have it, and nobody there was ever written to."""
    intrusion, sent = gathered.covered_intrusion, gathered.scope.sent
    if len(intrusion.people) < _INTRUDED:
        all_of_it = gathered.intrusion
        many = len(all_of_it.people) >= _UNCOVERED_INTRUDED
        return Finding(HACKED, UNSURE, all_of_it.number, len(all_of_it.people)) if many else None
    known = sent is not None and sent.complete and gathered.book is not None
    surely = known and len(intrusion.people) >= _SURELY_INTRUDED
    return Finding(HACKED, SURE if surely else LIKELY, intrusion.number, len(intrusion.people))


def _reputation(gathered: Gathered) -> Finding | None:
    number, places = gathered.reasons["standing"], len(gathered.refusers)
    if not number:
        return None
    return Finding(REPUTATION, LIKELY if places >= _REFUSED_BY_MANY else UNSURE, number, places)


def _spoofed(gathered: Gathered) -> Finding | None:
    forged, unclear = gathered.counts[BACKSCATTER], gathered.counts[UNDETERMINED]
    if forged:
        return Finding(SPOOFED, SURE if forged >= max(_SPOOFED, unclear) else LIKELY, forged)
    if gathered.book is not None and unclear >= _FLOOD and gathered.strangers >= _MOSTLY * unclear:
        return Finding(SPOOFED, UNSURE, unclear)
    return None


def _fake(gathered: Gathered) -> Finding | None:
    return Finding(PHISHED, SURE, gathered.counts[FAKE]) if gathered.counts[FAKE] else None


def _mistake(gathered: Gathered) -> Finding | None:
    number = gathered.reasons["address"]
    return Finding(MISTAKE, SURE, number) if number else None


def _returned(gathered: Gathered) -> Finding | None:
    number = gathered.reasons["other"]
    return Finding(RETURNED, SURE, number) if number else None


def _letters(gathered: Gathered) -> tuple[Letter, ...]:
    """The genuine ones to show, with likely spellings."""
    rows = gathered.kept[GENUINE].rows()
    wrong = {
        one.address
        for row, _ in rows
        for one in row.failed
        if row.kind == "failure" and one.reason in MISSPELT and not gathered.not_by_owner(row)
    }
    speller = Speller(gathered.book, gathered.refused) if wrong else None
    meant = {address: speller.meant(address) for address in wrong} if speller else {}
    return tuple(letter(gathered, row, total, meant) for row, total in rows)


def _main_verdict(findings: tuple[Finding, ...], gathered: Gathered) -> str:
    """The verdict whose coming and going is told: that of the worst thing which comes in waves, else the commonest."""
    for finding in findings:
        if finding.name == HACKED:
            return gathered.intrusion.verdicts.most_common(1)[0][0]
        if finding.name == SPOOFED:
            return UNDETERMINED if finding.certainty == UNSURE else BACKSCATTER
    return max(gathered.counts, key=lambda verdict: gathered.counts[verdict])


def _hints(gathered: Gathered, findings: tuple[Finding, ...]) -> Iterator[str]:
    """What would make it surer, one of HINTS each; nothing where there is no doubt."""
    sent = gathered.scope.sent
    if not gathered.counts[UNDETERMINED] and all(finding.certainty == SURE for finding in findings):
        return
    if sent is None or not sent.messages:
        yield "no_sent"
    elif gathered.doubts["before_sent"]:
        yield "sent_starts_late"
    if sent is not None and sent.messages and not sent.complete:
        yield "sent_incomplete"
    if sent is not None and not sent.witnesses:
        yield "relays_unknown"
    if gathered.doubts["nothing_back"]:
        yield "nothing_back"
