"""What processes cost, as the kernel counts it: processor time of a tree, memory, and how long one lives."""

from __future__ import annotations

import os
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")
_PARENT, _TIMES = 1, slice(11, 15)  # of the fields behind the name: ppid; utime, stime, cutime, cstime (proc(5))


def _fields(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # gone
        return []


def tree(pid: int) -> list[int]:
    """The process and all its descendants."""
    below: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit() and (fields := _fields(int(entry.name))):
            below.setdefault(int(fields[_PARENT]), []).append(int(entry.name))
    found = [pid]
    for one in found:  # grows on the way
        found += below.get(one, [])
    return found


def cpu(pid: int) -> float:
    """Seconds of user and system time of the tree, children that ended included."""
    return sum(int(field) for one in tree(pid) for field in _fields(one)[_TIMES]) / _TICKS


def waited(pid: int) -> float:
    """Seconds in which the process wanted to go on and others had the processors; 0 where the kernel does not say."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


def memory(pid: int) -> tuple[float, float]:
    """Megabytes that the process takes, its share of what it shares with others counted, and that it has mapped in."""
    sizes = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, size = line.split()[:2]
        sizes[name] = int(size) / 1024
    return sizes["Pss:"], sizes["Rss:"]


class Run(NamedTuple):
    """How long a process took, and how much processor time, in seconds."""

    wall: float
    cpu: float


def run(command: list[str], stdin: Path, *, env: dict[str, str], stdout: Path | str = os.devnull) -> Run:
    """Start it, wait for it. Raises OSError if it ends with anything but 0."""
    files = [
        (os.POSIX_SPAWN_OPEN, 0, str(stdin), os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(stdout), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    began = perf_counter()
    pid = os.posix_spawn(command[0], command, env, file_actions=files)
    _, status, used = os.wait4(pid, 0)
    wall = perf_counter() - began
    if status:
        raise OSError(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return Run(wall, used.ru_utime + used.ru_stime)
