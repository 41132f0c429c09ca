"""What a request tells of a message: rspamd's header fields as an envelope. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ndrfilter import limits
from ndrfilter.envelope import Envelope
from ndrfilter.message.delivery import path_of
from ndrfilter.service.desk import Question

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ndrfilter.doors.http.requests import Request

    Fields = Mapping[bytes, Sequence[bytes]]

ELSEWHERE = frozenset((b"shm", b"file", b"path", b"compression", b"content-encoding", b"key"))
"""The fields of a client that did not send the message as it is, but where it lies, compressed or encrypted."""


def is_elsewhere(request: Request) -> bool:
    """Whether the body is not the message itself."""
    return not ELSEWHERE.isdisjoint(request.fields)


def question(request: Request, door: str) -> Question:
    """The question in a request that came by this door, with what the client told of the envelope."""
    fields = request.fields
    envelope = Envelope(
        sender=path_of(_text(fields[b"from"][0])) if b"from" in fields else None,
        recipients=_recipients(fields.get(b"rcpt") or fields.get(b"deliver-to") or ()),
        client_ip=_known(fields, b"ip").strip("[]").removeprefix("IPv6:") or None,
        client_name=_known(fields, b"hostname") or None,
        helo=_first(fields, b"helo") or None,
    )
    body = request.body[: limits.MAX_MESSAGE]
    return Question(body, envelope, door, _first(fields, b"queue-id"), _first(fields, b"user"))


def _recipients(values: Sequence[bytes]) -> tuple[str, ...]:
    """Each recipient; some clients write all of them into one field."""
    told = []
    for text in map(_text, values):
        told += [text] if '"' in text else text.split(",")
    return tuple([found for part in told if (found := path_of(part))])


def _first(fields: Fields, name: bytes) -> str:
    """The text of the first field of that name, empty if there is none."""
    return _text(fields[name][0]) if name in fields else ""


def _known(fields: Fields, name: bytes) -> str:
    """The same, empty as well if the client says that it does not know."""
    text = _first(fields, name)
    return "" if text.lower() == "unknown" else text


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace").strip()
