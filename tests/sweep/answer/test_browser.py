"""The page in a real Chromium: at a telephone's width, printed, without scripts, and never a word to anybody."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from browser import Browser, Listener
from made_rows import BOOK, SCOPE, ZONE, failed, rich, row

from ndrfilter.sweep.answer import LANGUAGES, answer_of, html

pytestmark = pytest.mark.client("chromium")


@pytest.fixture(scope="module")
def listener():
    found = Listener()
    yield found
    found.close()


@pytest.fixture(scope="module")
def browser(listener, tmp_path_factory):
    found = Browser(tmp_path_factory.mktemp("chromium"), listener)
    yield found
    found.close()


@pytest.fixture(scope="module")
def answer():
    long = "x" * 200
    endless = row(1, failed=(failed(f"{long}@{long}.example", said=long),))._replace(subject=long, reporting_mta=long)
    return answer_of([*rich(), endless._replace(received=SCOPE.now)], SCOPE, BOOK, ZONE)


@pytest.fixture(scope="module")
def page(answer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")

    def made(language: str = "en") -> Path:
        path = folder / f"{language}.html"
        path.write_text(html(answer, language), encoding="utf-8")
        return path

    return made


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [360, 1200])
def test_nothing_is_wider_than_the_window(browser, page, language, width):
    browser.show(page(language), width)
    wide, high = browser.size()
    assert wide == width
    assert high > 2_000
    if os.environ.get("NDRFILTER_PICTURES"):
        for dark in (False, True):
            browser.show(page(language), width, dark=dark)
            name = f"{language}-{width}-{'dark' if dark else 'light'}.png"
            (Path(os.environ["NDRFILTER_PICTURES"]) / name).write_bytes(browser.picture())


def test_dark_and_light_differ(browser, page):
    browser.show(page(), 360)
    light = browser.picture()
    browser.show(page(), 360, dark=True)
    assert browser.picture() != light


def asked_by_pages(listener):
    """What was asked for through the proxy, without what the browser asks its own maker at any time."""
    return [line for line in listener.asked if not re.search(r"//\S*google|\S*google\S*:443", line)]


def test_it_asks_nobody_for_anything(browser, page, listener):
    before = asked_by_pages(listener)
    browser.show(page(), 1200, script=True)
    assert browser.requests() == [page().as_uri()]
    assert asked_by_pages(listener) == before


def test_what_would_ask_is_seen_here_and_stopped_by_the_page_s_own_rule(browser, page, listener, tmp_path):
    """The same page with a picture from outside: without its policy the proxy hears of it, with it nobody does."""
    text = page().read_text(encoding="utf-8").replace("</body>", '<img src="http://outside.example/seen.png"></body>')
    bare = tmp_path / "bare.html"
    bare.write_text(re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text), encoding="utf-8")
    browser.show(bare, 1200)
    assert any("http://outside.example/seen.png" in line for line in listener.asked)
    before = asked_by_pages(listener)
    guarded = tmp_path / "guarded.html"
    guarded.write_text(text, encoding="utf-8")
    browser.show(guarded, 1200)
    assert asked_by_pages(listener) == before


def test_a_script_would_not_run(browser, page, tmp_path):
    text = page().read_text(encoding="utf-8")
    injected = tmp_path / "injected.html"
    injected.write_text(text.replace("<h1>", "<script>document.title = 'run'</script><h1>"), encoding="utf-8")
    browser.show(injected, 1200, script=True)
    assert browser.ask("Runtime.evaluate", expression="document.title")["result"]["value"] == "Your returned mail"
    bare = tmp_path / "bare.html"
    bare.write_text(injected.read_text(encoding="utf-8").replace("default-src 'none';", ""), encoding="utf-8")
    browser.show(bare, 1200, script=True)
    assert browser.ask("Runtime.evaluate", expression="document.title")["result"]["value"] == "run"


def test_it_is_the_same_without_scripts(browser, page):
    browser.show(page(), 1200, script=True)
    with_scripts = browser.picture()
    browser.show(page(), 1200, script=False)
    assert browser.picture() == with_scripts


def test_it_prints(browser, page):
    browser.show(page(), 1200)
    printed = browser.printed()
    assert printed.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) >= 2


def test_who_does_not_see_it_hears_the_picture_described_and_its_numbers(browser, page):
    browser.show(page(), 1200)
    heard = [
        (node["role"]["value"], node.get("name", {}).get("value", "")) for node in browser.tree() if not node["ignored"]
    ]
    assert ("heading", "Your returned mail") in heard
    assert any(role == "image" and name.startswith("Returned mail over time Bars from") for role, name in heard)
    assert any(role == "DisclosureTriangle" and name == "The numbers as a table" for role, name in heard)
    assert ("columnheader", "Subject") in heard
    assert not [name for role, name in heard if role == "link"]
