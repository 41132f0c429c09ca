"""Writes a launcher and what it reads: the start for ordinary mail, and the bundle for bounces."""

from __future__ import annotations

import marshal
import secrets
import subprocess
import sys
from pathlib import Path

from ndrfilter import frozen
from ndrfilter.adapters import cache
from ndrfilter.doors import reply
from ndrfilter.errors import UsageError
from ndrfilter.gate.check import closed
from ndrfilter.knowledge import stamps
from ndrfilter.launch import first
from ndrfilter.launch.bare import code_of, parted
from ndrfilter.launch.samples import ORDINARY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

    from ndrfilter.config import Config

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parents[1]
_START = ("ndrfilter.gate.check", "ndrfilter.launch.mark", "ndrfilter.launch.ordinary", "ndrfilter.launch.start")
_BUNDLE = ("ndrfilter.launch.patterns", "ndrfilter.launch.standins", "ndrfilter.launch.modules")
_PATIENCE = 120
_LAUNCHER = """\
#!{python} -IS
# Written by `ndrfilter compile`; it does what `ndrfilter filter` does. The modules of ndrfilter.launch are in it.
import posix, sys
command = {command}
try:
    if sys.hexversion == {version}:
        import marshal
        first = sys.modules["ndrfilter.launch.first"] = type(sys)("ndrfilter.launch.first")
        exec(marshal.loads({code}), first.__dict__)
        first.run({folder}, {name}, command)
    posix.execv(command[0], command + sys.argv[1:])
except OSError as error:
    sys.stderr and sys.stderr.write(f"ndrfilter: {{command[0]}}: {{error.strerror}}\\n")
finally:
    posix._exit({temporary})
"""


def write(config: Config, *, bound: bool, launcher: Path, folder: Path) -> None:
    """Write the launcher, and into `folder` what it reads.

    `bound`: it is for this configuration, whatever the environment of a mail says. Raises ConfigError, NotFrozenError
    where nothing can be kept, UsageError for an interpreter that no script can name, and OSError from the disk.
    """
    python = getattr(sys, "_base_executable", "") or sys.executable
    if not python.startswith("/") or len(python) > 100 or any(map(str.isspace, python)):
        raise UsageError(f"the interpreter {python!r} cannot be named in a script's first line")
    data = frozen.freeze(config)
    path = str(config.path.absolute()) if config.path is not None else ""
    key = cache.key_of(path, bound, str(_ROOT))
    mode, group, closed = _readers([path, *map(str, config.files)] if path else [])
    pair = secrets.token_bytes(8)
    learnt = _learnt(python, data)
    asked = {**data, "plan": (data["plan"][0], None)}  # where the gate closes, nobody looks into the bundle
    bundle = {"pair": pair, "frozen": asked, "modules": _codes(_BUNDLE), **_modules(learnt)}
    start = {
        "pair": pair,
        "bundle": f"bundle-{key}",
        "modules": _codes(_START),
        "stamps": (*data["stamps"], *_code_stamps(learnt)),
        "until": frozen.thaw(data).ruleset.until,
        "ordinary": _ordinary(data),
        "config": path,
        "bound": bound,
        "closed": closed,
        "path": tuple(filter(None, sys.path)),
    }
    _put(folder / f"bundle-{key}", bundle, mode, group)
    _put(folder / f"start-{key}", start, mode, group)
    for kind in ("bundle-*", "start-*"):
        cache.few(folder, kind)
    command = [sys.executable, "-I", str(_HERE / "whole.py"), "filter", *(["-c", path] if bound and path else [])]
    text = _LAUNCHER.format(
        python=python,
        command=command,
        version=sys.hexversion,
        code=marshal.dumps(_code(_HERE / "first.py")),
        folder=repr(str(folder)),
        name=repr(f"start-{key}"),
        temporary=first.TEMPORARY,
    )
    cache.put(launcher, text.encode("utf-8", "surrogateescape"), 0o755)


def _put(path: Path, data: dict[str, Any], mode: int, group: int) -> None:
    payload = marshal.dumps(data)
    cache.put(path, first.head(len(payload)) + payload, mode, group)


def _readers(paths: list[str]) -> tuple[int, int, tuple[str, ...]]:
    """Mode and group with which nobody can read more than he can anyway; and what not everybody can read."""
    found = [(path, Path(path).stat()) for path in paths]
    closed = [(path, status) for path, status in found if not status.st_mode & 0o004]
    if not closed:
        return 0o644, -1, ()
    groups = {status.st_gid if status.st_mode & 0o040 else -1 for _, status in closed}
    group = groups.pop() if len(groups) == 1 else -1
    return (0o600 if group < 0 else 0o640), group, tuple(path for path, _ in closed)


def _ordinary(data: dict[str, Any]) -> dict[str, Any] | None:
    """The gate's plan, and the lines for mail at which it closes; None where it never does or plugins failed."""
    judge = frozen.thaw(data)
    plan = judge.loaded.plan(judge.ruleset)
    result = judge.check(ORDINARY)
    if data["troubles"] or plan is None or result.hits or not closed(ORDINARY, plan):
        return None
    return {"gate": plan, "fields": tuple(reply.annotate(b"", result).rstrip().split(b"\n"))}


def _learnt(python: str, data: dict[str, Any]) -> dict[str, Any]:
    """What judging a bounce needs, as processes find out that are as bare as a launcher's: patterns, then modules."""
    task = {"path": tuple(filter(None, [str(_ROOT), *sys.path])), "frozen": data, "patterns": None}
    learnt = _told(python, task)
    return {**learnt, **_told(python, {**task, **learnt})}


def _told(python: str, task: dict[str, Any]) -> dict[str, Any]:
    command = [python, "-I", "-S", str(_HERE / "training.py")]
    done = subprocess.run(command, input=marshal.dumps(task), capture_output=True, timeout=_PATIENCE, check=False)  # noqa: S603
    if done.returncode:
        raise frozen.NotFrozenError(done.stderr.decode(errors="replace").strip().rpartition("\n")[2])
    found: dict[str, Any] = marshal.loads(done.stdout)  # noqa: S302 - from our own child
    return found


def _modules(learnt: dict[str, Any]) -> dict[str, Any]:
    first_ones, cold = [], {}
    for name, file, _ in learnt["first"]:
        code = None
        if file.endswith(".py"):
            code, cold[name] = parted(Path(file), learnt["called"].get(file, ()), ours=_is_ours(Path(file)))
        first_ones.append((name, file, code))
    later = {
        name: (file, folder, marshal.dumps(_code(Path(file))))
        for name, file, folder in learnt["later"]
        if file.endswith(".py")
    }
    packages = [(name, folder) for name, _, folder in learnt["first"] if folder]
    return {"packages": packages, "first": first_ones, "cold": cold, "later": later, "patterns": learnt["patterns"]}


def _code_stamps(learnt: dict[str, Any]) -> tuple[tuple[str, int, int], ...]:
    """Of a checkout, the stamps of all code that is kept; an installation's folder is stamped whole already."""
    if any(_ROOT.glob("ndrfilter-*.dist-info")):
        return ()
    files = {file for _, file, _ in (*learnt["first"], *learnt["later"])} | set(map(str, _HERE.glob("*.py")))
    return stamps(Path(file) for file in sorted(files) if file.startswith(str(_ROOT)))


def _codes(names: tuple[str, ...]) -> list[tuple[str, CodeType]]:
    return [(name, _code(_ROOT.joinpath(*name.split(".")).with_suffix(".py"))) for name in names]


def _code(file: Path) -> CodeType:
    return code_of(file, ours=_is_ours(file))


def _is_ours(file: Path) -> bool:
    return file.is_relative_to(_ROOT / "ndrfilter")
