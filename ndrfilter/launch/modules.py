"""Modules out of one file that was read already, without a look at any folder; here, too, only built-in ones are used.

Those that every bounce needs are run at once, in the order in which importing them ended when the bundle was made; the
others when somebody imports them. A module that is in no bundle is found as ever.
"""

import marshal
import sys
from _frozen_importlib import ModuleSpec
from _imp import create_dynamic, exec_dynamic

from ndrfilter.launch.patterns import stand_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

JUDGE = "ndrfilter.launch.judge"


def bundled(bundle: "dict[str, Any]") -> "Any":
    """The module that judges, with all that it needs."""
    sys.modules["re"] = stand_in(bundle["patterns"])
    sys.meta_path.insert(0, Later(bundle["later"]))
    for name, folder in bundle["packages"]:
        package = sys.modules[name] = type(sys)(name)
        package.__path__, package.__package__ = [folder], name
    for name, file, code in bundle["first"]:
        _run(name, file, code)
    return sys.modules[JUDGE]


def _run(name: str, file: str, code: "Any") -> None:
    parent, _, last = name.rpartition(".")
    module = sys.modules.get(name) or type(sys)(name)
    if code is None:
        module = create_dynamic(ModuleSpec(name, None, origin=file))
        exec_dynamic(module)
    elif module.__package__ is None:
        module.__package__ = parent
    sys.modules[name] = module
    module.__file__ = file
    if code is not None:
        exec(code, module.__dict__)  # noqa: S102 - code of ours, kept by `ndrfilter compile`
    if parent:
        setattr(sys.modules[parent], last, module)


class Later:
    """Finds and loads the bundle's other modules."""

    def __init__(self, modules: "dict[str, tuple[str, str, bytes]]") -> None:
        self._modules = modules

    def find_spec(self, name: str, _path: "Any" = None, _target: "Any" = None) -> "ModuleSpec | None":
        """The module's, if it is in the bundle."""
        if name not in self._modules:
            return None
        file, folder, _ = self._modules[name]
        spec = ModuleSpec(name, self, origin=file, is_package=bool(folder))  # type: ignore[arg-type]
        spec.has_location = True
        if folder:
            spec.submodule_search_locations = [folder]
        return spec

    def create_module(self, _spec: "ModuleSpec") -> None:
        """None: as ever."""

    def exec_module(self, module: "ModuleType") -> None:
        """Run the module."""
        exec(marshal.loads(self._modules[module.__name__][2]), module.__dict__)  # noqa: S102, S302 - as above
