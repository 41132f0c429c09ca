"""The status page: everything a postmaster asks at a glance, and nothing from outside that is more than text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_answers import answer, question

from ndrfilter.service.board import Board
from ndrfilter.service.desk import Remark
from ndrfilter.service.status import brief, page, span

NOW = 1_800_000_000.0
VOID = {"meta"}


class Page(HTMLParser):
    """Reads a page strictly: every element closed where it should be, attributes and tags remembered."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.attributes, self.texts = [], set(), [], []
        self.feed(html.decode("utf-8"))
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in (*VOID, "wbr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self):
        return " ".join("".join(self.texts).split())


@pytest.fixture
def board():
    board = Board(2)
    board.know(["ORIGINAL_FROM_STRANGER", "B"])
    counters = board.seat(1)
    for _ in range(3):
        counters.answered(question("milter"), answer(rules=["ORIGINAL_FROM_STRANGER"], seconds=0.003, would="reject"))
    counters.answered(question(), answer("not-a-bounce", "none", undecided=[("B", "DNS TXT a.example: timeout")]))
    counters.answered(question(), answer("undetermined", "none", unjudged="opt-out"))
    counters.remarked(Remark("http", "", (("refused", "slow"),)))
    board.happened("worker", "died")
    board.note(started=NOW - 90_000, version="0.1.0", ruleset="default", reload="ok", reloaded=NOW - 120)
    return board


def test_what_it_says(board):
    text = Page(page(board, NOW)).text
    assert "version 0.1.0 · ruleset default · up 1 d 1 h · reloaded 2 min ago" in text
    # Shares of all messages, as in the report.
    assert "3backscatter 60.0%" in text
    assert "1not-a-bounce 20.0%" in text
    assert "1not judged 20.0%" in text
    for words in ("ORIGINAL_FROM_STRANGER", "DNS TXT *: timeout", "http slow", "worker died", "opt-out", "reject"):
        assert words in text
    assert "role" not in dict(Page(page(board, NOW)).attributes)


def test_a_reload_that_was_refused_cannot_be_missed(board):
    board.note(reload="failed", reloaded=NOW - 5, error="error[E101]: no fact <b>x</b>\n --> local.ndr:3:9")
    html = page(board, NOW)
    assert "reload refused 5 s ago" in Page(html).text
    assert "error[E101]: no fact <b>x</b>" in Page(html).text
    assert ("role", "alert") in Page(html).attributes


def test_a_service_that_just_began():
    text = Page(page(Board(1), NOW)).text
    assert "0backscatter –" in text
    assert "Rules" not in text


def test_nothing_comes_from_outside_and_nothing_runs(board):
    shown = Page(page(board, NOW))
    assert not shown.tags & {"script", "link", "img", "iframe", "form", "a", "object", "base"}
    assert not [name for name, _ in shown.attributes if name.startswith("on") or name in ("src", "href", "action")]
    assert not re.search(rb"@import|url\(|https?:", page(board, NOW))


@settings(deadline=None)
@given(st.text(max_size=60), st.text(st.sampled_from("<>&\"'\u202e\x00ab/="), max_size=30))
def test_any_text_is_only_text(some, odd):
    board = Board(1)
    board.know([some, odd])
    counters = board.seat(0)
    told = answer(rules=[some, odd], undecided=[(odd, some)], troubles=[(odd, some)])
    counters.answered(question(odd), told)
    counters.remarked(Remark(some, "", (("refused", odd),)))
    counters.remarked(Remark(odd, "", ((some, odd),)))
    board.happened(odd, some)
    board.note(version=some, ruleset=odd, reload="failed", error=f"{odd}\n{some}")
    shown = Page(page(board, NOW))
    assert shown.tags == {
        "html", "head", "meta", "title", "style", "body", "header", "h1", "p", "section", "h2", "pre", "ul", "li", "b",
        "span", "main", "div", "table", "thead", "tbody", "tr", "th", "td", "i", "footer", "code", *shown.tags & {"wbr"},
    }  # fmt: skip
    assert all(char.isprintable() for char in shown.text)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3_600, "1 h"), (90_061, "1 d 1 h"), (-5, "0 s")],
)
def test_spans(seconds, words):
    assert span(seconds) == words


@pytest.mark.parametrize(("seconds", "words"), [(0.00041, "0.4 ms"), (0.0123, "12 ms"), (2.54, "2.5 s")])
def test_latencies(seconds, words):
    assert brief(seconds) == words
