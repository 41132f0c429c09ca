"""The sent log: do we know the Message-ID that came back, for whom it comes back, and about whom?

Whoever received our mail knows its Message-ID, and so does every reader of a public list. So an id is believed only in
a bounce to the one who sent it, about somebody it was sent to, for a while, and for a first number of bounces.
"""

from __future__ import annotations

import re
from itertools import islice

from ndrfilter import limits
from ndrfilter.message.addresses import addresses_of
from ndrfilter.message.model import Address
from ndrfilter.message.references import labelled_ids
from ndrfilter.message.tags import srs_of
from ndrfilter.noun import Noun
from ndrfilter.plugin import Evidence, FactSpec, Setting, SettingError, Unknown, hookimpl
from ndrfilter.plugin.binding import bound
from ndrfilter.schema import BOOLEAN, TIME, enum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from ndrfilter.message.fields import Headers
    from ndrfilter.ports import Ports
    from ndrfilter.sentlog import Coverage, Known

NAME = "sent_log"
DOUBTS = ("other-recipients", "no-original", "shared", "unaddressed", "uncounted")
_DAY = 86_400.0
_NAMED, _ANSWERED = ("Original-Message-ID", "X-Original-Message-ID"), ("In-Reply-To", "References")
_BESIDE = ("Sender", "Resent-From", "Resent-Sender", "List-Id", "List-Post", "Auto-Submitted")
_LOGGED = re.compile(rf"(?=.{{1,{limits.MAX_LOGGED_ID}}}\Z)[!-;=?A-~]+@[!-;=?A-~]+")


class Settings(Noun):
    """The plugin's section. `retention` in seconds; `mailbox` the only addresses whose mail the log has."""

    retention: float = limits.SENT_RETENTION
    uses: int = 20
    mailbox: frozenset[str] = frozenset()


class Finding(Noun):
    """What the log has of the id that came back.

    `original` is whether the id stood in the original's own header. `word` is the binding's, "" without an entry.
    """

    message_id: str
    original: bool
    entry: Known | None = None
    word: str = ""


@hookimpl
def settings() -> Iterable[Setting]:
    """What the section may say."""
    yield Setting("retention", "duration", "how long the log keeps what was sent", limits.SENT_RETENTION)
    yield Setting("uses", "number", "how many bounces about one message are believed, besides two a recipient", 20.0)
    yield Setting("mailbox", "texts", "the addresses of the one person whose Sent folder the log was read from", ())


@hookimpl
def configure(values: Mapping[str, Any]) -> Settings:
    """The section, checked."""
    from ndrfilter.sentlog.names import mailbox_of

    if not _DAY <= values["retention"] <= 3650 * _DAY:
        raise SettingError("retention", "out of range", "from 1d to 3650d")
    if values["uses"] < 1:
        raise SettingError("uses", "too small", "at least 1")
    return Settings(values["retention"], int(values["uses"]), frozenset(map(mailbox_of, values["mailbox"])))


async def _finding(facts: Any, ports: Ports) -> Finding | None:
    """What the log has of the original's Message-ID, else of the ids that the bounce answers. None without an id.

    With a Message-ID of the original at hand nothing else counts. Raises TemporaryError.
    """
    from ndrfilter.sentlog.names import canonical_id

    original = facts.fact("original")
    headers = None if original is None or isinstance(original, Unknown) else original.headers
    own = canonical_id(_raw(headers, "Message-ID")) if headers else ""
    asked = (own,) if own else _references(facts)
    found = Finding(asked[0], bool(own)) if asked else None
    for message_id in asked:
        entry = _look_up(facts, ports, message_id)
        if entry and entry.sender:
            return Finding(message_id, bool(own), entry, _bound(facts, ports, message_id, entry))
        if entry and found and not found.entry:
            found = Finding(message_id, bool(own), entry, "other-addressee")
    return found


def _raw(headers: Headers, name: str) -> str:
    """The field as it was written: mail logs have it so, undecoded."""
    field = headers.first(name)
    return field.raw.decode("utf-8", "replace") if field else ""


def _references(facts: Any) -> tuple[str, ...]:
    """The Message-IDs that the bounce itself names as what it answers, in its fields or, in words, in its text."""
    from ndrfilter.sentlog.names import ids_in

    message = facts.message
    groups = filter(None, (message.disposition, message.report and message.report.fields))
    named = [group.get(name.lower()) for group in groups for name in _NAMED]
    named += [_raw(message.headers, name) for name in _NAMED]
    texts = [f"<{one.strip(' <>')}>" for one in named] + [_raw(message.headers, name) for name in _ANSWERED]
    texts += islice(labelled_ids(message.text), limits.MAX_SENT_REFERENCES)
    return tuple(dict.fromkeys(one for text in texts for one in ids_in(text)))[: limits.MAX_SENT_REFERENCES]


def _look_up(facts: Any, ports: Ports, message_id: str) -> Known | None:
    """The entry for whom the bounce goes to, and about whom it is. Where nobody told to whom, its own word counts."""
    from ndrfilter.sentlog import known

    message, author = facts.message, facts.fact("original.author")
    addressed = facts.envelope.recipients
    if not addressed:
        addressed = addresses_of(message.headers, "To") + ((author,) if isinstance(author, Address) else ())
    failed = facts.fact("bounce.recipients")
    about = [] if isinstance(failed, Unknown) else [one.address for one in failed or ()]
    for one in message.report.recipients if message.report else ():
        about += [one.final, one.original]
    return known(
        ports.store, message_id, [one.text for one in addressed], dict.fromkeys(about[: 2 * limits.MAX_RECIPIENTS])
    )


def _bound(facts: Any, ports: Ports, message_id: str, entry: Known) -> str:
    settings, back = facts.settings(NAME), _came_back(facts)
    seen = limits.SENT_RETENTION + facts.now - back if settings.mailbox and back is not None else settings.retention
    return bound(
        facts, ports, entry.key,
        plugin=NAME, sent=entry.time, max_age=seen, uses=settings.uses + 2 * entry.copies,
        owners=_senders(facts, ports, message_id),
    )  # fmt: skip


def _senders(facts: Any, ports: Ports, message_id: str) -> tuple[Address, ...]:
    """Those of the bounce's recipients who sent it; a single one has been asked for already."""
    from ndrfilter.sentlog import known

    told: tuple[Address, ...] = facts.envelope.recipients
    if len(told) < 2:
        return told
    asked = ((one, known(ports.store, message_id, [one.text], ())) for one in told[: limits.MAX_RECIPIENTS])
    return tuple(one for one, found in asked if found and found.sender)


async def _sent(facts: Any, ports: Ports) -> bool:
    found = await facts.aonce(_finding, ports)
    return bool(found and found.word == "bound" and found.original and found.entry.to_them)


async def _doubt(facts: Any, ports: Ports) -> str | None:
    found = await facts.aonce(_finding, ports)
    if found is None or found.word != "bound":
        return found.word if found and found.word in DOUBTS else None
    if not found.original:
        return "no-original"
    return None if found.entry.to_them else "other-recipients"


async def _time(facts: Any, ports: Ports) -> float | None:
    found = await facts.aonce(_finding, ports)
    return found.entry.time if found and found.entry and found.entry.sender else None


async def _missing(facts: Any, ports: Ports) -> bool | Unknown:
    from ndrfilter.sentlog import coverage

    found = await facts.aonce(_finding, ports)
    if found is None or not found.original or found.entry or not _submitted(facts):
        return False
    if not _LOGGED.fullmatch(found.message_id):
        return Unknown("mail logs may have such a Message-ID in another form")
    covers, date = coverage(ports.store), facts.fact("original.date")
    if covers is None:
        return Unknown("the sent log is not fed by `sent follow`") if "log" in facts.site.complete else False
    if date is None or isinstance(date, Unknown):
        return Unknown("the original bears no date to look for in the sent log")
    doubt = _late(facts, covers, date)
    return Unknown(doubt) if doubt else True


def _late(facts: Any, covers: Coverage, date: float) -> str:
    """Why the original may have left when the log did not cover it; empty if it cannot."""
    settings, back = facts.settings(NAME), _came_back(facts)
    if settings.mailbox and back is not None:
        return covers.doubt(min(date, back), date - limits.SENT_MARGIN, facts.now, settings.retention, back)
    if settings.mailbox:
        return "nothing tells whether the Sent folder was read after the bounce had come"
    trace = facts.fact("original.trace")
    times = [hop.time for hop in trace if hop.time] if isinstance(trace, tuple) else []
    return covers.doubt(date, max((date, *times)), facts.now, settings.retention)


def _came_back(facts: Any) -> float | None:
    """When the server that has the mailbox took the bounce, as it noted on top: the original had left by then."""
    return facts.message.hops[0].time if len(facts.message.hops) else None


def _submitted(facts: Any) -> bool:
    """Whether the log would have the original, were it ours: written by one of us and sent in our name to others.

    What we only forward or send on to a list is not in the log of what was submitted, nor is mail that never left.
    """
    author, sender = facts.fact("original.author"), facts.fact("original.sender")
    if not isinstance(author, Address) or not facts.site.owns(author.domain):
        return False
    if mailbox := facts.settings(NAME).mailbox:
        return _written_in(mailbox, author, sender, facts.fact("original").headers)
    if isinstance(sender, Address) and (not facts.site.owns(sender.domain) or srs_of(sender.local)):
        return False
    failed = facts.fact("bounce.recipients")
    domains = [one.address.rpartition("@")[2].lower() for one in failed] if isinstance(failed, tuple) else []
    return not any(facts.site.owns(domain) for domain in domains)


def _written_in(mailbox: frozenset[str], author: Address, sender: Any, headers: Headers) -> bool:
    """Whether a program that saves what it sends wrote it: lists and calendars name themselves beside the author."""
    from ndrfilter.sentlog.names import mailbox_of

    told = [mailbox_of(one.text) for one in (author, sender) if isinstance(one, Address)]
    return mailbox.issuperset(told) and not any(name in headers for name in _BESIDE)


@hookimpl
def declare() -> Iterable[FactSpec]:
    """What rules may ask about the sent log."""
    yield FactSpec("sent_log.sent", BOOLEAN, Evidence.RECORD,
                   "our log has the original's Message-ID, sent by whom the bounce goes to, to a failed recipient or "
                   "to somebody of that domain", afetch=_sent)  # fmt: skip
    yield FactSpec("sent_log.doubt", enum("sent log doubt", *DOUBTS), Evidence.TRACE,
                   "our log has the Message-ID, and why that is less than a record: it was sent to others than the "
                   "bounce is about, the original did not come back and only the bounce names it, it went to others "
                   "too, nobody told to whom, or uses cannot be counted", afetch=_doubt, optional=True)  # fmt: skip
    yield FactSpec("sent_log.time", TIME, Evidence.RECORD,
                   "when our log says that whom the bounce goes to sent it", afetch=_time, optional=True)  # fmt: skip
    yield FactSpec("sent_log.missing", BOOLEAN, Evidence.RECORD,
                   "the original, in our name and to others, is not in the log, and the log had no gap then",
                   afetch=_missing, needs_complete="log")  # fmt: skip
