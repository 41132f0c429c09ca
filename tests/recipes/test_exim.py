"""A real Exim, set up from the token's page: what users send leaves marked, and waits while the filter is broken."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from own_network import own_network

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "evidence" / "token.md").read_text(encoding="utf-8")
FILTER = "/opt/ndrfilter/bin/ndrfilter filter --outbound"
PATIENCE = 60  # seconds; this Exim tries again every five

pytestmark = [pytest.mark.shared("mta"), pytest.mark.client("unshare", "nsenter", "ip")]


def part(name: str) -> str:
    """The page's block for that part of the configuration."""
    return re.search(rf"^```conf {name}\n(.*?)^```$", PAGE, re.M | re.S)[1]


class Exim:
    """The harness' Exim in a network of its own, with the page's router and transport in front of its own."""

    def __init__(self, folder: Path, harness: Path) -> None:
        self.folder = folder
        self.mta = shutil.copytree(harness, folder / "mta", ignore=shutil.ignore_patterns("dsn")) / "mta"
        self.filter = folder / "ndrfilter"
        config = self.mta.parent / "etc" / "exim" / "exim4.conf"
        # Nobody logs in here; so whoever comes from this machine is a user.
        router = part("routers").replace("{def:authenticated_id}", "{eq{$sender_host_address}{127.0.0.1}}")
        transport = part("transports").replace(FILTER, str(self.filter)).replace("timeout = 30s", "timeout = 3s")
        text = config.read_text().replace("begin routers\n", f"begin routers\n{router}")
        config.chmod(0o644)
        config.write_text(text.replace("begin transports\n", f"begin transports\n{transport}"))
        self.network = own_network()

    def harness(self, *arguments: str) -> str:
        """Runs a command of the harness; returns its output."""
        inside = [] if arguments[0] == "install" else ["nsenter", "--target", str(self.network.pid), "--net"]
        environment = {**os.environ, "MTA_HOME": str(self.folder / "home")}
        command = [*inside, str(self.mta), *arguments]
        options = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "timeout": 300}
        done = subprocess.run(command, env=environment, **options)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def becomes(self, text: str | None, mode: int = 0o755) -> None:
        """Makes that script the filter; None: there is none."""
        self.filter.unlink(missing_ok=True)
        if text is not None:
            self.filter.write_text(text)
            self.filter.chmod(mode)

    def bounce(self, message_id: str) -> bytes:
        """What Alice is told of her message, which nobody at the other side takes."""
        found = self.harness("bounces", "exim", "--about", message_id, "--wait", str(PATIENCE)).splitlines()
        assert len(found) == 1
        return Path(found[0]).read_bytes()

    def close(self) -> None:
        """Ends all of it."""
        self.harness("down", "all")
        self.network.kill()
        self.network.wait()


@pytest.fixture(scope="module")
def exim(shared):
    if os.geteuid() != 0:
        pytest.skip("the harness of real mail servers needs root")
    folder = Path(tempfile.mkdtemp(prefix="ndrfilter-exim-", dir="/tmp"))
    folder.chmod(0o755)
    server = Exim(folder, shared / "mta")
    try:
        server.harness("install", "exim")
        server.harness("up", "sink", "exim")
        yield server
    finally:
        server.close()
        shutil.rmtree(folder)


MARKS = '#!/bin/sh\nexec sed "1i X-NDR-Token: arguments $*"\n'
LETTER = ("send", "--to", "exim", "--from", "alice@home.test", "--rcpt")


def test_what_bounces_was_marked_once_and_had_its_envelope_told(exim):
    exim.becomes(MARKS)
    raw = exim.bounce(exim.harness(*LETTER, "nosuch@remote.test", "--rcpt", "nobody@remote.test"))
    assert raw.count(b"X-NDR-Token: arguments \n") == 1
    assert raw.count(b"Action: failed") == 2
    exim.becomes('#!/bin/sh\nexec sed "1s/^Return-path: /X-Envelope: /"\n')
    assert b"X-Envelope: <alice@home.test>" in exim.bounce(exim.harness(*LETTER, "nosuch@remote.test"))


def test_mail_waits_while_the_filter_is_broken(exim, breakage):
    text, mode = breakage
    exim.becomes(text, mode)
    message_id = exim.harness(*LETTER, "nosuch@remote.test")
    log = exim.folder / "home" / "exim" / "log" / "mainlog"
    wanted = re.compile(rf"(\S+) <= alice@home\.test .*{re.escape(message_id.strip('<>'))}")
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        queued = wanted.search(log.read_text())
        if queued and f"{queued[1]} == nosuch@remote.test R=ndrstamp T=ndrstamp defer" in log.read_text():
            break
        time.sleep(0.1)
    else:
        pytest.fail("the message did not wait")
    exim.becomes(MARKS)
    assert b"X-NDR-Token: " in exim.bounce(message_id)
