"""The locks that mail programs agree on for an mbox: a file beside it (`inbox.lock`), and fcntl where there is one.

Thunderbird keeps to neither, but locks its profile while it runs: then we do not touch a mailbox in it.

A lock file is held for forgotten, and removed, when the process that it names (`PID:HOST`, ours and Dovecot's way) was
of this machine and is no more, or when nobody has touched it for `limits.MBOX_LOCK_STALE` seconds.
"""

from __future__ import annotations

import os
import socket
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from ndrfilter import limits
from ndrfilter.errors import TemporaryError
from ndrfilter.sweep.local.files import opened, read, trouble
from ndrfilter.terminal import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_PAUSE = 0.1
_PROFILE_LOCKS = (".parentlock", "parent.lock")  # the second on Windows, where it cannot be opened


@contextmanager
def locked(path: Path) -> Iterator[BinaryIO]:
    """That mbox, open for reading and writing, while nobody else changes it. Nothing else here may open it meanwhile:
    closing a second descriptor would give up the lock (fcntl(2)). Raises TemporaryError, PlaceError and its kin.
    """
    _demand_quiet(path)
    end = time.monotonic() + limits.MBOX_LOCK_PATIENCE
    beside = path.with_name(path.name + ".lock")
    try:
        mine = _take(beside, end)
    except OSError as error:
        raise trouble(error, beside) from error
    try:
        with _opened(path) as stream:
            _hold(stream, path, end)
            if path.stat().st_ino != os.fstat(stream.fileno()).st_ino:
                raise _taken(path)
            yield stream
    finally:
        with suppress(OSError):
            if beside.lstat().st_ino == mine:
                beside.unlink()


def _demand_quiet(path: Path) -> None:
    """Raise TemporaryError if the file is in the profile of a Thunderbird that runs."""
    for place in (folder / name for folder in path.parents for name in _PROFILE_LOCKS):
        try:
            with opened(place, os.O_RDWR) as stream:
                _try(stream)
        except (BlockingIOError, PermissionError):
            raise TemporaryError(f"{escape(str(path))} is Thunderbird's, which runs; quit it and start again") from None
        except OSError:
            continue


def _opened(path: Path) -> BinaryIO:
    try:
        return opened(path, os.O_RDWR)
    except OSError as error:
        raise trouble(error, path) from error


def _take(beside: Path, end: float) -> int:
    """Make the lock file; its inode. Raises OSError, TemporaryError."""
    draft = beside.with_name(f".{beside.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        draft.write_bytes(f"{os.getpid()}:{socket.gethostname()}".encode())
        while True:
            try:
                return _put(draft, beside)
            except FileExistsError:
                if _forgotten(beside):
                    continue
                if time.monotonic() > end:
                    raise _taken(beside) from None
                time.sleep(_PAUSE)
    finally:
        draft.unlink(missing_ok=True)


def _put(draft: Path, beside: Path) -> int:
    """Give `draft` that name unless it is taken: so a lock never is without the name of its owner. Raises OSError."""
    try:
        os.link(draft, beside)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        os.close(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
    return beside.lstat().st_ino


def _taken(path: Path) -> TemporaryError:
    return TemporaryError(f"{escape(str(path))}: another program holds the mailbox; quit it, or try again later")


def _forgotten(beside: Path) -> bool:
    """Take away a lock file that was forgotten; whether it was. It is renamed first: of two who do so one finds out."""
    with suppress(OSError):
        status = beside.lstat()
        if time.time() - status.st_mtime < limits.MBOX_LOCK_STALE and not _dead(beside):
            return False
        aside = beside.with_name(f".{beside.name}.{os.getpid()}")
        beside.rename(aside)
        if aside.lstat().st_ino != status.st_ino:
            os.link(aside, beside)
        aside.unlink()
        return True
    return False


def _dead(beside: Path) -> bool:
    number, _colon, host = read(beside, 300).decode("ascii", "replace").partition(":")
    if os.name == "nt" or host.strip() != socket.gethostname() or not number.isdecimal() or int(number) < 1:
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        return False
    return False


def _hold(stream: BinaryIO, path: Path, end: float) -> None:
    while True:
        try:
            _try(stream)
        except OSError:
            if time.monotonic() > end:
                raise _taken(path) from None
            time.sleep(_PAUSE)
        else:
            return


def _try(stream: BinaryIO) -> None:
    """Lock it as fcntl does, where there is such a thing; raises OSError where another process has."""
    try:
        import fcntl
    except ImportError:
        return
    fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
