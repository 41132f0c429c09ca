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

_CLEAN = re.compile(
    rb"(?:[!-9;-~]{1,200}+:[^\r\n]*+\r?\n(?:[ \t][^\r\n]++\r?\n)*){1,%d}(?=\r?\n)" % check.MAX_LINES
).match
"""What `check` takes for a clean header."""
_FLAT = bytes(code if code == 10 else 32 if code < 32 or code == 127 else code for code in range(256)).lower()


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
        if header is None:
            return False
        asked = ways.asked(raw, header, address, text_of)
        if not asked:
            return True
        mail = check.mail_of(raw, self._plan, sender, text_of)
        return mail is not None and not any(check.holds(number, mail) for number in asked)

    def _header(self, raw: bytes) -> bytes | None:
        """The fields of the header with their line ends, None if it is not clean."""
        start = 0
        if raw.startswith(b"From "):
            start = raw.find(b"\n") + 1
            line, name = raw[5:start], raw[start : start + 200].partition(b":")[0]
            if line.lstrip().startswith(b":") or b"\r" in line[:-2] or name.lower() not in self._plan[1]:
                return None
        found = _CLEAN(raw, start, check.MAX_HEADER)
        return None if found is None else found[0]


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

    def asked(self, raw: bytes, header: bytes, address: str | None, text_of: Any) -> set[int] | frozenset[int]:
        """The alternatives that may hold of mail with this clean header."""
        sieve = self._sieve
        flat = b"\n" + header.translate(_FLAT, b"\r").replace(b"\n ", b" ")
        found, known = set(), flat
        if address is not None and ENVELOPE in sieve.addresses:
            known += b"%b:\x01%b\n" % (ENVELOPE, address.encode())
        for name, places in sieve.addresses.items():
            parts = _address(flat, name)
            if parts:
                known += b"%b:\x01%b\n" % (name, parts[2].encode())
            elif parts is None:
                found |= places
        found.update(sieve.find(known) or ())
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


def _address(flat: bytes, name: bytes) -> Any:
    """The address in that field as `check` reads it; () if there is none."""
    start = b"\n%b:" % name
    place = flat.find(start)
    if place < 0:
        return ()
    end = flat.find(b"\n", place + 1)
    return check.address_in(flat[place + len(start) : end]) if flat.find(start, end) < 0 else None
