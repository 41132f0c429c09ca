"""What was found out about the mailbox, in plain English: what is proposed, why, and what is weak about it."""

from __future__ import annotations

from ndrfilter import limits
from ndrfilter.sweep.evidence.shared import everybodys
from ndrfilter.sweep.evidence.witnesses import BOUNCE, COPY, NAMELESS, REPLY
from ndrfilter.terminal import clip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ndrfilter.sweep.evidence.profile import Observed, Profile
    from ndrfilter.sweep.evidence.propose import Proposal
    from ndrfilter.sweep.evidence.sent import Sent
    from ndrfilter.sweep.evidence.witnesses import Witness, Witnesses

_SHOWN, _WIDTH = 6, 200
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_MISSING = {
    COPY: "A message of {} that you sent to yourself is not in your Sent folder",
    REPLY: "A message that was answered on {} is not in your Sent folder",
    BOUNCE: "A message that came back on {} is not in your Sent folder, though it left through your own server",
    NAMELESS: "A message of {} in your Sent folder has no Message-ID, so what came back of it cannot be recognised",
}


def remarks_on(
    profile: Profile, record: Sent, found: Witnesses, now: float, troubles: Iterable[tuple[str, str]]
) -> tuple[str, ...]:
    """What is weak, and what was left out."""
    return (*_on_hosts(profile, troubles), *_on_sent(profile, record, now), *_on_witnesses(record, found))


def _on_hosts(profile: Profile, troubles: Iterable[tuple[str, str]]) -> Iterator[str]:
    for domain, trouble in troubles:
        why = clip(trouble, _WIDTH)
        yield f"DNS could not be asked about {clip(domain, _WIDTH)} ({why}); some relays may be missing."
    for domain in filter(everybodys, profile.domains):
        yield f"{domain} has millions of users: its servers prove nothing, only your Sent folder does."


def _on_sent(profile: Profile, record: Sent, now: float) -> Iterator[str]:
    if not profile.sent:
        yield "No Sent folder was found, so the best evidence is missing. If you have one, name it: --sent NAME."
    elif not record.messages:
        yield "Your Sent folder is empty, so it proves nothing."
    if record.delivered:
        yield (
            f"{record.delivered:,} of the messages in your Sent folder were received, not sent; they were left out "
            "of the record."
        )
    if record.until is not None and record.until < now - limits.SWEEP_SENT_FRESH:
        yield f"The newest message in your Sent folder is of {day(record.until)}."


def _on_witnesses(record: Sent, found: Witnesses) -> Iterator[str]:
    if not record.messages:
        return
    if found.missing is not None:
        yield _missing(found.missing, found.demonstrated)
    if not found.demonstrated:
        yield (
            f"That a message is not in your Sent folder proves nothing yet: {found.found:,} messages on "
            f"{found.days:,} days show that you save what you send, and it takes {found.needed:,} on "
            f"{limits.SWEEP_WITNESS_DAYS}."
        )


def _missing(one: Witness, demonstrated: bool) -> str:
    text = _MISSING[one.kind].format(day(one.time))
    if one.kind != NAMELESS:
        text += ": perhaps your phone or another program saves elsewhere, or you delete sent mail"
    return f"{text}. Only what is later than that counts." if demonstrated else f"{text}."


def words(proposal: Proposal) -> tuple[str, ...]:
    """What is proposed and why, a line for each: what the person is asked to confirm. Texts from mail are escaped."""
    profile = proposal.profile
    lines = [f"Your addresses: {', '.join(_some(profile.addresses))}."]
    for title, hosts in (("Your mail leaves through", profile.relays), ("Your mail comes in by", profile.receivers)):
        lines += [f"{title} {line}" for line in _hosts(hosts)]
    if proposal.sent_messages and proposal.since is not None and proposal.until is not None:
        lines.append(
            f"What you sent is in {', '.join(_some(profile.sent))}: {proposal.sent_messages:,} messages, from "
            f"{day(proposal.since)} to {day(proposal.until)}."
        )
    since = proposal.witnesses.since
    if since is not None:
        lines.append(
            f"Since {day(since)} everything that you send seems to be kept there: {proposal.witnesses.found:,} "
            "messages that you must have sent were looked for, and all were found. Say yes only if that is so for all "
            "your devices and programs, and for whoever else sends in your name, such as a newsletter or a website."
        )
    return (*lines, *proposal.remarks)


def _hosts(hosts: Sequence[Observed]) -> Iterator[str]:
    for one in hosts[:_SHOWN]:
        shared = ", which serves others too" if one.shared else ""
        yield f"{clip(one.value, _WIDTH)} ({clip(one.source, _WIDTH)}{shared})."
    if len(hosts) > _SHOWN:
        yield f"{len(hosts) - _SHOWN:,} more, see profile.yml."


def _some(texts: Sequence[str]) -> Iterator[str]:
    yield from (clip(text, _WIDTH) for text in texts[:_SHOWN])
    if len(texts) > _SHOWN:
        yield f"{len(texts) - _SHOWN:,} more"


def day(time: float) -> str:
    """The day in words: 12 March 2026."""
    from time import gmtime

    found = gmtime(time)
    return f"{found.tm_mday} {_MONTHS[found.tm_mon - 1]} {found.tm_year}"
