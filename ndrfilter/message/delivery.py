"""What the header of a delivered message tells of the envelope it came in."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndrfilter.message.fields import Headers

_RECIPIENT_FIELDS = ("X-Original-To", "Delivered-To", "Envelope-To", "X-Envelope-To")


def delivered(headers: Headers) -> tuple[str | None, tuple[str, ...]]:
    """The sender (None where no Return-Path tells it, RFC 5321 section 4.4) and the recipients, as written."""
    sender = headers.text("Return-Path") if "Return-Path" in headers else None
    for name in _RECIPIENT_FIELDS:
        if headers.text(name).strip():
            return sender, (headers.text(name),)
    return sender, ()


def path_of(text: str) -> str:
    """The address in `text` without angle brackets; the null sender, under any of its names, is the empty string.

    Postfix and Sendmail hand the null sender to programs as a bare MAILER-DAEMON.
    """
    inner = text.strip()
    if inner.startswith("<") and ">" in inner:
        inner = inner[1 : inner.index(">")].strip()
    return "" if inner.upper() == "MAILER-DAEMON" else inner
