import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter.terminal import Style, clip, colourful, escape, style_for, wrap


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, Grüße, 日本", "plain, Grüße, 日本"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("a\r\nb\tc\x00", "a\\r\\nb\\tc\\x00"),
        ("evil\u202etxt.exe", "evil\\u202etxt.exe"),
        ("\u2066\u200b\ufeff", "\\u2066\\u200b\\ufeff"),
        ("\x9b31m", "\\x9b31m"),
        ("line\u2028break", "line\\u2028break"),
        ("file\udcff", "file\\xff"),
        ("a\u00a0b\u3000c", "a b c"),
    ],
)
def test_escape(text, shown):
    assert escape(text) == shown


@given(st.text())
def test_escaped_text_can_always_be_printed(text):
    assert escape(text).isprintable()


@given(st.text(), st.integers(min_value=3, max_value=40))
def test_clip_keeps_the_width(text, width):
    assert len(clip(text, width)) <= width


def test_clip_shows_the_cut():
    assert clip("a long sentence", 10) == "a long..."
    assert clip("short", 10) == "short"


def test_wrap_leaves_long_words_whole():
    assert wrap("a  https://example.com/very-long b", 12, "  ", "    ") == (
        "  a\n    https://example.com/very-long\n    b"
    )


def test_colour_minds_the_terminal_and_no_color(monkeypatch):
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    assert style_for("auto", Terminal())("x", "red") == "\x1b[31mx\x1b[0m"
    assert style_for("auto", io.StringIO())("x", "red") == "x"
    assert style_for("always", io.StringIO())("x", "red", "bold") == "\x1b[31;1mx\x1b[0m"
    assert style_for("never", Terminal())("x", "red") == "x"
    monkeypatch.setenv("TERM", "dumb")
    assert style_for("auto", Terminal())("x", "red") == "x"
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    assert style_for("auto", Terminal())("x", "red") == "x"
    assert not colourful(None)
    assert Style()("x") == "x"
