"""The recipes' tests: code blocks cut out of the pages, delivery agents set up from them, broken filters."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "recipes"
DSNS = ROOT / "tests" / "cases" / "dsn"
DOCUMENTED = "/opt/ndrfilter/bin/ndrfilter"
DEADLINE = re.compile(r"timeout -k \d+ \d+ ")
PATIENCE = 120  # seconds
BLOCK = re.compile(r"^```(?:\w+) (?P<file>[^\n]+)\n(?P<text>.*?)^```$", re.M | re.S)


def blocks(page: str) -> dict[str, str]:
    """The code blocks of a page that name a file, by that name."""
    return {match["file"]: match["text"] for match in BLOCK.finditer((PAGES / page).read_text(encoding="utf-8"))}


def adapted(page: str, file: str, program: Path, deadline: int = PATIENCE) -> str:
    """The page's text for that file, with our program in it, and deadlines that a busy machine keeps."""
    text = DEADLINE.sub(f"timeout -k 1 {deadline} ", blocks(page)[file])
    return text.replace("exec_timeout = 30s", f"exec_timeout = {deadline + 10}s").replace(DOCUMENTED, str(program))


@pytest.fixture(scope="session")
def recipe() -> Callable[..., str]:
    """`adapted`, for tests."""
    return adapted


def run(command: list[str], raw: bytes, home: Path) -> subprocess.CompletedProcess[bytes]:
    """A delivery agent with one message, in an environment as bare as a mail server's."""
    environment = {"HOME": str(home), "PATH": "/usr/bin:/bin", "USER": "alice", "LOGNAME": "alice", "SHELL": "/bin/sh"}
    return subprocess.run(command, input=raw, env=environment, capture_output=True, cwd=home, timeout=2 * PATIENCE)


def maildir(path: Path) -> list[bytes]:
    """The messages in a Maildir."""
    return [file.read_bytes() for part in ("new", "cur") for file in sorted((path / part).glob("*"))]


def boxes(root: Path) -> dict[str, list[bytes]]:
    """The messages of a Maildir++ by folder, INBOX first; empty folders are left out."""
    found = {"INBOX": maildir(root)} | {
        path.name[1:]: maildir(path) for path in sorted(root.glob(".*")) if path.is_dir()
    }
    return {name: mails for name, mails in found.items() if mails}


DOVECOT = """
base_dir = {home}/run
state_dir = {home}/run
log_path = {home}/log
mail_location = maildir:{mail}
postmaster_address = postmaster@home-postfix.test
protocol lda {{
  mail_plugins = sieve
}}
plugin {{
  sieve = file:{rules}
}}
"""


@pytest.fixture(scope="session")
def delivery() -> SimpleNamespace:
    """The blocks of a page, and what runs a delivery agent and looks into its mailboxes."""
    return SimpleNamespace(blocks=blocks, run=run, boxes=boxes, dovecot=DOVECOT)


class Agent:
    """A local delivery agent, set up from its page in a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.mail = home / "Maildir"

    def deliver(self, raw: bytes, program: Path, deadline: int = PATIENCE) -> dict[str, list[bytes]]:
        """Delivers one message with `program` as ndrfilter; returns every message there is then, by folder."""
        raise NotImplementedError


class Procmail(Agent):
    def deliver(self, raw: bytes, program: Path, deadline: int = PATIENCE) -> dict[str, list[bytes]]:
        rc = self.home / "procmailrc"
        rc.write_text(f"HOME={self.home}\n" + adapted("procmail.md", "~/.procmailrc", program, deadline))
        rc.chmod(0o600)
        self.mail.mkdir(exist_ok=True)
        done = run(["procmail", str(rc)], raw, self.home)
        assert done.returncode == 0, done.stderr
        return boxes(self.mail)


class Maildrop(Agent):
    def deliver(self, raw: bytes, program: Path, deadline: int = PATIENCE) -> dict[str, list[bytes]]:
        rc = self.home / "mailfilter"
        rc.write_text(f'HOME="{self.home}"\n' + adapted("maildrop.md", "~/.mailfilter", program, deadline))
        rc.chmod(0o600)
        for folder in ("", ".Backscatter", ".Bounces"):
            for part in ("new", "cur", "tmp"):
                (self.mail / folder / part).mkdir(parents=True, exist_ok=True)
        done = run(["maildrop", str(rc)], raw, self.home)
        assert done.returncode == 0, done.stderr
        return boxes(self.mail)


class Dovecot(Agent):
    scriptless = False

    def deliver(self, raw: bytes, program: Path, deadline: int = PATIENCE) -> dict[str, list[bytes]]:
        programs = self.home / "sieve-filter"
        if not self.scriptless:
            script(
                programs / "ndrfilter", adapted("sieve.md", "/etc/dovecot/sieve-filter/ndrfilter", program, deadline)
            )
        settings = adapted("sieve.md", "/etc/dovecot/conf.d/90-ndrfilter.conf", program, deadline)
        return self.sieve(raw, "ndrfilter.sieve", settings.replace("/etc/dovecot/sieve-filter", str(programs)))

    def sieve(self, raw: bytes, name: str, settings: str) -> dict[str, list[bytes]]:
        """Delivers with the page's Sieve script of that name and these settings."""
        rules = self.home / "test.sieve"
        rules.write_text(blocks("sieve.md")[name])
        config = self.home / "dovecot.conf"
        config.write_text(DOVECOT.format(home=self.home, mail=self.mail, rules=rules) + settings)
        # To root, dovecot-lda delivers by way of a running Dovecot only; so it sees itself as somebody else.
        somebody = ["unshare", "--user", "--map-user=1000", "--map-group=1000"] if os.geteuid() == 0 else []
        done = run([*somebody, "/usr/lib/dovecot/dovecot-lda", "-c", str(config)], raw, self.home)
        assert done.returncode == 0, done.stderr + (self.home / "log").read_bytes()
        return boxes(self.mail)


AGENTS: dict[str, type[Agent]] = {"procmail": Procmail, "maildrop": Maildrop, "dovecot-lda": Dovecot}


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.client(name)) for name in AGENTS])
def agent(request: pytest.FixtureRequest, tmp_path: Path) -> Agent:
    """Each delivery agent of the recipes in turn."""
    home = tmp_path / "home"
    home.mkdir()
    return AGENTS[request.param](home)


@pytest.fixture
def dovecot(tmp_path: Path) -> Dovecot:
    """Dovecot's delivery agent alone."""
    home = tmp_path / "home"
    home.mkdir()
    return Dovecot(home)


def script(path: Path, text: str, mode: int = 0o755) -> Path:
    """An executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real ndrfilter, protecting the site of the demonstration."""
    folder = tmp_path_factory.mktemp("program")
    site = ROOT / "docs" / "demo" / "ndrfilter.yml"
    command = f'{sys.executable}" -m "ndrfilter'
    return script(
        folder / "ndrfilter",
        f'#!/bin/sh\nPYTHONPATH="{ROOT}" NDRFILTER_CONFIG="{site}" exec "{command}" "$@" --max-seconds 0\n',
    )


BREAKAGES = {
    "missing": None,
    "not-executable": "exit 0\n",
    "broken-venv": "#!/nonexistent/venv/bin/python\n",
    "exec-fails": "#!/bin/sh\nexec /nonexistent/venv/bin/python -m ndrfilter\n",
    "temporary": "#!/bin/sh\ncat >/dev/null\nexit 75\n",
    "half-then-1": "#!/bin/sh\nhead -c 200\nexit 1\n",
    "half-then-killed": "#!/bin/sh\nhead -c 200\nkill -9 $$\n",
    "reads-nothing": "#!/bin/sh\nexit 3\n",
    "all-then-fails": "#!/bin/sh\ncat\nexit 70\n",
    "hangs": "#!/bin/sh\nhead -c 200\nexec sleep 600\n",
}


@pytest.fixture(params=BREAKAGES)
def breakage(request: pytest.FixtureRequest) -> tuple[str | None, int]:
    """A filter broken in each of the ways that happen: its text (None: there is no such file) and its mode."""
    return BREAKAGES[request.param], 0o644 if request.param == "not-executable" else 0o755


@pytest.fixture
def broken(breakage: tuple[str | None, int], tmp_path: Path) -> Path:
    """A broken filter, as a file."""
    path = tmp_path / "broken"
    text, mode = breakage
    return path if text is None else script(path, text, mode)
