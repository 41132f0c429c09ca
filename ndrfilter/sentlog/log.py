"""What the log keeps: of every message digests of its id, sender and recipients, and the time; nothing in clear.

Under the digest of the id stands one value for each recipient: eight bytes each for the sender, the recipient and the
recipient's domain, all of them bound to the id, and the time. So the file does not even tell which two messages went to
the same person. The coverage is the stretch of time in which nothing that left can be missing.
"""

from __future__ import annotations

from itertools import islice

from ndrfilter import limits
from ndrfilter.noun import Noun
from ndrfilter.sentlog.names import canonical_address, canonical_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ndrfilter.ports import Store

    Row = tuple[bytes, bytes, float]

TABLE = "sent"
FORGOTTEN, PASSED = b"", b"\0"
_SINCE, _FED, _KEPT = "sent_log.since", "sent_log.fed", "sent_log.kept"
_PART, _TIME = 8, 4
SIZE = 3 * _PART + _TIME
_LAST_SECOND = 2**32 - 1


class Entry(Noun):
    """One message that left us. `sender` is the envelope's, `time` in seconds since the epoch."""

    message_id: str
    recipients: tuple[str, ...]
    sender: str
    time: float


class Known(Noun):
    """What the log has of one Message-ID. `time` is when it was first sent, `copies` to how many recipients.

    `sender` is whether one of the senders asked for sent it, `recipient` whether it went to one of the recipients asked
    for, and `domain` whether it went to somebody in the domain of one of them; the latter two by that sender.
    """

    key: bytes
    time: float
    copies: int
    sender: bool
    recipient: bool
    domain: bool

    @property
    def to_them(self) -> bool:
        """Whether it went to those asked for, or to others under the same roof: mailboxes have aliases."""
        return self.recipient or self.domain


class Coverage(Noun):
    """Everything that left between `since` and `until` is in the log, unless it is older than what the log keeps."""

    since: float
    until: float

    def doubt(self, first: float, last: float, now: float, retention: float, back: float | None = None) -> str:
        """Why a message that left between `first` and `last` may be missing in the log; empty if it may not.

        Whoever wrote `first` may have had a clock that is wrong by some hours. Mail that was written without a
        connection leaves later than it says: so the log must have been fed until lately in any case. A log that is fed
        now and then is known to be so only if its own receiver noted when the bounce came, `back`: what came back had
        left.
        """
        if first < self.since + limits.SENT_MARGIN:
            return f"the sent log is complete only since {moment(self.since)}, and the original is of {moment(first)}"
        if first < now - retention + limits.SENT_MARGIN:
            return f"the original is of {moment(first)}, and the sent log keeps {retention / 86_400:g} days"
        needed = max(min(last, now), now - limits.SENT_STALE) if back is None else max(last, back)
        if self.until < needed:
            return f"the sent log has been fed only until {moment(self.until)}"
        return ""


def moment(time: float) -> str:
    """The time in words."""
    from time import gmtime, strftime

    return strftime("%Y-%m-%d %H:%M:%S UTC", gmtime(min(max(time, 0), _LAST_SECOND)))


def record(store: Store, entries: Iterable[Entry], now: float, *, retention: float = limits.SENT_RETENTION) -> int:
    """Put these messages into the log; how many of them had something new. Raises TemporaryError.

    An entry without a Message-ID, and one older than `retention` (seconds), is passed over. To record one twice
    changes nothing. Many entries are written in several steps, in order.
    """
    stream, taken = iter(entries), 0
    while batch := list(islice(stream, limits.SENT_BATCH)):
        rows: dict[tuple[bytes, bytes], Row] = {}
        for entry in batch:
            found = _rows(store, entry, entry.time + retention) if entry.time + retention > now else ()
            fresh = {(row[0], row[1][:-_TIME]): row for row in found}
            fresh = {name: row for name, row in fresh.items() if name not in rows}
            rows.update(fresh)
            taken += bool(fresh)
        if rows:
            store.add(TABLE, rows.values())
    return taken


def record_passed(store: Store, entries: Iterable[Entry], now: float, *, retention: float) -> None:
    """Note of messages that somebody else sent through us that they are not missing. Raises TemporaryError."""
    stream = iter(entries)
    while batch := list(islice(stream, limits.SENT_BATCH)):
        keys = {key_of(store, entry.message_id): entry.time + retention for entry in batch}
        rows = [(key, PASSED, expires) for key, expires in keys.items() if key and expires > now]
        if rows:
            store.add(TABLE, rows)


def _rows(store: Store, entry: Entry, expires: float) -> Iterator[Row]:
    """What is not there yet; nothing of a message that was told to be forgotten."""
    message_id, key = canonical_id(entry.message_id), key_of(store, entry.message_id)
    kept = store.values(TABLE, key) if key else (FORGOTTEN,)
    if FORGOTTEN in kept:
        return
    there = {value[:-_TIME] for value in kept}
    sender = _sender(store, message_id, entry.sender)
    time = int(min(max(entry.time, 0), _LAST_SECOND)).to_bytes(_TIME, "big")
    for recipient in dict.fromkeys(entry.recipients[: limits.STORE_VALUES]) or ("",):
        value = sender + b"".join(_recipient(store, message_id, recipient))
        if value not in there:
            there.add(value)
            yield key, value + time, expires


def key_of(store: Store, message_id: str) -> bytes:
    """Under what a message is kept; empty for no Message-ID."""
    canonical = canonical_id(message_id)
    return store.digest("sent", canonical) if canonical else b""


def time_of(value: bytes) -> float:
    """When the copy that this value stands for was sent, in seconds since the epoch."""
    return float(int.from_bytes(value[-_TIME:], "big"))


def _sender(store: Store, message_id: str, sender: str) -> bytes:
    return store.digest("sender", message_id, canonical_address(sender))[:_PART]


def _recipient(store: Store, message_id: str, recipient: str) -> tuple[bytes, bytes]:
    address = canonical_address(recipient)
    domain = address.rpartition("@")[2]
    whole = store.digest("recipient", message_id, address)[:_PART]
    return whole, store.digest("domain", message_id, domain)[:_PART]


def known(store: Store, message_id: str, senders: Iterable[str], recipients: Iterable[str]) -> Known | None:
    """What the log has under that Message-ID; None if nothing, no copies if it must not tell. Raises TemporaryError."""
    message_id, key = canonical_id(message_id), key_of(store, message_id)
    kept = store.values(TABLE, key) if key else ()
    found = [value for value in kept if len(value) == SIZE]
    if not found:
        return Known(key, 0.0, 0, False, False, False) if kept else None
    ours = {_sender(store, message_id, sender) for sender in senders}
    theirs = [value for value in found if value[:_PART] in ours]
    asked = [_recipient(store, message_id, recipient) for recipient in recipients if "@" in recipient]
    return Known(
        key,
        min(map(time_of, theirs or found)),
        len(found),
        bool(theirs),
        any(value[_PART : 2 * _PART] == whole for value in theirs for whole, _ in asked),
        any(value[2 * _PART : 3 * _PART] == domain for value in theirs for _, domain in asked),
    )


def covered(store: Store, since: float, until: float) -> Coverage:
    """Tell the log that everything that left between `since` and `until` has been recorded; what is covered now.

    Said again and again by who follows the mail log, `since` being where he had stopped before. If that is later than
    what was covered, something may be missing between: then what was covered before that counts no more.
    """
    before = coverage(store)
    now = Coverage(since, until)
    if before is not None and until < before.since:
        now = before
    elif before is not None and since <= before.until:
        now = Coverage(min(before.since, since), max(before.until, until))
    # In this order, a death between the two leaves a coverage that is too short, or none.
    if before is None or now.since != before.since:
        store.set_mark(_SINCE, repr(now.since))
    if before is None or now.until != before.until:
        store.set_mark(_FED, repr(now.until))
    return now


def covered_since(store: Store, time: float) -> None:
    """Say that before `time` something may be missing in the log, however long it has been complete."""
    now = coverage(store)
    if now is not None and now.since < time:
        store.set_mark(_SINCE, repr(time))


def keeps(store: Store, retention: float) -> None:
    """Tell the log how long entries are kept now, in seconds.

    What was recorded while that was shorter is forgotten sooner, so the coverage begins anew where it has come to.
    """
    before, now = store.mark(_KEPT), coverage(store)
    if before == repr(retention):
        return
    if before is not None and now is not None and float(before) < retention:
        covered_since(store, now.until)
    store.set_mark(_KEPT, repr(retention))


def coverage(store: Store) -> Coverage | None:
    """The stretch of time in which the log is complete; None if nobody has said so. Raises TemporaryError."""
    try:
        since, until = float(store.mark(_SINCE) or "nan"), float(store.mark(_FED) or "nan")
    except ValueError:
        return None
    return Coverage(since, until) if since <= until else None
