import importlib.util
import shutil
import sys

import pytest

from ndrfilter import resources
from ndrfilter.errors import ConfigError


def test_rules_and_rulesets_are_there():
    assert list(resources.root("rules").rglob("*.ndr"))
    assert (resources.root("rulesets") / "default.yml").is_file()


def test_a_missing_folder_is_a_mistake():
    with pytest.raises(ConfigError, match="no nonsense folder"):
        resources.root("nonsense")


def test_every_bundled_plugin_loads_by_name():
    assert [module.__name__ for module in resources.plugins()] == [
        f"ndrfilter_plugins.{name}" for name in resources.plugin_names()
    ]


@pytest.mark.parametrize("name", ["nonsense", "../resources", "__init__", ""])
def test_an_unknown_plugin_is_a_mistake(name):
    with pytest.raises(ConfigError, match="no plugin"):
        resources.plugin(name)


def test_data_and_plugins_of_a_wheel_come_first(tmp_path, monkeypatch):
    package = tmp_path / "ndrfilter"
    for folder in (package / "data/rules", tmp_path / "rules", tmp_path / "ndrfilter_plugins", tmp_path / "plugins"):
        folder.mkdir(parents=True)
    (tmp_path / "ndrfilter_plugins/__init__.py").write_text("")
    (tmp_path / "ndrfilter_plugins/acme.py").write_text("HERE = 1\n")
    shutil.copy(resources.__file__, package)
    spec = importlib.util.spec_from_file_location("copied_resources", package / "resources.py")
    copied = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(copied)
    for name in [name for name in sys.modules if name.startswith("ndrfilter_plugins")]:
        monkeypatch.delitem(sys.modules, name)
    assert copied.root("rules") == package / "data/rules"
    assert copied.plugin("acme").HERE == 1
    for name in [name for name in sys.modules if name.startswith("ndrfilter_plugins")]:
        del sys.modules[name]
