"""A real Postfix, set up from its page: mail comes out marked; whatever breaks, none bounces, is lost or doubled."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from importlib.util import find_spec
from pathlib import Path

import pytest
from own_network import own_network

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ("lark", "dns", "pluggy", "yaml", "_yaml", "re2", "rich", "pygments", "markdown_it", "mdurl")
PATIENCE = 60  # seconds; Postfix tries again every five
USER = "vmail"
SCRIPT = "/usr/local/libexec/ndrfilter-pipe"

pytestmark = [pytest.mark.shared("mta"), pytest.mark.client("unshare", "nsenter", "ip")]


def open_to_all(path: Path) -> bool:
    """Whether every user may pass through to `path`."""
    return all(folder.stat().st_mode & 0o001 for folder in path.resolve().parents)


def copied(folder: Path) -> None:
    """Copies us and the libraries that we use into `folder`, for a Python that has none of them."""
    for part in ("ndrfilter", "rules", "rulesets", "plugins"):
        shutil.copytree(ROOT / part, folder / part)
    for name in LIBRARIES:
        found = find_spec(name)
        if found and found.origin:
            shutil.copytree(Path(found.origin).parent, folder / name)


def version_of(python: str) -> str:
    """The version of a Python, as "3.11"; empty if it does not run."""
    program = "import sys; print('%d.%d' % sys.version_info[:2], end='')"
    return subprocess.run([python, "-c", program], capture_output=True, text=True).stdout


class Postfix:
    """The harness' Postfix in a network of its own, with the page's content filter in place of the harness'."""

    def __init__(self, folder: Path, harness: Path) -> None:
        self.folder = folder
        self.mta = shutil.copytree(harness, folder / "mta", ignore=shutil.ignore_patterns("dsn")) / "mta"
        self.filter = folder / "ndrfilter"
        self.pipe = folder / "ndrfilter-pipe"
        self.spool = folder / "spool"
        self.spool.mkdir()
        self.spool.chmod(0o1777)
        self.network = own_network()

    def script(self, text: str) -> None:
        """Writes the page's script, with our folder to work in."""
        self.pipe.write_text(text.replace("/var/spool/ndrfilter", str(self.spool)))
        self.pipe.chmod(0o755)

    def configure(self, service: str, option: str) -> None:
        """Writes the page's lines for master.cf, with our paths and a user that the harness has."""
        master = self.mta.parent / "etc" / "postfix" / "master.cf"
        service = service.replace(SCRIPT, str(self.pipe)).replace("user=ndrfilter", f"user={USER}")
        master.chmod(0o644)
        master.write_text(master.read_text().replace("@SMTPD_OPTIONS@", "\n" + option.rstrip("\n")) + service)

    def harness(self, *arguments: str) -> str:
        """Runs a command of the harness; returns its output."""
        inside = [] if arguments[0] == "install" else ["nsenter", "--target", str(self.network.pid), "--net"]
        command = [*inside, str(self.mta), *arguments]
        environment = {**os.environ, "MTA_HOME": str(self.folder / "home")}
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def becomes(self, text: str, mode: int = 0o755) -> None:
        """Makes that script the filter."""
        fresh = self.folder / "fresh"
        fresh.write_text(text)
        fresh.chmod(mode)
        fresh.replace(self.filter)

    def send(
        self, raw: bytes, sender: str = "alice@home.test", recipients: tuple[str, ...] = ("postmaster@home.test",)
    ) -> str:
        """Sends that message with a mark of its own; returns the mark."""
        mark = uuid.uuid4().hex
        file = self.folder / "message"
        file.write_bytes(b"X-Mark: " + mark.encode() + b"\n" + raw)
        to = [word for address in recipients for word in ("--rcpt", address)]
        self.harness("send", "--to", "postfix", "--from", sender, *to, "--file", str(file))
        return mark

    def mailbox(self, user: str, mark: str) -> list[bytes]:
        """The messages in a mailbox that have the mark."""
        files = (self.folder / "home" / "postfix" / "mail" / user / "new").glob("*")
        return [raw for raw in (file.read_bytes() for file in files) if mark.encode() in raw]

    def settled(self, mark: str) -> list[bytes]:
        """The postmaster's copies, once the queue is empty; fails if Alice got a bounce."""
        spool = self.folder / "home" / "postfix" / "spool"
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            waiting = [
                path
                for name in ("incoming", "active", "deferred", "maildrop")
                for path in (spool / name).rglob("*")
                if path.is_file()
            ]
            if not waiting and self.mailbox("postmaster", mark):
                break
            time.sleep(0.1)
        assert [raw for raw in self.mailbox("alice", mark) if b"Action: failed" in raw] == []
        return self.mailbox("postmaster", mark)

    def close(self) -> None:
        """Stops everything."""
        self.harness("down", "all")
        self.network.kill()
        self.network.wait()


@pytest.fixture(scope="module")
def postfix(shared, recipe):
    """Postfix as the page has it."""
    if os.geteuid() != 0:
        pytest.skip("the harness of real mail servers needs root")
    folder = Path(tempfile.mkdtemp(prefix="ndrfilter-postfix-", dir="/tmp"))
    folder.chmod(0o755)
    server = Postfix(folder, shared / "mta")
    page = "postfix-pipe.md"
    server.configure(*(recipe(page, file, server.filter) for file in ("/etc/postfix/master.cf", "smtpd option")))
    server.script(recipe(page, SCRIPT, server.filter))
    try:
        server.harness("install", "postfix")
        server.harness("up", "postfix")
        yield server
    finally:
        server.close()
        shutil.rmtree(folder)


LETTER = (ROOT / "docs" / "demo" / "mail" / "11-letter.eml").read_bytes()


@pytest.fixture(scope="module")
def program_for_all(postfix):
    """ndrfilter as an unprivileged user can run it: ours, or a copy for the system's Python where ours is private."""
    folder = postfix.folder / "program"
    folder.mkdir()
    site = shutil.copy(ROOT / "docs" / "demo" / "ndrfilter.yml", postfix.folder)
    python, path = sys.executable, ROOT
    if not all(open_to_all(place) for place in (Path(sys.executable), Path(sys.prefix) / "lib", ROOT / "ndrfilter")):
        python, path = "/usr/bin/python3", folder
        if version_of(python) != version_of(sys.executable):
            pytest.skip(f"Postfix' user can read neither {sys.executable} nor a {python} of the same version")
        copied(folder)
    return f'PYTHONPATH="{path}" NDRFILTER_CONFIG="{site}" exec "{python}" -m ndrfilter "$@" --max-seconds 0'


@pytest.mark.parametrize(
    ("file", "verdict"),
    [("forged-sendmail-full.eml", b"backscatter"), ("genuine-postfix-full.eml", b"genuine")],
)
def test_mail_comes_out_marked(postfix, program_for_all, file, verdict):
    postfix.becomes(f"#!/bin/sh\n{program_for_all}\n")
    (mail,) = postfix.settled(postfix.send((ROOT / "tests" / "cases" / "dsn" / file).read_bytes(), "<>"))
    assert b"X-NDR-Status: " + verdict + b";" in mail


def test_a_broken_filter_passes_mail_unmarked(postfix, recipe, breakage):
    text, mode = breakage
    postfix.script(recipe("postfix-pipe.md", SCRIPT, postfix.filter, 2))
    if text is None:
        postfix.filter.unlink(missing_ok=True)
    else:
        postfix.becomes(text, mode)
    (mail,) = postfix.settled(postfix.send(LETTER))
    assert b"X-NDR-" not in mail
    assert LETTER.split(b"\n\n", 1)[1] in mail


@pytest.mark.parametrize("fault", ["missing", "not executable", "killed", "hand-back fails"])
def test_mail_waits_while_the_script_is_broken(postfix, fault):
    postfix.becomes("#!/bin/sh\ncat\n")
    good = postfix.pipe.read_text()
    bad = {
        "killed": "#!/bin/sh\nkill -9 $$\n",
        "hand-back fails": good.replace("/usr/sbin/sendmail", "/nonexistent/sendmail"),
    }
    if fault == "missing":
        postfix.pipe.unlink()
    else:
        postfix.pipe.write_text(bad.get(fault, good))
        postfix.pipe.chmod(0o644 if fault == "not executable" else 0o755)
    mark = postfix.send(LETTER)
    deferred = postfix.folder / "home" / "postfix" / "spool" / "deferred"
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and not any(path.is_file() for path in deferred.rglob("*")):
        time.sleep(0.1)
    assert postfix.mailbox("postmaster", mark) == []
    postfix.pipe.write_text(good)
    postfix.pipe.chmod(0o755)
    assert len(postfix.settled(mark)) == 1


def test_the_null_sender_and_many_recipients_come_through(postfix):
    postfix.becomes("#!/bin/sh\ncat\n")
    mark = postfix.send(LETTER, "<>", ("alice@home.test", "postmaster@home.test"))
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and not (postfix.mailbox("alice", mark) and postfix.mailbox("postmaster", mark)):
        time.sleep(0.1)
    (mail,) = postfix.mailbox("alice", mark)
    assert b"Return-Path: <>" in mail
    assert len(postfix.mailbox("postmaster", mark)) == 1
