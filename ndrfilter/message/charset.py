"""Bytes to text: character sets by their mail names, and RFC 2047 words in header fields. Nothing here raises."""

from __future__ import annotations

import re
from binascii import a2b_qp
from functools import lru_cache

from ndrfilter.message.transfer import base64_bytes

_NAMES = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cn-gb": "gb18030",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "sjis": "cp932",
    "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "big5": "cp950",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "unicode-1-1-utf-7": "utf-7",
    "x-unicode-2-0-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "windows-874": "cp874",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-euc-jp": "euc_jp",
    "utf8mb4": "utf-8",
}
# Only character sets: Python's codecs also hold compressors and quadratic decoders (punycode).
_ALLOWED = re.compile(
    r"(?:utf|iso|windows|cp|ibm|koi|gb|hz|big5|euc|shift|mac|tis|ks|latin|johab|ptcp|viscii|hp-roman)[0-9a-z_.-]*+\Z"
)
_GUESSED = frozenset({"", "us-ascii", "ascii", "unknown-8bit", "x-unknown", "unknown", "default", "7bit", "8bit"})
_WIDE = re.compile(rb"\x1b\$[@B]")

_WORD = re.compile(rb"=\?([^?\s]{1,80})\?([bBqQ])\?([^?]*+)\?=([ \t\r\n]*+(?==\?))?")
_UNFOLD = bytes(32 if code < 32 or code == 127 else code for code in range(256))
FLAT = _UNFOLD[:13] + b"\r" + _UNFOLD[14:]
"""What `plain_text` translates, for many fields between carriage returns at once."""
_CONTROL = dict.fromkeys((*range(32), *range(127, 160), 8232, 8233), " ")


def decode_text(data: bytes, charset: str = "") -> str:
    """The text of `data` in that mail character set; an unknown or untrue name is replaced by a guess."""
    name = (_recurring if len(charset) < _USUAL else _codec)(charset)
    if not name:
        return _guess(data)
    try:
        return data.decode(name, "replace")
    except (LookupError, ValueError):
        return _guess(data)


def _codec(charset: str) -> str:
    """The name of Python's codec, empty where a guess is better."""
    name = charset.strip().strip("\"'").lower().split("*")[0]
    if name in _GUESSED:
        return ""
    name = _NAMES.get(name, name)
    return name if _ALLOWED.match(name) else ""


_USUAL = 60  # characters of a charset's name; longer ones shall not fill the memory of the others
_recurring = lru_cache(64)(_codec)


def _guess(data: bytes) -> str:
    if _WIDE.search(data):
        return data.decode("iso2022_jp_ext", "replace")
    try:
        return data.decode("utf-8")
    except ValueError:
        return data.decode("cp1252", "replace")


def is_ascii_compatible(charset: str) -> bool:
    """False for character sets whose line ends are not the byte 0x0A (UTF-16, UTF-32)."""
    return not charset.lower().startswith(("utf-16", "utf16", "utf-32", "utf32", "ucs"))


def field_text(raw: bytes) -> str:
    """A header field's text: unfolded, RFC 2047 words decoded, 8-bit as UTF-8 else Latin-1, controls as spaces."""
    if b"=?" not in raw or b"?=" not in raw:
        return plain_text(raw)
    unfolded = raw.translate(None, b"\r\n")
    out: list[str] = []
    position = 0
    pending, charset = b"", ""
    for match in _WORD.finditer(unfolded):
        name, coding, body = match[1].decode("latin-1").lower(), match[2], match[3]
        between = unfolded[position : match.start()]
        if pending and (between or name != charset):
            out.append(decode_text(pending, charset))
            pending = b""
        out.append(plain_text(between, strip=False))
        pending += base64_bytes(body) if coding in b"bB" else a2b_qp(body, header=True)
        charset = name
        position = match.end()
    out.append(decode_text(pending, charset))
    out.append(plain_text(unfolded[position:], strip=False))
    return "".join(out).translate(_CONTROL).strip()


def plain_text(raw: bytes, strip: bool = True) -> str:
    """A header field's text without looking for RFC 2047 words (address fields: a decoded comma is no separator)."""
    flat = raw.translate(_UNFOLD, b"\r\n")
    if flat.isascii():
        text = flat.decode("ascii")
    else:
        try:
            text = flat.decode("utf-8").translate(_CONTROL)
        except ValueError:
            text = flat.decode("latin-1").translate(_CONTROL)
    return text.strip() if strip else text
