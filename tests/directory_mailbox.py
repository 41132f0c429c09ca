"""A mailbox in a directory: a folder for each folder, a file for each message, which are really moved.

It moves as IMAP servers do that know MOVE (a rename), or as one that does not (a copy under a new name, then the first
is taken away), so that it can be killed between the two.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from email import message_from_bytes
from pathlib import Path

from ndrfilter.sweep.mailbox import GoneError, ReadOnlyError
from ndrfilter.sweep.nouns import INBOX, SENT, TRASH, Folder, Head, Item, Moved

ROLES = {"INBOX": INBOX, "Sent": SENT, "Trash": TRASH}


class DirectoryMailbox:
    """See `ndrfilter.sweep.mailbox.Mailbox`. With `whole`, heads bring the message; else the types of its parts."""

    def __init__(self, root: Path, *, copying: bool = False, whole: bool = False) -> None:
        self.root, self.copying, self.whole = root, copying, whole
        self.fetched = self.raws_asked = 0
        self._open = root / "INBOX"

    name = property(lambda self: str(self.root))

    def fill(self, folder: str, messages: Sequence[bytes]) -> list[str]:
        """Put these messages there; their uids."""
        place = self.root / self.make(folder)
        uids = self._next(place, len(messages))
        for uid, raw in zip(uids, messages, strict=True):
            (place / uid).write_bytes(raw)
        return uids

    def all(self) -> dict[str, list[bytes]]:
        """Everything in every folder."""
        return {
            folder.name: sorted(path.read_bytes() for path in messages(self.root / folder.name))
            for folder in self.folders()
        }

    def renew(self, folder: str) -> None:
        """Give the folder another UIDVALIDITY, and its messages other keys."""
        place = self.root / folder
        (place / ".generation").write_text(str(self._folder(place).generation + 1))
        paths = messages(place)
        for path, uid in zip(paths, self._next(place, len(paths)), strict=True):
            path.rename(place / uid)

    def folders(self) -> tuple[Folder, ...]:
        return tuple(self._folder(place) for place in sorted(self.root.iterdir(), key=lambda p: (p.name != "INBOX", p)))

    def _folder(self, place: Path) -> Folder:
        generation = place / ".generation"
        number = int(generation.read_text()) if generation.exists() else 1
        return Folder(place.name, ROLES.get(place.name, ""), len(messages(place)), number)

    def open(self, name: str, *, write: bool = False) -> Folder:
        self._open = self.root / name
        if not self._open.is_dir():
            raise GoneError(f"there is no folder {name}")
        if write and (self._open / ".readonly").exists():
            raise ReadOnlyError(f"{name} may only be read")
        return self._folder(self._open)

    def items(self) -> Iterator[Item]:
        for path in messages(self._open):
            found = path.stat()
            yield Item(path.name, found.st_size, found.st_mtime)

    def heads(self, uids: Sequence[str]) -> Iterator[Head]:
        for uid, raw in self.raws(uids, 1 << 30):
            if self.whole:
                yield Head(uid, header_of(raw), (), raw)
            else:
                self.raws_asked -= 1
                yield Head(uid, header_of(raw), types_of(raw))

    def raws(self, uids: Sequence[str], limit: int) -> Iterator[tuple[str, bytes]]:
        for uid in uids:
            if (path := self._open / uid).exists():
                self.raws_asked += 1
                yield uid, path.read_bytes()[:limit]

    def make(self, name: str) -> str:
        (self.root / name).mkdir(parents=True, exist_ok=True)
        return name

    def move(self, uids: Sequence[str], into: str) -> Iterator[Moved]:
        target = self.root / into
        if not target.is_dir():
            raise GoneError(f"there is no folder {into}")
        generation = self._folder(target).generation
        for uid, new in zip(uids, self._next(target, len(uids)), strict=True):
            path = self._open / uid
            if not path.exists():
                continue
            if self.copying:
                os.link(path, target / new)
                path.unlink()
            else:
                path.rename(target / new)
            yield Moved(uid, new, generation)

    def finish(self, uid: str, into: str, copy: str) -> bool:
        (self._open / uid).unlink()
        return True

    def tag(self, uids: Sequence[str], keyword: str, *, on: bool = True) -> Iterator[str]:
        for uid in uids:
            if (self._open / uid).exists():
                mark = self._open / f".{uid}.{keyword}"
                mark.touch() if on else mark.unlink(missing_ok=True)
                yield uid

    def tags(self) -> set[tuple[str, str]]:
        """Every mark that is set, with the folder."""
        return {(path.parent.name, path.name.split(".")[2]) for path in self.root.glob("*/.*.$*")}

    def wait(self, seconds: float) -> bool:
        return True

    def close(self) -> None:
        pass

    def _next(self, place: Path, many: int) -> list[str]:
        """Keys that no message of that folder ever had."""
        last = place / ".next"
        used = int(last.read_text()) if last.exists() else 0
        (draft := place / ".next.new").write_text(str(used + many))
        draft.rename(last)
        return [f"{number:06}" for number in range(used + 1, used + many + 1)]


class Lossless(DirectoryMailbox):
    """One that cannot take a message away alone."""

    def finish(self, uid: str, into: str, copy: str) -> bool:
        return False


class Quiet:
    """Nobody looks."""

    def start(self, total: int) -> None:
        pass

    def advance(self, number: int) -> None:
        pass

    def folder(self, name: str) -> None:
        pass


def messages(place: Path) -> list[Path]:
    return [place / name for name in sorted(os.listdir(place)) if not name.startswith(".")]  # noqa: PTH208


def header_of(raw: bytes) -> bytes:
    """The header with the blank line, as IMAP's BODY[HEADER] has it."""
    head, found, _ = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    return head + found


def types_of(raw: bytes) -> tuple[bytes, ...]:
    """The types of all parts, as IMAP's BODYSTRUCTURE has them."""
    return tuple(part.get_content_type().encode("ascii", "replace") for part in message_from_bytes(raw).walk())
