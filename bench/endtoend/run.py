"""Starts the mail flow in its namespaces."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from bench.endtoend import network

ROOT = Path(__file__).resolve().parents[2]
_LONGEST = 400.0  # seconds


def flow(harness: Path, out: Path) -> None:
    """Let the mail flow once; `out` is made and gets what came about. Raises RuntimeError, TimeoutExpired."""
    out.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="ndrfilter-mta-") as boxes:
        Path(boxes).chmod(0o755)  # the servers have users of their own, who must get there
        command = [sys.executable, "-m", "bench.endtoend.flow", str(harness), boxes, str(out)]
        ended = subprocess.run(
            network.enclosed(command), cwd=ROOT, capture_output=True, text=True, timeout=_LONGEST, check=False
        )
    if ended.returncode:
        raise RuntimeError(f"the mail flow ended with {ended.returncode}: {ended.stderr[-4000:]}")
