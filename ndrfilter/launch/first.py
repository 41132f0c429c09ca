"""What is in the launcher itself: opening a kept file that nobody else could have written, and the way out.

Here as in `start` and `mark` only built-in modules are imported: any other costs more than judging ordinary mail.
"""

import marshal
import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

MAGIC = b"ndrfilter launch 1\n"
TEMPORARY = 75
_HEAD = len(MAGIC) + 8
_LARGEST = 32 * 1024 * 1024
_REGULAR, _KIND, _OTHERS_WRITE = 0o100000, 0o170000, 0o022


def head(size: int) -> bytes:
    """What stands before so many bytes of marshalled data."""
    return MAGIC + size.to_bytes(8, "big")


def read(folder: str, name: str) -> "Any":
    """The data kept under that name; None where it is not there, damaged, or could be somebody else's."""
    try:
        place = posix.open(folder, posix.O_RDONLY | posix.O_DIRECTORY | posix.O_CLOEXEC)
        if not _safe(posix.fstat(place)):
            return None
        flags = posix.O_RDONLY | posix.O_NOFOLLOW | posix.O_CLOEXEC | posix.O_NONBLOCK
        file = posix.open(name, flags, dir_fd=place)
        found = posix.fstat(file)
        if found.st_mode & _KIND != _REGULAR or not _safe(found) or found.st_size > _LARGEST:
            return None
        data = posix.read(file, found.st_size)
        posix.close(place)
        posix.close(file)
        if data[:_HEAD] != head(len(data) - _HEAD):
            return None
        return marshal.loads(memoryview(data)[_HEAD:])  # noqa: S302 - behind the ownership check
    except Exception:  # whatever it is, there is another way
        return None


def _safe(found: "Any") -> bool:
    return found.st_uid in (0, posix.geteuid()) and not found.st_mode & _OTHERS_WRITE


def complain(text: str) -> None:
    """One line on standard error, if there is one."""
    try:
        if sys.stderr is not None:
            posix.write(2, f"ndrfilter: {text}\n".encode("utf-8", "backslashreplace"))
    except OSError:
        pass


def whole(command: list[str], raw: bytes | None = None) -> "NoReturn":
    """Become the whole `ndrfilter filter`, which reads the message again if it has been read. Does not return."""
    try:
        if raw is not None:
            again = posix.memfd_create("message", 0)
            rest = memoryview(raw)
            while rest:
                rest = rest[posix.write(again, rest) :]
            posix.lseek(again, 0, 0)
            posix.dup2(again, 0)
            posix.close(again)
        posix.execv(command[0], command)
    except OSError as error:
        complain(f"{command[0]}: {error.strerror}")
    posix._exit(TEMPORARY)


def run(folder: str, name: str, command: list[str]) -> "NoReturn":  # type: ignore[misc]
    """Filter the message on standard input; `command` is what does the same the long way. Does not return."""
    command += sys.argv[1:]
    kept: Any = read(folder, name) if hasattr(posix, "memfd_create") else None
    try:
        load(kept["modules"])
        start: Any = sys.modules["ndrfilter.launch.start"]
    except Exception:  # nothing is kept, or nothing that works
        whole(command)
    start.main(kept, folder, command)


def load(modules: "Any") -> None:
    """Make modules of that code."""
    for name, code in modules:
        module = sys.modules[name] = type(sys)(name)
        exec(code, module.__dict__)  # noqa: S102 - code of ours, kept by `ndrfilter compile`
