"""Where the sweeps of one mailbox are remembered, and the digest by which a message is known again."""

from __future__ import annotations

import os
import re
import sys
from hashlib import blake2b
from pathlib import Path

from ndrfilter.adapters.state import personal_folder
from ndrfilter.errors import TemporaryError

_OTHER = re.compile(r"[^a-z0-9.@-]+")
_SLUG, _DIGEST = 40, 4


def account_folder(mailbox_name: str, root: Path | None = None) -> Path:
    """The folder for that mailbox, made if need be: nobody else can read it. `root` is the state folder.

    Raises TemporaryError.
    """
    folder = (root or _state()) / "sweep" / _named(mailbox_name)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise TemporaryError(f"cannot make the folder {folder} for what is remembered: {error.strerror}") from error
    if hasattr(os, "geteuid"):
        _check(folder, found)
    return folder


def account_folders(root: Path | None = None) -> tuple[Path, ...]:
    """The folders of all mailboxes that were swept, the latest first; none where nothing can be read."""
    try:
        found = [(one.stat().st_mtime, one) for one in ((root or _state()) / "sweep").iterdir() if one.is_dir()]
    except OSError:
        return ()
    return tuple(one for _, one in sorted(found, reverse=True))


def _check(folder: Path, found: os.stat_result) -> None:
    from ndrfilter.adapters.state import Folder

    if found.st_uid != os.geteuid():
        raise TemporaryError(f"{folder} belongs to somebody else: move it away, or sweep as that user")
    Folder(folder)
    if found.st_mode & 0o077:
        try:
            folder.chmod(0o700)
        except OSError as error:
            raise TemporaryError(f"others may read {folder}: chmod 700 {folder}") from error


def _state() -> Path:
    local = os.environ.get("LOCALAPPDATA")
    if sys.platform == "win32" and local and "NDRFILTER_STATE" not in os.environ:
        return Path(local, "ndrfilter")
    return personal_folder()


def _named(mailbox_name: str) -> str:
    """A name that people know the mailbox by, and that no other mailbox has."""
    data = mailbox_name.encode("utf-8", "surrogatepass")
    slug = _OTHER.sub("-", mailbox_name.lower()).strip("-.")[-_SLUG:].strip("-.")
    return f"{slug}-{blake2b(data, digest_size=_DIGEST).hexdigest()}".lstrip("-")


def digest_of(header: bytes) -> bytes:
    """16 bytes that stand for a message's header, whatever the line ends that a mailbox hands it out with."""
    return blake2b(header.replace(b"\r\n", b"\n").rstrip(b"\n"), digest_size=16).digest()
