"""Whatever stands in the mail: never an exception, nothing raw on the terminal or in the page, bounded size."""

from __future__ import annotations

import re
import tracemalloc
import unicodedata
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_rows import BOOK, NOW, SCOPE, START, ZONE, row

from ndrfilter import limits
from ndrfilter.schema import KINDS
from ndrfilter.sweep.answer import LANGUAGES, answer_of, html, plain
from ndrfilter.sweep.answer.columns import width
from ndrfilter.sweep.answer.nouns import VERDICTS
from ndrfilter.sweep.nouns import Failed, Key, Row

EVIL = "<script>alert(1)</script>\"'&amp;<a href='https://evil.example/'>x</a>\x1b[2J\x00\r\n\u202e\u2066\ud800</style></bdi>"
texts = st.one_of(
    st.text(max_size=40), st.just(EVIL), st.just("x" * 5_000), st.just("あ" * 300), st.just("a@b.example")
)
times = st.one_of(st.floats(), st.floats(0, 2 * NOW.timestamp()), st.floats(NOW.timestamp() - 9e6, NOW.timestamp()))
reasons = st.sampled_from(["address_unknown", "mailbox_full", "policy", "network", "unknown", "of_tomorrow"])
addresses = st.builds(Failed, texts, reasons, texts, texts, texts)
rows = st.builds(
    Row,
    key=st.just(Key("INBOX", 1, "1")), verdict=st.sampled_from([*VERDICTS, "not-a-bounce"]),
    kind=st.sampled_from([*KINDS, "of-tomorrow"]), received=times, sender=texts, title=texts, writer=texts,
    reporting_mta=texts, evidence=texts, recorded=st.booleans(), through_us=st.booleans(),
    failed=st.lists(addresses, max_size=8).map(tuple), author=texts, to=st.lists(texts, max_size=3).map(tuple),
    subject=texts, written=st.one_of(st.none(), times), message_id=texts, why=texts,
)  # fmt: skip
LAID_OUT = {"html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "article", "h1", "h2",
            "h3", "p", "span", "bdi", "b", "ul", "li", "dl", "dt", "dd", "table", "caption", "thead", "tbody", "tr", "th",
            "td", "figure", "div", "details", "summary", "svg", "desc", "defs", "pattern", "rect", "path"}  # fmt: skip
EMPTY = {"meta"}


class Page(HTMLParser):
    """Elements and attributes of a page; fails where they do not nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.levels: list[int] = []
        self.quoted: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= set(attrs)
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= set(attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "bdi" in self.open:
            self.quoted.append(data)


def check(answer, language):
    for line in plain(answer, language):
        assert width(line) <= 78, line
        assert not [char for char in line if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp")], line
    text = html(answer, language)
    page = Page(text)
    assert page.tags <= LAID_OUT
    assert not {name for name, _ in page.attributes} & {"href", "src", "style", "action", "onclick", "srcset"}
    assert not set(text) & {"\x00", "\x1b", "\r", "\u202e", "\u2066"}
    text.encode("utf-8")
    return page


@settings(max_examples=60)
@given(st.lists(rows, max_size=12), st.sampled_from(LANGUAGES))
def test_any_rows_have_a_page(made, language):
    answer = answer_of(made, SCOPE._replace(looked_at=len(made)), BOOK, ZONE)
    assert sum(answer.counts.values()) == answer.looked_at == len(made)
    assert answer.findings
    check(answer, language)


def test_a_stranger_s_text_is_escaped_everywhere():
    evil = [
        row(number, verdict)._replace(
            sender=EVIL, title=EVIL, writer=EVIL, reporting_mta=EVIL, subject=EVIL, to=(EVIL,),
            failed=(Failed(EVIL, "unknown", EVIL, EVIL, EVIL),),
        )
        for number, verdict in enumerate(VERDICTS)
    ]  # fmt: skip
    scope = SCOPE._replace(place=EVIL, me=(EVIL,), into=EVIL, moved=4)
    page = check(answer_of(evil, scope, BOOK, ZONE), "en")
    assert sum(text.startswith("<script>alert(1)") for text in page.quoted) >= 10
    assert page.levels[0] == 1
    assert all(after <= before + 1 for before, after in zip(page.levels, page.levels[1:], strict=False))


@pytest.mark.parametrize("columns", [1, 40, 60, 200])
@pytest.mark.parametrize("language", LANGUAGES)
def test_any_width_is_kept(columns, language):
    made = [row(number, verdict)._replace(sender="x" * 300, title="題" * 90) for number, verdict in enumerate(VERDICTS)]
    answer = answer_of(made, SCOPE, BOOK, ZONE)
    assert all(width(line) <= max(columns, 40) for line in plain(answer, language, columns))


def test_the_page_has_its_size_whatever_comes():
    long = Failed("a" * 9_000, "unknown", "", "5" * 9_000, "said " * 4_000)

    def endless(number):
        for index in range(number):
            verdict = VERDICTS[index % 4]
            yield row(index, verdict)._replace(
                received=START.timestamp() - index * 7_001, title="t" * 9_000, subject="s" * 9_000,
                reporting_mta=f"host{index}.example", failed=(long._replace(address=f"{index}{long.address}"),) * 50,
            )  # fmt: skip

    tracemalloc.start()
    answer = answer_of(endless(6_000), SCOPE, BOOK, ZONE)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 16 * 1024 * 1024
    shown = [text for letter in (*answer.read, *answer.unclear) for text in letter if isinstance(text, str)]
    shown += [text for letter in answer.read for wrong in letter.wrong for text in wrong if isinstance(text, str)]
    assert max(map(len, shown)) == limits.ANSWER_SAID + 1  # one more, so that a cut is seen
    assert len(html(answer)) < 512 * 1024
    assert len("".join(plain(answer))) < 256 * 1024
