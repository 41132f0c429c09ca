"""Where messages come from: files, directories, Maildirs, mbox files, standard input, lists of paths."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ndrfilter import limits, mbox
from ndrfilter.errors import UsageError
from ndrfilter.noun import Noun
from ndrfilter.terminal import reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import BinaryIO

STDIN = "-"
OLE2 = b"\xd0\xcf\x11\xe0"
OUTLOOK = "this is an Outlook .msg; save it as the original message (.eml) and check that"


class Source(Noun):
    """One message: `label` is what people call it (path, `box:3`), `cut` whether it was longer than we read."""

    label: str
    raw: bytes
    cut: bool = False


class Unreadable(Noun):
    """Something that could not be read, and why."""

    label: str
    why: str


class Place(Noun):
    """A file to read, with its size in bytes (0: not known)."""

    path: str
    size: int = 0


def listed(stream: BinaryIO, separator: bytes) -> Iterator[str]:
    """The paths in a list, one a line or one before each NUL; raises UsageError for a list beyond the bound."""
    text = stream.read(limits.MAX_LIST_FILE + 1)
    if len(text) > limits.MAX_LIST_FILE:
        raise UsageError(f"a list of paths has at most {limits.MAX_LIST_FILE:,} bytes; split it")
    for item in text.split(separator):
        path = item.removesuffix(b"\r") if separator == b"\n" else item
        if path:
            yield os.fsdecode(path)


def places(paths: Iterable[str]) -> Iterator[Place | Unreadable]:
    """Every file below `paths`: files as they are given, directories in order of name."""
    for path in paths:
        if path == STDIN:
            yield Place(path)
            continue
        try:
            folder, size = Path(path).is_dir(), Path(path).stat().st_size
        except (OSError, ValueError) as error:
            yield Unreadable(path, reason(error))
            continue
        yield from _below(path) if folder else (Place(path, size),)


def _below(folder: str) -> Iterator[Place | Unreadable]:
    """The files in a directory and in those below it.

    Names that begin with a dot are passed over, and of a Maildir (cur, new, tmp) only the messages that were delivered
    count, its own and those of its subfolders (`.Sent`).
    """
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        yield Unreadable(folder, reason(error))
        return
    maildir = {"cur", "new", "tmp"} <= {entry.name for entry in entries}
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if not (maildir and entry.name == "tmp") and (maildir or not entry.name.startswith(".")):
                yield from _below(entry.path)
        elif not maildir and not entry.name.startswith(".") and entry.is_file():
            yield Place(entry.path, entry.stat().st_size)


def messages(place: Place) -> Iterator[Source | Unreadable]:
    """The messages of one file; more than one only if it is an mbox, and then they are numbered from 1."""
    try:
        with opened(place.path) as stream:
            yield from _split(place.path, stream)
    except OSError as error:
        yield Unreadable(place.path, reason(error))


def pick(label: str) -> Source | Unreadable:
    """The one message that a label names, as `messages` gives it: a path, or `box:3`; of a whole mbox the first."""
    path, _colon, number = label.rpartition(":")
    if path and number.isdigit() and not Path(label).exists():
        found = next((source for source in messages(Place(path)) if source.label == label), None)
        return found or Unreadable(label, "there is no such message in it")
    return next(messages(Place(label)), Unreadable(label, "there is no message in it"))


def _split(label: str, stream: BinaryIO) -> Iterator[Source | Unreadable]:
    first: Source | None = None
    for number, (raw, cut) in enumerate(mbox.split(stream), 1):
        if raw.startswith(OLE2):
            yield Unreadable(label, OUTLOOK)
        elif number == 1:
            first = Source(label, raw, cut)
        else:
            if first:
                yield first._replace(label=f"{label}:1")
                first = None
            yield Source(f"{label}:{number}", raw, cut)
    if first:
        yield first


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """The file as bytes, or standard input for `-`; raises OSError, UsageError."""
    if path != STDIN:
        with Path(path).open("rb") as stream:
            yield stream
    else:
        yield standard_input()


def standard_input() -> BinaryIO:
    """Standard input as bytes; raises UsageError where there is none."""
    if sys.stdin is None:
        raise UsageError("standard input is closed")
    return sys.stdin.buffer
