"""Reading the open folder: what is there, headers with the types of all parts, whole messages. \\Seen is never set."""

from __future__ import annotations

from contextlib import suppress

from imapclient.datetime_util import parse_to_datetime

from ndrfilter import limits
from ndrfilter.errors import TemporaryError
from ndrfilter.sweep.imap.records import UNKNOWN, messages, types_of
from ndrfilter.sweep.imap.session import Refused
from ndrfilter.sweep.nouns import Head, Item

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from ndrfilter.sweep.imap.session import Piece, Session

_HEADER = f"BODY.PEEK[HEADER]<0.{limits.IMAP_HEAD}>"
_NUMBER = 10  # digits


def items(session: Session, count: int) -> Iterator[Item]:
    """The `count` messages of the open folder, oldest first, asked for by their places.

    A place moves when another client takes out a message before it; the server says so before it moves (RFC 3501
    section 7.4.1), so nothing is passed over.
    """
    session.expunged()
    place, last = 1, 0
    while place <= count:
        to = min(place + limits.IMAP_ITEMS - 1, count)
        pieces, refused = _pieces(session, "FETCH", f"{place}:{to}", "(UID RFC822.SIZE INTERNALDATE)")
        found = sorted(_items(pieces), key=lambda item: int(item.uid))
        if refused and not found:
            raise TemporaryError(f"{session.name}: the server does not tell what there is ({refused})")
        place = to + 1
        for item in found:
            if int(item.uid) > last:
                last = int(item.uid)
                yield item
        for gone in session.expunged():
            place -= gone < place
            count -= gone <= count


def _items(pieces: list[Piece]) -> Iterator[Item]:
    for found in messages(pieces):
        if uid := _number(found.get(b"UID")):
            yield Item(str(uid), _number(found.get(b"RFC822.SIZE")), _time(found.get(b"INTERNALDATE")))


def _number(value: object) -> int:
    """0 for what is none."""
    return int(value) if isinstance(value, bytes) and value.isdigit() and len(value) <= _NUMBER else 0


def _time(value: object) -> float:
    """Seconds since the epoch, 0 for what is no time."""
    try:
        return float(parse_to_datetime(value, normalise=False).timestamp())
    except (ValueError, TypeError, AttributeError, OverflowError, OSError):
        return 0.0


def heads(session: Session, uids: Sequence[str]) -> Iterator[Head]:
    """Headers and types, some hundred at a time.

    With a header that is too long, or a structure that makes no sense, `types` is (UNKNOWN,): read that message whole.
    """
    for batch in batches(uids, limits.IMAP_HEADS):
        found = by_uid(asked(session, batch, f"{_HEADER} BODYSTRUCTURE")[0], batch)
        if missing := [uid for uid in batch if uid not in found]:  # gone, or with a structure that nobody can read
            found |= by_uid(asked(session, missing, _HEADER)[0], missing)
        for uid in batch:
            header = found.get(uid, {}).get(b"BODY[HEADER]")
            if isinstance(header, bytes):
                known = len(header) < limits.IMAP_HEAD
                yield Head(uid, header, types_of(found[uid].get(b"BODYSTRUCTURE")) if known else (UNKNOWN,))


def raws(session: Session, uids: Sequence[str], limit: int) -> Iterator[tuple[str, bytes]]:
    """Whole messages, each cut at `limit` bytes, as many at once as memory allows."""
    for batch in batches(uids, limits.IMAP_HEADS):
        found = by_uid(asked(session, batch, "RFC822.SIZE")[0], batch)
        sizes = {uid: _number(message.get(b"RFC822.SIZE")) for uid, message in found.items()}
        for group in _groups((uid, min(sizes[uid], limit)) for uid in batch if uid in sizes):
            yield from _raws(session, group, limit)


def _raws(session: Session, group: list[str], limit: int) -> Iterator[tuple[str, bytes]]:
    pieces, refused = asked(session, group, f"BODY.PEEK[]<0.{limit}>")
    found = by_uid(pieces, group)
    del pieces
    for uid in group:
        raw = found.pop(uid, {}).get(b"BODY[]")
        if isinstance(raw, bytes):
            yield uid, raw[:limit]
        elif refused and len(group) > 1:  # one that the server cannot read is no reason to go without the others
            yield from _raws(session, [uid], limit)


def _groups(sized: Iterable[tuple[str, int]]) -> Iterator[list[str]]:
    group: list[str] = []
    total = 0
    for uid, size in sized:
        if group and total + size > limits.IMAP_RAWS:
            yield group
            group, total = [], 0
        group.append(uid)
        total += size
    if group:
        yield group


def asked(session: Session, uids: Sequence[str], what: str) -> tuple[list[Piece], str]:
    """What FETCH tells of these messages, and the server's words if it refused some (RFC 2180 section 4.1)."""
    return _pieces(session, "UID", "FETCH", uid_set(uids), f"(UID {what})")


def _pieces(session: Session, *words: str) -> tuple[list[Piece], str]:
    try:
        return session.run(*words, allowance=limits.IMAP_ANSWER).lines.get("FETCH", []), ""
    except Refused as error:
        return error.lines.get("FETCH", []), error.text


def by_uid(pieces: list[Piece], uids: Iterable[str]) -> dict[str, dict[bytes, Any]]:
    """The messages that were asked for; a server may tell of others at any time."""
    wanted = set(uids)
    found: dict[str, dict[bytes, Any]] = {}
    for message in messages(pieces):
        uid = str(_number(message.get(b"UID")))
        if uid in wanted:
            found[uid] = found.get(uid, {}) | message
    return found


def existing(session: Session, uids: Sequence[str], *, now: bool = False) -> list[str]:
    """Which of these messages there are, as the server told so far or, with `now`, as it is."""
    if now:
        with suppress(Refused):  # then FETCH tells what the server knows
            session.run("NOOP")
    found = by_uid(asked(session, uids, "FLAGS")[0], uids)
    return [uid for uid in uids if uid in found]


def batches(uids: Iterable[str], size: int) -> Iterator[list[str]]:
    """Lists of at most `size` of them; what is no UID is left out."""
    batch: list[str] = []
    for uid in uids:
        if _number(uid.encode()):
            batch.append(uid)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def uid_set(uids: Sequence[str]) -> str:
    """A sequence set (RFC 3501 section 9), neighbours as ranges."""
    ranges: list[list[int]] = []
    for uid in sorted(map(int, uids)):
        if ranges and uid <= ranges[-1][1] + 1:
            ranges[-1][1] = uid
        else:
            ranges.append([uid, uid])
    return ",".join(str(first) if first == last else f"{first}:{last}" for first, last in ranges)
