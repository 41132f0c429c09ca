"""Opening log files, packed or not. A packed file is unpacked piece by piece, and only so far."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib

from ndrfilter import limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

_OPENERS = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
UNREADABLE = (OSError, EOFError, zlib.error, lzma.LZMAError)
"""What reading a log file may raise."""


def packed(path: Path) -> bool:
    """Whether a file of that name is packed."""
    return path.suffix in _OPENERS


def open_log(path: Path) -> BinaryIO:
    """The file's content. Opening and reading raise one of UNREADABLE; OSError if more comes out than is allowed."""
    if not packed(path):
        return path.open("rb", buffering=0)
    return _Bounded(_OPENERS[path.suffix](path, "rb"))  # type: ignore[operator, return-value]


class _Bounded:
    """A packed file that ends with an error where it grows beyond all measure."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.fileno, self.close = file.fileno, file.close

    def read(self, size: int) -> bytes:
        if self._file.tell() > limits.MAX_UNPACKED_LOG:
            raise OSError("unpacks to more than a log can be")
        return self._file.read(size)

    def seek(self, offset: int) -> int:
        return self._file.seek(min(offset, limits.MAX_UNPACKED_LOG + 1))

    def __enter__(self) -> _Bounded:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
