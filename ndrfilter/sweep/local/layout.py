"""Where the folders of a Maildir are and what people call them: Maildir++ (`.Archive.2025`) and plain directories."""

from __future__ import annotations

import base64
import os
import re
import stat
from contextlib import suppress
from pathlib import Path

from ndrfilter import limits
from ndrfilter.sweep.local.files import create, folder_name, own, read, sync_folder, trouble
from ndrfilter.sweep.mailbox import PlaceError
from ndrfilter.terminal import escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

INBOX = "INBOX"
_PARTS = ("cur", "new", "tmp")
_SHIFTED = re.compile(r"&([A-Za-z0-9+,]*)-")
_PLAIN = re.compile(r"[ -~]+|[^ -~]+")
_KEYWORDS = "dovecot-keywords"
_DOVECOT = "subscriptions"
_SUBSCRIBED = (_DOVECOT, "courierimapsubscribed")


def is_maildir(path: Path) -> bool:
    """Whether mail is delivered there: `cur` and `new` are folders, and no links to some."""
    return all(_is_folder(path / part) for part in ("cur", "new"))


def demand_maildir(path: Path) -> None:
    """Raise PlaceError, with what is missing, for half a Maildir."""
    there = [part for part in ("cur", "new") if _is_folder(path / part)]
    if len(there) == 1:
        (missing,) = {"cur", "new"} - set(there)
        raise PlaceError(
            f"{escape(str(path))} is no Maildir: it has {there[0]}/ but no {missing}/. Make that folder if it was lost"
            " (an empty one will do), or name the folder in which cur/, new/ and tmp/ are"
        )


def folders_of(root: Path) -> dict[str, Path]:
    """The folders by the names that people know; raises PlaceError where there are too many, OSError."""
    found = {INBOX: root} if is_maildir(root) else {}
    for name, path in _below(root, (), is_maildir(root)):
        if len(found) >= limits.MAX_FOLDERS:
            raise PlaceError(f"{escape(str(root))} has more than {limits.MAX_FOLDERS:,} folders; name one of them")
        found[path.relative_to(root).as_posix() if name in found else name] = path
    return found


def _below(folder: Path, names: tuple[str, ...], plus: bool) -> Iterator[tuple[str, Path]]:
    """Maildirs below `folder`; with `plus` those whose names begin with a dot too."""
    with os.scandir(folder) as entries:
        inside = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    for name in inside:
        if name in _PARTS or (name.startswith(".") and not plus):
            continue
        path, shown = folder / name, (*names, known_name(name))
        if is_maildir(path):
            yield "/".join(shown), path
        if not name.startswith(".") and len(shown) < limits.MAX_FOLDER_DEPTH:
            yield from _below(path, shown, plus=False)


def _is_folder(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def known_name(name: str) -> str:
    """What people call the folder `.Archive.J&AOQ-nner`: Archive/Jänner. What is no modified UTF-7 stays as it is."""
    shown = name[1:].replace(".", "/") if name.startswith(".") else name
    try:
        return _SHIFTED.sub(_unshifted, shown) if shown.isascii() else shown
    except ValueError:
        return shown


def _unshifted(found: re.Match[str]) -> str:
    letters = found[1].replace(",", "/")
    return base64.b64decode(letters + "=" * (-len(letters) % 4)).decode("utf-16-be") or "&"


def written_name(name: str) -> str:
    """`name` in modified UTF-7 (RFC 3501 section 5.1.3)."""
    return "".join(
        part.replace("&", "&-") if part.isascii() and part.isprintable() else _shifted(part)
        for part in _PLAIN.findall(name)
    )


def _shifted(text: str) -> str:
    return "&" + base64.b64encode(text.encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"


def make(root: Path, name: str) -> str:
    """Make that folder in the way in which the others are made, and subscribe it; the name that people will know.

    Raises PlaceError and its kin.
    """
    parts = folder_name(name)
    path = root / ("." + ".".join(map(written_name, parts))) if _dotted(root) else root.joinpath(*parts)
    try:
        like = root.stat()
        for folder in (
            *reversed(path.relative_to(root).parents[:-1]),
            path,
            *(path / part for part in reversed(_PARTS)),
        ):
            _make_folder(root / folder, like)
        if path.name.startswith("."):
            with suppress(FileExistsError):
                create(path / "maildirfolder", like).close()
            _subscribe(root, [written_name(part) for part in ".".join(parts).split(".")])
        sync_folder(root)
    except OSError as error:
        raise trouble(error, path) from error
    return known_name(path.name) if path.name.startswith(".") else name


def _dotted(root: Path) -> bool:
    """Whether folders are made as Maildir++ has them: in a Maildir, unless all that it has are plain directories."""
    names = [path.relative_to(root).as_posix() for path in folders_of(root).values() if path != root]
    return is_maildir(root) and (not names or any(name.startswith(".") for name in names))


def _make_folder(folder: Path, like: os.stat_result) -> None:
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        own(folder, stat.S_IMODE(like.st_mode), like)


def _subscribe(root: Path, parts: list[str]) -> None:
    """Add the folder to the lists of Dovecot and Courier that are there; raises OSError."""
    for file in _SUBSCRIBED:
        path = root / file
        try:
            text, like = read(path, limits.MAX_LIST_FILE), path.stat()
        except OSError:
            continue
        line = (
            ("\t" if text.startswith(b"V\t") else ".").join(parts if file == _DOVECOT else ["INBOX", *parts]).encode()
        )
        if line not in text.split(b"\n"):
            draft = root / f".{file}.ndrfilter-{os.getpid()}"
            try:
                with create(draft, like) as stream:
                    stream.write(text + (b"" if text.endswith(b"\n") or not text else b"\n") + line + b"\n")
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)


def share_keywords(source: Path, target: Path) -> None:
    """Let the letters that stand for keywords in file names mean in a new folder of Dovecot's what they mean here."""
    with suppress(OSError):
        text = read(source / _KEYWORDS, limits.MAX_CONFIG_FILE)
        with create(target / _KEYWORDS, (source / _KEYWORDS).stat()) as stream:
            stream.write(text)
