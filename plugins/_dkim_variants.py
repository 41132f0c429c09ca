"""What relays and reporting servers do to a message, undone: the few reconstructions that are worth a try.

Whatever a reconstruction makes is accepted only if the signature fits it, so a wrong guess costs time and nothing else.
Line ends need none (they are always CRLF when hashed), nor do quote marks and indentation, which are gone when an
original has been found.
"""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, a2b_qp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Fields = list[tuple[bytes, bytes]]

_FOLD = re.compile(rb"\r\n([ \t])")
_REFOLD = re.compile(rb"\r\n[ \t]+")
_COMMA = re.compile(rb",(?:\r\n)?[ \t]+")
_MARK = re.compile(rb"\A(\s*)(?:\[[^\]\r\n]{1,40}\]|\*{3,8}[A-Za-z ]{1,20}\*{3,8})[ \t]*")
_QUOTED_FROM = re.compile(rb"(?m)^>(>{0,8}From )")
_ADDRESSED = frozenset({b"to", b"cc", b"reply-to"})
_DOWNGRADED = frozenset({b"quoted-printable", b"base64"})


def headers(fields: Fields, relaxed: bool) -> Iterator[Fields]:
    """The signed fields as they came back, then as they may have been when they were signed, no reading twice."""
    changes: list[Callable[[bytes, bytes], bytes]] = [_unmarked, _eight_bit, _unspaced]
    if not relaxed:
        changes += [_unfolded, _unfolded_to_blank]
    seen = [fields]
    yield fields
    for change in (*changes, _all):
        made = [(name, change(name.lower(), value)) for name, value in fields]
        if made not in seen:
            seen.append(made)
            yield made


def _unmarked(name: bytes, value: bytes) -> bytes:
    """Filters in front of the server that reports put [EXTERNAL] or ***SPAM*** before the subject."""
    return _MARK.sub(rb"\1", value) if name == b"subject" else value


def _eight_bit(name: bytes, value: bytes) -> bytes:
    """A relay whose next hop knows no 8BITMIME recodes the body and says so (RFC 6152 section 3)."""
    downgraded = name == b"content-transfer-encoding" and value.strip().lower() in _DOWNGRADED
    return b" 8bit\r\n" if downgraded else value


def _unspaced(name: bytes, value: bytes) -> bytes:
    """Sendmail and its kin write lists of addresses anew, with a blank or a fold behind every comma."""
    return _COMMA.sub(b",", value) if name in _ADDRESSED else value


def _unfolded(name: bytes, value: bytes) -> bytes:  # noqa: ARG001
    """A relay that broke long lines in front of a blank, as RFC 5322 section 2.2.3 has it."""
    return _FOLD.sub(rb"\1", value)


def _unfolded_to_blank(name: bytes, value: bytes) -> bytes:  # noqa: ARG001
    """A relay that put a line end and a tab where a blank was."""
    return _REFOLD.sub(b" ", value)


def _all(name: bytes, value: bytes) -> bytes:
    """A message that passed more than one of them; refolding aside, which few of those who sign this way survive."""
    return _unspaced(name, _eight_bit(name, _unmarked(name, value)))


def bodies(body: bytes, encoding: bytes) -> Iterator[bytes]:
    """The body (line ends LF) as it came back, then as it may have been; `encoding` is the header's word."""
    yield body
    bare = _QUOTED_FROM.sub(rb"\1", body)  # mailboxes in mbox format quote lines that begin with "From "
    if bare != body:
        yield bare
    try:
        if encoding == b"quoted-printable":
            yield a2b_qp(body)
        elif encoding == b"base64":
            yield a2b_base64(body).replace(b"\r\n", b"\n")
    except Error:
        return
