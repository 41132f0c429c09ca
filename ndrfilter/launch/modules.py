"""Modules out of one file that was read already, without a look at any folder; here, too, only built-in ones are used.

Those that every bounce needs are run at once, in the order in which importing them ended when the bundle was made; the
others when somebody imports them. A module that is in no bundle is found as ever.
"""

import marshal
import sys
from _frozen_importlib import ModuleSpec
from _imp import create_dynamic, exec_dynamic

from ndrfilter.launch.patterns import stand_in
from ndrfilter.launch.standins import standard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

JUDGE = "ndrfilter.launch.judge"


def bundled(bundle: "dict[str, Any]") -> "Any":
    """The module that judges, with all that it needs."""
    sys.modules.update(standard())
    sys.modules["re"] = stand_in(bundle["patterns"])
    sys.meta_path.insert(0, Later(bundle["later"]))
    for name, folder in bundle["packages"]:
        package = sys.modules[name] = type(sys)(name)
        package.__path__, package.__package__ = [folder], name
    for name, file, code in bundle["first"]:
        _run(name, file, code, bundle["cold"].get(name, {}))
    return sys.modules[JUDGE]


def _run(name: str, file: str, code: "Any", cold: "dict[str, bytes]") -> None:
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
        module.__dict__["__cold__"] = Cold(module.__dict__, cold).function
        exec(code, module.__dict__)  # noqa: S102 - code of ours, kept by `ndrfilter compile`
    if parent:
        setattr(sys.modules[parent], last, module)


class Cold:
    """The functions of a module that are seldom called: each is made when it is."""

    __slots__ = ("_data", "_module")

    def __init__(self, module: "dict[str, Any]", data: "dict[str, bytes]") -> None:
        self._module, self._data = module, data

    def function(self, name: str) -> "Any":
        """What stands for the function of that qualified name."""
        return _Late(self, name)

    def made(self, name: str) -> "Any":
        """The function."""
        found: dict[str, Any] = {}
        exec(marshal.loads(self._data[name]), self._module, found)  # noqa: S102, S302 - as below
        return found.popitem()[1]


class _Late:
    """A function that is not there yet; it is one for who calls it, binds it or asks for anything that it has."""

    __slots__ = ("_cold", "_made", "_name")
    __isabstractmethod__ = False

    def __init__(self, cold: Cold, name: str) -> None:
        self._cold, self._name, self._made = cold, name, None

    def __call__(self, *values: "Any", **named: "Any") -> "Any":
        return self._real()(*values, **named)

    def __get__(self, owner: "Any", kind: "Any" = None) -> "Any":
        return self if owner is None else self._real().__get__(owner, kind)

    def __getattr__(self, name: str) -> "Any":
        return getattr(self._real(), name)

    def _real(self) -> "Any":
        if self._made is None:
            self._made = self._cold.made(self._name)
        return self._made


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
