"""A store on disk at a time of the test's choosing, and programs that use one in a process of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ndrfilter.adapters.clock import FixedClock
from ndrfilter.adapters.store import SqliteStore

ROOT = Path(__file__).resolve().parents[2]
NOW = 1_800_000_000.0
LATER = NOW + 100
PROLOGUE = """
import os, sys
from pathlib import Path
from ndrfilter.adapters.clock import SystemClock
from ndrfilter.adapters.store import SqliteStore
store = SqliteStore(Path(sys.argv[1]), SystemClock())
"""


def on_disk(folder, now=NOW):
    return SqliteStore(folder, FixedClock(now))


def run(program, *arguments, **options):
    command = [sys.executable, "-c", PROLOGUE + program, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
