"""The page as one HTML file that needs nothing else: no script, no link, nothing from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from html import escape
from importlib.resources import files
from typing import Any

from ndrfilter.sweep.answer.blocks import Bullets, Card, Entry, Para, Picture, Section, Table
from ndrfilter.sweep.answer.nouns import VERDICTS, Answer
from ndrfilter.sweep.answer.page import about, sections, summary
from ndrfilter.sweep.answer.plaintext import text_of
from ndrfilter.sweep.answer.svg import picture
from ndrfilter.sweep.answer.texts import Quoted, Text, Words, words
from ndrfilter.terminal import clip

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
# A telephone makes links of numbers and addresses, unless told not to.
_HEAD = (
    '<meta charset="utf-8">'
    f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="referrer" content="no-referrer"><meta name="robots" content="noindex, nofollow">'
    '<meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no">'
    '<meta name="color-scheme" content="light dark">'
)


def html(answer: Answer, language: str = "en") -> str:
    """The page as the text of an HTML file, to be written as UTF-8; raises KeyError for an unknown language."""
    page = words(language)
    title = escape(text_of(page.say("page.title")))
    body = "\n".join(_section(section) for section in sections(answer, page))
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>{_HEAD}<title>{title}</title>\n<style>\n{_style()}</style>\n'
        f"</head>\n<body>\n{_header(answer, page, title)}\n<main>\n{body}\n</main>\n"
        f"<footer><p>{_markup(page.say('page.made'))}</p></footer>\n</body>\n</html>\n"
    )


@lru_cache(maxsize=1)
def _style() -> str:
    return files(__package__).joinpath("page.css").read_text(encoding="utf-8")


def _markup(text: Text) -> str:
    """A text with everything escaped; what is quoted cannot turn the line around it."""
    return "".join(
        f"<bdi>{escape(clip(piece.text, piece.most))}</bdi>" if isinstance(piece, Quoted) else escape(piece)
        for piece in text
    )


def _header(answer: Answer, page: Words, title: str) -> str:
    lines = "".join(f"<p>{_markup(line)}</p>" for line in about(answer, page))
    tiles = "".join(
        f'<li class="of-{verdict}"><b>{page.number(answer.counts[verdict])}</b>'
        f"<span>{_markup(page.say(f'verdicts.{verdict}'))}</span></li>"
        for verdict in VERDICTS
    )
    return (
        f'<header><h1>{title}</h1>{lines}<p class="summary">{_markup(summary(answer, page))}</p>'
        f'<ul class="tiles" aria-hidden="true">{tiles}</ul></header>'
    )


def _section(section: Section) -> str:
    blocks = "\n".join(_DRAWN[type(block)](block) for block in section.blocks)
    heading = f'<h2 id="{section.key}">{_markup(section.title)}</h2>'
    return f'<section aria-labelledby="{section.key}">{heading}\n{blocks}\n</section>'


def _para(block: Para) -> str:
    if block.role == "lead":
        return f'<h3 class="lead">{_markup(block.text)}</h3>'
    return f'<p class="{block.role}">{_markup(block.text)}</p>' if block.role else f"<p>{_markup(block.text)}</p>"


def _bullets(block: Bullets) -> str:
    items = "".join(f"<li>{_markup(item)}</li>" for item in block.items)
    return f'<ul class="points {block.mark}">{items}</ul>'


def _card(block: Card) -> str:
    title = f'<h3>{_markup(block.title)} <span class="sure">{_markup(block.sure)}</span></h3>'
    return (
        f'<article class="card is-{block.name}">{title}<p>{_markup(block.what)}</p>'
        f'<p class="why">{_markup(block.why)}</p></article>'
    )


def _entry(block: Entry) -> str:
    fields = "".join(f"<dt>{_markup(label)}</dt><dd>{''.join(_lines(lines))}</dd>" for label, lines in block.fields)
    return f'<article class="letter"><h3>{_markup(block.title)}</h3><dl>{fields}</dl></article>'


def _lines(lines: Iterable[Text]) -> Iterator[str]:
    return (f"<p>{_markup(line)}</p>" for line in lines)


def _table(block: Table) -> str:
    # Cells that are texts stand below each other on a telephone; numbers stay in their columns.
    shape = "numbers" if block.numbers else "rows"
    heads = "".join(
        f'<th scope="col"{_kind(block, index)}>{_markup(head)}</th>' for index, head in enumerate(block.heads)
    )
    rows = "".join(f"<tr>{''.join(_cells(block, row))}</tr>" for row in block.rows)
    return (
        f'<table class="{shape}"><caption>{_markup(block.caption)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _cells(block: Table, row: tuple[Text, ...]) -> Iterator[str]:
    for index, cell in enumerate(row):
        if index:
            yield f"<td{_kind(block, index)}>{_markup(cell)}</td>"
        else:
            yield f'<th scope="row">{_markup(cell)}</th>'


def _kind(block: Table, index: int) -> str:
    return ' class="number"' if index in block.numbers else ""


def _picture(block: Picture) -> str:
    legend = "".join(
        f'<li class="of-{verdict}">{_markup(name)}</li>' for verdict, name in zip(VERDICTS, block.names, strict=True)
    )
    table = f"<details><summary>{_markup(block.table.caption)}</summary>{_table(block.table)}</details>"
    return (
        f'<figure><div class="high" aria-hidden="true">{escape(block.highest)}</div>'
        f"{picture(block.timeline, text_of(block.title), text_of(block.about))}"
        f'<div class="axis" aria-hidden="true"><span>{escape(block.first)}</span>'
        f"<span>{escape(block.last)}</span></div>"
        f'<ul class="legend" aria-hidden="true">{legend}</ul>{table}</figure>'
    )


_DRAWN: dict[type[Any], Callable[[Any], str]] = {
    Para: _para,
    Bullets: _bullets,
    Card: _card,
    Entry: _entry,
    Table: _table,
    Picture: _picture,
}
