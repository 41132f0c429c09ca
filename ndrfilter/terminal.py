"""Text for people and how it reaches them: escaping what came from mail, cutting, wrapping, colour, both outputs."""

from __future__ import annotations

import os
import sys

from ndrfilter.errors import ConfigError, NdrError, TemporaryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

    from ndrfilter.errors import Diagnostic

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_SPACE = "Zs"
_CODES = {"red": "31", "green": "32", "yellow": "33", "magenta": "35", "bold": "1", "dim": "2"}


def escape(text: str) -> str:
    """`text` without anything a terminal, a log or a reader's eye could be misled by.

    Control characters, terminal escapes, bidirectional and other invisible format characters, line separators, lone
    surrogates and unassigned code points become visible escapes; a byte of a file name that is no UTF-8 becomes
    `\\xff`; every kind of space becomes a plain one.
    """
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(char: str) -> str:
    if char.isprintable():
        return char
    import unicodedata

    if unicodedata.category(char) == _SPACE:
        return " "
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    return _SHORT.get(char) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def clip(text: str, width: int) -> str:
    """`text` escaped and cut to at most `width` characters, the cut shown by three dots."""
    shown = escape(text[: width + 1])
    return shown if len(shown) <= width else shown[: width - 3].rstrip() + "..."


def wrap(text: str, width: int, indent: str = "", then: str | None = None) -> str:
    """`text` in lines of at most `width` columns; `then` indents all lines but the first. Long words stay whole."""
    import textwrap

    following = indent if then is None else then
    return textwrap.fill(
        " ".join(text.split()),
        width,
        initial_indent=indent,
        subsequent_indent=following,
        break_long_words=False,
        break_on_hyphens=False,
    )


class Style:
    """Colour, or none."""

    __slots__ = ("_on",)

    def __init__(self, on: bool = False) -> None:
        self._on = on

    def __call__(self, text: str, *names: str) -> str:
        """`text` in the named colours ("red", "bold" …)."""
        if not self._on or not names:
            return text
        return f"\x1b[{';'.join(_CODES[name] for name in names)}m{text}\x1b[0m"


def style_for(when: str, stream: TextIO) -> Style:
    """The style for `--color auto|always|never` on that stream."""
    return Style(when == "always" or (when == "auto" and colourful(stream)))


def colourful(stream: TextIO | None) -> bool:
    """Whether colour is welcome there: on a terminal that is not dumb, unless NO_COLOR is set."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and stream is not None and stream.isatty()


def complain(text: str) -> None:
    """One line on standard error, if there is one; never an exception, never anything on standard output."""
    _on_standard_error(f"ndrfilter: {text}\n")


def warn(diagnostics: Iterable[Diagnostic]) -> None:
    """Diagnostics on standard error, as `complain`."""
    from ndrfilter.lang.diagnose import render

    color = colourful(sys.stderr)
    for diagnostic in diagnostics:
        _on_standard_error(render(diagnostic, color) + "\n")


def _on_standard_error(text: str) -> None:
    if sys.stderr is not None:
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError):
            pass


def say(*lines: str) -> None:
    """Lines on standard output; raises TemporaryError where that is closed, OSError where it takes nothing."""
    if sys.stdout is None:
        raise TemporaryError("standard output is closed")
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def in_words(error: NdrError, color: bool = False) -> str:
    """What was wrong; of a configuration or rules every error with its place (warnings are for `rules check`)."""
    found = [one for one in error.diagnostics if one.is_error] if isinstance(error, ConfigError) else []
    if not found:
        return escape(str(error))
    from ndrfilter.lang.diagnose import render

    count = "a mistake" if len(found) == 1 else f"{len(found)} mistakes"
    return "\n".join((f"{count} in the configuration or the rules", *(render(one, color) for one in found)))


def reason(error: Exception) -> str:
    """Why the system did not let us read or write, in its own words."""
    return (getattr(error, "strerror", None) or str(error)).lower()
