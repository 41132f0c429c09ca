"""Ordinary mail from standard input to standard output, with built-in modules alone; the rest goes to who can do more.

What was read is never lost and nothing is written before the whole reply is there: 0 says that all of it was taken, 75
that nothing may be lost, as with `doors.pipe`.
"""

import gc
import posix
import sys
import time

from ndrfilter.launch.first import TEMPORARY, complain, load, read, whole
from ndrfilter.launch.ordinary import environment, ordinary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    Told = dict[str, list[str]]

TEXTS = ("--sender", "--recipient", "--client-ip", "--client-name", "--helo", "--max-seconds")
"""The options that the launcher understands, each with a value; with any other the whole filter is started."""

_CHUNK = 1 << 16
_REGULAR, _KIND = 0o100000, 0o170000


def main(kept: "dict[str, Any]", folder: str, command: list[str]) -> "NoReturn":
    """Filter the message on standard input by what was `kept` in `folder`; `command` is the long way."""
    try:
        told = options(sys.argv[1:])
        if sys.stdin is None or sys.stdout is None or told is None or not fresh(kept):
            whole(command)
        raw = _read()
        answer = _answer(raw, told, kept, folder)
        if answer is None:
            whole(command, raw)
        _write(answer)
        posix._exit(0)
    except MemoryError:
        complain("out of memory; nothing was written")
    except OSError as error:
        complain(f"cannot read or write: {(error.strerror or str(error)).lower()}")
    except KeyboardInterrupt:
        complain("interrupted")
    posix._exit(TEMPORARY)


def _answer(raw: bytes, told: "Told", kept: "dict[str, Any]", folder: str) -> bytes | None:
    """The whole reply; None if it takes the whole filter, also because something failed."""
    try:
        answer = ordinary(raw, told, kept["ordinary"])
        return _judged(raw, told, kept, folder) if answer is None else answer
    except Exception:
        return None


def options(words: list[str]) -> "Told | None":
    """The options by name, with all values of each; None for what the launcher leaves to the whole filter."""
    told: Told = {}
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if name not in TEXTS:
            return None
        if not equals:
            value = next(rest, "-")
            if value.startswith("-"):
                return None
        told.setdefault(name, []).append(value)
    return told


def fresh(kept: "dict[str, Any]") -> bool:
    """Whether everything that what was kept came from is as it was, and would be chosen again."""
    if not time.time() < kept["until"]:
        return False
    try:
        if not kept["bound"] and not _found(kept["config"]):
            return False
        for path, changed, size in kept["stamps"]:
            if _stamp(path) != (changed, size):
                return False
    except (OSError, ValueError):
        return False
    return all(posix.access(path, posix.R_OK) for path in kept["closed"])


def _stamp(path: str) -> tuple[int, int]:
    """As `knowledge.stamps` has it: also of a file that is not there."""
    try:
        now = posix.stat(path)
    except OSError:
        return 0, -1
    return now.st_mtime_ns, now.st_size


def _found(config: str) -> bool:
    """Whether `config.find` would find that configuration file ("" for none). Raises OSError where it is in doubt."""
    named = environment("NDRFILTER_CONFIG")
    if named:
        return named == config
    home = environment("XDG_CONFIG_HOME")
    if not home:
        home = environment("HOME")
        home = home and home + "/.config"
    own, machine = home + "/ndrfilter/ndrfilter.yml", "/etc/ndrfilter/ndrfilter.yml"
    if home and (own == config or _is_file(own, closed=False)):
        return own == config
    return config == machine or not (config or _is_file(machine, closed=True))


def _is_file(path: str, *, closed: bool) -> bool:
    """Whether that file is there; `closed` if we may not know."""
    try:
        return posix.stat(path).st_mode & _KIND == _REGULAR
    except (FileNotFoundError, NotADirectoryError):
        return False
    except PermissionError:
        return closed


def _read() -> bytes:
    """All of standard input: left non-blocking, it would seem to end where it only pauses. Raises OSError."""
    posix.set_blocking(0, True)
    first = posix.read(0, _CHUNK)
    chunks = [first]
    while chunks[-1]:
        chunks.append(posix.read(0, _CHUNK if len(chunks) < 3 else _CHUNK * 16))
    return b"".join(chunks)


def _write(answer: bytes) -> None:
    """All of it, closed at the end: a full disk may show as late as that. Raises OSError."""
    posix.set_blocking(1, True)
    rest = memoryview(answer)
    while rest:
        rest = rest[posix.write(1, rest) :]
    posix.close(1)


def _judged(raw: bytes, told: "Told", kept: "dict[str, Any]", folder: str) -> bytes | None:
    """The reply of the rules; None if what they need is not there. Raises whatever goes wrong."""
    gc.disable()  # the process ends before there is anything to collect
    bundle = read(folder, kept["bundle"])
    if bundle is None or bundle["pair"] != kept["pair"]:
        return None
    sys.path += [folder for folder in kept["path"] if folder not in sys.path]
    load(bundle["modules"])
    judge: Any = sys.modules["ndrfilter.launch.modules"].bundled(bundle)
    reply: bytes = judge.judged(raw, told, bundle["frozen"])
    return reply
