"""The envelope, which the SPAMC protocol does not carry: from what the delivering programs wrote above the message."""

from __future__ import annotations

import re

from ndrfilter import limits
from ndrfilter.envelope import Envelope
from ndrfilter.message.addresses import parse_addresses
from ndrfilter.message.charset import field_text
from ndrfilter.message.delivery import path_of
from ndrfilter.message.headers import line_ends

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    Fields = Sequence[tuple[bytes, bytes]]

_FROM_LINE = re.compile(rb"From (?![ \t]*:)([^ \t\r\n]+)")
_ID = re.compile(rb"[ \t\n]id[ \t]+([0-9A-Za-z+/._-]{4,50})(?![^ \t\n;])")
_PLAIN = re.compile(rb"[ \t]*([\w.+=/-]+@[a-z0-9.-]*[a-z0-9])[ \t]*")
_RECEIVED = b"received"
_SENDER = (b"return-path", b"x-envelope-from")
_RECIPIENT = (b"x-original-to", b"delivered-to", b"envelope-to", b"x-envelope-to")
_BLANK = re.compile(rb"[\r\n]*")
_EMPTY = re.compile(rb"\n\r?\n")
_TELLING = re.compile(rb"(?i)\n(%b)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)" % b"|".join((_RECEIVED, *_SENDER, *_RECIPIENT)))
"""The fields that tell something: not the whole header is read for them, which the judge will do or will not need."""


def envelope_of(raw: bytes, user: str) -> tuple[Envelope, str]:
    """The envelope of the message, and the id that its last server logs it by, empty if none is told.

    `user` is whom the client asks for, a recipient if it is an address.

    What stands above the first `Received` was written where the message is now: that comes before `user`, and the rest
    of the header, which anybody may have written, behind it. Exim tells a null sender by the `From ` line alone.
    """
    fields = [(name.lower(), value) for name, value in _TELLING.findall(b"\n" + _header(raw))]
    names = [name for name, _ in fields]
    ours = names.index(_RECEIVED) if _RECEIVED in names else len(names)
    recipients = _recipients(fields[:ours]) or ((user,) if "@" in user else _recipients(fields))
    queued = _ID.search(fields[ours][1]) if ours < len(fields) else None
    envelope = Envelope(sender=_sender(raw, fields), recipients=recipients)
    return envelope, queued[1].decode("ascii") if queued else ""


def _header(raw: bytes) -> bytes:
    """What stands above the first empty line, with LF for every line end."""
    start = _BLANK.match(raw, 0, limits.SPAMD_ENVELOPE).end()  # type: ignore[union-attr]
    limit = start + limits.SPAMD_ENVELOPE
    found = _EMPTY.search(raw, start, limit)
    header = raw[start : found.start() if found else limit]
    if b"\r" in header:
        header = header.replace(b"\r\n", b"\n")
    return line_ends(header)[0].partition(b"\n\n")[0] if b"\r" in header else header


def _sender(raw: bytes, fields: Fields) -> str | None:
    """The topmost that is told, None if nothing is; fields above `Received` are the topmost ones anyway."""
    line = _FROM_LINE.match(raw)
    if line is not None:
        return path_of(line[1].decode("utf-8", "replace"))
    return next((path_of(field_text(value)) for name, value in fields if name in _SENDER), None)


def _recipients(fields: Fields) -> tuple[str, ...]:
    """Those of the field that is nearest to what SMTP said; that may stand there for each recipient, or list them."""
    for wanted in _RECIPIENT:
        told = [value for name, value in fields if name == wanted]
        if told and (found := _addresses(b", ".join(told))):
            return found
    return ()


def _addresses(told: bytes) -> tuple[str, ...]:
    if plain := _PLAIN.fullmatch(told):  # as most are: there is nothing to take apart
        return (plain[1].decode("ascii"),)
    return tuple([address.text for address in parse_addresses(field_text(told))])
