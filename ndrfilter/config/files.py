"""Reading the text of a configuration or ruleset file, within a bound."""

from __future__ import annotations

import errno
import stat

from ndrfilter import limits
from ndrfilter.errors import ConfigError, Diagnostic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO


def opened(path: Path) -> BinaryIO:
    """The file, to be read; raises OSError, also for a pipe: it might keep a running service waiting for ever."""
    if stat.S_ISFIFO(path.stat().st_mode):
        raise OSError(errno.ESPIPE, "it is a pipe")
    return path.open("rb")


def read_text(path: Path, limit: int = limits.MAX_CONFIG_FILE, *, pipe: bool = False) -> str:
    """The file's text; raises ConfigError if it cannot be read, is too big, or is not UTF-8.

    `pipe` says whether it may be one, as a shell's `<(…)` is.
    """
    try:
        with path.open("rb") if pipe else opened(path) as file:
            raw = file.read(limit + 1)
    except OSError as error:
        raise ConfigError([Diagnostic("E600", f"cannot read {path}: {error.strerror}", str(path))]) from error
    if len(raw) > limit:
        raise ConfigError([Diagnostic("E600", f"{path} is bigger than {limit} bytes", str(path))])
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        source = raw.split(b"\n")[line - 1].decode("utf-8", "replace")
        message = f"byte {raw[error.start]:#04x} is not UTF-8"
        raise ConfigError([Diagnostic("E601", message, str(path), line, column, 1, source, "save as UTF-8")]) from error
