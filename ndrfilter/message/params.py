"""`type; name=value` fields: Content-Type, Content-Disposition, with RFC 2231 continuations and character sets."""

from __future__ import annotations

import re
from functools import lru_cache

from ndrfilter import limits
from ndrfilter.message.charset import decode_text, field_text

_PARAM = re.compile(r';\s*+([^\s=;"]++)\s*+=\s*+("[^"\\]*+(?:\\.[^"\\]*+)*"?|[^;"\s][^;]*+|)')
_COMMENT = re.compile(r"\([^()]*+\)")
_TYPE = re.compile(r"\s*+([!#$%&'*+.^_`|~0-9A-Za-z-]++)\s*+(?:/\s*+([!#$%&'*+.^_`|~0-9A-Za-z-]++))?")
_PIECE = re.compile(r"(.+?)\*(?:(\d{1,3})(\*?)|)\Z")
_ESCAPE = re.compile(r"\\(.)")
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_RECURRING = 80  # characters

Params = tuple[tuple[str, str], ...]


def parse_value(text: str) -> tuple[str, Params]:
    """The value in lower case and its parameters, names in lower case, in order; RFC 2231 pieces joined and decoded."""
    if len(text) > _RECURRING or "boundary" in text:
        return _parse(text[: limits.MAX_FIELD_BYTES])
    return _parse_recurring(text)


def _parse(text: str) -> tuple[str, Params]:
    matched = _TYPE.match(text)
    if matched is None:
        value, rest = "", text
    else:
        value = f"{matched[1]}/{matched[2]}" if matched[2] else matched[1]
        rest = text[matched.end() :]
    if "=" not in rest:
        return value.lower(), ()
    if "(" in rest and '"' not in rest:
        rest = _COMMENT.sub(" ", rest)
    if not rest.lstrip().startswith(";"):
        rest = ";" + rest
    plain: list[tuple[str, str]] = []
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for found in _PARAM.finditer(rest):
        if len(plain) + len(pieces) >= limits.MAX_PARAMETERS:
            break
        name, item = found[1].lower(), _unquote(found[2])
        piece = _PIECE.match(name) if "*" in name else None
        if piece is None:
            plain.append((name, field_text(item.encode("utf-8", "replace")) if "=?" in item else item))
        else:
            numbered = piece[2] is not None
            extended = bool(piece[3]) if numbered else True
            pieces.setdefault(piece[1], []).append((int(piece[2] or 0), extended, item))
    plain.extend((name, _join(parts)) for name, parts in pieces.items())
    return value.lower(), tuple(plain)


# "text/plain; charset=utf-8": the same few in nearly all mail.
_parse_recurring = lru_cache(256)(_parse)


def _unquote(item: str) -> str:
    if item.startswith('"'):
        item = item[1:-1] if len(item) > 1 and item.endswith('"') else item[1:]
        return _ESCAPE.sub(r"\1", item) if "\\" in item else item
    return item.strip()


def _join(parts: list[tuple[int, bool, str]]) -> str:
    parts.sort(key=lambda part: part[0])
    charset = ""
    out = []
    for number, (_, extended, item) in enumerate(parts):
        if extended and number == 0 and item.count("'") >= 2:
            charset, _, item = item.split("'", 2)
        data = item.encode("utf-8", "replace")
        out.append(_PERCENT.sub(lambda found: bytes((int(found[1], 16),)), data) if extended else data)
    return decode_text(b"".join(out), charset or "utf-8")
