"""The envelope, which the SPAMC protocol does not carry: from what the delivering programs wrote above the message."""

from __future__ import annotations

import re

from ndrfilter import limits
from ndrfilter.doors.envelope import path_of
from ndrfilter.envelope import Envelope
from ndrfilter.message import parse
from ndrfilter.message.addresses import parse_addresses
from ndrfilter.message.charset import field_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndrfilter.message.fields import Headers

_FROM_LINE = re.compile(rb"From (?![ \t]*:)([^ \t\r\n]+)")
_ID = re.compile(rb"[ \t\n]id[ \t]+([0-9A-Za-z+/._-]{4,50})(?![^ \t\n;])")
_SENDER = (b"return-path", b"x-envelope-from")
_RECIPIENT = (b"x-original-to", b"delivered-to", b"envelope-to", b"x-envelope-to")


def envelope_of(raw: bytes, user: str) -> tuple[Envelope, str]:
    """The envelope of the message, and the id that its last server logs it by, empty if none is told.

    `user` is whom the client asks for, a recipient if it is an address.

    What stands above the first `Received` was written where the message is now: that comes before `user`, and the rest
    of the header, which anybody may have written, behind it. Exim tells a null sender by the `From ` line alone.
    """
    headers = parse(raw[: limits.SPAMD_ENVELOPE]).headers
    names = [name.lower() for name, _ in headers.pairs]
    ours = names.index(b"received") if b"received" in names else len(names)
    recipients = _recipients(headers, names[:ours]) or ((user,) if "@" in user else _recipients(headers, names))
    queued = _ID.search(headers.pairs[ours][1]) if ours < len(names) else None
    envelope = Envelope(sender=_sender(raw, headers, names), recipients=recipients)
    return envelope, queued[1].decode("ascii") if queued else ""


def _sender(raw: bytes, headers: Headers, names: Sequence[bytes]) -> str | None:
    """The topmost that is told, None if nothing is; fields above `Received` are the topmost ones anyway."""
    line = _FROM_LINE.match(raw)
    if line is not None:
        return path_of(line[1].decode("utf-8", "replace"))
    place = next((place for place, name in enumerate(names) if name in _SENDER), None)
    return None if place is None else path_of(field_text(headers.pairs[place][1]))


def _recipients(headers: Headers, names: Sequence[bytes]) -> tuple[str, ...]:
    """Those of the field that is nearest to what SMTP said; that may stand there for each recipient, or list them."""
    for wanted in _RECIPIENT:
        if wanted in names:
            raw = b", ".join(headers.pairs[place][1] for place, name in enumerate(names) if name == wanted)
            if found := parse_addresses(field_text(raw)):
                return tuple(address.text for address in found)
    return ()
