"""The documentation keeps its word: samples are what the program prints, links lead somewhere, every page is listed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DEMO = ROOT / "docs" / "demo" / "ndrfilter.yml"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")


def block(language: str, number: int = 1) -> str:
    """The n-th code block of that language in the README, its indentation taken off."""
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", README, re.M | re.S)
    return dedent(found[number - 1][1])


def ndrfilter(*arguments: str, raw: bytes = b"", config: Path = DEMO) -> str:
    """What the program prints."""
    command = [sys.executable, "-m", "ndrfilter", "-c", str(config), *arguments]
    environment = os.environ | {"COLUMNS": "100"}
    return subprocess.run(
        command, cwd=ROOT, env=environment, input=raw, capture_output=True, check=True
    ).stdout.decode()


def test_the_sample_is_what_check_prints():
    printed = ndrfilter("check", "docs/demo/mail").splitlines()
    assert [line for line in block("text").splitlines() if line != "…" and line not in printed] == []


def test_the_stamp_is_what_filter_writes():
    written = ndrfilter(
        "filter", "--max-seconds", "0", raw=(ROOT / "docs/demo/mail/05-postfix-parcel.eml").read_bytes()
    )
    assert written.startswith(block("text", 2))


def test_the_python_example_runs(capsys):
    raw = (ROOT / "docs/demo/mail/01-exim-unknown-user.eml").read_bytes()
    exec(compile(block("python"), "README.md", "exec"), {"raw": raw})
    assert "failure" in capsys.readouterr().out


def test_the_rule_passes_its_own_test(tmp_path):
    config = tmp_path / "ndrfilter.yml"
    config.write_text(block("yaml"), encoding="utf-8")
    rules = tmp_path / "rules" / "local.ndr"
    rules.parent.mkdir()
    rules.write_text(block("ndr"), encoding="utf-8")
    assert "1 passed, 0 failed" in ndrfilter("rules", "test", str(rules), config=config)


def test_the_first_command_is_the_demonstration_and_the_second_the_tests():
    assert "check docs/demo/mail" in block("sh")
    assert "-m pytest" in block("sh", 2)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    targets = [target for target in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_index_lists_every_page():
    index = ROOT / "docs" / "index.md"
    listed = {(index.parent / target).resolve() for target in LINK.findall(index.read_text(encoding="utf-8"))}
    assert [page for page in PAGES if page.is_relative_to(index.parent) and page != index and page not in listed] == []
