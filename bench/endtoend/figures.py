"""The figures: how many DSNs of each server each source decided, and what was promised of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

Row = dict[str, Any]

ALONE = {
    "token": ("genuine", "proof"),
    "dkim": ("genuine", "proof"),
    "batv": ("genuine", "proof"),
    "sent_log": ("genuine", "record"),
    "sent_add": ("genuine", "record"),
    "trace": ("genuine", "trace"),
}
"""What each source alone has to say of the DSNs of our own mail."""
FORGED = ("forged", "disguised", "replayed")


def share(rows: Iterable[Row], chosen: Callable[[Row], bool], good: Callable[[Row], bool]) -> tuple[int, int]:
    """How many of the chosen rows are good, and how many were chosen."""
    among = [row for row in rows if chosen(row)]
    return sum(map(good, among)), len(among)


def promises(rows: list[Row]) -> list[tuple[bool, str]]:
    """Each promise: whether it is kept, and a line that says so with its numbers."""
    lines = []
    for source, (verdict, evidence) in ALONE.items():
        good, among = share(
            rows,
            lambda row, source=source: row["kind"] == "own" and row["source"] == source,
            lambda row, expected=(verdict, evidence): (row["verdict"], row["evidence"]) == expected,
        )
        lines.append(_line(f"our own mail: {verdict} by {source} alone, {evidence}", good, among, 100.0))
    lines += [
        _line("our own mail: genuine, all sources on", *_verdict(rows, ("own",), "all", "genuine"), 100.0),
        _line("what we forwarded: genuine by srs alone", *_verdict(rows, ("forwarded",), "srs", "genuine"), 100.0),
        _line("forged: backscatter, relays complete", *_verdict(rows, ("forged",), "relays", "backscatter"), 99.0),
        _line("forged: backscatter, all sources on", *_verdict(rows, ("forged",), "all", "backscatter"), 99.0),
    ]
    good, among = share(rows, lambda row: row["kind"] in FORGED, lambda row: row["verdict"] != "genuine")
    lines.append(_line("forged, disguised, replayed: never genuine, whatever is on", good, among, 100.0))
    good, among = share(rows, lambda row: row["source"] == "none", lambda row: row["verdict"] == "undetermined")
    lines.append(_line("no source and no site: undetermined", good, among, 100.0))
    return lines


def _verdict(rows: list[Row], kinds: tuple[str, ...], source: str, verdict: str) -> tuple[int, int]:
    return share(
        rows, lambda row: row["kind"] in kinds and row["source"] == source, lambda row: row["verdict"] == verdict
    )


def _line(what: str, good: int, among: int, least: float) -> tuple[bool, str]:
    part = 100.0 * good / among if among else 0.0
    kept = among > 0 and part >= least
    return (
        kept,
        f"{'kept  ' if kept else 'MISSED'}  {what:62} {good:4} of {among:4}  {part:6.2f} %   at least {least:g} %",
    )


def table(rows: list[Row], kind: str) -> list[str]:
    """One line for each server and RET; a column for each source says what the verdicts were, and by what evidence."""
    sources = list(dict.fromkeys(row["source"] for row in rows))
    cells: dict[tuple[str, str, str], Counter[str]] = {}
    for row in rows:
        if row["kind"] == kind:
            word = row["verdict"] + (f"/{row['evidence']}" if row["evidence"] else "")
            cells.setdefault((row["server"], row["ret"], row["source"]), Counter())[word] += 1
    lines = []
    for server, ret in sorted({key[:2] for key in cells}):
        lines.append(f"{kind}: {server}, RET={ret}")
        for source in sources:
            found = cells.get((server, ret, source))
            if found:
                lines.append(
                    f"    {source:10} " + ", ".join(f"{number} {word}" for word, number in found.most_common())
                )
    return lines
