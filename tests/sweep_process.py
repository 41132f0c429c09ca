"""`ndrfilter sweep` as a process of its own, for tests of what a person sees of it."""

from __future__ import annotations

import json
import os
import queue
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 40.0
HASTE = """
from ndrfilter import limits
limits.SWEEP_MOVES = 4; limits.IMAP_MOVES = 3; limits.SWEEP_HEADS = limits.IMAP_HEADS = limits.IMAP_ITEMS = 7
limits.SWEEP_RECONNECT_PAUSE = 0.05; limits.SWEEP_POLL = limits.IMAP_POLL = 0.1
import time
from ndrfilter.sweep import filing
def resting(work):
    def works(*args):
        work(*args)
        time.sleep(0.05)
    return works
filing._Filing.batch = resting(filing._Filing.batch)
"""
"""Small steps with rests between moves: a mailbox for a test takes as many of them as a big one, and can be caught."""
THE_COMMAND = "import runpy, sys; sys.argv[0] = 'ndrfilter'; runpy.run_module('ndrfilter', run_name='__main__')"


class Command:
    """`ndrfilter sweep` as a process; `lines` is what it wrote so far on both its outputs, `out` on the first."""

    def __init__(self, words: Iterable[str], state: Path, prelude: str, cwd: Path = ROOT) -> None:
        way = ["-c", prelude + THE_COMMAND] if prelude else ["-m", "ndrfilter"]
        env = {**os.environ, "NDRFILTER_STATE": str(state), "PYTHONPATH": str(ROOT)}
        env |= {"LC_ALL": "C.UTF-8", "COLUMNS": "100"}
        self.process = subprocess.Popen(
            [sys.executable, *way, *words], env=env, cwd=cwd, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
        )  # fmt: skip
        self.lines: list[str] = []
        self._out: list[str] = []
        self._news: queue.Queue[str] = queue.Queue()
        streams = ((self.process.stdout, self._out), (self.process.stderr, []))
        self._threads = [threading.Thread(target=self._read, args=one, daemon=True) for one in streams]
        for thread in self._threads:
            thread.start()

    def _read(self, stream: Any, kept: list[str]) -> None:
        for line in stream:
            kept.append(line.rstrip("\n"))
            self.lines.append(kept[-1])
            self._news.put(kept[-1])
        self._news.put("\0the end")

    def line(self, pattern: str) -> str:
        """The next line that has the pattern; AssertionError if none comes."""
        while True:
            try:
                line = self._news.get(timeout=PATIENCE)
            except queue.Empty:
                raise AssertionError(f"no {pattern!r} in:\n{self.said}") from None
            if re.search(pattern, line):
                return line
            assert self.process.poll() is None or not self._news.empty(), f"ended before {pattern!r}:\n{self.said}"

    def until(self, condition: Callable[[], bool]) -> bool:
        """Waits for that; False if the command has ended before."""
        while self.process.poll() is None:
            if condition():
                return True
            time.sleep(0.005)
        return False

    def end(self, signal_: int = 0) -> int:
        """Its exit code, after this signal if one is given."""
        if signal_:
            self.process.send_signal(signal_)
        code = self.process.wait(PATIENCE)
        for thread in self._threads:
            thread.join(PATIENCE)
        return code

    def ends(self, *codes: int) -> None:
        """Ends with one of these exit codes; what it said last is told first, else it is cut off where it matters."""
        code = self.end()
        assert code in codes, f"exit {code}, at last: {self.lines[-4:]}\n{self.said}"

    @property
    def said(self) -> str:
        return "\n".join(self.lines)

    @property
    def out(self) -> str:
        return "\n".join(self._out)

    def rows(self) -> list[dict[str, Any]]:
        """The messages that it told of as JSON."""
        return [json.loads(line) for line in self._out]


def looked_at(account: Any) -> int:
    """How many messages the ledger knows: how far a look is."""
    found = next(account.state.glob("sweep/*/ledger.db"), None)
    if found is None:
        return 0
    try:
        with sqlite3.connect(f"file:{found}?mode=ro", uri=True) as ledger:
            return sum(ledger.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in ("row", "ordinary"))
    except sqlite3.Error:
        return 0
