"""The envelope, which the SPAMC protocol does not carry: from what the delivering programs wrote above the message."""

from __future__ import annotations

import re
from itertools import takewhile

from ndrfilter import limits
from ndrfilter.doors.envelope import path_of
from ndrfilter.envelope import Envelope
from ndrfilter.message import parse
from ndrfilter.message.addresses import parse_addresses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ndrfilter.message.fields import Field

_FROM_LINE = re.compile(rb"From (?![ \t]*:)([^ \t\r\n]+)")
_SENDER = ("return-path", "x-envelope-from")
_RECIPIENT = ("x-original-to", "delivered-to", "envelope-to", "x-envelope-to")


def envelope_of(raw: bytes, user: str) -> Envelope:
    """The envelope of the message; `user` is whom the client asks for, a recipient if it is an address.

    What stands above the first `Received` was written where the message is now: that comes before `user`, and the rest
    of the header, which anybody may have written, behind it. Exim tells a null sender by the `From ` line alone.
    """
    fields = parse(raw[: limits.SPAMD_ENVELOPE]).headers.fields
    ours = tuple(takewhile(lambda field: field.name.lower() != "received", fields))
    recipients = _recipients(ours) or ((user,) if "@" in user else _recipients(fields))
    return Envelope(sender=_sender(raw, fields), recipients=recipients)


def _sender(raw: bytes, fields: Sequence[Field]) -> str | None:
    """The topmost that is told, None if nothing is; fields above `Received` are the topmost ones anyway."""
    line = _FROM_LINE.match(raw)
    if line is not None:
        return path_of(line[1].decode("utf-8", "replace"))
    return next((path_of(field.text) for field in fields if field.name.lower() in _SENDER), None)


def _recipients(fields: Sequence[Field]) -> tuple[str, ...]:
    """Those of the field that is nearest to what SMTP said; that may stand there for each recipient, or list them."""
    for name in _RECIPIENT:
        told = ", ".join(field.text for field in fields if field.name.lower() == name)
        if found := parse_addresses(told):
            return tuple(address.text for address in found)
    return ()
