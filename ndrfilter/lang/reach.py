"""Which files a rule file may name: those in its own tree of rule files. Who may write a rule may not read the disk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ndrfilter.limits import MAX_LIST_FILE


class Trees:
    """The folders of all sources; the topmost of them above a file is the root of its tree."""

    def __init__(self, folders: Iterable[Path | None]) -> None:
        self._folders = {folder.resolve() for folder in folders if folder is not None}

    def root(self, folder: Path | None) -> Path | None:
        """The root of the tree in which that folder lies; None for a text that has no folder."""
        if folder is None:
            return None
        here = folder.resolve()
        return next((above for above in reversed((here, *here.parents)) if above in self._folders), None)


def reached(name: str, folder: Path | None, root: Path | None) -> Path | None:
    """The file of that name, seen from `folder`; None outside the tree. A link counts as the file that it leads to."""
    if folder is None or root is None:
        return None
    try:
        path = (folder / name).resolve()
    except (OSError, ValueError, RuntimeError):  # a name that no file has, or links in a circle
        return None
    return path if path.is_relative_to(root) else None


def list_lines(path: Path) -> list[str]:
    """The lines of a list file; raises OSError, and ValueError for what is no text or beyond the bound."""
    if path.exists() and not path.is_file():
        raise ValueError("it is no file")
    with path.open("rb") as stream:
        raw = stream.read(MAX_LIST_FILE + 1)
    if len(raw) > MAX_LIST_FILE:
        raise ValueError(f"it is larger than {MAX_LIST_FILE:,} bytes")
    try:
        return raw.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None


def cause(wrong: Exception) -> str:
    """Why a file could not be read."""
    if isinstance(wrong, UnicodeDecodeError):
        return "it is not UTF-8"
    return (wrong.strerror or "") if isinstance(wrong, OSError) else str(wrong)
