"""Local mailboxes for tests: what is in them, and a process that is killed at any line of ours that it comes to."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from ndrfilter import mbox
from ndrfilter.sweep import local

OURS = str(Path(local.__file__).parent)


def message(number: int, size: int = 20) -> bytes:
    return b"From: a%d@example.org\nSubject: %d\n\n%s\n" % (number, number, b"x" * size)


def maildir(path: Path, number: int = 0, *, new: Iterable[int] = ()) -> Path:
    for part in ("cur", "new", "tmp"):
        (path / part).mkdir(parents=True, exist_ok=True)
    fresh = set(new)
    for one in range(number):
        part, flags = ("new", "") if one in fresh else ("cur", ":2,S")
        (path / part / f"17000{one:05}.M{one}P1.host{flags}").write_bytes(message(one))
    return path


def in_maildir(path: Path) -> Counter[bytes]:
    """Every message of the account, counted."""
    return Counter(file.read_bytes() for part in ("cur", "new") for file in path.rglob(f"{part}/*") if file.is_file())


def mbox_file(path: Path, messages: Iterable[bytes]) -> Path:
    path.write_bytes(b"".join(from_line(n) + raw + b"\n" for n, raw in enumerate(messages)))
    return path


def from_line(number: int) -> bytes:
    return b"From a@example.org Mon Nov 16 %02d:%02d:%02d 2026\n" % (number // 3600, number // 60 % 60, number % 60)


def in_mbox(*paths: Path) -> Counter[bytes]:
    """The messages of all these files with their From lines, counted; empty lines at their ends do not count."""
    found: Counter[bytes] = Counter()
    for path in paths:
        if path.exists() and path.stat().st_size:
            with path.open("rb") as stream:
                found.update(raw.rstrip(b"\n") for raw, _cut in mbox.split(stream))
    return found


def killed_at(line: int, work: Callable[[], object]) -> bool:
    """Do that work in a process that is killed (SIGKILL) at the given line of ours; False if it was done before."""
    child = os.fork()
    if not child:
        try:
            _kill_me_at(line)
            work()
            sys.settrace(None)
            os._exit(0)
        except BaseException:
            os._exit(3)
    _pid, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def _kill_me_at(line: int) -> None:
    passed = 0

    def at_line(frame, event, argument):
        nonlocal passed
        if event == "line":
            passed += 1
            if passed == line:
                os.kill(os.getpid(), signal.SIGKILL)
        return at_line

    sys.settrace(lambda frame, event, argument: at_line if frame.f_code.co_filename.startswith(OURS) else None)


def let_in(path: Path) -> None:
    """Let every user come as far as that path, through all that the tests made above it."""
    for above in path.parents:
        if above == Path(tempfile.gettempdir()):
            return
        above.chmod(0o755)
