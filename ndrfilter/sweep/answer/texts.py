"""The words of a language, and texts made of them. What came from mail stays apart (`Quoted`) until it is escaped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from string import Formatter
from typing import Any

from ndrfilter.noun import Noun

LANGUAGES: tuple[str, ...] = ("en", "de", "fr", "es", "ja")


class Quoted(Noun):
    """Text from mail, or from a person: to be escaped, and cut at `most` characters."""

    text: str
    most: int


Text = tuple[str | Quoted, ...]
"""What is shown: words of ours, and what is quoted."""

Value = str | int | datetime | Quoted | Text


_IN_FULL = {"hour": "moment", "quarter": "moment", "day": "date"}
_IN_SHORT = {"hour": "short_hour", "quarter": "short_hour", "month": "short_month", "year": "year"}


@lru_cache(maxsize=len(LANGUAGES))
def words(language: str) -> Words:
    """The words of that language; raises KeyError for one that is not in LANGUAGES."""
    import yaml

    if language not in LANGUAGES:
        raise KeyError(language)
    text = files(__package__).joinpath("words", f"{language}.yml").read_text(encoding="utf-8")
    return Words(language, yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506 - safe, either


class Words:
    """One language: its texts by key ("page.title"), its numbers and dates."""

    def __init__(self, language: str, tree: Mapping[str, Any]) -> None:
        self.language = language
        self._tree = tree
        self._format = tree["format"]

    def say(self, key: str, /, **values: Value) -> Text:
        """The text of that key with its placeholders filled; `number` chooses between one and many."""
        node = self._at(key)
        if isinstance(node, Mapping):
            node = node["one" if values["number"] in self._format["one"] else "other"]
        return self._filled(node, values)

    def every(self, key: str, /, **values: Value) -> tuple[Text, ...]:
        """The texts of a key that has a list."""
        return tuple(self._filled(template, values) for template in self._at(key))

    def has(self, key: str, name: str) -> bool:
        """Whether there is something of that name under that key."""
        return name in self._at(key)

    def _at(self, key: str) -> Any:
        node: Any = self._tree
        for name in key.split("."):
            node = node[name]
        return node

    def _filled(self, template: str, values: Mapping[str, Value]) -> Text:
        return tuple(self._pieces(template, values))

    def _pieces(self, template: str, values: Mapping[str, Value]) -> Iterator[str | Quoted]:
        for literal, name, _, _ in Formatter().parse(template):
            if literal:
                yield literal
            if name is not None:
                yield from self._shown(values[name])

    def _shown(self, value: Value) -> Text:
        if isinstance(value, str):
            return (value,)
        if isinstance(value, int):
            return (self.number(value),)
        if isinstance(value, datetime):
            return (self.moment(value),)
        return (value,) if isinstance(value, Quoted) else value

    def join(self, texts: tuple[Text, ...]) -> Text:
        """Texts with the language's comma between them."""
        comma = self._format["comma"]
        return tuple(piece for index, text in enumerate(texts) for piece in ((comma, *text) if index else text))

    def number(self, number: int) -> str:
        """A number with the language's thousands mark."""
        if len(str(number)) < self._format["thousands_from"]:
            return str(number)
        return f"{number:,}".replace(",", self._format["thousands"])

    def date(self, when: datetime) -> str:
        """A day: "14 March 2026"."""
        return self._dated("date", when)

    def moment(self, when: datetime) -> str:
        """A day and the time: "14 March 2026, 09:12"."""
        return self._dated("moment", when)

    def unit(self, when: datetime, unit: str) -> str:
        """A unit of time in full; a week by the day it began."""
        return self._dated(_IN_FULL.get(unit, unit), when)

    def short(self, when: datetime, unit: str) -> str:
        """A unit of time as it is written below a picture."""
        return self._dated(_IN_SHORT.get(unit, "short_day"), when)

    def _dated(self, pattern: str, when: datetime) -> str:
        return str(self._format[pattern]).format(
            day=self._format["first_day"] if when.day == 1 else when.day,
            month=self._format["months"][when.month - 1],
            short=self._format["short_months"][when.month - 1],
            year=when.year,
            clock=f"{when:%H:%M}",
        )
