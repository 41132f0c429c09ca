"""Measured figures: what was found, what is required of it, and how people and programs get to read that."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any, NamedTuple


class Figure(NamedTuple):
    """One figure. `most` or `least` is what is required of it, `aim` where we want to get; None where nothing is."""

    what: str
    value: float
    unit: str
    most: float | None = None
    least: float | None = None
    aim: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether it is as required; None where nothing is required."""
        if self.most is not None:
            return self.value <= self.most
        return self.value >= self.least if self.least is not None else None

    @property
    def required(self) -> str:
        """The requirement and the aim in words."""
        sign, bound = ("≤", self.most) if self.most is not None else ("≥", self.least)
        if bound is None:
            return ""
        return f"{sign} {number(bound)}" + (f", aim {number(self.aim)}" if self.aim is not None else "")


class Report(NamedTuple):
    """What one bench found; `notes` say what was left out, and whose mail it was."""

    title: str
    figures: list[Figure]
    notes: list[str]


def summary(reports: list[Report]) -> Report:
    """All figures that something is required of."""
    return Report("In short", [one for report in reports for one in report.figures if one.met is not None], [])


def unjudged(report: Report) -> Report:
    """The report with nothing required."""
    return report._replace(figures=[Figure(one.what, one.value, one.unit) for one in report.figures])


def number(value: float) -> str:
    """With three digits that mean something, and all of those before the point."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def machine() -> str:
    """What all this ran on."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.machine()
    return f"{model}, {len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}"


def table(report: Report) -> str:
    """The report for a terminal."""
    rows = [(one.what, f"{number(one.value)} {one.unit}", one.required, _word(one)) for one in report.figures]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    lines = [f"{row[0]:{widths[0]}}  {row[1]:>{widths[1]}}   {row[2]:{widths[2]}}   {row[3]}".rstrip() for row in rows]
    return "\n".join([f"== {report.title}", *(f"   {note}" for note in report.notes), *lines])


def markdown(report: Report) -> str:
    """The report for a page."""
    rows = [
        f"| {one.what} | {number(one.value)} {one.unit} | {one.required} | {_word(one)} |" for one in report.figures
    ]
    head = ["| | measured | required | |", "|---|---:|---|---|"]
    return "\n".join([f"### {report.title}", "", *head, *rows, "", *(f"{note}  " for note in report.notes)]).rstrip()


def plain(report: Report) -> dict[str, Any]:
    """The report for programs."""
    figures = [{**one._asdict(), "met": one.met} for one in report.figures]
    return {"title": report.title, "notes": report.notes, "figures": figures}


def _word(figure: Figure) -> str:
    return {True: "met", False: "MISSED", None: ""}[figure.met]
