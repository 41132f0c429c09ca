"""Literals: escapes, long texts, numbers, durations, dates, addresses, regular expressions."""

from __future__ import annotations

import re
import textwrap
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from typing import Any

from ndrfilter.lang import patterns
from ndrfilter.lang.context import BAD, PATTERN, Context, Typed
from ndrfilter.lang.expressions import LongString, String
from ndrfilter.lang.tree import Node
from ndrfilter.limits import MAX_PATTERN_CHARS
from ndrfilter.schema import BOOLEAN, DURATION, IP, NETWORK, NUMBER, STRING, TIME

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_BEYOND_RE2 = re.compile(r"\(\?(?:[=!]|<[=!])|\\[1-9]|\(\?P=|\(\?>|[+*?}]\+")


def unescaped(node: Node, context: Context) -> tuple[str, list[int]]:
    """The text of a string and, for each of its characters, the offset where that stands in the source."""
    raw = node.word(0)
    letters, offsets = [], []
    at, end = 1, len(raw.text) - 1
    while at < end:
        offsets.append(raw.start + at)
        if raw.text[at] != "\\":
            letters.append(raw.text[at])
            at += 1
            continue
        escaped = _ESCAPES.get(raw.text[at + 1])
        if escaped is None:
            context.unit.sink.add(
                context.file.text.diagnostic(
                    "E106", raw.start + at, raw.start + at + 2, f"there is no escape {raw.text[at:at + 2]}",
                    'the escapes are \\" \\\\ \\n \\r \\t',
                )
            )  # fmt: skip
        letters.append(escaped or raw.text[at + 1])
        at += 2
    return "".join(letters), offsets


def prose(node: Node, context: Context) -> str:
    """A string, or a long text without its common indent and without the line end after the opening quotes."""
    if isinstance(node, LongString):
        return dedented(node.word(0).text[3:-3])
    return unescaped(node, context)[0]


def dedented(text: str) -> str:
    """The inside of a long text, the line of the opening quotes apart because its indent says nothing."""
    first, _, rest = text.partition("\n")
    head = first + "\n" if first.strip() and rest else first.strip()
    return head + textwrap.dedent(rest)


def string(node: Node, context: Context) -> Typed:
    """A text."""
    return Typed(("const", prose(node, context)), STRING)


def number_of(node: Node) -> float:
    """A number's value; whole ones are int."""
    text = node.word(0).text
    return float(text) if "." in text else int(text[:300])


def number(node: Node, _context: Context) -> Typed:
    """A number."""
    return Typed(("const", number_of(node)), NUMBER)


def duration(node: Node, _context: Context) -> Typed:
    """A duration, in seconds."""
    text = node.word(0).text
    return Typed(("const", float(text[:-1]) * _SECONDS[text[-1]]), DURATION)


def time_of(node: Node, context: Context) -> float:
    """A date or a time of day on it (UTC), in seconds since the epoch."""
    text = node.word(0).text
    try:
        return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC).timestamp()
    except ValueError:
        context.report("E107", node, f"{text} is not a date", "write 2026-11-22, or 2026-11-22T10:00:00Z")
        return 0.0


def date(node: Node, context: Context) -> Typed:
    """A point in time."""
    return Typed(("const", time_of(node, context)), TIME)


def network(node: Node, context: Context) -> Typed:
    """An address, or a network if it has a prefix length."""
    text = node.word(0).text
    try:
        if "/" not in text:
            return Typed(("ip", str(ip_address(text))), IP)
        return Typed(("network", str(ip_network(text))), NETWORK)
    except ValueError as wrong:
        return context.report("E107", node, f"{text} is no address or network", _network_help(text, wrong))


def _network_help(text: str, wrong: ValueError) -> str:
    try:
        return f"the network that this address is in is {ip_network(text, strict=False)}"
    except ValueError:
        return str(wrong).replace("'", "")


def boolean(node: Node, _context: Context) -> Typed:
    """true or false."""
    return Typed(("const", node.word(0).text == "true"), BOOLEAN)


def regex_parts(node: Node, context: Context) -> tuple[str, str] | None:
    """Pattern and flags of a regular expression that RE2 accepts, else None."""
    body, _, flags = node.word(0).text[1:].rpartition("/")
    pattern = body.replace("\\/", "/")
    unknown = set(flags) - set(patterns.FLAGS)
    if unknown:
        context.report(
            "E403",
            node,
            f"there is no flag {', '.join(sorted(unknown))}",
            "the flags are i (any case), m (^ and $ at every line), s (. is a line end too)",
        )
        return None
    if len(pattern) > MAX_PATTERN_CHARS:
        context.report(
            "E402", node, f"this pattern is longer than {MAX_PATTERN_CHARS} characters", "name a list of texts instead"
        )
        return None
    return (pattern, flags) if _compiles(pattern, flags, node, context) else None


def _compiles(pattern: str, flags: str, node: Node, context: Context) -> Any:
    try:
        return patterns.compiled(pattern, flags)
    except patterns.error as wrong:
        reason = wrong.args[0].decode("utf-8", "replace") if isinstance(wrong.args[0], bytes) else str(wrong)
        code = "E402" if "too large" in reason or "repetition size" in reason else "E401"
        help_text = (
            "this is RE2: it has no lookaround, backreferences or possessive repeats, so that no mail can stall it"
            if _BEYOND_RE2.search(pattern)
            else ""
        )
        context.report(code, node, f"not a regular expression: {reason}", help_text)
        return None


def regex(node: Node, context: Context) -> Typed:
    """A pattern, for the right side of `matches`."""
    parts = regex_parts(node, context)
    return Typed(("pattern", *parts), PATTERN) if parts else BAD


def text_of(node: Node | None, context: Context) -> str | None:
    """The text, if the node is a literal one."""
    return prose(node, context) if isinstance(node, String | LongString) else None
