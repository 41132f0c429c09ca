"""The timeline as a picture: upright bars stacked by verdict. Told apart by pattern as well as by colour."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from ndrfilter.sweep.answer.nouns import VERDICTS, Timeline

_HIGH, _STEP, _BAR = 100, 10, 8  # of the drawing; the page stretches it
_THINNEST = 1.5  # what is there at all is seen

_PATTERNS = (
    '<defs><pattern id="dots" width="2" height="4" patternUnits="userSpaceOnUse">'
    '<rect width="2" height="4" class="fill-undetermined"/><rect width="2" height="1" class="gap"/></pattern>'
    '<pattern id="stripes" width="2" height="4" patternUnits="userSpaceOnUse">'
    '<rect width="2" height="4" class="fill-fake"/><rect width="1" height="4" class="gap"/></pattern></defs>'
)


def picture(timeline: Timeline, title: str, about: str) -> str:
    """An SVG element; `title` and `about` are for those who do not see it, as plain text."""
    bars = timeline.bars
    highest = max(sum(bar.counts) for bar in bars)
    wide = _STEP * len(bars)
    drawn = "".join(
        rectangle for index, bar in enumerate(bars) for rectangle in _bar(index * _STEP + 1, bar.counts, highest)
    )
    return (
        f'<svg viewBox="0 0 {wide} {_HIGH}" preserveAspectRatio="none" role="img" aria-labelledby="chart-t chart-d">'
        f'<title id="chart-t">{escape(title)}</title><desc id="chart-d">{escape(about)}</desc>{_PATTERNS}'
        f'<path class="grid" d="M0 .5H{wide}M0 50H{wide}"/>{drawn}<path class="base" d="M0 {_HIGH}H{wide}"/></svg>'
    )


def _bar(left: int, counts: tuple[int, int, int, int], highest: int) -> Iterator[str]:
    """One bar, from the ground up; what would be too thin to be seen takes from the thickest."""
    heights = [max(_THINNEST, _HIGH * number / highest) if number else 0.0 for number in counts]
    thickest = heights.index(max(heights))
    heights[thickest] -= max(0.0, sum(heights) - _HIGH)
    top = float(_HIGH)
    for verdict, height in zip(VERDICTS, heights, strict=True):
        if height:
            top -= height
            yield f'<rect class="bar-{verdict}" x="{left}" y="{top:.2f}" width="{_BAR}" height="{height:.2f}"/>'
