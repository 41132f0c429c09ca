"""Files of a mailbox, opened so that no link, pipe or device in their place can mislead or hold us; errors in words."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from ndrfilter import limits
from ndrfilter.errors import NdrError, TemporaryError
from ndrfilter.message.places import header_end
from ndrfilter.sweep.mailbox import GoneError, PlaceError, QuotaError, ReadOnlyError
from ndrfilter.sweep.nouns import Head
from ndrfilter.terminal import clip, escape, reason

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_SAFELY = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY", "O_NOCTTY"))
_NO_FILE = "this is no file"
_NO_RIGHT = {errno.EACCES, errno.EPERM, errno.EROFS}
_NO_ROOM = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


class NoFileError(OSError):
    """What stands there is a link, a folder, a pipe or a device."""


def opened(path: Path | str, flags: int = os.O_RDONLY) -> BinaryIO:
    """That regular file, as bytes; raises OSError, NoFileError for whatever is no regular file."""
    try:
        file = os.open(path, flags | _SAFELY)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            raise NoFileError(errno.EINVAL, _NO_FILE) from error
        raise
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise NoFileError(errno.EINVAL, _NO_FILE)
        return os.fdopen(file, "r+b" if flags & os.O_RDWR else "rb")
    except BaseException:
        os.close(file)
        raise


def read(path: Path | str, limit: int) -> bytes:
    """Its first `limit` bytes; raises OSError."""
    with opened(path) as stream:
        return stream.read(limit)


def create(path: Path, like: os.stat_result) -> BinaryIO:
    """A new file for the owner of `like`, with its mode if it is a file; raises OSError."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _SAFELY, 0o600)
    try:
        own(path, stat.S_IMODE(like.st_mode) if stat.S_ISREG(like.st_mode) else 0o600, like)
        return os.fdopen(file, "r+b")
    except BaseException:
        os.close(file)
        raise


def own(place: Path, mode: int, like: os.stat_result) -> None:
    """Give it that mode and the owner of `like`; raises OSError where we may not."""
    now = place.stat()
    if hasattr(os, "chown") and (now.st_uid, now.st_gid) != (like.st_uid, like.st_gid):
        os.chown(place, like.st_uid, like.st_gid)
    place.chmod(mode)


def sync_folder(path: Path) -> None:
    """Have what was renamed in that folder on the disk, where the system knows such a thing; raises OSError."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def head_of(uid: str, raw: bytes) -> Head:
    """The header of a message of which all, or the first `limits.MAX_MESSAGE` bytes, are known."""
    end = header_end(raw, 0)
    feed = raw.find(b"\n", end, end + 4)
    return Head(uid, raw[: feed + 1 if feed >= 0 else end], whole=raw)


def trouble(error: OSError, where: Path | str) -> NdrError:
    """What to raise for it: which of our exceptions, and the sentence."""
    shown = escape(str(where))
    if error.errno in _NO_RIGHT:
        return ReadOnlyError(f"{shown} cannot be changed or read by this user: {reason(error)}")
    if error.errno in _NO_ROOM:
        return QuotaError(f"there is no room left at {shown}: {reason(error)}; make some and start again")
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return GoneError(f"{shown} is not there, or not any more")
    if error.errno == errno.EXDEV:
        return PlaceError(f"{shown} lies on another file system; a folder to move to must be on the mailbox's own")
    if isinstance(error, NoFileError):
        return PlaceError(f"{shown} is a link, a pipe or a device, not a file; name the file itself")
    return TemporaryError(f"cannot use {shown} now: {reason(error)}")


def folder_name(name: str) -> tuple[str, ...]:
    """The parts of a folder's name as people write it; raises PlaceError for what is none."""
    parts = tuple(name.split("/"))
    odd = any(not part or part.startswith(".") or not part.isprintable() or "\\" in part for part in parts)
    if odd or len(name.encode()) > limits.MAX_FOLDER_NAME or len(parts) > limits.MAX_FOLDER_DEPTH:
        raise PlaceError(
            f"a folder cannot be called {clip(name, limits.MAX_FOLDER_NAME)!r}; try a name like Backscatter"
        )
    return parts
