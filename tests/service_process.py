"""`ndrfilter serve` as a process of its own, for tests of what stands behind a socket."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

_LISTENING = re.compile(r"listening: (\w+) on (\S+)")
_PATIENCE = 30.0


class Serving:
    """A running service; a context manager. `place["http"]` is (host, port) or a socket's path."""

    def __init__(self, config: Path, *listen: str, env: dict[str, str] | None = None, user: str = "root") -> None:
        """`listen` as the option has it: "http=127.0.0.1:0"; none: as the configuration says. `user`: whom root stays."""
        options = [word for one in listen for word in ("--listen", one)]
        options += ["--user", user] if user and os.geteuid() == 0 else []  # a test's folder is its user's own
        self.command = [sys.executable, "-m", "ndrfilter", "-c", str(config), "serve", *options]
        self.env = {**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})}
        self.place: dict[str, tuple[str, int] | str] = {}
        self.lines: list[str] = []
        self._news: queue.Queue[str | None] = queue.Queue()

    def __enter__(self) -> Serving:
        self.process = subprocess.Popen(
            self.command, env=self.env, stderr=subprocess.PIPE, text=True, errors="replace",
            cwd=Path(__file__).resolve().parents[1],
        )  # fmt: skip
        threading.Thread(target=self._read, daemon=True).start()
        self.wait_for(r"\bready\b")
        for line in self.lines:
            if found := _LISTENING.search(line):
                self.place[found[1]] = _place(found[2])
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _read(self) -> None:
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))
            self._news.put(self.lines[-1])
        self._news.put(None)

    def wait_for(self, pattern: str, seconds: float = _PATIENCE) -> str:
        """The next line of the log that has the pattern; AssertionError if none comes, or the service ends."""
        while True:
            try:
                line = self._news.get(timeout=seconds)
            except queue.Empty:
                raise AssertionError(f"no {pattern!r} within {seconds:g} s in:\n" + "\n".join(self.lines)) from None
            if line is None:
                raise AssertionError(f"the service ended before {pattern!r}:\n" + "\n".join(self.lines))
            if re.search(pattern, line):
                return line

    def stop(self) -> int:
        """Ask it to stop, and wait; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


def _place(word: str) -> tuple[str, int] | str:
    if word.startswith(("unix:", "systemd:")):
        return word.removeprefix("unix:")
    host, _, port = word.rpartition(":")
    return host.strip("[]"), int(port)
