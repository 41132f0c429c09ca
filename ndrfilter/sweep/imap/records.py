"""What FETCH answers, read without trust: messages with their items, and the media types in a BODYSTRUCTURE.

The library's reader takes an answer whole or not at all; here one message that cannot be read is one message less.
"""

from __future__ import annotations

import re
from itertools import takewhile

from ndrfilter import limits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from ndrfilter.sweep.imap.session import Piece

UNKNOWN = b"unknown"
"""Stands for all of a message's media types where they are not known: such a message has to be read whole."""

_TOKEN = re.compile(
    rb"""\s*(?:(?P<open>\()|(?P<close>\))|"(?P<quoted>[^"\\]*(?:\\.[^"\\]*)*)"|(?P<literal>\{\d+\})\Z"""
    rb"""|(?P<word>[^\s()"\[]+(?:\[[^\]]*\])?[^\s()"\[]*))\s*"""
)
_ESCAPED = re.compile(rb"\\(.)", re.S)
_ENVELOPE, _INNER = 7, 8  # of a message/rfc822 in its BODYSTRUCTURE (RFC 3501 section 7.4.2)
_NESTED = frozenset((b"message/rfc822", b"message/global"))
_MESSAGE = 2  # a sequence number and the items


def messages(pieces: Sequence[Piece]) -> Iterator[dict[bytes, Any]]:
    """The items of each message in an answer to FETCH, by their names in capitals ("BODY[HEADER]" without "<0>")."""
    line: list[Piece] = []
    for piece in pieces:
        line.append(piece)
        if isinstance(piece, bytes):  # literals come before the end of their line
            try:
                found = _items(tree(line))
            except ValueError:
                continue
            finally:
                line = []
            yield found


def _items(found: list[Any]) -> dict[bytes, Any]:
    if len(found) != _MESSAGE or not isinstance(found[1], list) or len(found[1]) % 2:
        raise ValueError("no message")
    names, values = found[1][::2], found[1][1::2]
    return {_name(name): value for name, value in zip(names, values, strict=True)}


def _name(name: object) -> bytes:
    if not isinstance(name, bytes):
        raise ValueError("no item")
    return name.upper().partition(b"<")[0]


def tree(line: Sequence[Piece]) -> list[Any]:
    """A line as nested lists of bytes, None for NIL; raises ValueError where it is no such thing."""
    stack: list[list[Any]] = [[]]
    for piece in line:
        text, literal = piece if isinstance(piece, tuple) else (piece, None)
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None or len(stack) > limits.IMAP_DEPTH:
                raise ValueError("no IMAP")
            at = match.end()
            _take(stack, match, literal)
    if len(stack) != 1:
        raise ValueError("unbalanced")
    return stack[0]


def _take(stack: list[list[Any]], match: re.Match[bytes], literal: bytes | None) -> None:
    kind = match.lastgroup
    if kind == "open":
        stack.append([])
    elif kind == "close":
        if len(stack) == 1:
            raise ValueError("unbalanced")
        done = stack.pop()
        stack[-1].append(done)
    elif kind == "literal":
        stack[-1].append(literal)
    elif kind == "quoted":
        text = match["quoted"]
        stack[-1].append(_ESCAPED.sub(rb"\1", text) if b"\\" in text else text)
    else:
        word = match["word"]
        stack[-1].append(None if word.upper() == b"NIL" else word)


def types_of(structure: object) -> tuple[bytes, ...]:
    """The media types of all parts in a BODYSTRUCTURE, of messages in it too; (UNKNOWN,) where it makes no sense."""
    found: list[bytes] = []
    waiting: list[object] = [structure]
    while waiting:
        part = waiting.pop()
        inner = _part(part, found)
        if inner is None or len(found) > limits.MAX_MIME_PARTS:
            return (UNKNOWN,)
        waiting += reversed(inner)
    return tuple(found)


def _part(part: Any, found: list[bytes]) -> list[Any] | None:
    """Adds a part's type; the parts in it, None if it is none."""
    match part:
        case [[*_], *_]:
            inner = list(takewhile(lambda one: isinstance(one, list), part))
            kind, subtype = b"multipart", part[len(inner)] if len(inner) < len(part) else None
        case [bytes(kind), bytes(subtype), *_]:
            inner = []
        case _:
            return None
    if not isinstance(subtype, bytes):
        return None
    found.append(b"%s/%s" % (kind.lower(), subtype.lower()))
    if found[-1] in _NESTED and len(part) > _INNER and isinstance(part[_ENVELOPE], list):
        inner = [part[_INNER]]
    return inner
