"""Mail servers of the harness in a network of their own, for tests that put our service beside them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from bench.endtoend.network import packages

PATIENCE = 90.0
SENDER = Path(__file__).parent / "smtp_sender.py"
PORTS = {"postfix": 12025, "exim": 12026, "sendmail": 12028}


class MailHost:
    """A copy of the harness with its servers in `folder`, which must be root's and open to all."""

    def __init__(self, folder: Path, harness: Path) -> None:
        self.folder = folder
        self.mta = shutil.copytree(harness, folder / "mta", ignore=shutil.ignore_patterns("dsn", "__pycache__")) / "mta"
        self.home = folder / "home"
        self.home.mkdir(mode=0o755)
        (self.home / ".mta-home").touch()
        (self.home / "pkg").symlink_to(packages())
        up = "ip link set lo up; echo; exec sleep infinity"
        self.network = subprocess.Popen(["unshare", "--net", "sh", "-c", up], stdout=subprocess.PIPE)
        assert self.network.stdout and self.network.stdout.readline()

    def inside(self, *command: str | Path, check: bool = True) -> str:
        """Runs a command in the servers' network; returns what it wrote."""
        done = subprocess.run(
            ["nsenter", "--target", str(self.network.pid), "--net", *map(str, command)],
            env={**os.environ, "MTA_HOME": str(self.home)},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def up(self, server: str, *options: str, **settings: str) -> None:
        """Starts a server; `settings` are more lines for Postfix' main.cf."""
        lines = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
        self.inside(self.mta, "up", server, *options, *lines)

    def box(self, server: str) -> Path:
        """A server's own folder."""
        return self.home / server

    def run(self, server: str, *command: str, check: bool = True) -> str:
        """Runs one of a server's own programs, as the server's machine would."""
        state = json.loads((self.box(server) / "state.json").read_text())
        return self.inside("nsenter", "-t", str(state["pid"]), "-m", *command, check=check)

    def send(self, server: str, folder: Path, connections: int = 4, per_session: int = 20) -> dict[str, str]:
        """Sends a folder's messages as `smtp_sender` does; the server's reply to each by its name."""
        place = f"127.0.0.1:{PORTS[server]}"
        out = self.inside(sys.executable, SENDER, place, str(connections), str(per_session), folder)
        return dict(json.loads(line) for line in out.splitlines())

    def mailbox(self, server: str, user: str) -> list[bytes]:
        """The messages in a mailbox."""
        return [file.read_bytes() for file in (self.box(server) / "mail" / user / "new").glob("*")]

    def queued(self) -> list[Path]:
        """What Postfix has in its queue and not on hold."""
        spool = self.box("postfix") / "spool"
        queues = ("incoming", "active", "deferred", "maildrop")
        return [path for name in queues for path in (spool / name).rglob("*") if path.is_file()]

    def settle(self) -> None:
        """Waits until Postfix' queue is empty."""
        end = time.monotonic() + PATIENCE
        while self.queued():
            assert time.monotonic() < end, f"still queued: {self.queued()[:5]}"
            time.sleep(0.05)

    def log(self, server: str) -> str:
        """What the server wrote into its log."""
        return (self.box(server) / "log" / "maillog").read_text(errors="replace")

    def close(self) -> None:
        """Stops everything."""
        self.inside(self.mta, "down", "all", check=False)
        self.network.kill()
        self.network.wait()


def letter(folder: Path, name: str, raw: bytes, sender: str, *recipients: str, **more: str) -> None:
    """Lays a message with its envelope into a folder for `MailHost.send`."""
    (folder / f"{name}.eml").write_bytes(raw)
    (folder / f"{name}.json").write_text(json.dumps({"from": sender, "to": recipients, **more}))
