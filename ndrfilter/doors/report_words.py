"""What a tally says, for people and as plain data."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ndrfilter.schema import VERDICTS
from ndrfilter.terminal import clip

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from ndrfilter.doors.report_tally import Tally
    from ndrfilter.terminal import Style

REPORT_VERSION = 1
_MOST = 10
_WIDTH = 60
_PERCENTILES = (("median", 0.5), ("95 %", 0.95), ("99 %", 0.99))
_SECTIONS = (
    ("actions", "What was done"),
    ("would", "What would have been done without watch mode, or if all recipients were alike"),
    ("kinds", "Kinds"),
    ("rules", "Rules that hit"),
    ("undecided", "Rules that could not be decided"),
    ("causes", "Why"),
    ("backscatter_to", "Who got the most backscatter"),
    ("unjudged", "Why messages were not judged"),
    ("decisions", "Decisions without a verdict"),
    ("sent", "Marks on what we send"),
    ("troubles", "Troubles"),
    ("refused", "Clients turned away"),
)


def text(tally: Tally, style: Style) -> Iterator[str]:
    """The report in lines; sections of which there is nothing to say are left out."""
    yield _headline(tally)
    if tally.messages:
        yield from _table("Verdicts", _verdicts(tally), style)
    for name, title in _SECTIONS:
        ordered = sorted(tally.counts[name].items(), key=lambda item: (-item[1], item[0]))
        rows = [(word, f"{count:,}") for word, count in ordered[:_MOST]]
        if len(ordered) > _MOST:
            rows.append((f"({len(ordered) - _MOST:,} more)", f"{sum(count for _, count in ordered[_MOST:]):,}"))
        yield from _table(title, rows, style)
    floods = [(_moment(one.begin), f"{one.backscatter:,}") for one in tally.floods[:_MOST]]
    yield from _table(f"Hours with a flood of backscatter (the usual hour has {tally.usual_hour:,.0f})", floods, style)
    if tally.messages:
        times = ((name, f"{tally.percentile(share):,g} ms") for name, share in _PERCENTILES)
        yield from _table("Time to answer", list(times), style)


def plain(tally: Tally) -> dict[str, Any]:
    """The report as plain data for JSON; times in UTC."""
    words = {name: dict(counts.most_common()) for name, counts in tally.counts.items()}
    return {
        "v": REPORT_VERSION,
        "from": _iso(tally.first) if _timed(tally) else None,
        "until": _iso(tally.last) if _timed(tally) else None,
        "messages": tally.messages,
        **words,
        "floods": [{"hour": _iso(one.begin), "backscatter": one.backscatter} for one in tally.floods],
        "milliseconds": {name: tally.percentile(share) for name, share in zip(_KEYS, _SHARES, strict=True)},
        "without_time": tally.untimed,
    }


_KEYS, _SHARES = ("median", "p95", "p99"), tuple(share for _, share in _PERCENTILES)


def _headline(tally: Tally) -> str:
    count = f"{tally.messages:,} {'message' if tally.messages == 1 else 'messages'}"
    return f"{_moment(tally.first)} to {_moment(tally.last)}: {count}" if _timed(tally) else count


def _verdicts(tally: Tally) -> list[tuple[str, ...]]:
    counts = [(verdict, tally.counts["verdicts"][verdict]) for verdict in VERDICTS]
    if unjudged := tally.counts["unjudged"].total():
        counts.append(("not judged", unjudged))
    return [(name, f"{count:,}", f"{count / tally.messages:.1%}") for name, count in counts if count]


def _table(title: str, rows: Sequence[tuple[str, ...]], style: Style) -> Iterator[str]:
    """A title and its rows, words to the left and numbers to the right; nothing where there are no rows."""
    if not rows:
        return
    yield ""
    yield style(title, "bold")
    shown = [(clip(row[0], _WIDTH), *row[1:]) for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for first, *others in shown:
        numbers = (cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))
        yield f"  {'  '.join((first.ljust(widths[0]), *numbers))}"


def _timed(tally: Tally) -> bool:
    return tally.first <= tally.last


def _moment(seconds: float) -> str:
    """Local time to the minute, as logs have it."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
