"""Secrets in a configuration: written in place, or in a file that nobody else may read.

What is said of a mistake shows neither the line nor what stands in the name's place: it may be the secret.
"""

from __future__ import annotations

import os
import stat

from ndrfilter import limits
from ndrfilter.config.files import opened
from ndrfilter.config.tree import Node, Place
from ndrfilter.plugin.setting import MIN_SECRET, Key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ndrfilter.config.tree import Reader

_FILE = "a key file has lines `ID SECRET`; the first key signs, all of them verify"


def read(node: Node, key: str, folder: Path, reader: Reader) -> tuple[Key, ...]:
    """The keys at `key`: a mapping from names to secrets, or the path of a key file, from `folder`."""
    before = len(reader.mistakes)
    if isinstance(node.value, dict):
        items = ((name, item._replace(place=item.place._replace(source=""))) for name, item in node.value.items())
        pairs = [(name, reader.text(item, key), item.place) for name, item in items]
    else:
        pairs = list(_file(node, key, folder, reader))
    made = [_key(name, secret, key, place, reader) for name, secret, place in pairs]
    if not pairs and len(reader.mistakes) == before:
        reader.wrong("E752", f"{key}: no keys", node.place, _FILE)
    names = [one.id for one in made]
    for one, (_, _, place) in zip(made, pairs, strict=True):
        if names.count(one.id) > 1:
            reader.wrong("E752", f"{key}: two keys have this name", place, "each key has a name of its own")
    return tuple(made)


def _remedy(error: OSError) -> str:
    return "this user or its group has to be able to read it" if isinstance(error, PermissionError) else _FILE


def _key(name: str, secret: str, key: str, place: Place, reader: Reader) -> Key:
    if not (name.isascii() and name.isalnum() and len(name) <= limits.MAX_KEY_NAME):
        advice = f"up to {limits.MAX_KEY_NAME} letters and digits, before the secret"
        reader.wrong("E752", f"{key}: this is no name of a key", place, advice)
    if len(secret.encode()) < MIN_SECRET:
        advice = f"at least {MIN_SECRET} octets, for example what `openssl rand -hex 32` prints"
        reader.wrong("E752", f"{key}: this secret is too short", place, advice)
    return Key(name, secret.encode())


def _file(node: Node, key: str, folder: Path, reader: Reader) -> Iterator[tuple[str, str, Place]]:
    path = reader.file(node, key, folder)
    try:
        with opened(path) as file:
            others = os.fstat(file.fileno()).st_mode & (stat.S_IROTH | stat.S_IWOTH)
            text = file.read(limits.MAX_CONFIG_FILE).decode("utf-8", "replace")
    except OSError as error:
        reader.wrong("E752", f"{key}: cannot read {path}: {error.strerror}", node.place, _remedy(error))
        return
    if others:
        reader.wrong("E753", f"{key}: everybody can read {path}", node.place, f"chmod o= {path}")
        return
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if words and not words[0].startswith("#"):
            place = Place(str(path), number)
            if len(words) == 2:
                yield words[0], words[1], place
            else:
                reader.wrong("E752", f"{key}: this is no line `ID SECRET`", place, _FILE)
