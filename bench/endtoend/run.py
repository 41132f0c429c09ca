"""Starts the mail flow in its namespaces."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bench.endtoend import network

ROOT = Path(__file__).resolve().parents[2]
_LONGEST = 400.0  # seconds


def flow(harness: Path, out: Path) -> None:
    """Let the mail flow once; `out` is made and gets what came about. Raises RuntimeError, TimeoutExpired."""
    out.mkdir(mode=0o755)
    for folder in (out, *out.parents):  # the servers have users of their own, who must get there
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o001)
    command = network.enclosed([sys.executable, "-m", "bench.endtoend.flow", str(harness), str(out)])
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=_LONGEST, check=False)
    if ended.returncode:
        raise RuntimeError(f"the mail flow ended with {ended.returncode}: {ended.stderr[-4000:]}")
