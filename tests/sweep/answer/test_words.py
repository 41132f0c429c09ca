"""The texts of five languages: nothing is missing, nothing left in English, everything can be said."""

from __future__ import annotations

import re
from datetime import datetime
from string import Formatter

import pytest
import yaml
from made_rows import ROOT

from ndrfilter.schema import KINDS as ALL_KINDS
from ndrfilter.sweep.answer import LANGUAGES, texts
from ndrfilter.sweep.answer.nouns import CERTAINTIES, DIAGNOSES, DOUBTS, HINTS, KINDS, REASONS, VERDICTS

OTHERS = [language for language in LANGUAGES if language != "en"]
SAME = {
    "de": {"format.comma", "format.gap", "format.colon", "format.first_day", "format.month", "format.year",
           "format.short_month", "letter.writer", "letter.address", "letter.status", "notyours.host"},
    "fr": {"format.comma", "format.gap", "format.date", "format.month", "format.year", "format.short_hour",
           "format.short_day", "format.short_month", "letter.writer", "unclear.date", "notyours.number"},
    "es": {"format.comma", "format.gap", "format.colon", "format.first_day", "format.year", "format.short_hour",
           "format.short_day", "format.short_month", "letter.writer", "letter.address", "letter.status"},
    "ja": {"format.thousands", "format.first_day"},
}  # fmt: skip
"""What is the same in English, rightly."""


def tree(language: str) -> dict:
    return yaml.safe_load((ROOT / "ndrfilter/sweep/answer/words" / f"{language}.yml").read_text(encoding="utf-8"))


def leaves(node, key: str = "") -> dict[str, object]:
    """Every text by key; plural forms and the items of a list are told apart by what follows a `#`."""
    if isinstance(node, dict):
        plural = set(node) <= {"one", "other"}
        items = ((f"{key}#{name}" if plural else f"{key}.{name}".lstrip("."), value) for name, value in node.items())
    elif isinstance(node, list):
        items = ((f"{key}#{number}", value) for number, value in enumerate(node))
    else:
        return {key: node}
    return {name: text for key, value in items for name, text in leaves(value, key).items()}


def keys(language: str) -> set[str]:
    return {key.partition("#")[0] for key in leaves(tree(language)) if not key.startswith("format.one")}


def placeholders(text: object) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(str(text)) if name is not None}


def by_key(language: str, found) -> dict[str, list]:
    """What `found` finds in the texts of each key, numbers of items and plural forms apart."""
    gathered: dict[str, list] = {}
    for key, text in leaves(tree(language)).items():
        gathered.setdefault(key.partition("#")[0], []).append(found(text))
    return gathered


def test_each_language_has_its_file_and_no_other_is_there():
    folder = ROOT / "ndrfilter/sweep/answer/words"
    assert {path.stem for path in folder.iterdir()} == set(LANGUAGES)


@pytest.mark.parametrize("language", OTHERS)
def test_the_keys_are_the_same(language):
    assert keys(language) == keys("en")


@pytest.mark.parametrize("language", OTHERS)
def test_lists_are_as_long(language):
    def lists(node, key=""):
        if isinstance(node, dict):
            return {name: size for part, value in node.items() for name, size in lists(value, f"{key}.{part}").items()}
        return {key: len(node)} if isinstance(node, list) and key != ".format.one" else {}

    assert lists(tree(language)) == lists(tree("en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_form_of_a_text_has_the_placeholders_of_english(language):
    english = {key: set().union(*found) for key, found in by_key("en", placeholders).items()}
    for key, found in by_key(language, placeholders).items():
        if key.startswith("format."):
            assert set().union(*found) <= {"day", "month", "short", "year", "clock"}
        elif key.endswith((".do", ".dont")):
            assert set().union(*found) == set()
        else:
            assert all(names == english[key] for names in found), key


@pytest.mark.parametrize("language", OTHERS)
def test_no_text_is_left_in_english(language):
    english = leaves(tree("en"))
    same = {
        key for key, text in leaves(tree(language)).items()
        if english.get(key) == text and not re.match(r"format\.(one|months|short_months|thousands_from)", key)
    }  # fmt: skip
    assert {key.partition("#")[0] for key in same} == SAME[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_plural_forms_are_whole(language):
    forms = {"other"} if language == "ja" else {"one", "other"}
    found: dict[str, set[str]] = {}
    for key in leaves(tree(language)):
        name, mark, form = key.partition("#")
        if mark and not form.isdigit():
            found.setdefault(name, set()).add(form)
    assert found
    assert all(one == forms for one in found.values()), found


def test_french_marks_do_not_begin_a_line():
    for key, text in leaves(tree("fr")).items():
        assert not re.search(r" [:;!?»]|« ", str(text)), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_can_be_said(language):
    words = texts.words(language)
    known = [f"reasons.{reason}.{part}" for reason in REASONS for part in ("what", "help")]
    known += [f"kinds.{kind}" for kind in KINDS] + [f"verdicts.{verdict}" for verdict in VERDICTS]
    known += [f"certainty.{certainty}" for certainty in CERTAINTIES] + [f"hints.{hint}" for hint in HINTS]
    for number in (0, 1, 2, 1_000):
        said = [words.say(key) for key in known]
        said += [words.say(f"doubts.{doubt}", number=number) for doubt in DOUBTS]
        for name in DIAGNOSES:
            said += [words.say(f"diagnoses.{name}.{part}") for part in ("title", "what")]
            whys = tree(language)["diagnoses"][name]["why"]
            assert whys
            assert set(whys) <= set(CERTAINTIES)
            said += [words.say(f"diagnoses.{name}.why.{why}", number=number, places=2) for why in whys]
        assert all("".join(text).strip() for text in said)


def test_every_reason_class_of_the_rules_has_words():
    source = (ROOT / "rules/reasons/reasons.ndr").read_text(encoding="utf-8")
    assert {*re.findall(r"^reason (\w+)", source, re.MULTILINE), "unknown"} == set(REASONS)
    assert set(KINDS) == set(ALL_KINDS) - {"none"}


@pytest.mark.parametrize(
    ("language", "number", "moment"),
    [
        ("en", "1,234", "1 March 2026, 09:05"),
        ("de", "1.234", "1. März 2026, 09:05 Uhr"),
        ("fr", "1\u00a0234", "1er mars 2026 à 09:05"),
        ("es", "1234", "1 de marzo de 2026, 09:05"),
        ("ja", "1,234", "2026年3月1日 09:05"),
    ],
)
def test_numbers_and_dates_are_as_people_write_them(language, number, moment):
    words = texts.words(language)
    assert words.number(1234) == number
    assert words.moment(datetime(2026, 3, 1, 9, 5)) == moment


def test_an_unknown_language_is_a_key_error():
    with pytest.raises(KeyError):
        texts.words("../en")
