"""What people are told about a wrong configuration: NAME.yml in tests/cases/config, NAME.txt beside it."""

from pathlib import Path

import pytest

from ndrfilter import config
from ndrfilter.errors import ConfigError
from ndrfilter.lang.diagnose import render

CASES = Path(__file__).resolve().parents[1] / "cases/config"


def told(path):
    try:
        config.load(path.name)
    except ConfigError as error:
        return "".join(render(mistake) + "\n" for mistake in error.diagnostics)
    return "no mistake\n"


@pytest.mark.parametrize("path", sorted(CASES.glob("*.yml")), ids=lambda path: path.stem)
def test_every_mistake_is_told_with_place_and_remedy(path, monkeypatch):
    monkeypatch.chdir(CASES)
    assert told(path) == path.with_suffix(".txt").read_text("utf-8")


def test_every_golden_file_has_its_case():
    assert {path.stem for path in CASES.glob("*.txt")} == {path.stem for path in CASES.glob("*.yml")}
