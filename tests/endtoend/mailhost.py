"""Mail servers of the harness in a network of their own, for tests that put our service beside them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from own_network import own_network

from bench.endtoend.network import packages

PATIENCE = 90.0
SENDER = Path(__file__).parent / "smtp_sender.py"
POSTFIX, SENDMAIL = 12025, 12028


class MailHost:
    """A copy of the harness with its servers in `folder`, which must be root's and open to all."""

    def __init__(self, folder: Path, harness: Path) -> None:
        self.folder = folder
        self.mta = shutil.copytree(harness, folder / "mta", ignore=shutil.ignore_patterns("dsn", "__pycache__")) / "mta"
        subprocess.run(["chmod", "-R", "u+w", folder / "mta"], check=True)
        self.home = folder / "home"
        self.home.mkdir(mode=0o755)
        (self.home / ".mta-home").touch()
        (self.home / "pkg").symlink_to(packages())
        self.network = own_network()

    def inside(self, *command: str | Path, check: bool = True) -> str:
        """Runs a command in the servers' network; returns what it wrote."""
        done = subprocess.run(
            ["nsenter", "--target", str(self.network.pid), "--net", *map(str, command)],
            env={**os.environ, "MTA_HOME": str(self.home)},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def configure(self, main: dict[str, str], services: str = "") -> None:
        """Lets Postfix' main.cf say this, and its master.cf this besides."""
        path = self.mta.parent / "etc" / "postfix" / "main.cf"
        text = path.read_text()
        for name in main:
            text = re.sub(rf"^{name} =.*\n(?:[ \t].*\n)*", "", text, flags=re.M)
        path.write_text(text + "\n" + "".join(f"{name} = {value}\n" for name, value in main.items()))
        with path.with_name("master.cf").open("a") as file:
            file.write(services)

    def up(self, server: str, *options: str) -> None:
        """Starts a server."""
        self.inside(self.mta, "up", server, *options)

    def box(self, server: str) -> Path:
        """A server's own folder."""
        return self.home / server

    def run(self, server: str, *command: str, check: bool = True) -> str:
        """Runs one of a server's own programs, as the server's machine would."""
        state = json.loads((self.box(server) / "state.json").read_text())
        return self.inside("nsenter", "-t", str(state["pid"]), "-m", *command, check=check)

    def send(self, port: int, folder: Path, connections: int = 4, per_session: int = 20) -> dict[str, str]:
        """Sends a folder's messages as `smtp_sender` does; the server's reply to each by its name."""
        place = f"127.0.0.1:{port}"
        out = self.inside(sys.executable, SENDER, place, str(connections), str(per_session), folder)
        return dict(json.loads(line) for line in out.splitlines())

    def session(self, port: int) -> Session:
        """An SMTP session that is held open; a context manager."""
        return Session(["nsenter", "--target", str(self.network.pid), "--net"], port)

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
        self.until(lambda: not self.queued())

    def until(self, condition: Callable[[], bool]) -> None:
        """Waits for that."""
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.05)

    def log(self, server: str) -> str:
        """What the server wrote into its log."""
        return (self.box(server) / "log" / "maillog").read_text(errors="replace")

    def close(self) -> None:
        """Stops everything."""
        self.inside(self.mta, "down", "all", check=False)
        self.network.kill()
        self.network.wait()


class Session:
    """One SMTP session, by a relay inside the servers' network."""

    def __init__(self, inside: list[str], port: int) -> None:
        relay = f"import socket, sys, threading, os\ns = socket.create_connection(('127.0.0.1', {port}))\n" + _RELAY
        self.process = subprocess.Popen(
            [*inside, sys.executable, "-c", relay], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __enter__(self) -> Session:
        assert self.reply().startswith("220")
        assert self.say("EHLO mx.remote.test").startswith("250")
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.wait(PATIENCE)

    def reply(self) -> str:
        """The last line of the next reply."""
        while True:
            line = self.process.stdout.readline().decode().rstrip()
            if line[3:4] != "-":
                return line

    def say(self, line: str) -> str:
        """One command; its reply."""
        self.process.stdin.write(line.encode() + b"\r\n")
        self.process.stdin.flush()
        return self.reply()

    def send(self, raw: bytes, sender: str, *recipients: str) -> str:
        """One message; the reply to the first command that is refused, else to the message."""
        commands = [f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{one}>" for one in recipients), "DATA"]
        for command in commands:
            reply = self.say(command)
            if reply[:1] not in "23":
                return reply
        return self.say(raw.replace(b"\n", b"\r\n").decode() + "\r\n.")


_RELAY = """
def out():
    while data := s.recv(65536):
        os.write(1, data)
threading.Thread(target=out, daemon=True).start()
while data := os.read(0, 65536):
    s.sendall(data)
s.close()
"""


def letter(folder: Path, name: str, raw: bytes, sender: str, *recipients: str, **more: str) -> None:
    """Lays a message with its envelope into a folder for `MailHost.send`."""
    (folder / f"{name}.eml").write_bytes(raw)
    (folder / f"{name}.json").write_text(json.dumps({"from": sender, "to": recipients, **more}))
