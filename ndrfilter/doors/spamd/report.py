"""The report: what a person needs who looks at a message that was filed away. ASCII, bounded, without an empty line.

Exim writes it into a header field, where an empty line would end the header.
"""

from __future__ import annotations

import textwrap

from ndrfilter import limits
from ndrfilter.doors import words
from ndrfilter.doors.reply import one_decimal
from ndrfilter.service import export
from ndrfilter.terminal import clip, escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ndrfilter.engine.result import Result

_WIDTH = limits.HEADER_FOLD


def report(result: Result) -> bytes:
    """The report, in lines of at most 78 columns."""
    return "".join(f"{line}\n" for line in _lines(result)).encode("ascii")


def _lines(result: Result) -> Iterator[str]:
    measured = words.measure(result)
    verdict = f"{result.verdict.upper()} ({measured})" if measured else result.verdict.upper()
    yield from _wrapped(f"ndrfilter: {verdict}: {words.headline(result)}", "", "  ")
    yield from _wrapped(f"{result.advice.reason} {result.advice.do}", "", "")
    symbols = list(export.symbols(result))
    for symbol in symbols[: limits.MAX_REPORT_RULES]:
        sign = f"{symbol.score:+.1f}" if symbol.score else ""
        yield from _wrapped(f"{symbol.name}: {symbol.text}", f"{sign:>6} ", " " * 9)
    if more := max(0, len(symbols) - limits.MAX_REPORT_RULES):
        yield f"       and {words.counted(more, 'more rule', 'more rules')}"
    for cause, rules in list(words.undecided(result).items())[: limits.MAX_REPORT_RULES]:
        yield from _wrapped(f"undecided: {', '.join(rules)} ({cause})", "  ", "    ")
    for trouble in result.errors[: limits.MAX_REPORT_RULES]:
        yield from _wrapped(f"trouble: {trouble.where}: {trouble.what}", "  ", "    ")
    yield f"Score {one_decimal(export.score(result))}, required {one_decimal(export.required(result))}"


def _ascii(text: str) -> str:
    """`text` escaped, cut, and in ASCII."""
    plain = escape(text[: limits.MAX_REPORT_TEXT]).encode("ascii", "backslashreplace").decode("ascii")
    return clip(plain, limits.MAX_REPORT_TEXT)


def _wrapped(text: str, first: str, then: str) -> list[str]:
    text = _ascii(text)
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=then, break_on_hyphens=False)
