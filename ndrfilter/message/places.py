"""Where things stand in the bytes of a message as it came, for who must give it on byte for byte."""

from __future__ import annotations

import re

EOL = rb"(?:\r{0,2}\n|\r)"
"""A line's end for some reader. A run of CRs before an LF is one line end; the bound keeps hostile runs linear."""

_FROM_LINE = re.compile(rb"From (?![ \t]*:)[^\r\n]*" + EOL + rb"?")
_HEADER_END = re.compile(rb"(?:\A|\n)(?=\r{0,2}\n)")
_HEADER_END_CR = re.compile(rb"(?:\A|\r)(?=\r)")


def after_from_line(raw: bytes) -> int:
    """Where the header begins: after the `From ` line of an mbox, else at the start."""
    found = _FROM_LINE.match(raw)
    return found.end() if found else 0


def line_end(raw: bytes) -> bytes:
    """The first line's end. A bare CR is one only in a message without any LF: to all mail programs else it is text."""
    feed = raw.find(b"\n")
    if feed < 0:
        return b"\r" if b"\r" in raw else b"\n"
    return b"\r\n" if raw[feed - 1 : feed] == b"\r" else b"\n"


def header_end(raw: bytes, start: int) -> int:
    """Where the empty line after the header begins, or the end of the message."""
    pattern = _HEADER_END if b"\n" in raw else _HEADER_END_CR
    if raw[start : start + 1] in (b"\n", b"\r"):
        return start
    found = pattern.search(raw, start)
    return found.end() if found else len(raw)
