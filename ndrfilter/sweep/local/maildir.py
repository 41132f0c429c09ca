"""A Maildir as a mailbox. Messages are moved by rename(2): whole, at once, and never over another one.

Other programs move and rename files at the same time, that is what a Maildir is for; so a file that is not where the
last listing had it is looked for again before the message is held to be gone.
"""

from __future__ import annotations

import os
import re
import socket
import stat
import time
from itertools import count
from pathlib import Path

from ndrfilter import limits
from ndrfilter.errors import TemporaryError
from ndrfilter.sweep.local import layout
from ndrfilter.sweep.local.files import NoFileError, head_of, read, sync_folder, trouble
from ndrfilter.sweep.local.watch import Watch
from ndrfilter.sweep.mailbox import GoneError, PlaceError, ReadOnlyError
from ndrfilter.sweep.nouns import INBOX, Folder, Head, Item, Moved
from ndrfilter.sweep.roles import role_of
from ndrfilter.terminal import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import TypeVar

    T = TypeVar("T")

_FLAGS = re.compile(r"[:;!]2,[^/]*\Z")
_NUMBER = count(1)
_PARTS = ("cur", "new")


class Maildir:
    """Implements `mailbox.Mailbox` for a Maildir, with the folders in it, or a directory of Maildirs."""

    def __init__(self, path: str) -> None:
        self.name = path
        self.fetched = 0
        self._root = Path(path)
        self._open: Path | None = None
        self._names: dict[str, str] = {}  # by uid, the file below the open folder
        self._watch = Watch(())
        self._watches: dict[Path, Watch] = {}

    def folders(self) -> tuple[Folder, ...]:
        """All folders, the inbox first; messages are not counted. Raises PlaceError."""
        found = [self._folder(name, path) for name, path in self._folders().items()]
        return tuple(sorted(found, key=lambda folder: (folder.role != INBOX, folder.name)))

    def _folders(self) -> dict[str, Path]:
        layout.demand_maildir(self._root)
        try:
            return layout.folders_of(self._root)
        except OSError as error:
            raise trouble(error, self._root) from error

    def _folder(self, name: str, path: Path) -> Folder:
        writable = all(os.access(path / part, os.W_OK | os.X_OK) for part in _PARTS)
        return Folder(name, INBOX if path == self._root else role_of(name), writable=writable)

    def _path(self, name: str) -> Path:
        """Where the folder of that name is, also if it is called as on the disk (`.Archive.2025`)."""
        found = self._folders()
        path = found.get(name) or found.get(layout.known_name(name))
        if path is None:
            raise GoneError(f"{escape(self.name)} has no folder {escape(name)!r}, or not any more")
        return path

    def open(self, name: str, *, write: bool = False) -> Folder:
        """As `Mailbox.open`."""
        path = self._path(name)
        folder = self._folder(name, path)
        if write and not folder.writable:
            raise ReadOnlyError(f"{escape(str(path))} cannot be changed by this user: ask for the right to write there")
        self._open, self._names = path, {}
        self._watch = self._watches.setdefault(path, Watch(path / part for part in _PARTS))
        return folder

    @property
    def _here(self) -> Path:
        if self._open is None:
            raise PlaceError("no folder is open")
        return self._open

    def items(self) -> Iterator[Item]:
        """As `Mailbox.items`: by the time of the files, which is when they were delivered, then by name."""
        self._watch.look()
        self._list()
        found = []
        for uid, path in self._names.items():
            try:
                status = (self._here / path).lstat()
            except OSError:
                status = None  # renamed meanwhile, or gone: whoever asks for it finds out
            if status is None or stat.S_ISREG(status.st_mode):
                found.append((status.st_mtime if status else 0.0, uid, status.st_size if status else 0))
        found.sort()
        for received, uid, size in found:
            yield Item(uid, size, received)

    def _list(self) -> None:
        """The files of the open folder by uid, as they are called now. A listing in which names change is repeated."""
        names: dict[str, str] = {}
        for look in range(limits.SWEEP_LOOKS):
            watch = Watch(self._here / part for part in _PARTS)
            names.update(
                (uid_of(name), f"{part}/{name}") for part in ("new", "cur") for name in _files(self._here / part)
            )
            if not watch.changed() and (look or not watch.fresh):
                break
        self._names = names

    def _each(self, uids: Sequence[str], use: Callable[[Path], T]) -> Iterator[tuple[str, T]]:
        """What `use` makes of each file; who is not found is looked for again, and at last passed over."""
        missing = list(dict.fromkeys(uids))
        if not self._names:
            self._list()
        for look in range(limits.SWEEP_LOOKS):
            if look:
                self._list()
            wanted, missing = missing, []
            for uid in wanted:
                path = self._names.get(uid)
                try:
                    made = None if path is None else use(self._here / path)
                except NoFileError:
                    continue
                except FileNotFoundError:
                    made = None
                except OSError as error:
                    raise trouble(error, self._here) from error
                if made is None:
                    missing.append(uid)
                else:
                    yield uid, made
            if not missing:
                break

    def heads(self, uids: Sequence[str]) -> Iterator[Head]:
        """As `Mailbox.heads`, with the whole messages."""
        for uid, raw in self.raws(uids, limits.MAX_MESSAGE):
            yield head_of(uid, raw)

    def raws(self, uids: Sequence[str], limit: int) -> Iterator[tuple[str, bytes]]:
        """As `Mailbox.raws`."""
        for uid, raw in self._each(uids, lambda path: _read(path, limit)):
            self.fetched += len(raw)
            yield uid, raw

    def make(self, name: str) -> str:
        """As `Mailbox.make`; subscribed where Dovecot or Courier keep a list."""
        return name if name in self._folders() else layout.make(self._root, name)

    def move(self, uids: Sequence[str], into: str) -> Iterator[Moved]:
        """As `Mailbox.move`: what was new stays new, and files keep their names unless one is taken."""
        target = self._path(into)
        if target == self._here:
            raise PlaceError(f"{escape(into)!r} is the folder the messages are in already")
        layout.share_keywords(self._here, target)
        taken = {uid_of(name) for part in _PARTS for name in _files(target / part)}
        try:
            for uid, moved in self._each(uids, lambda path: _rename(path, target, taken)):
                self._names.pop(uid, None)
                yield Moved(uid, moved, 0)
        finally:
            _synced(folder / part for folder in (self._here, target) for part in _PARTS)

    def tag(self, uids: Sequence[str], keyword: str, *, on: bool = True) -> Iterator[str]:  # noqa: ARG002
        """Raise PlaceError: the letters for keywords in file names are Dovecot's to give, under locks of its own."""
        raise PlaceError(
            f"{escape(self.name)} is a Maildir, where keywords cannot be set from outside; sweep it by IMAP, or use"
            " --move instead of --tag"
        )

    def wait(self, seconds: float) -> bool:
        """As `Mailbox.wait`: looks every `limits.SWEEP_POLL` seconds."""
        return self._watch.wait(seconds)

    def close(self) -> None:
        """Nothing is held open."""
        self._open, self._names = None, {}


def uid_of(name: str) -> str:
    """A file's name without its flags, which begin with `:2,`, or `;2,` or `!2,` where a colon is not possible."""
    return _FLAGS.sub("", name)


def _files(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        raise trouble(error, folder) from error


def _synced(folders: Iterable[Path]) -> None:
    for folder in folders:
        try:
            sync_folder(folder)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise trouble(error, folder) from error


def _read(path: Path, limit: int) -> bytes:
    """As `files.read`; a file of somebody else's among them does not end a sweep."""
    try:
        return read(path, limit)
    except PermissionError as error:
        raise NoFileError from error


def _rename(path: Path, target: Path, taken: set[str]) -> str:
    """Move the file to `target`, under a name whose uid is not taken; that uid. Raises OSError, TemporaryError."""
    uid = uid_of(path.name)
    flags = path.name[len(uid) :]
    if not stat.S_ISREG(path.lstat().st_mode):
        raise NoFileError
    for _try in range(limits.SWEEP_LOOKS):
        into = target / path.parent.name / (uid + flags)
        if uid not in taken and not os.path.lexists(into):
            try:
                path.rename(into)
            except FileNotFoundError:
                if layout.is_maildir(target):
                    raise
                raise GoneError(f"{escape(str(target))} is not there any more") from None
            taken.add(uid)
            return uid
        host = socket.gethostname().replace("/", "_").replace(":", "_")
        uid = f"{time.time():.6f}".replace(".", f".P{os.getpid()}Q{next(_NUMBER)}M") + f".{host}"
    raise TemporaryError(f"no name is free in {escape(str(target))}")
