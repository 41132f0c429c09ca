"""The state folder: where it is, who may use it, and the secret in it that makes our digests worthless to others.

Nothing in it is trusted that a stranger could have put there. A folder of mode 2770 is shared by its group.
"""

from __future__ import annotations

import os
import stat
from errno import ENOSPC
from pathlib import Path

from ndrfilter.errors import TemporaryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SYSTEM = Path("/var/lib/ndrfilter")
_KEY, _SECRET_BYTES = "state.key", 32
_SHARED = stat.S_ISGID | stat.S_IWGRP
_OWNED = hasattr(os, "geteuid")
"""Windows tells neither owners nor modes: there, what lies in the user's own folder is his by its access list."""
_SAFELY = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"))


def default_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """$NDRFILTER_STATE, else the system's folder for root and who can read it, else the user's ($XDG_STATE_HOME)."""
    if Path(environ.get("NDRFILTER_STATE", "")).is_absolute():
        return Path(environ["NDRFILTER_STATE"])
    return SYSTEM if os.access(SYSTEM, os.R_OK | os.X_OK) else personal_folder(environ)


def personal_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """$NDRFILTER_STATE, else the system's folder for root, else the user's own, whatever the system has."""
    if Path(environ.get("NDRFILTER_STATE", "")).is_absolute():
        return Path(environ["NDRFILTER_STATE"])
    if _OWNED and os.geteuid() == 0:
        return SYSTEM
    home = environ.get("XDG_STATE_HOME", "")
    return (
        Path(home, "ndrfilter") if home.startswith("/") else Path(environ.get("HOME") or "/", ".local/state/ndrfilter")
    )


class Folder:
    """A state folder that was made if need be and found safe; every method raises TemporaryError."""

    __slots__ = ("_found", "path", "shared")

    def __init__(self, path: Path) -> None:
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = path.lstat()
        except OSError as error:
            raise TemporaryError(f"cannot make the state folder {path}: {error.strerror}") from error
        self.path = path
        self.shared = _OWNED and found.st_mode & _SHARED == _SHARED
        self._found = found
        self._check(found)

    def _check(self, found: os.stat_result) -> None:
        if not stat.S_ISDIR(found.st_mode):
            raise TemporaryError(f"the state folder {self.path} is a link or no folder; name the folder itself")
        if _OWNED:
            self._check_owner(found)
        self._demand(self.path, os.R_OK | os.W_OK | os.X_OK)

    def _check_owner(self, found: os.stat_result) -> None:
        if found.st_mode & stat.S_IWOTH:
            raise TemporaryError(f"everybody may write to the state folder {self.path}: chmod o-w {self.path}")
        member = self.shared and found.st_gid in (os.getegid(), *os.getgroups())
        if found.st_uid not in (0, os.geteuid()) and os.geteuid() != 0 and not member:
            raise TemporaryError(f"the state folder {self.path} belongs to somebody else; {self._advice()}")

    def _advice(self) -> str:
        """How several users come to share the folder."""
        return f"to share it: chgrp GROUP {self.path}; chmod 2770 {self.path}; and make every user a member of GROUP"

    def _demand(self, path: Path, mode: int) -> None:
        if os.access(path, mode, effective_ids=os.access in os.supports_effective_ids):
            return
        if hasattr(os, "statvfs") and os.statvfs(self.path).f_flag & os.ST_RDONLY:
            raise TemporaryError(f"{path} is on a file system that is mounted read-only")
        raise TemporaryError(f"this user may not read and write {path}; {self._advice()}")

    def file(self, name: str, mode: int = os.R_OK | os.W_OK) -> Path | None:
        """The path of that file if it is there, checked; never opened, because that would drop SQLite's locks."""
        path = self.path / name
        try:
            found = path.lstat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise TemporaryError(f"cannot read {path}: {error.strerror}") from error
        if not stat.S_ISREG(found.st_mode):
            raise TemporaryError(f"{path} is a link or no file; it is not touched")
        if _OWNED:
            self._check_file(path, found)
        self._demand(path, mode)
        return path

    def _check_file(self, path: Path, found: os.stat_result) -> None:
        if found.st_mode & (stat.S_IWOTH | (0 if self.shared else stat.S_IWGRP)):
            raise TemporaryError(f"others may write to {path}: chmod go-w {path}, if you know what is in it")
        if not self.shared and found.st_uid not in (0, os.geteuid(), self._found.st_uid):
            raise TemporaryError(f"{path} belongs to somebody else; {self._advice()}")

    def touch(self, name: str) -> None:
        """An empty file of that name for all who share the folder, unless it is there."""
        try:
            os.close(self._create(name, 0o660))
        except FileExistsError:
            return
        except OSError as error:
            raise TemporaryError(f"cannot make {self.path / name}: {error.strerror}") from error

    def _create(self, name: str, shared_mode: int) -> int:
        """A descriptor of a new file; its mode is 0600, or `shared_mode` in a shared folder. Raises OSError."""
        file = os.open(self.path / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFELY, 0o600)
        try:
            if _OWNED and os.geteuid() == 0:
                os.fchown(file, self._found.st_uid, self._found.st_gid)
            if self.shared:
                os.fchmod(file, shared_mode)
        except OSError:
            os.close(file)
            raise
        return file

    def secret(self, *, make: bool) -> bytes:
        """The secret, 32 bytes; made if it is missing and may be made."""
        path = self.file(_KEY, os.R_OK)
        if path is None and not make:
            where = self.path / _KEY
            raise TemporaryError(
                f"{where} is missing, and without it nothing in state.db is found: restore it, or remove state.db too"
            )
        try:
            if path is None:
                self._make_secret()
            secret = (self.path / _KEY).read_bytes()
        except OSError as error:
            raise TemporaryError(f"cannot read or make {self.path / _KEY}: {error.strerror}") from error
        if len(secret) != _SECRET_BYTES:
            raise TemporaryError(
                f"{self.path / _KEY} is damaged: it has {len(secret)} bytes and should have {_SECRET_BYTES}"
            )
        return secret

    def _make_secret(self) -> None:
        """Put the whole secret under its name in one step; whoever comes second finds the first one's."""
        draft = f".{_KEY}.{os.getpid()}.{os.urandom(4).hex()}"
        file = self._create(draft, 0o640)
        try:
            if os.write(file, os.urandom(_SECRET_BYTES)) < _SECRET_BYTES:
                raise OSError(ENOSPC, os.strerror(ENOSPC))
            os.fsync(file)
            os.link(self.path / draft, self.path / _KEY)
            self._sync()
        except FileExistsError:
            pass
        finally:
            os.close(file)
            os.unlink(self.path / draft)  # noqa: PTH108 - Path would hide nothing and cost more

    def _sync(self) -> None:
        if not _OWNED:
            return  # Windows opens no folders
        place = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(place)
        finally:
            os.close(place)
