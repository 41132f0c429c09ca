"""The page about configuration: its examples are configurations, its warnings are those that exist."""

import re
from pathlib import Path

import pytest

from ndrfilter import config
from ndrfilter.config.reading import from_text

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/configuration.md").read_text("utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", [text for text in BLOCKS if text.startswith("site")])
def test_examples_are_configurations(text):
    assert from_text(text, Path("ndrfilter.yml")).sites


def test_the_ruleset_is_one(tmp_path):
    [text] = [text for text in BLOCKS if text.startswith("# rulesets/office.yml")]
    (tmp_path / "office.yml").write_text(text)
    choice = config.load_ruleset("office", tmp_path)
    assert choice.required == {"origin": 5.0, "fake": 6.0}
    assert choice.mode("FAKE_X", "fake/x.ndr", ()) == "shadow"


def test_every_warning_is_explained():
    sources = "".join((ROOT / "ndrfilter/config" / name).read_text("utf-8") for name in ("review.py", "choice.py"))
    assert set(re.findall(r"W\d{3}", sources)) == set(re.findall(r"W\d{3}", PAGE))
