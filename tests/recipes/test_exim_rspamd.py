"""A real Exim asks our HTTP door in its rspamd variant, set up from the page: the marks it adds, and mail without us."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from own_network import own_network

sys.path.insert(0, str(Path(__file__).parents[1]))

from service_process import Serving

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "service" / "exim-rspamd.md").read_text(encoding="utf-8")
DSNS = ROOT / "tests" / "cases" / "dsn"
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

pytestmark = pytest.mark.mta


def part(name: str) -> str:
    """The page's block of that name."""
    return re.search(rf"^```\w+ {re.escape(name)}\n(.*?)^```$", PAGE, re.M | re.S)[1]


class Exim:
    """The harness' Exim in a network of its own, with the page's settings in place of its own."""

    def __init__(self, folder: Path, harness: Path, acl: str) -> None:
        self.folder = folder
        self.mta = shutil.copytree(harness, folder / "mta", ignore=shutil.ignore_patterns("dsn")) / "mta"
        config = self.mta.parent / "etc" / "exim" / "exim4.conf"
        text = config.read_text().replace("acl_smtp_data = acl_data\n", part("main").replace("tmo=10s", "tmo=3s"))
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


@pytest.fixture(scope="module")
def exim(shared):
    folder = Path(tempfile.mkdtemp(prefix="ndrfilter-exim-", dir="/tmp"))
    folder.chmod(0o755)
    marks, accepts = part("acl").rsplit("\n\n", 1)
    server = Exim(folder, shared / "mta", f"{marks}\n{part('deny').replace('!authenticated = *', _WANTED)}\n{accepts}")
    try:
        server.harness("install", "exim")
        server.harness("up", "exim")
        yield server
    finally:
        server.close()
        shutil.rmtree(folder)


@pytest.fixture
def ours(exim, tmp_path):
    """ndrfilter, listening in the same network as the page says."""
    config = tmp_path / "ndrfilter.yml"
    config.write_text(SITE + part("/etc/ndrfilter/ndrfilter.yml"))
    serving = Serving(config)
    serving.command = [*exim.inside, *serving.command]
    with serving:
        yield serving


def field(raw: bytes, name: str) -> list[str]:
    """The unfolded values of a header field."""
    header = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode()
    found = re.findall(rf"^{name}:[ \t]*(.*(?:\n[ \t].*)*)", header, re.M | re.I)
    return [re.sub(r"\s+", " ", value) for value in found]


def test_a_message_is_marked_by_its_verdict(exim, ours):
    raw = exim.deliver(b"x-ndr-status: genuine; score=-9.0\n" + (DSNS / "forged-postfix-full.eml").read_bytes())
    (status,) = field(raw, "X-NDR-Status")
    assert re.fullmatch(r"backscatter; score=[5-9]\.\d", status)
    (report,) = field(raw, "X-NDR-Report")
    assert report.startswith("Action: add header Symbol: NDR_BACKSCATTER(0.00) Symbol: NDR_")
    raw = exim.deliver((DSNS / "genuine-postfix-full.eml").read_bytes())
    assert field(raw, "X-NDR-Status")[0].startswith("genuine; score=-")
    raw = exim.deliver(b"From: bob@example.com\nSubject: lunch\n\nAt one?\n", "bob@example.com")
    assert field(raw, "X-NDR-Status") == ["not-a-bounce; score=0.0"]


def test_what_somebody_else_sent_in_our_name_may_be_refused(exim, ours):
    with pytest.raises(AssertionError, match="This is a bounce of a message that we did not send"):
        exim.send(b"X-Refuse: yes\n" + (DSNS / "forged-postfix-full.eml").read_bytes(), "<>")
    raw = exim.deliver(b"X-Refuse: yes\n" + (DSNS / "genuine-postfix-full.eml").read_bytes())
    assert field(raw, "X-NDR-Status")[0].startswith("genuine; score=-")


def test_mail_passes_unmarked_without_us(exim):
    raw = exim.deliver((DSNS / "forged-postfix-full.eml").read_bytes())
    assert field(raw, "X-NDR-Status") == field(raw, "X-NDR-Report") == []
    assert "spam acl condition: all spamd servers failed" in (exim.folder / "home/exim/log/mainlog").read_text()
