"""Verdicts on mail that real servers wrote, and on the demonstration's mailbox, with the demonstration's site."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

import ndrfilter

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "docs" / "demo"
DSN = ROOT / "tests" / "cases" / "dsn"


def rows(path: Path) -> list[dict[str, str]]:
    """The lines of a table with a head line."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.fixture(scope="module")
def checker():
    """A filter that protects the demonstration's site."""
    return ndrfilter.Filter.from_config(DEMO / "ndrfilter.yml")


@pytest.mark.parametrize("row", rows(DSN / "manifest.tsv"), ids=lambda row: row["file"])
def test_a_servers_dsn(checker, row):
    result = checker.check((DSN / row["file"]).read_bytes())
    assert (result.verdict, result.kind) == (row["verdict"], row["kind"])
    assert sorted(one.address for one in result.recipients) == sorted(row["recipients"].split(","))
    assert {one.action for one in result.recipients} == {row["action"]}
    assert row["server"].split()[0] in result.dialect
    assert result.errors == ()


@pytest.mark.parametrize("row", rows(DEMO / "expected.tsv"), ids=lambda row: row["file"])
def test_the_demonstration(checker, row):
    result = checker.check((DEMO / "mail" / row["file"]).read_bytes())
    assert (result.verdict, result.kind) == (row["verdict"], row["kind"])


def test_the_demonstration_is_whole():
    assert sorted(row["file"] for row in rows(DEMO / "expected.tsv")) == sorted(
        path.name for path in (DEMO / "mail").iterdir()
    )


@pytest.mark.parametrize("path", sorted(DSN.glob("genuine-*.eml")), ids=lambda path: path.stem)
def test_no_genuine_bounce_is_lost_by_another_site_either(path):
    other = ndrfilter.Filter.from_config({"site": {"domains": ["home-postfix.test"]}})
    assert other.check(path.read_bytes()).verdict in ("genuine", "undetermined")


@pytest.mark.parametrize("path", sorted(DSN.glob("*.eml")), ids=lambda path: path.stem)
def test_without_a_site_nothing_is_judged(path):
    assert ndrfilter.Filter.from_config({}).check(path.read_bytes()).verdict == "undetermined"
