"""Keys: what is wrong with them is told with its place, and never with the secret."""

import pytest

from ndrfilter.config.reading import from_text
from ndrfilter.errors import ConfigError
from ndrfilter.terminal import in_words

SECRET = "s3cr3t-and-l0ng-enough"


@pytest.fixture
def told(tmp_path):
    def run(keys, file=None):
        if file is not None:
            (tmp_path / "token.keys").write_text(file)
            (tmp_path / "token.keys").chmod(0o600)
        text = f"site: {{domains: [example.com]}}\nplugins:\n  - token:\n      keys: {keys}\n"
        with pytest.raises(ConfigError) as raised:
            from_text(text, tmp_path / "ndrfilter.yml")
        return in_words(raised.value)

    return run


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (f"{{k1: {SECRET}, {SECRET}: k1}}", "this is no name of a key"),
        ("{k1: s3cr3t}", "this secret is too short"),
        (f"{{k-1: {SECRET}}}", "this is no name of a key"),
    ],
)
def test_a_mistake_in_place_tells_no_secret(told, keys, said):
    words = told(keys)
    assert said in words
    assert "ndrfilter.yml:4:" in words
    assert "s3cr3t" not in words


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (f"{SECRET} k1\n", "this is no name of a key"),
        ("k1 s3cr3t\n", "this secret is too short"),
        (f"k1 {SECRET}\nk1 {SECRET}2\n", "two keys have this name"),
        (f"k1 {SECRET} more\n", "this is no line"),
    ],
)
def test_a_mistake_in_a_file_tells_no_secret(told, file, said):
    words = told("token.keys", file)
    assert said in words
    assert "token.keys:" in words
    assert "s3cr3t" not in words
