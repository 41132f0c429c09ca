"""Stands in for `re`: patterns that were compiled when the bundle was made; whoever wants more gets the real one.

The compiled form is the interpreter's own affair: it is used only in the very interpreter that made it, and where its
`_sre.MAGIC` is the same; else, and for any pattern that is not there, the real `re` compiles.
"""

import _sre  # type: ignore[import-not-found]
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    Kept = dict[tuple[str | bytes, int], tuple[int, bytes, int, dict[str, int], tuple[str | None, ...]]]

FLAGS = {"A": 256, "I": 2, "L": 4, "M": 8, "S": 16, "U": 32, "X": 64}
_NAMES = {"ASCII": 256, "IGNORECASE": 2, "MULTILINE": 8, "DOTALL": 16, "VERBOSE": 64}


def stand_in(kept: "dict[str, Any]") -> "ModuleType":
    """A module that is used as `re` is."""
    module = type(sys)("re")
    patterns: Kept = kept["patterns"] if kept["magic"] == _sre.MAGIC else {}
    real: list[ModuleType] = []

    def whole() -> "ModuleType":
        if not real:
            if sys.modules.get("re") is module:
                del sys.modules["re"]
            import re

            real.append(re)
        return real[0]

    def compile_pattern(pattern: "Any", flags: int = 0) -> "Any":
        found = patterns.get((pattern, int(flags))) if type(pattern) in (str, bytes) else None
        if found is None:
            return whole().compile(pattern, flags)
        all_flags, code, groups, index, names = found
        return _sre.compile(pattern, all_flags, memoryview(code).cast("I").tolist(), groups, index, names)

    module.__dict__.update(FLAGS, **_NAMES, compile=compile_pattern, __getattr__=lambda name: getattr(whole(), name))
    return module
