"""The two header fields we write, and writing them: bytes and a result in, bytes out. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

from ndrfilter import limits
from ndrfilter.message.places import EOL, after_from_line, header_end, line_end

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ndrfilter.engine.result import Result
    from ndrfilter.service.desk import Answer

STATUS, REASON = "X-NDR-Status", "X-NDR-Reason"

_MAX_REASON = 400
_ASCII = str.maketrans({"–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "…": "...", "\u00a0": " "})

OUR_FIELDS = rb"X-NDR-(?:Status|Reason)"


def copies_of(names: bytes) -> re.Pattern[bytes]:
    """Fields whose names the regular expression `names` matches whole, in any case, as `stamp` takes them out."""
    field = rb"(?:%s)[ \t]*:[^\r\n]*(?:%s[ \t][^\r\n]*)*" % (names, EOL)
    return re.compile(rb"(?i)(\A|%s)%s(?:%s%s)*(%s|\Z)" % (EOL, field, EOL, field, EOL))


_COPIES = copies_of(OUR_FIELDS)
_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")
_QUOTED_FROM_LINE = re.compile(rb"(?:>From [^\r\n]*" + EOL + rb")*")


def annotate(raw: bytes, result: Result, **more: Any) -> bytes:
    """The message with its verdict in front; our fields that came in with it are gone, the rest is as it was.

    `more` is for `stamp`.
    """
    return stamp(raw, _status(result), result.advice.reason, **more)


def annotate_error(raw: bytes, error: str, sentence: str, **more: Any) -> bytes:
    """The message as one nobody could judge; `error` is a word, such as "config" or "timeout"."""
    return stamp(raw, ["undetermined;", f" error={error}"], sentence, **more)


def stamp(
    raw: bytes, status: list[str], sentence: str, *, also: Sequence[str] = (), copies: re.Pattern[bytes] = _COPIES
) -> bytes:
    """`raw` with the two fields directly after a leading `From ` line, else first; the lines `also` follow them.

    What `copies` finds in the header is taken out first. A message without a header gets an empty line after ours, so
    that its text does not become one.
    """
    start = after_from_line(raw)
    end_of_line = line_end(raw)
    fields = [*fold(STATUS, status), *fold(REASON, _words(sentence)), *also]
    ours = b"".join(line.encode("ascii") + end_of_line for line in fields)
    front = raw[:start]
    if front and front[-1] not in b"\r\n":
        front += end_of_line
    end = header_end(raw, start)
    header = copies.sub(_stronger_end, raw[start:end])
    if not header and end < len(raw):
        return b"".join((front, ours, memoryview(raw)[end:]))
    between = b"" if _is_header(header) else end_of_line
    return b"".join((front, ours, between, header, memoryview(raw)[end:]))


def _is_header(header: bytes) -> bool:
    found = _QUOTED_FROM_LINE.match(header)
    return _FIELD.match(header, found.end() if found else 0) is not None


def _stronger_end(found: re.Match[bytes]) -> bytes:
    """The line end that stays where a copy was taken out: what separated lines for any reader still does."""
    before, after = found.group(1), found.group(2)
    if not before:
        return b""
    return after if b"\n" in after and b"\n" not in before else before


def _status(result: Result) -> list[str]:
    """The value of X-NDR-Status in pieces that may be folded between."""
    return _pieces(result.verdict, result.score, result.required, result.kind, _rules(result))


def _rules(result: Result) -> tuple[str, ...]:
    """The names of the live rules that hit, the weightiest first."""
    return tuple([hit.name for hit in sorted(result.hits, key=lambda hit: -abs(hit.score)) if not hit.shadow])


def _pieces(verdict: str, score: float, required: float, kind: str, rules: tuple[str, ...]) -> list[str]:
    pieces = [
        f"{verdict};",
        f" score={one_decimal(score)};",
        f" required={one_decimal(required)};",
        f" kind={kind}",
    ]
    if not rules:
        return pieces
    pieces[-1] += ";"
    shown, more = rules[: limits.MAX_HEADER_RULES], len(rules) - limits.MAX_HEADER_RULES
    names = [*shown, f"+{more}"] if more > 0 else list(shown)
    listed = [f"{name}," for name in names[:-1]] + names[-1:]
    return [*pieces, f" rules={listed[0]}", *listed[1:]]


def one_decimal(number: float) -> str:
    """A score as we write it everywhere: one decimal, and never a negative zero."""
    text = f"{number:.1f}"
    return "0.0" if text == "-0.0" else text


def plain(sentence: str) -> str:
    """The sentence as one line of printable ASCII, cut where it is too long."""
    text = " ".join(sentence.split()).translate(_ASCII).encode("ascii", "replace").decode("ascii")
    clean = "".join(char if " " <= char <= "~" else "?" for char in text)
    return clean if len(clean) <= _MAX_REASON else clean[: _MAX_REASON - 3] + "..."


def _words(sentence: str) -> list[str]:
    return [f" {word}" if number else word for number, word in enumerate(plain(sentence).split())]


def fold(name: str, pieces: list[str]) -> list[str]:
    """A field in lines of at most `limits.HEADER_FOLD` columns (RFC 5322 section 2.2.3), broken between pieces only."""
    lines, line = [], f"{name}:"
    for number, piece in enumerate(pieces):
        text = piece if number else " " + piece
        if number and len(line) + len(text) > limits.HEADER_FOLD:
            lines.append(line)
            line = text if text.startswith(" ") else " " + text
        else:
            line += text
    return [*lines, line]


def marks(answer: Answer, names: tuple[str, ...] | None = None) -> tuple[tuple[str, str], ...]:
    """The fields of an answer as names and values, folded with bare line feeds, for those who have no whole message.

    None for a recipient who wants no mark. `names` are the live rules that hit, the weightiest first, for who has them.
    """
    if answer.unjudged == "opt-out":
        return ()
    result = answer.result
    if answer.unjudged:
        return _shaped(("undetermined;", f" error={answer.unjudged}"), result.advice.reason)
    names = _rules(result) if names is None else names
    return _marks(result.verdict, result.score, result.required, result.kind, names, result.advice.reason)


@lru_cache(maxsize=256)
def _marks(
    verdict: str, score: float, required: float, kind: str, names: tuple[str, ...], reason: str
) -> tuple[tuple[str, str], ...]:
    """Mail that is alike gets the same ones."""
    return _shaped(_pieces(verdict, score, required, kind, names), reason)


def _shaped(status: Sequence[str], reason: str) -> tuple[tuple[str, str], ...]:
    pieces = {STATUS: list(status), REASON: _words(reason)}
    return tuple((name, "\n".join(fold(name, words))[len(name) + 1 :].lstrip(" ")) for name, words in pieces.items())
