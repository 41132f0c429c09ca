"""Where our data files are: rules, rulesets and the bundled plugins, in a wheel as in a checkout."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from ndrfilter.errors import ConfigError, Diagnostic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

_HERE = Path(__file__).resolve().parent
_PLUGINS = "ndrfilter_plugins"


def root(kind: str) -> Path:
    """The folder of our own "rules" or "rulesets"; raises ConfigError when the installation lacks it."""
    return _first((_HERE / "data" / kind, _HERE.parent / kind), kind)


def plugin_names() -> tuple[str, ...]:
    """The bundled plugins' names, sorted; none of them is imported for this."""
    return tuple(sorted(path.stem for path in plugin_folder().glob("*.py") if not path.stem.startswith("_")))


def plugin(name: str) -> ModuleType:
    """The bundled plugin `name` as a module, imported on demand; raises ConfigError for an unknown name."""
    if name not in plugin_names():
        raise ConfigError([unknown_plugin(name)])
    return bundled(name)


def bundled(module: str) -> ModuleType:
    """The module of that name in the bundled plugins' package, imported on demand."""
    if _PLUGINS not in sys.modules:
        _import_package(plugin_folder())
    return import_module(f"{_PLUGINS}.{module}")


def plugins() -> list[ModuleType]:
    """Every bundled plugin."""
    return [plugin(name) for name in plugin_names()]


def plugin_folder() -> Path:
    """The folder of the bundled plugins; raises ConfigError when the installation lacks it."""
    return _first((_HERE.parent / _PLUGINS, _HERE.parent / "plugins"), "plugins")


def _first(folders: tuple[Path, ...], kind: str) -> Path:
    for folder in folders:
        if folder.is_dir():
            return folder
    message = f"this installation has no {kind} folder (looked for {' and '.join(map(str, folders))})"
    raise ConfigError([Diagnostic("E921", message, help="install ndrfilter again")])


def _import_package(folder: Path) -> None:
    # By place and not by sys.path: a checkout must not pick up the plugins of another installation.
    spec = spec_from_file_location(_PLUGINS, folder / "__init__.py", submodule_search_locations=[str(folder)])
    if spec is None or spec.loader is None:
        raise ConfigError([Diagnostic("E921", f"cannot import the plugins in {folder}")])
    package = module_from_spec(spec)
    sys.modules[_PLUGINS] = package
    spec.loader.exec_module(package)


def installed_plugins() -> tuple[str, ...]:
    """The names of the plugins that other packages announce, sorted; none of them is imported for this."""
    from importlib.metadata import entry_points

    from ndrfilter.plugin.host import ENTRY_POINT_GROUP

    return tuple(sorted(point.name for point in entry_points(group=ENTRY_POINT_GROUP)))


def unknown_plugin(name: str, installed: tuple[str, ...] = ()) -> Diagnostic:
    """What to say of a plugin that does not exist."""
    from ndrfilter.lang.diagnose import meant

    names = (*plugin_names(), *installed)
    advice = meant(name, names) or f"there are: {', '.join(names) or 'none; install the package it comes in'}"
    return Diagnostic("E901", f'plugins: there is no plugin "{name}"', help=advice)
