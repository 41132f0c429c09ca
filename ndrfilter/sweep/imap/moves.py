"""Moving and marking messages of the open folder. Nothing is expunged but what was copied before, by its UIDs."""

from __future__ import annotations

import re

from ndrfilter import limits
from ndrfilter.errors import TemporaryError
from ndrfilter.sweep.imap.fetch import asked, batches, by_uid, existing, uid_set
from ndrfilter.sweep.imap.folders import unwritable
from ndrfilter.sweep.imap.session import Refused, quoted
from ndrfilter.sweep.mailbox import PlaceError
from ndrfilter.sweep.nouns import Moved

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from ndrfilter.sweep.imap.session import Piece, Session

    _How = Callable[[Session, list[str], bytes], Iterator[Moved]]

_COPIED = re.compile(rb"(?P<generation>\d{1,10}) (?P<old>[\d:,]+) (?P<new>[\d:,]+)")
_KEYWORD = re.compile(r"""[^\x00-\x20\x7f-\uffff(){%*"\\\]]{1,100}""")


def move(session: Session, uids: Sequence[str], into: str, wire: bytes) -> Iterator[Moved]:
    """Moves them, some at a time. Raises PlaceError and its kinds where that does not go; the rest is where it was."""
    if not session.has("MOVE") and not session.has("UIDPLUS"):
        raise PlaceError(
            f"{session.name}: this server cannot move messages safely (it has neither MOVE nor UIDPLUS); "
            "use --tag to mark them instead"
        )
    atomic = session.has("MOVE")  # else what is cut off leaves messages doubled: as few as may be
    how, size = (_move, limits.IMAP_MOVES) if atomic else (_copy_and_expunge, limits.IMAP_COPIES)
    for batch in batches(uids, size):
        yield from _moved(session, batch, into, quoted(wire), how)


def _moved(session: Session, batch: list[str], into: str, wire: bytes, how: _How) -> Iterator[Moved]:
    """A batch; where others took some of it meanwhile and the server minds (RFC 5530), what is left in halves.

    One message alone that the server minds about stays: nobody knows where it is, the next sweep looks again.
    """
    try:
        yield from how(session, batch, wire)
        return
    except Refused as error:
        if error.code != "EXPUNGEISSUED":
            raise unwritable(session.name, into, error) from None
    left = existing(session, batch, now=True) if len(batch) > 1 else []
    middle = len(left) // 2
    for part in (left[:middle], left[middle:]):
        if part:
            yield from _moved(session, part, into, wire, how)


def _move(session: Session, batch: list[str], wire: bytes) -> Iterator[Moved]:
    """UID MOVE (RFC 6851): a server may have moved some when it refuses, or is cut off; of those it has told."""
    there = batch if session.has("UIDPLUS") else existing(session, batch, now=True)
    if not there:
        return
    try:
        lines = session.run("UID", "MOVE", uid_set(there), wire).lines
    except Refused as error:
        yield from copied(error.lines.get("COPYUID", ()), there)
        raise
    except TemporaryError:
        yield from copied(session.unanswered("COPYUID"), there)
        raise
    told = list(copied(lines.get("COPYUID", ()), there))
    yield from told
    if not told:
        yield from _vanished(session, there)


def _vanished(session: Session, there: list[str]) -> Iterator[Moved]:
    """Without COPYUID: what was there before and is not now, should another client have taken it at this moment too."""
    if session.has("UIDPLUS"):
        return
    still = set(existing(session, there, now=True))
    yield from (Moved(uid, "", 0) for uid in there if uid not in still)


def _copy_and_expunge(session: Session, batch: list[str], wire: bytes) -> Iterator[Moved]:
    """UIDPLUS (RFC 4315): copied first; only what the server says it has copied is taken out here."""
    answer = session.run("UID", "COPY", uid_set(batch), wire)
    told = list(copied(answer.lines.get("COPYUID", ()), batch))
    if not told:
        if existing(session, batch):
            raise PlaceError(f"{session.name}: the server does not say what it copied, so all was left here; use --tag")
        return
    take_out(session, [one.old for one in told])
    yield from told


def take_out(session: Session, uids: Sequence[str]) -> None:
    """Expunges exactly these messages, of which there is a copy (RFC 4315 section 2.1)."""
    try:
        session.run("UID", "STORE", uid_set(uids), "+FLAGS.SILENT", r"(\Deleted)")
        session.run("UID", "EXPUNGE", uid_set(uids))
    except Refused as error:
        raise PlaceError(
            f"{session.name}: messages were copied, but the server does not let them be taken out here ({error.text})"
        ) from None


def copied(lines: Iterable[Piece], uids: Iterable[str]) -> Iterator[Moved]:
    """What COPYUID tells of the messages that were asked for (RFC 4315 section 3)."""
    wanted = set(uids)
    for line in lines:
        match = _COPIED.match(line) if isinstance(line, bytes) else None
        if match is not None:
            old, new = _uids(match["old"]), _uids(match["new"])
            pairs = zip(old, new, strict=True) if len(old) == len(new) else ((uid, "") for uid in old)
            for before, now in pairs:
                if before in wanted:
                    wanted.discard(before)
                    yield Moved(before, now, int(match["generation"]))


def _uids(text: bytes) -> list[str]:
    """A set in its order, as far as one command's messages may go."""
    found: list[str] = []
    for part in text.split(b","):
        first, _, last = part.partition(b":")
        if first.isdigit() and (last or first).isdigit():
            low, high = sorted((int(first[:10]), int((last or first)[:10])))
            found += map(str, range(low, min(high + 1, low + limits.IMAP_MOVES + 1)))
    return found[: limits.IMAP_MOVES + 1]


def tag(session: Session, uids: Sequence[str], keyword: str, on: bool) -> Iterator[str]:
    """Sets or takes away a keyword (RFC 3501 section 2.3.2); the uids of those that have it then, or have it not."""
    if not _KEYWORD.fullmatch(keyword):
        raise PlaceError(f"{keyword!r} is no keyword: right are letters, digits and signs as in $Backscatter")
    sign = "+" if on else "-"
    for batch in batches(uids, limits.IMAP_HEADS):
        try:
            session.run("UID", "STORE", uid_set(batch), f"{sign}FLAGS.SILENT", f"({keyword})")
        except Refused as error:
            raise PlaceError(f"{session.name}: the server sets no keywords there ({error.text})") from None
        found = by_uid(asked(session, batch, "FLAGS")[0], batch)
        for uid in batch:
            flags = found.get(uid, {}).get(b"FLAGS")
            if isinstance(flags, list) and on == any(
                isinstance(flag, bytes) and flag.lower() == keyword.lower().encode() for flag in flags
            ):
                yield uid
