"""What a request tells of a message: rspamd's header fields as an envelope. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndrfilter import limits
from ndrfilter.doors.envelope import path_of
from ndrfilter.envelope import Envelope
from ndrfilter.service.desk import Question

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ndrfilter.doors.http.requests import Request

ELSEWHERE = (b"shm", b"file", b"path", b"compression", b"content-encoding", b"key")
"""The fields of a client that did not send the message as it is, but where it lies, compressed or encrypted."""


def is_elsewhere(request: Request) -> bool:
    """Whether the body is not the message itself."""
    return any(name in request.fields for name in ELSEWHERE)


def question(request: Request, door: str) -> Question:
    """The question in a request that came by this door, with what the client told of the envelope."""
    fields = request.fields
    envelope = Envelope(
        sender=path_of(_text(fields[b"from"][0])) if b"from" in fields else None,
        recipients=tuple(_recipients(fields.get(b"rcpt") or fields.get(b"deliver-to") or ())),
        client_ip=_known(request, b"ip").strip("[]").removeprefix("IPv6:") or None,
        client_name=_known(request, b"hostname") or None,
        helo=_text(request.first(b"helo") or b"") or None,
    )
    queue_id, user = _text(request.first(b"queue-id") or b""), _text(request.first(b"user") or b"")
    return Question(request.body[: limits.MAX_MESSAGE], envelope, door, queue_id, user)


def _recipients(values: Sequence[bytes]) -> Iterator[str]:
    """Each recipient; some clients write all of them into one field."""
    for value in values:
        text = _text(value)
        for part in [text] if '"' in text else text.split(","):
            if found := path_of(part):
                yield found


def _known(request: Request, name: bytes) -> str:
    """A field's text, empty if the client has none or says that it does not know."""
    text = _text(request.first(name) or b"")
    return "" if text.lower() == "unknown" else text


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace").strip()
