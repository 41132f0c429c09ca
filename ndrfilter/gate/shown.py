"""Where a raw message shows a value: fields of its header and what they hold, its MIME types, the envelope's sender."""

from __future__ import annotations

from ndrfilter.gate.literals import any_of
from ndrfilter.noun import Noun

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Sign = Any
    Tree = Any

FIRST, LAST, ANY = "text", "last", "any"
_PARTS = {"local": 0, "domain": 1, "text": 2, "address": 2}


class Shown(Noun):
    """Where a value comes from: a "text", "part", "types", "fields" or "addresses" of the header field of that name.

    `part` is the part of an address; `which` field of that name is meant: FIRST, LAST or ANY. The envelope's sender is
    an address without a name.
    """

    what: str
    name: bytes = b""
    part: int = 0
    which: str = FIRST

    def sign(self, tree: Tree) -> Sign:
        """That it shows this."""
        if tree is False:
            return False
        if not self.name:
            return ("sender", self.part, tree)
        if tree is True or self.which == ANY:
            return ("has", self.name)
        return (self.which, self.name, tree) if self.what == "text" else ("part", self.name, self.part, tree)


_DEFAULT_IN = {"message/rfc822": ("digest",), "text/plain": ("",)}
"""Types of parts that do not say theirs, by the type of what they are in (RFC 2046 sections 5.1.5 and 5.2)."""
SHAPES = {
    "text": "text", "type": "type", "address": "address", "addresses": "address", "types": "type", "fields": "text"
}  # fmt: skip


def key(name: str) -> bytes:
    """A header field's name as signs have it."""
    return name.lower().encode("utf-8", "replace")


def field_of(of: Shown, field: str) -> Shown | None:
    """Where a record's field shows; None if nobody knows."""
    if of.what == "address":
        return of._replace(what="part", part=_PARTS[field]) if field in _PARTS else None
    if of.what == "type":
        return of if field == "type" else None
    return of if of.what == "text" and field == "text" else None


def end_of(of: Shown, name: str) -> Shown | None:
    """Where the `first` or `last` of a list shows."""
    if of.what not in ("fields", "addresses"):
        return None
    return of._replace(what=SHAPES[of.what], which=FIRST if name == "first" else LAST)


def types(tree: Tree, field: bytes) -> Sign:
    """MIME types by their last part, which no white space can tear: in that field, else anywhere."""
    if isinstance(tree, str) and "/" in tree:
        last = tree.rpartition("/")[2]
        if field:
            return True if tree == "text/plain" else ("text", field, last)
        return any_of(("type", text.encode()) for text in (last, *_DEFAULT_IN.get(tree, ())) if text)
    if isinstance(tree, tuple) and tree[0] == "or":
        return any_of(types(part, field) for part in tree[1:])
    return True
