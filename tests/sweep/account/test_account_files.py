"""The command on a Maildir and on mbox files; and where the system has less to offer, as on Windows."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter

import alices_account as mail
import pytest
from alices_account import ALICE, BACKSCATTER, ROOT
from dovecot_server import PROGRAMS
from local_mail import in_mbox
from sweep_process import HASTE, Command

ME = ("--me", ALICE, "--yes", "--no-dns", "--all-sent-is-there")
AS_ON_WINDOWS = """
import os, sys
for name in ("fcntl", "pwd", "grp", "resource", "termios", "syslog"):
    sys.modules[name] = None
for name in ("geteuid", "getuid", "getegid", "getgid", "getgroups", "chown", "fchown", "lchown", "fchmod", "fork",
             "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY", "O_DIRECTORY", "O_CLOEXEC", "getlogin", "statvfs", "mkfifo"):
    if hasattr(os, name):
        delattr(os, name)
os.umask(0)
opened, made = os.open, os.mkdir
def open_(path, flags, mode=0o777, **more):
    if os.path.isdir(path):
        raise PermissionError(13, "Permission denied", path)
    return opened(path, flags, 0o666, **more)
os.open, os.mkdir = open_, lambda path, mode=0o777, **more: made(path, 0o777, **more)
"""
"""No modules and calls of POSIX, no owners and modes, no folder that could be opened as a file."""


@pytest.fixture
def swept(tmp_path):
    """Runs the command on a place, with `--me` unless it is undone."""

    def run(place, *words, prelude="", code=0):
        who = () if "--undo" in words else ME
        command = Command(["sweep", str(place), *who, *words], tmp_path / "state", prelude)
        command.ends(code)
        assert "Traceback" not in command.said
        return command

    return run


@pytest.fixture(scope="module")
def messages():
    """What is in the inbox, and what in Sent."""
    sent, came = mail.lived()
    real = mail.real_bounces()
    inbox = [*came, *real["genuine"], *real["forged"], *(mail.bounce(f"spam{number}") for number in range(5))]
    return inbox, [*sent, *map(mail.as_saved, real["genuine"])]


@pytest.fixture
def maildir(tmp_path, messages):
    root = tmp_path / "Maildir"
    for folder, raws in zip((root, root / ".Sent"), messages, strict=True):
        for part in ("cur", "new", "tmp"):
            (folder / part).mkdir(parents=True)
        for number, raw in enumerate(raws):
            where = folder / "cur" / f"17000{number:05}.M{number}.host:2,{'S' * (number % 2)}"
            where.write_bytes(raw)
    return root


def mbox(path, raws, first=b"From alice@home-postfix.test Sun Nov 22 06:14:29 2026\n"):
    quoted = (b"".join(b">" * line.startswith(b"From ") + line for line in raw.splitlines(True)) for raw in raws)
    path.write_bytes(b"".join(first + raw.replace(b"\r\n", b"\n") + b"\n" for raw in quoted))
    return path


@pytest.fixture
def mboxes(tmp_path, messages):
    (tmp_path / "mail").mkdir()
    inbox, sent = messages
    mbox(tmp_path / "mail" / "Sent", sent)
    return mbox(tmp_path / "mail" / "inbox", inbox)


def files(root):
    """Every file of a Maildir with what is in it, by its folder and name."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for part in ("cur", "new")
        for path in root.rglob(f"{part}/*")
    }  # fmt: skip


@pytest.mark.parametrize("prelude", [HASTE, AS_ON_WINDOWS], ids=["here", "as-on-windows"])
def test_a_maildir(maildir, swept, prelude):
    before = files(maildir)
    verdicts = Counter(row["verdict"] for row in swept(maildir, "--json", prelude=prelude).rows())
    assert (verdicts["genuine"], verdicts[BACKSCATTER]) == (17, 5 + 8)
    assert files(maildir) == before
    assert "13 messages moved to Backscatter" in swept(maildir, "--move", prelude=prelude).out
    assert Counter(files(maildir).values()) == Counter(before.values())
    assert len([name for name in files(maildir) if "Backscatter" in name]) == 13
    swept(maildir, "--undo", prelude=prelude)
    assert files(maildir) == before


@pytest.mark.parametrize("prelude", [HASTE, AS_ON_WINDOWS], ids=["here", "as-on-windows"])
def test_an_mbox(mboxes, swept, prelude):
    there = mboxes.read_bytes()
    before = in_mbox(*mboxes.parent.iterdir())
    verdicts = Counter(row["verdict"] for row in swept(mboxes, "--json", prelude=prelude).rows())
    assert verdicts["genuine"] == 17
    assert mboxes.read_bytes() == there
    moved = verdicts[BACKSCATTER] + verdicts["fake"]
    assert moved >= 5
    assert f"{moved} messages moved to Backscatter" in swept(mboxes, "--move", prelude=prelude).out
    boxes = [path for path in mboxes.parent.iterdir() if path.name in ("inbox", "Sent", "Backscatter")]
    assert len(boxes) == 3
    assert in_mbox(*boxes) == before
    assert in_mbox(mboxes.parent / "Backscatter").total() == moved
    swept(mboxes, "--undo", prelude=prelude)
    assert in_mbox(*boxes) == before
    assert in_mbox(mboxes.parent / "Backscatter").total() == 0


def test_broken_from_lines(mboxes, swept):
    broken = mboxes.read_bytes().replace(b"As you know", b"From here on") + b"From \nFrom nobody\n\nFrom x y\n\nFrom"
    mboxes.write_bytes(broken)
    page = swept(mboxes)
    assert "17 to read" in page.out
    assert mboxes.read_bytes() == broken
    before = in_mbox(mboxes)
    swept(mboxes, "--move")
    assert in_mbox(mboxes, mboxes.parent / "Backscatter") == before
    swept(mboxes, "--undo")
    assert in_mbox(mboxes) == before


class TestNoMailbox:
    def test_a_maildir_without_cur(self, maildir, swept):
        shutil.rmtree(maildir / "cur")
        before = files(maildir)
        told = swept(maildir, "--move", code=2)
        assert "cur" in told.said
        assert files(maildir) == before

    def test_an_outlook_message(self, tmp_path, swept):
        saved = tmp_path / "Undeliverable.msg"
        saved.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 2000)
        told = swept(saved, code=2)
        assert ".eml" in told.said
        assert "Outlook" in told.said
        checked = subprocess.run(
            [sys.executable, "-m", "ndrfilter", "check", "--me", ALICE, str(saved)], cwd=ROOT, capture_output=True,
            text=True,
        )  # fmt: skip
        assert checked.returncode == 2
        assert ".eml" in checked.stderr + checked.stdout
        assert "Outlook" in checked.stderr + checked.stdout

    @pytest.mark.parametrize("name", ["nothing", "empty", "letter.eml", "picture.png", "pop3://a@b"])
    def test_anything_else(self, tmp_path, swept, name):
        (tmp_path / "empty").mkdir()
        (tmp_path / "letter.eml").write_bytes(b"Subject: x\n\nx\n")
        (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n")
        told = swept(name if "://" in name else tmp_path / name, code=2)
        assert len(told.lines) == 1
        assert "imaps://" in told.said or "no such file" in told.said


@pytest.mark.client(*PROGRAMS)
def test_imap_as_on_windows(account):
    everything = account.everything()
    rows = account.sweep("--json", prelude=AS_ON_WINDOWS).rows()
    assert Counter(row["verdict"] for row in rows)["genuine"] == 17
    assert account.everything() == everything
