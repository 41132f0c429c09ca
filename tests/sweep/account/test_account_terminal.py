"""The questions, as a person at a terminal is asked them; and what a pipe gets instead."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest
from alices_account import ALICE, ROOT
from dovecot_server import PROGRAMS
from sweep_process import HASTE, PATIENCE, THE_COMMAND

pytestmark = pytest.mark.client(*PROGRAMS)

AT_ONCE = HASTE + "import ndrfilter.doors.progress; ndrfilter.doors.progress._SECONDS = 0.0\n"
ON_A_TERMINAL = AT_ONCE + "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"


class Terminal:
    """The command at a terminal of its own; `seen` is all that was to be seen there."""

    def __init__(self, account, *words):
        place = account.server.place(account.user)
        command = [sys.executable, "-c", ON_A_TERMINAL + THE_COMMAND, "sweep", place, "--no-dns", *words]
        env = {**os.environ, "NDRFILTER_STATE": str(account.state), "LC_ALL": "C.UTF-8", "TERM": "xterm"}
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [*command, "--ca-file", str(account.server.ca)], cwd=ROOT, env=env | {"COLUMNS": "100", "LINES": "40"},
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        )  # fmt: skip
        os.close(slave)
        self.seen = ""
        self._read = 0

    def expect(self, text):
        """Waits until that is to be seen behind what was expected before."""
        end = time.monotonic() + PATIENCE
        while text not in self.seen[self._read :]:
            assert self._more(end - time.monotonic()), f"no {text!r} in:\n{self.seen}"
        self._read = self.seen.index(text, self._read) + len(text)

    def _more(self, seconds):
        if not select.select([self.master], [], [], max(0.0, seconds))[0]:
            return False
        try:
            self.seen += os.read(self.master, 65536).decode(errors="replace")
        except OSError:  # nobody has the terminal any more
            return False
        return True

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self, key=""):
        """The exit code; `key` is pressed until it ends: one that comes just before Python reads is lost to it."""
        while key and self.process.poll() is None:
            self.type(key)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(5.0)
        while self._more(PATIENCE):
            pass
        return self.process.wait(PATIENCE)


@pytest.fixture
def terminal(account):
    started = []

    def start(*words):
        started.append(Terminal(account, *words))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()
        os.close(one.master)


def log_in(terminal, account, *words):
    screen = terminal(*words)
    screen.expect(f"Password of {account.user} at localhost: ")
    screen.type(account.server.password + "\n")
    return screen


def test_the_first_time_and_the_second(account, terminal):
    everything = account.everything()
    screen = log_in(terminal, account)
    screen.expect("Your address? ")
    screen.type(ALICE + "\n")
    screen.expect(f"Your addresses: {ALICE}.")
    screen.expect("Your mail leaves through mail.home-postfix.test (in 6 messages to yourself).")
    screen.expect("Is this right? [Y/n] ")
    screen.type("\n")
    screen.expect("keep what it sends in that Sent folder? [y/N] ")
    screen.type("yes\n")
    screen.expect("messages looked at: 20 not yours")
    assert screen.end() == 0
    assert account.server.password not in screen.seen
    assert re.search(r"\d+ messages, [\d,]+/s  (INBOX|Sent)", screen.seen), "a bar with a rate and the folder's name"
    screen = log_in(terminal, account, "--move")
    screen.expect("21 messages moved to Backscatter")
    assert screen.end() == 0
    assert "?" not in screen.seen.split("messages looked at")[0].replace("\x1b[?25", "")
    assert account.everything() == everything


def test_nothing_of_the_bar_gets_into_a_pipe(account):
    command = account.start("--json", prelude=AT_ONCE)
    assert command.end() == 0
    assert len(command.rows()) > 30
    assert "\x1b" not in command.said
    assert "/s " not in command.said


def test_no_that_is_not_right(account, terminal):
    everything, where = account.everything(), account.where()
    screen = log_in(terminal, account, "--me", ALICE, "--move")
    screen.expect("Is this right? [Y/n] ")
    screen.type("n\n")
    assert screen.end() == 2
    assert "profile.yml" in screen.seen
    assert account.everything() == everything
    assert account.where() == where
    profile = next(account.state.rglob("profile.yml"))
    profile.write_text(profile.read_text().replace("confirmed:", "confirmed: 2026-11-22"))
    screen = log_in(terminal, account)
    screen.expect("messages looked at: 0 not yours")
    assert screen.end() == 0


@pytest.mark.parametrize(("key", "code"), [("\x03", 130), ("\x04", 2)], ids=["Ctrl-C", "Ctrl-D"])
def test_who_does_not_want_to_answer(account, terminal, key, code):
    screen = log_in(terminal, account)
    screen.expect("Your address? ")
    assert screen.end(key) == code
    screen = terminal()
    screen.expect("at localhost: ")
    assert screen.end(key) == code
    assert "Traceback" not in screen.seen


def test_a_wrong_password(account, terminal):
    screen = terminal()
    screen.expect("at localhost: ")
    screen.type("sesame\n")
    assert screen.end() == 2
    assert "does not take this name and password" in screen.seen
    assert "sesame" not in screen.seen
