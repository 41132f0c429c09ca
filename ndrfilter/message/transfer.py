"""Content transfer encodings (RFC 2045 section 6): base64, quoted-printable, uuencode; tolerant, never raising."""

from __future__ import annotations

import re
from binascii import Error, a2b_base64, a2b_qp, a2b_uu

from ndrfilter import limits

_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
_UU_BEGIN = re.compile(rb"(?m)^begin [0-7]{3,4} [^\n]*\n")
_UU_NAMES = ("x-uuencode", "uuencode", "x-uue", "uue")
IDENTITY = frozenset({"", "7bit", "8bit", "binary", "none", "quoted", "7-bit", "8-bit", "7bits", "8bits"})
KNOWN = IDENTITY | {"base64", "quoted-printable", *_UU_NAMES}


def base64_bytes(data: bytes) -> bytes:
    """RFC 4648 base64; foreign characters are skipped, missing padding is supplied, joined pieces are all decoded."""
    clean = data.translate(None, _NOT_BASE64)
    inner = clean.rstrip(b"=")
    if b"=" in inner:
        return b"".join(_quads(piece) for piece in inner.split(b"=") if piece)
    return _quads(inner)


def _quads(clean: bytes) -> bytes:
    spare = len(clean) % 4
    if spare == 1:
        clean = clean[:-1]
    try:
        return a2b_base64(clean + b"=" * (-len(clean) % 4))
    except Error:
        return b""


def decode(data: bytes, encoding: str, limit: int = limits.MAX_DECODED_PART) -> bytes:
    """`data` without its transfer encoding, line ends as LF, at most `limit` bytes. An unknown encoding is none."""
    if encoding in IDENTITY:
        return data[:limit]
    if encoding == "base64":
        return _line_ends(base64_bytes(data[: limit * 4 // 3 + limit // 16]))[:limit]
    if encoding == "quoted-printable":
        return _line_ends(a2b_qp(data[: limit * 3]))[:limit]
    if encoding in _UU_NAMES:
        return _line_ends(_uudecode(data[: limit * 2]))[:limit]
    return data[:limit]


def _line_ends(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n") if b"\r" in data else data


def _uudecode(data: bytes) -> bytes:
    begin = _UU_BEGIN.search(data)
    if begin is None:
        return data
    out = []
    for line in data[begin.end() :].split(b"\n"):
        if line.strip() in (b"end", b"`", b""):
            break
        try:
            out.append(a2b_uu(line[: ((((line[0] - 32) & 63) + 2) // 3) * 4 + 1]))
        except Error:
            break
    return b"".join(out)
