"""`ndrfilter sweep` as a process where what it is told, or what it writes to, is odd: a sentence, never a traceback."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from dovecot_server import PROGRAMS, DovecotServer

from ndrfilter.sweep.imap.server import parsed

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "docs" / "demo"
CONFIG = ("-c", str(DEMO / "ndrfilter.yml"))


@pytest.fixture
def command(tmp_path):
    def run(*words, **how):
        env = {**os.environ, "NDRFILTER_STATE": str(tmp_path / "state"), "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
        line = [sys.executable, "-m", "ndrfilter", "sweep", *map(str, words)]
        how = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": ROOT} | how
        return subprocess.run(line, env=env, text=True, timeout=120, **how)

    return run


@pytest.fixture
def mails():
    names = [line.split("\t")[0] for line in (DEMO / "expected.tsv").read_text().splitlines()[1:]]
    return [(DEMO / "mail" / name).read_bytes() for name in names]


@pytest.fixture
def place(mail, mails):
    mail.put(*mails)
    return mail.path


@pytest.mark.parametrize("name", [".", "/", ""])
def test_a_page_without_a_name_is_told_so(command, place, name):
    done = command(place, *CONFIG, "--html", name)
    assert done.returncode == 2
    assert "cannot write" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_empty_place_is_not_the_current_folder(command, place):
    done = command("", *CONFIG, cwd=place)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ndrfilter: no mailbox is named")


def test_rows_for_a_closed_standard_output(command, place):
    done = command(place, *CONFIG, "--json", stdout=None, preexec_fn=lambda: os.close(1))
    assert (done.returncode, done.stderr) == (75, "ndrfilter: standard output is closed\n")


def test_what_was_filed_elsewhere_before_is_left_there_and_comes_back(command, place):
    for into in ("First", "Second"):
        assert command(place, *CONFIG, "--move", "--into", into).returncode == 0
    assert "4 messages are back where they were.\n" in command(place, "--undo").stdout
    assert len(list((place / "cur").iterdir())) == 12


def test_where_nothing_can_be_filed_the_answer_is_given_all_the_same(command, place):
    (place / ".Backscatter").write_text("in the way")
    done = command(place, *CONFIG, "--move")
    assert done.returncode == 2
    assert "12 messages looked at: 3 not yours" in done.stdout
    assert "Traceback" not in done.stderr
    assert len(list((place / "cur").iterdir())) == 12


def test_a_question_that_gets_no_answer(command, place):
    ours, theirs = pty.openpty()
    os.write(ours, b"\4")
    with os.fdopen(ours, "rb"), os.fdopen(theirs, "rb"):
        done = command(place, "--no-dns", stdin=theirs, stdout=theirs)
    assert done.returncode == 2
    assert done.stderr.endswith("that question wants an answer; or answer it by an option, see --help\n")


def test_a_server_is_the_same_however_its_name_is_written():
    assert parsed("imaps://You@IMAP.Example.COM").name == "imaps://You@imap.example.com"


@pytest.mark.client(*PROGRAMS)
@pytest.mark.parametrize("into", ["Backscatter", "Junk/Backscatter", "INBOX.Backscatter"])
def test_the_folder_that_is_filed_into_is_known_again_below_a_prefix(command, tmp_path, mails, into):
    with DovecotServer(tmp_path / "dovecot", prefix="INBOX.", separator=".") as server:
        for raw in mails:
            server.deliver("alice", "INBOX", raw)
        access = ("--ca-file", server.ca, "--password-file", server.password_file())
        looked = []
        for _ in range(2):
            done = command(server.place(), *access, *CONFIG, "--move", "--into", into)
            assert done.returncode == 0, done.stderr
            looked.append(done.stdout.split(" messages looked at")[0].rpartition("\n")[2])
        assert looked == ["12", "8"]
