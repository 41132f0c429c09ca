"""One rich mailbox, told in every language, compared with golden files; NDRFILTER_GOLDEN=write writes them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from made_rows import BOOK, SCOPE, ZONE, rich

from ndrfilter.sweep.answer import LANGUAGES, answer_of, html, plain

GOLDEN = Path(__file__).resolve().parents[2] / "cases" / "sweep"


def compare(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("NDRFILTER_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8", newline="")
    assert text == path.read_bytes().decode()


@pytest.fixture(scope="module")
def answer():
    return answer_of(rich(), SCOPE, BOOK, ZONE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_plain_page(answer, language):
    compare(f"answer-{language}.txt", "".join(f"{line}\n" for line in plain(answer, language)))


def test_the_web_page(answer):
    compare("answer-en.html", html(answer))
