"""Exim with the harness' settings replaced by those of one of our pages, and ndrfilter beside it, for two test files."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from own_network import own_network
from service_process import Serving

PATIENCE = 60.0  # seconds
SITE = """
site:
  domains:   [home-postfix.test]
  relays:    [mail.home-postfix.test, 192.0.2.25, 192.0.2.0/28]
  receivers: [mail.home-postfix.test, 192.0.2.25, mx.exim.test]
  complete:  [relays]
"""

# The page's way to refuse comes after its way to mark, here for mail alone that asks for it.
_WANTED = "!authenticated = *\n          condition = ${if def:h_X-Refuse:}"


def part(page: str, name: str) -> str:
    """The page's block of that name."""
    return re.search(rf"^```\w+ {re.escape(name)}\n(.*?)^```$", page, re.M | re.S)[1]


class Exim:
    """The harness' Exim in a network of its own, with the page's settings in place of its own."""

    def __init__(self, folder: Path, harness: Path, page: str, acl: str) -> None:
        self.folder = folder
        self.mta = shutil.copytree(harness, folder / "mta", ignore=shutil.ignore_patterns("dsn")) / "mta"
        config = self.mta.parent / "etc" / "exim" / "exim4.conf"
        text = config.read_text().replace("acl_smtp_data = acl_data\n", part(page, "main").replace("tmo=10s", "tmo=3s"))
        text = re.sub(r"^acl_data:\n.*?^  accept\n", lambda _: acl, text, count=1, flags=re.M | re.S)
        assert "acl_smtp_data = acl_check_data" in text
        config.chmod(0o644)
        config.write_text(text)
        self.network = own_network()
        self.inside = ["nsenter", "--target", str(self.network.pid), "--net"]
        self.boxes = folder / "home" / "exim" / "mail"

    def harness(self, *arguments: str) -> str:
        """Runs a command of the harness; returns its output."""
        inside = [] if arguments[0] == "install" else self.inside
        environment = {**os.environ, "MTA_HOME": str(self.folder / "home")}
        options = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "timeout": 300}
        done = subprocess.run([*inside, str(self.mta), *arguments], env=environment, **options)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def send(self, raw: bytes, sender: str) -> None:
        """Sends a message to Alice; AssertionError if it is refused."""
        letter = self.folder / "letter.eml"
        letter.write_bytes(raw)
        self.harness("send", "--to", "exim", "--from", sender, "--rcpt", "alice@home.test", "--file", str(letter))

    def deliver(self, raw: bytes, sender: str = "<>") -> bytes:
        """Sends a message to Alice; returns it as it is delivered."""
        before = {file.name for file in self.boxes.glob("alice/new/*")}
        self.send(raw, sender)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for file in self.boxes.glob("alice/new/*"):
                if file.name not in before:
                    return file.read_bytes()
            time.sleep(0.05)
        raise AssertionError("nothing was delivered")

    def close(self) -> None:
        """Ends all of it."""
        self.harness("down", "all")
        self.network.kill()
        self.network.wait()


@contextmanager
def exim_as_on(page: str, harness: Path) -> Iterator[Exim]:
    """A running Exim, set up from the page."""
    folder = Path(tempfile.mkdtemp(prefix="ndrfilter-exim-", dir="/tmp"))
    folder.chmod(0o755)
    marks, accepts = part(page, "acl").rsplit("\n\n", 1)
    refuses = part(page, "deny").replace("!authenticated = *", _WANTED)
    server = Exim(folder, harness, page, f"{marks}\n{refuses}\n{accepts}")
    try:
        server.harness("install", "exim")
        server.harness("up", "exim")
        yield server
    finally:
        server.close()
        shutil.rmtree(folder)


def beside(exim: Exim, page: str, folder: Path) -> Serving:
    """ndrfilter, to be started in the same network, listening as the page says."""
    config = folder / "ndrfilter.yml"
    config.write_text(SITE + part(page, "/etc/ndrfilter/ndrfilter.yml"))
    serving = Serving(config)
    serving.command = [*exim.inside, *serving.command]
    return serving


def field(raw: bytes, name: str) -> list[str]:
    """The unfolded values of a header field."""
    header = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode()
    found = re.findall(rf"^{name}:[ \t]*(.*(?:\n[ \t].*)*)", header, re.M | re.I)
    return [re.sub(r"\s+", " ", value) for value in found]
