"""The harness' Postfix in a network of its own, for tests of what it is plugged into."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from own_network import own_network

from bench.endtoend.network import packages

PATIENCE = 60.0
_TALK = """
import json, smtplib, sys
with smtplib.SMTP("127.0.0.1", 12025, timeout=60) as client:
    client.ehlo("mx.receiver.example")
    for line in json.load(sys.stdin):
        if line == ".":
            answer = client.getreply() if client.send(b"\\r\\n.\\r\\n") else client.getreply()
        elif line.startswith("\\n"):
            client.send(line.lstrip("\\n").replace("\\n", "\\r\\n").encode())
            continue
        else:
            answer = client.docmd(line)
            if line.startswith("XCLIENT"):
                client.ehlo("mx.receiver.example")
        print(answer[0], answer[1].decode("utf-8", "replace").replace("\\n", " "), flush=True)
"""


class PostfixProcess:
    """A Postfix that anybody's mail to home-postfix.test is delivered by; a context manager."""

    def __init__(self, harness: Path) -> None:
        self._harness = harness

    def __enter__(self) -> PostfixProcess:
        self.folder = Path(tempfile.mkdtemp(prefix="ndrfilter-postfix-", dir="/tmp"))
        self.folder.chmod(0o755)
        (self.folder / "box").mkdir(mode=0o755)
        (self.folder / "box" / ".mta-home").touch()
        (self.folder / "box" / "pkg").symlink_to(packages())
        self._network = own_network()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._mta("down", "all")
        finally:
            self._network.kill()
            self._network.wait()
            shutil.rmtree(self.folder)

    def inside(self, command: list[str]) -> list[str]:
        """The command, run in this network."""
        return ["nsenter", "--target", str(self._network.pid), "--net", *command]

    def _mta(self, *words: str) -> None:
        command = self.inside([sys.executable, str(self._harness / "mta"), *words])
        environ = {**os.environ, "MTA_HOME": str(self.folder / "box")}
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr

    def up(self, *settings: str, **plugged: str) -> None:
        """Start it, or start it anew, with these lines in main.cf and these options of the harness."""
        options = [f"--{name.replace('_', '-')}={value}" for name, value in plugged.items()]
        lines = ["virtual_mailbox_maps = static:home/", *settings]
        self._mta("up", "postfix", *options, *(f"--set={line}" for line in lines))

    def talk(self, *lines: str) -> list[str]:
        """The answers to these lines of SMTP. One that begins with a line's end is part of a message, "." its end."""
        command = self.inside([sys.executable, "-c", _TALK])
        done = subprocess.run(command, input=json.dumps(lines), capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def mails(self, mark: str) -> list[bytes]:
        """The messages with that mark, once one is there."""
        folder = self.folder / "box" / "postfix" / "mail" / "home" / "new"
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = [raw for raw in (path.read_bytes() for path in folder.glob("*")) if mark.encode() in raw]
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(f"no mail with {mark}:\n{self.log}")

    @property
    def log(self) -> str:
        """What it wrote into its log."""
        return (self.folder / "box" / "postfix" / "log" / "maillog").read_text(errors="replace")
