"""Compiled rules on disk. Read only where nobody but root or the reader could have written; a bad file is no file.

The data is `marshal`ed plain data behind a digest. It is written by `ndrfilter compile` and by a sweep, never by a
filtering process. Of what is kept there are kinds: "rules", and what was derived from them.
"""

from __future__ import annotations

import marshal
import os
import stat
import sys
from hashlib import blake2b
from pathlib import Path

from ndrfilter import limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_MAGIC = b"ndrfilter rules 1\n"
_DIGEST = 32
_KEPT = 8
SYSTEM = Path("/var/cache/ndrfilter")


def folders(environ: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
    """Where caches may lie, the reader's own first. Root has only the system's. $NDRFILTER_CACHE replaces them.

    None where nobody can tell who wrote a file (Windows): nothing there could be trusted.
    """
    if not hasattr(os, "geteuid"):
        return ()
    named = environ.get("NDRFILTER_CACHE", "")
    if named.startswith("/"):
        return (Path(named),)
    if os.geteuid() == 0:
        return (SYSTEM,)
    home = environ.get("XDG_CACHE_HOME") or (f"{environ['HOME']}/.cache" if environ.get("HOME") else "")
    return (Path(home, "ndrfilter"), SYSTEM) if home.startswith("/") else (SYSTEM,)


def key_of(*parts: object) -> str:
    """A name for everything that the image depends on: `parts`, and the interpreter that marshals it."""
    text = repr((sys.implementation.cache_tag, sys.hexversion, marshal.version, parts))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def read(key: str, places: tuple[Path, ...] | None = None, kind: str = "rules") -> dict[str, Any] | None:
    """What is kept under that key; None where there is nothing, or nothing that can be trusted and read."""
    for folder in folders() if places is None else places:
        try:
            data = _trusted(folder, f"{kind}-{key}")
            if data is not None:
                return _opened(data)
        except (OSError, ValueError, EOFError, TypeError, MemoryError):
            continue
    return None


def _trusted(folder: Path, name: str) -> bytes | None:
    """The file's bytes, if it and its folder belong to root or to us and nobody else may write them."""
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if not _safe(os.fstat(place)):
            return None
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=place)
    finally:
        os.close(place)
    with open(file, "rb") as stream:  # noqa: PTH123 - a descriptor has no path
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode) or not _safe(found) or found.st_size > limits.MAX_RULE_CACHE:
            return None
        return stream.read()


def _safe(found: os.stat_result) -> bool:
    return found.st_uid in (0, os.geteuid()) and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _opened(data: bytes) -> dict[str, Any] | None:
    start = len(_MAGIC) + _DIGEST
    payload = data[start:]
    if data[:start] != _MAGIC + blake2b(payload, digest_size=_DIGEST).digest():
        return None
    image = marshal.loads(payload)  # noqa: S302 - behind the ownership check and the digest
    return image if isinstance(image, dict) else None


def write(key: str, image: dict[str, Any], folder: Path, kind: str = "rules") -> Path:
    """Keep the data under that key; the oldest of a kind beyond a few go. Raises OSError."""
    payload = marshal.dumps(image)
    path = put(folder / f"{kind}-{key}", _MAGIC + blake2b(payload, digest_size=_DIGEST).digest() + payload)
    few(folder, f"{kind}-*")
    return path


def few(folder: Path, kind: str) -> None:
    """Remove all but the newest few files of a kind. Raises OSError."""
    for old in sorted(folder.glob(kind), key=lambda kept: kept.stat().st_mtime_ns, reverse=True)[_KEPT:]:
        old.unlink(missing_ok=True)


def put(path: Path, data: bytes, mode: int = 0o644, group: int = -1) -> Path:
    """Write the file in one step, with its folder if that is not there. Raises OSError."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    draft = path.parent / f".draft-{os.getpid()}"
    try:
        with draft.open("xb") as stream:
            os.fchown(stream.fileno(), -1, group)
            os.fchmod(stream.fileno(), mode)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path
