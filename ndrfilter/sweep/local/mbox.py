"""mbox files as a mailbox: one file, or a directory of them as Thunderbird, Pine and mutt have it.

A single file is a mailbox with one folder; where messages are moved to, and where the Sent folder is looked for, is the
directory that it lies in. Thunderbird keeps the folders below `Archive` in `Archive.sbd`, and an index in `.msf` files.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from ndrfilter import limits
from ndrfilter.sweep.local import mboxindex
from ndrfilter.sweep.local.files import create, folder_name, head_of, sync_folder, trouble
from ndrfilter.sweep.local.mboxindex import Index, open_mbox
from ndrfilter.sweep.local.watch import Watch
from ndrfilter.sweep.mailbox import GoneError, PlaceError, ReadOnlyError
from ndrfilter.sweep.nouns import INBOX, SENT, Folder, Head, Item, Moved
from ndrfilter.sweep.roles import role_of
from ndrfilter.terminal import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import BinaryIO

    from ndrfilter.mbox import Piece
    from ndrfilter.sweep.local.mboxindex import Entry

_BELOW = ".sbd"
_NO_FOLDERS = (".msf", ".lock", ".dat", ".html", ".json", ".sqlite", ".log", ".ndrfilter-new", ".ndrfilter-move")


class Mbox:
    """Implements `mailbox.Mailbox` for an mbox file or a directory of them."""

    def __init__(self, path: str) -> None:
        self.name = path
        self.fetched = 0
        self._root = Path(path).resolve()
        self._base = self._root if self._root.is_dir() else self._root.parent
        self._open: Path | None = None
        self._entries: dict[str, Entry] = {}  # of the open folder; whoever uses one looks whether the message is there
        self._known: dict[Path, Index] = {}
        self._watch = Watch(())
        self._watches: dict[Path, Watch] = {}

    def folders(self) -> tuple[Folder, ...]:
        """All folders, the inbox first; messages are not counted. Raises PlaceError."""
        found = [self._folder(name, path) for name, path in folders_of(self._base).items()]
        if self._root != self._base:
            found = [one for one in found if one.name == self._root.name or one.role == SENT]
        return tuple(sorted(found, key=lambda folder: (folder.role != INBOX, folder.name)))

    def _folder(self, name: str, path: Path) -> Folder:
        role = role_of(name)
        if path == self._root and not role:
            role = role_of(path.stem) or INBOX
        return Folder(name, role, writable=_writable(path))

    def open(self, name: str, *, write: bool = False) -> Folder:
        """As `Mailbox.open`; with `write` a move that was cut short is finished, or taken back."""
        path = self._path(name)
        folder = self._folder(name, path)
        if write and not folder.writable:
            raise ReadOnlyError(
                f"{escape(str(path))} cannot be changed by this user: the file and the folder it lies in must be"
                " writable; copy it to a folder of your own and sweep that"
            )
        open_mbox(path).close()
        if write:
            from ndrfilter.sweep.local.mboxmove import settle

            settle(path)
        self._open, self._entries = path, self._known[path].entries if path in self._known else {}
        self._watch = self._watches.setdefault(path, Watch((path,)))
        return folder

    def _path(self, name: str) -> Path:
        path = folders_of(self._base).get(name) or _place(self._base, name.split("/"))
        if not path.is_file() or ".." in name.split("/"):
            raise GoneError(f"{escape(self.name)} has no folder {escape(name)!r}, or not any more")
        return path

    @property
    def _here(self) -> Path:
        if self._open is None:
            raise PlaceError("no folder is open")
        return self._open

    def items(self) -> Iterator[Item]:
        """As `Mailbox.items`, in the order of the file; when they came is told by their `From ` lines."""
        self._watch.look()
        try:
            with open_mbox(self._here) as stream:
                otherwise = os.fstat(stream.fileno()).st_mtime
                for uid, piece in self._scan(stream):
                    yield Item(uid, piece.size, mboxindex.received(piece, otherwise))
        except OSError as error:
            raise trouble(error, self._here) from error

    def _scan(self, stream: BinaryIO) -> Iterator[tuple[str, Piece]]:
        """All messages, remembered by where they are."""
        path, entries = self._here, {}
        now = mboxindex.signature(os.fstat(stream.fileno()))
        for uid, piece in mboxindex.scan(stream):
            self.fetched += len(piece.raw)
            entries[uid] = mboxindex.entry_of(piece)
            yield uid, piece
        self._entries = entries
        self._known = {path: Index(now, entries)}

    def heads(self, uids: Sequence[str]) -> Iterator[Head]:
        """As `Mailbox.heads`, with the whole messages."""
        for uid, raw in self.raws(uids, limits.MAX_MESSAGE):
            yield head_of(uid, raw)

    def raws(self, uids: Sequence[str], limit: int) -> Iterator[tuple[str, bytes]]:
        """As `Mailbox.raws`: without `From ` line, and without the fields in which an mbox keeps its flags."""
        try:
            with open_mbox(self._here) as stream:
                missing = []
                for uid in uids:
                    entry = self._entries.get(uid)
                    raw = mboxindex.read_at(stream, entry, uid) if entry else None
                    if raw is None:
                        missing.append(uid)
                    else:
                        self.fetched += len(raw)
                        yield uid, raw[:limit]
                yield from self._looked_for(missing, limit)
        except OSError as error:
            raise trouble(error, self._here) from error

    def _looked_for(self, missing: Sequence[str], limit: int) -> Iterator[tuple[str, bytes]]:
        """Messages that are not where they were, because the file was rewritten or never read."""
        wanted = set(missing)
        if not wanted:
            return
        with open_mbox(self._here) as stream:
            for uid, piece in self._scan(stream):
                if uid in wanted:
                    yield uid, mboxindex.message_of(piece.raw)[:limit]

    def make(self, name: str) -> str:
        """As `Mailbox.make`: a file beside the others; Thunderbird finds it when it is started again."""
        path = _place(self._base, list(folder_name(name)))
        try:
            _make_above(self._base, path)
            with suppress(FileExistsError):
                create(path, self._root.stat()).close()
                sync_folder(path.parent)
        except OSError as error:
            raise trouble(error, path) from error
        open_mbox(path).close()
        return name

    def move(self, uids: Sequence[str], into: str) -> Iterator[Moved]:
        """As `Mailbox.move`. The file is rewritten once for all of them, so let them be many."""
        from ndrfilter.sweep.local.mboxmove import move

        target = self._path(into)
        if target == self._here:
            raise PlaceError(f"{escape(into)!r} is the folder the messages are in already")
        moved = move(self._here, target, set(uids), self._known)
        self._entries = self._known[self._here].entries if self._here in self._known else {}
        yield from moved

    def tag(self, uids: Sequence[str], keyword: str, *, on: bool = True) -> Iterator[str]:  # noqa: ARG002
        """Raise PlaceError: an mbox has no keywords that all programs know."""
        raise PlaceError(f"{escape(self.name)} is an mbox, which has no keywords; use --move instead of --tag")

    def wait(self, seconds: float) -> bool:
        """As `Mailbox.wait`: looks every `limits.SWEEP_POLL` seconds."""
        return self._watch.wait(seconds)

    def close(self) -> None:
        """Nothing is held open."""
        self._open, self._entries, self._known = None, {}, {}


def folders_of(base: Path) -> dict[str, Path]:
    """The mbox files below that directory by the names that people know; raises PlaceError and its kin."""
    found: dict[str, Path] = {}
    for names, path in _below(base, ()):
        if len(found) >= limits.MAX_FOLDERS:
            raise PlaceError(f"{escape(str(base))} has more than {limits.MAX_FOLDERS:,} folders; name one of them")
        found.setdefault("/".join(names), path)
    return found


def _below(folder: Path, names: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Path]]:
    try:
        with os.scandir(folder) as entries:
            inside = sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda one: one.name)
    except OSError as error:
        if not names:
            raise trouble(error, folder) from error
        return
    for entry in inside:
        if entry.is_dir(follow_symlinks=False):
            if len(names) < limits.MAX_FOLDER_DEPTH:
                yield from _below(Path(entry.path), (*names, entry.name.removesuffix(_BELOW)))
        elif not entry.name.endswith(_NO_FOLDERS) and _is_mbox(Path(entry.path)):
            yield (*names, entry.name), Path(entry.path)


def _is_mbox(path: Path) -> bool:
    """Whether it begins like one; an empty file is one if its name says so."""
    try:
        with open_mbox(path) as stream:
            named = (
                path.suffix in (".mbox", ".mbx") or role_of(path.name) or path.with_name(f"{path.name}.msf").exists()
            )
            return bool(stream.read(1) or named)
    except (OSError, PlaceError):
        return False


def _place(base: Path, parts: list[str]) -> Path:
    """Where the folder of that name is or would be."""
    for part in parts[:-1]:
        thunderbirds = (base / (part + _BELOW)).is_dir() or (base / part).is_file()
        base = base / (part + _BELOW if thunderbirds else part)
    return base / parts[-1]


def _make_above(base: Path, path: Path) -> None:
    for folder in reversed(path.relative_to(base).parents[:-1] if path.parent != base else ()):
        with suppress(FileExistsError):
            (base / folder).mkdir(mode=0o700)


def _writable(path: Path) -> bool:
    return os.access(path, os.R_OK | os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK)
