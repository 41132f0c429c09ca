"""The messages of an mbox by digest, and as they are without what belongs to the mbox and not to them.

An mbox keeps its flags in the messages: Status and its kin are rewritten whenever somebody reads. They and the `From `
line are no part of what is judged, nor of the digest, as IMAP servers that keep such files do not show them either.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections import Counter
from pathlib import Path

from ndrfilter import limits, mbox
from ndrfilter.message.dates import parse_date
from ndrfilter.message.places import header_end
from ndrfilter.noun import Noun
from ndrfilter.sweep.local.files import opened, trouble
from ndrfilter.sweep.mailbox import PlaceError
from ndrfilter.terminal import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

_KEPT_BY_PROGRAMS = re.compile(
    rb"(?im)^(?:(?:x-)?status|x-keywords|x-uid|x-imap(?:base)?|x-mozilla-(?:status2?|keys)|content-length|lines)[ \t]*:"
    rb"[^\n]*(?:\n[ \t][^\n]*)*(?:\n|\Z)"
)
_DATE = re.compile(rb"(?im)^date[ \t]*:([^\n]*)")
_START = 1024 * 1024


class Entry(Noun):
    """Where a message stands in the file, how long it is there; `claim` is where it says that it ends, beyond that."""

    start: int
    size: int
    edge: mbox.Edge
    claim: int


class Index(Noun):
    """All messages of a file by uid, in order, while the file has this `signature`."""

    signature: tuple[int, int, int]
    entries: dict[str, Entry]

    def counts(self) -> Counter[str]:
        """How often each digest is there."""
        return Counter(map(digest_in, self.entries))


def signature(status: os.stat_result) -> tuple[int, int, int]:
    """What changes with a file."""
    return status.st_ino, status.st_size, status.st_mtime_ns


def entry_of(piece: mbox.Piece) -> Entry:
    """What is remembered of it."""
    return Entry(piece.start, piece.size, mbox.edge_of(piece), _body_end(piece))


def index_of(stream: BinaryIO, known: Index | None = None) -> Index:
    """The index of that file; the known one if the file has not changed. Raises OSError."""
    now = signature(os.fstat(stream.fileno()))
    if known is not None and known.signature == now:
        return known
    return Index(now, {uid: entry_of(piece) for uid, piece in scan(stream)})


def open_mbox(path: Path) -> BinaryIO:
    """The file, found to be an mbox or empty; raises PlaceError and its kin."""
    try:
        stream = opened(path)
        start = stream.read(5)
        stream.seek(0)
    except OSError as error:
        raise trouble(error, path) from error
    if start and start != b"From ":
        stream.close()
        raise PlaceError(f"{escape(str(path))} is no mbox: its first line does not begin with 'From '")
    return stream


def scan(stream: BinaryIO) -> Iterator[tuple[str, mbox.Piece]]:
    """All messages with their uids, from the beginning; the second of two equal ones has `-2` behind the digest."""
    stream.seek(0)
    if not stream.read(1):
        return
    stream.seek(0)
    name = namer()
    for piece in mbox.pieces(stream):
        yield name(digest_of(message_of(piece.raw))), piece


def namer(counts: Counter[str] | None = None) -> Callable[[str], str]:
    """Makes uids of digests, in the order of the file, behind the `counts` that are there."""
    seen = Counter[str](counts or {})

    def name(digest: str) -> str:
        seen[digest] += 1
        return digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"

    return name


def message_of(raw: bytes) -> bytes:
    """The message in `raw`, which begins with a `From ` line, without what programs write into it."""
    start = raw.find(b"\n") + 1 if raw.startswith(b"From ") else 0
    end = header_end(raw, start)
    return _KEPT_BY_PROGRAMS.sub(b"", raw[start:end]) + raw[end:]


def digest_of(message: bytes) -> str:
    """16 bytes in hex. Empty lines at the end do not count: there the mailbox' own cannot be told from others."""
    return hashlib.blake2b(message.rstrip(b"\r\n"), digest_size=16).hexdigest()


def digest_in(uid: str) -> str:
    """The digest that a uid was made of."""
    return uid.partition("-")[0]


def read_at(stream: BinaryIO, entry: Entry, uid: str) -> bytes | None:
    """The message of that uid, if it still stands there; raises OSError."""
    stream.seek(entry.start)
    raw = stream.read(min(entry.size, limits.MAX_MESSAGE))
    if not raw.startswith(b"From "):
        return None
    if entry.size <= limits.MAX_MESSAGE:
        raw = mbox.trimmed(raw, b"\r\n" if raw[: raw.find(b"\n") + 1].endswith(b"\r\n") else b"\n")
    message = message_of(raw)
    return message if digest_of(message) == digest_in(uid) else None


def received(piece: mbox.Piece, otherwise: float) -> float:
    """When it came, by its `From ` line, else by its Date; in seconds since the epoch."""
    told = parse_date(piece.opening.decode("ascii", "replace"))
    if told is None and (found := _DATE.search(piece.raw, 0, header_end(piece.raw[:_START], len(piece.opening)))):
        told = parse_date(found[1].decode("ascii", "replace"))
    return otherwise if told is None else told


def _body_end(piece: mbox.Piece) -> int:
    """Where in the file its Content-Length says that it ends; 0 where that is within the message, or not told."""
    end = header_end(piece.raw, len(piece.opening))
    found = re.search(rb"(?im)^content-length[ \t]*:[ \t]*(\d{1,12})[ \t]*\r?$", piece.raw[:end])
    after = io.BytesIO(piece.raw[end : end + 4]).readline()
    told = piece.start + end + len(after) + int(found[1]) if found else 0
    return told if told > piece.start + piece.size else 0
