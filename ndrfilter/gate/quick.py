"""The gate for many messages: what the alternatives of a plan need is looked for in one pass over the header.

It says what `check` says. Whatever may show what an alternative needs is left to `check` to decide.
"""

from __future__ import annotations

import re

from ndrfilter.gate import check
from ndrfilter.gate.guards import Guards
from ndrfilter.gate.sieve import ENVELOPE, Sieve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What is odd is left to `check`: it is seldom seen, and none of it may be mistaken for a line that goes on.
_ODD = frozenset((*range(32), 127)) - {9, 10, 13}
_LOWER = bytes(0 if code in _ODD else 32 if code == 9 else code for code in range(256)).lower()

_LONG = 3 * check.MAX_LINES  # bytes: shorter headers have fewer fields


class Quick:
    """A plan made ready for many messages."""

    def __init__(self, plan: Any) -> None:
        self._plan = plan
        self._told = _Ways(plan, told=True)
        self._untold = _Ways(plan, told=False)
        self._null = Guards(plan, null=True).certain()

    def closed(self, raw: bytes, sender: str | None, text_of: Any) -> bool:
        """As `check.closed`."""
        ways, address = self._untold, None
        if sender is not None:
            parts = check.sender_parts(sender)
            if parts is None:
                return not self._null and check.closed(raw, self._plan, sender, text_of)
            ways, address = self._told, parts[2]
        header = self._header(raw)
        asked = None if header is None else ways.asked(raw, header, address, text_of)
        if asked is None:
            return check.closed(raw, self._plan, sender, text_of)
        if not asked:
            return True
        mail = check.mail_of(raw, self._plan, sender, text_of)
        return mail is not None and not any(check.holds(number, mail) for number in asked)

    def _header(self, raw: bytes) -> bytes | None:
        """The fields of the header with their line ends, all of one kind; None if it is unusual."""
        start = 0
        if raw.startswith(b"From "):
            start = raw.find(b"\n") + 1
            line, name = raw[5:start], raw[start : start + 200].partition(b":")[0]
            if line.lstrip().startswith(b":") or b"\r" in line[:-2] or name.lower() not in self._plan[1]:
                return None
        first = raw.find(b"\n", start, check.MAX_HEADER)
        line_end = b"\r\n" if raw[first - 1 : first] == b"\r" else b"\n"
        end = raw.find(line_end * 2, start, check.MAX_HEADER)
        if end < 0 or raw[start] in b" \t":
            return None
        header = raw[start : end + len(line_end)]
        if line_end == b"\n":
            return None if b"\r" in header else header
        return header if header.count(b"\n") == header.count(b"\r") == header.count(line_end) else None


class _Ways:
    """The alternatives of a plan for mail whose envelope sender is an address, or is not told."""

    def __init__(self, plan: Any, *, told: bool) -> None:
        guards = Guards(plan, told=told)
        self._always = frozenset(guards.always)
        self._sieve = sieve = Sieve(plan, guards)
        places = {group: place for place, group in enumerate(sieve.groups)}
        self._needs = {number: frozenset([places[one] for one in need]) for number, need in guards.needs.items()}
        self._whose: dict[int, list[int]] = {}
        for number, need in self._needs.items():
            for place in need:
                self._whose.setdefault(place, []).append(number)

    def asked(self, raw: bytes, header: bytes, address: str | None, text_of: Any) -> set[int] | frozenset[int] | None:
        """The alternatives that may hold of mail with this header; None if it is unusual."""
        sieve = self._sieve
        lower = b"\n" + header.translate(_LOWER, b"\r")
        if b"\0" in lower or (len(lower) > _LONG and lower.count(b"\n") > check.MAX_LINES):
            return None
        found, known = set(), lower
        if address is not None and ENVELOPE in sieve.addresses:
            known += b"%b:\x01%b\n" % (ENVELOPE, address.encode())
        for name, places in sieve.addresses.items():
            one = address_of(lower, name)
            if one:
                known += b"%b:\x01%b\n" % (name, one)
            elif one is None:
                found |= places
        found.update(sieve.find(known) or ())
        if sieve.unclean in found:
            return None
        if sieve.encoded in found:
            found.update(sieve.find(self._decoded(header, text_of)) or ())
        if sieve.multipart in found:
            shown = check.types_in(b"multipart", raw)
            hidden = shown.startswith(b"=?")
            found.update(
                [place for place, types in sieve.types.items() if hidden or any(map(shown.__contains__, types))]
            )
        if not found:
            return self._always
        asked = set(self._always)
        for place in found:
            asked.update([number for number in self._whose.get(place, ()) if self._needs[number] <= found])
        return asked

    def _decoded(self, header: bytes, text_of: Any) -> bytes:
        """The fields that are looked at as text, decoded, as lines."""
        lines = header.replace(b"\r\n", b"\n").replace(b"\n ", b" ").replace(b"\n\t", b" ").split(b"\n")
        made = b"\n"
        for line in lines:
            name, _, value = line.partition(b":")
            if name.lower() in self._sieve.texts and (b"=?" in value or not value.isascii()):
                made += b"%b:%b\n" % (name.lower(), text_of(value).casefold().encode("utf-8", "replace"))
        return made


_ANY = rb'[^\x00-\x20",;:()\[\]\\<>/@\x7f-\xff]'
_ADDRESS = rb"(%b{1,300}+@%b{0,300}(?!\.)%b)\.{0,9}+" % ((_ANY,) * 3)
_NAME = rb'(?:"[^"\\<>\n]*+" *+|[^",;:()\[\]\\<>/\n]*+)'
_USUAL = re.compile(rb" *+(?:%b<%b>|%b *+\n(?! ))" % (_NAME, _ADDRESS, _ADDRESS)).match
"""A field's value of one address, alone or behind a name, in one line. Possessive, else hostile values cost squares."""


def address_of(lower: bytes, name: bytes) -> bytes | None:
    """The address in that field as `check` reads it, empty if there is none; None if it cannot be told."""
    start = b"\n%b:" % name
    place = lower.find(start)
    if place < 0:
        return b""
    value = place + len(start)
    if lower.find(start, value) >= 0:
        return None
    found = _USUAL(lower, value)
    if found is not None:
        return found[1] or found[2]
    end = lower.find(b"\n", value)
    while lower.startswith(b"\n ", end):
        end = lower.find(b"\n", end + 1)
    parts = check.address_in(lower[value:end].replace(b"\n ", b" "))
    return None if parts is None else parts[2].encode() if parts else b""
