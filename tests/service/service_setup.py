"""What tests of the running service share: a configuration with a rule of its own, a client, and how to wait."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from service_process import Serving

ROOT = Path(__file__).resolve().parents[2]
MAIL = b"X-Probe: yes\nSubject: hello\n\nHello.\n"
_SITE = "site: {domains: [example.com], relays: [192.0.2.0/24]}\n"
_RULE = """\
language 1
rule PROBE {{
  describe "a probe"
  when     headers["X-Probe"] exists
  toward   fake {score}
  because  "A test looks for it."
}}
"""


class Setup:
    """A folder with a configuration and one rule of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "ndrfilter.yml"
        (folder / "rules").mkdir()
        self.rule(1.5)
        self.write("service: {workers: 2}\n")

    def write(self, text: str) -> None:
        """The configuration: the site, and that."""
        self._replace(self.path, _SITE + text)

    def rule(self, score: float) -> None:
        """Let the probe have that score."""
        self._replace(self.folder / "rules" / "probe.ndr", _RULE.format(score=score))

    def _replace(self, path: Path, text: str) -> None:
        path.with_suffix(".new").write_text(text)
        path.with_suffix(".new").rename(path)


def score(serving: Serving) -> float:
    """What the probe scores now."""
    return ask(serving)["hits"][0]["score"]


def ask(serving: Serving) -> dict:
    """The whole answer to the probe, on a connection of its own."""
    connection = http.client.HTTPConnection(*serving.place["http"], timeout=30)
    connection.request("POST", "/check", MAIL)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return answer


def workers(serving: Serving) -> list[int]:
    """The process numbers of the workers."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(serving.process.pid)], capture_output=True, text=True)
    return [int(word) for word in found.stdout.split()]


def until(condition: Callable[[], object], seconds: float = 30.0) -> object:
    """Wait until it is true; AssertionError if it never is."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)
    return found


def alive(pid: int) -> bool:
    """Whether that process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def refused(config: Path, *options: str, env: dict[str, str] | None = None, **more) -> str:
    """What the service says when it does not start; exit code 2 and nothing but that."""
    user = (
        ["--user", "root"]
        if os.geteuid() == 0 and "--user" not in options and "user:" not in config.read_text()
        else []
    )
    done = subprocess.run(
        [sys.executable, "-m", "ndrfilter", "-c", str(config), "serve", *user, *options],
        capture_output=True, text=True, cwd=ROOT, timeout=60, env={**os.environ, **(env or {})}, **more,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    return done.stderr
