"""Every text stands out against its ground, in light and in dark (WCAG 2, level AA)."""

from __future__ import annotations

import re

import pytest
from made_rows import ROOT

COLOURS = re.compile(r"--(\w+): (#[0-9a-f]{6})")
TEXTS = ("ink", "soft", "good", "bad")
PICTURES = ("backscatter", "genuine", "undetermined", "fake")


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2."""
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def schemes() -> list[dict[str, str]]:
    """The colours by name: of light, of dark, and of paper over those of light."""
    style = (ROOT / "ndrfilter/sweep/answer/page.css").read_text(encoding="utf-8")
    return [dict(COLOURS.findall(block)) for block in re.findall(r":root \{([^}]*)\}", style)]


@pytest.mark.parametrize("scheme", schemes()[:2], ids=["light", "dark"])
def test_colours_are_far_enough_apart(scheme):
    for ground in ("paper", "card", "shade"):
        assert all(contrast(scheme[text], scheme[ground]) >= 4.5 for text in TEXTS), ground
    assert all(contrast(scheme[part], scheme["card"]) >= 3 for part in PICTURES)


def test_every_colour_has_its_dark_side():
    light, dark, _ = schemes()
    assert set(light) == set(dark)
