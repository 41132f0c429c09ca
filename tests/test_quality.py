"""The house rules, checked by the tools that know them."""

from __future__ import annotations

import ast
import re
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted(path for part in ("ndrfilter", "plugins") for path in (ROOT / part).rglob("*.py"))
MAX_FILE_LINES, MAX_FUNCTION_LINES, MEDIAN_FUNCTION_LINES, NINTH_DECILE = 250, 50, 10, 35

CHECKS = {
    "ruff": ["check", "--no-cache", "."],
    "ruff-format": ["format", "--no-cache", "--check", "."],
    "mypy": ["--no-error-summary", "-p", "ndrfilter"],
    "mypy-plugins": ["--no-error-summary", "plugins"],
    "lint-imports": ["--no-cache"],
}


def tool(name: str) -> str:
    """The tool that is installed beside this Python, else any on the PATH; skips where there is none."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.mark.parametrize("check", CHECKS)
def test_the_tools_find_nothing(check):
    command = [tool(check.removesuffix("-format").removesuffix("-plugins")), *CHECKS[check]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_short_and_says_what_lives_there(path):
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert text.count("\n") <= MAX_FILE_LINES


def test_functions_are_short():
    functions = [
        (node.end_lineno - node.lineno + 1, f"{path.relative_to(ROOT)}: {node.name}")
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    lengths = [length for length, _ in functions]
    assert [name for length, name in functions if length > MAX_FUNCTION_LINES] == []
    assert statistics.median(lengths) <= MEDIAN_FUNCTION_LINES
    assert statistics.quantiles(lengths, n=10)[-1] <= NINTH_DECILE


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_pattern_has_a_possessive_or_atomic_group(path):
    """Before 3.11.5 Python goes wrong in them where the group can backtrack: it misses matches, or matches too much.

    A possessive repeat of one character class is sound everywhere.
    """
    assert re.findall(r"(?<!\\)\)(?:[*+?]|\{[^{}]*\})\+|\(\?>", path.read_text(encoding="utf-8")) == []


PLUGIN_MAY = {"errors", "limits", "message", "noun", "plugin", "ports", "schema", "sentlog", "site"}
"""What a bundled plugin may import of ours: nouns, vocabulary and hooks, and what the sent log can say."""


@pytest.mark.parametrize("path", sorted((ROOT / "plugins").glob("*.py")), ids=lambda path: path.stem)
def test_a_plugin_lives_on_public_hooks(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    froms = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level]
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    ours = {name.split(".")[1] for name in [*froms, *names] if name.startswith("ndrfilter.")}
    assert ours - PLUGIN_MAY == set()
