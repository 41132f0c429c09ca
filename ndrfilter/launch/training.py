"""Finds out what judging a bounce needs, in a process as bare as a launcher's: which modules, in which order, and which
patterns.

It runs by itself: `python -I -S training.py`, a marshalled task on standard input, the marshalled findings on standard
output.
"""

import marshal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Module = tuple[str, str, str]


def main() -> None:
    """Do the task: {"path": folders, "frozen": a frozen filter, "patterns": what was learnt before, or None}."""
    task = marshal.load(sys.stdin.buffer)  # noqa: S302 - from the process that started us
    sys.path += [folder for folder in task["path"] if folder not in sys.path]
    found = _patterns(task) if task["patterns"] is None else _modules(task)
    sys.stdout.buffer.write(marshal.dumps(found))


def _modules(task: "dict[str, Any]") -> "dict[str, Any]":
    """The modules that the first sample needs, and those that only the others do; the functions that are called."""
    ended: list[str] = []
    _watch(ended)
    called: dict[str, set[str]] = {}

    def note(frame: "Any", event: str, _what: "Any") -> None:
        if event == "call":
            called.setdefault(frame.f_code.co_filename, set()).add(frame.f_code.co_qualname)

    sys.setprofile(note)
    from ndrfilter.launch.patterns import stand_in
    from ndrfilter.launch.samples import ALL
    from ndrfilter.launch.standins import standard

    del ended[ended.index(stand_in.__module__) :]  # these are for this process alone
    sys.modules.update(standard())
    sys.modules["re"] = stand_in(task["patterns"])
    from ndrfilter.launch.judge import judged

    first = 0
    for sample in ALL:
        judged(sample, {}, task["frozen"])
        first = first or len(ended)
    sys.setprofile(None)
    # The real `re` comes in where the stand-in does not do, and RE2 where `lang.short` does not.
    real = [name for name in ended if name.partition(".")[0] in ("re", "re2")]
    found = [name for name in ended[:first] if name not in real], [*ended[first:], *real]
    modules = {"first": list(map(_module, found[0])), "later": list(map(_module, dict.fromkeys(found[1])))}
    return {**modules, "called": called}


def _watch(ended: list[str]) -> None:
    """Note each module that comes from a file, when it has run."""
    from _frozen_importlib_external import ExtensionFileLoader, SourceFileLoader

    for loader in (ExtensionFileLoader, SourceFileLoader):
        before = loader.exec_module

        def exec_module(self: "Any", module: "Any", before: "Any" = before) -> None:
            before(self, module)
            ended.append(module.__name__)

        loader.exec_module = exec_module  # type: ignore[method-assign]


def _module(name: str) -> "Module":
    """Name, file and, of a package, folder."""
    module = sys.modules[name]
    return name, module.__file__ or "", next(iter(getattr(module, "__path__", ())), "")


def _patterns(task: "dict[str, Any]") -> "dict[str, Any]":
    """The compiled form of every pattern that the samples need."""
    import _sre  # type: ignore[import-not-found]
    import re

    compiler: Any = re._compiler  # type: ignore[attr-defined]
    kept: dict[Any, Any] = {}
    asked: list[Any] = []
    compile_pattern = compiler.compile

    class Recording:
        def compile(self, pattern: "Any", flags: int, code: list[int], *more: "Any") -> "Any":
            kept[asked.pop()] = (flags, b"".join(one.to_bytes(4, sys.byteorder) for one in code), *more)
            return _sre.compile(pattern, flags, code, *more)

        def __getattr__(self, name: str) -> "Any":
            return getattr(_sre, name)

    def noted(pattern: "Any", flags: int = 0) -> "Any":
        asked.append((pattern, int(flags)))
        return compile_pattern(pattern, flags)

    compiler._sre, compiler.compile = Recording(), noted
    from ndrfilter.launch.judge import judged
    from ndrfilter.launch.samples import ALL

    for sample in ALL:
        judged(sample, {}, task["frozen"])
    return {"patterns": {"magic": _sre.MAGIC, "patterns": kept}}


if __name__ == "__main__":
    main()
