"""Killed at any moment, cut off, interrupted: nothing is lost or doubled, and the same command goes on."""

from __future__ import annotations

import random
import signal

import pytest
from alices_account import GENUINE
from dovecot_server import PROGRAMS, until
from sweep_process import HASTE, looked_at

pytestmark = pytest.mark.client(*PROGRAMS)


@pytest.fixture
def account(smaller):
    return smaller


AT_LINE = (
    HASTE
    + """
import os, signal, sys
from ndrfilter.sweep import filing
left = {line}
def at(frame, event, _):
    global left
    left -= event == "line"
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    return at
def followed(work):
    def works(*args):
        sys.settrace(lambda frame, *_: at if "ndrfilter/sweep/" in frame.f_code.co_filename else None)
        try:
            return work(*args)
        finally:
            sys.settrace(None)
    return works
filing.file_away, filing.undo, filing.tag = map(followed, (filing.file_away, filing.undo, filing.tag))
"""
)
"""Kills the command at a line of ours, counted from when it begins to change something."""


def whole(account, everything):
    """Nothing is lost, doubled or marked; Dovecot may be at the last command still."""
    until(lambda: account.everything() == everything, lambda: str(account.everything() - everything))


def killed_when(account, condition, *words):
    """The command, killed as soon as that holds; whether it was."""
    command = account.start(*words, quick="--undo" not in words, prelude=HASTE)
    command.until(condition)
    return command.end(signal.SIGKILL) == -signal.SIGKILL


def killed_at(account, line, *words):
    """The command, killed at that line; whether it was."""
    command = account.start(*words, quick="--undo" not in words, prelude=AT_LINE.format(line=line))
    code = command.end()
    assert code in (0, -signal.SIGKILL), command.said
    return code != 0


def test_while_it_looks(account):
    everything, where = account.everything(), account.where()
    for known in range(0, 25, 5):
        assert killed_when(account, lambda known=known: looked_at(account) > known)
        assert account.where() == where
    before = looked_at(account)
    rows = account.sweep("--move", "--json", quick=True, prelude=HASTE).rows()
    assert before < looked_at(account)
    assert len({tuple(row["key"].values()) for row in rows}) == len(rows)
    assert account.number("Backscatter") == sum(row["verdict"] in ("backscatter", "fake") for row in rows) > 12
    assert account.everything() == everything


def test_while_it_moves_and_takes_back(account):
    chosen = random.Random(2)
    everything, where = account.everything(), account.where()
    for deed in ("--move", "--undo"):
        kills = 0
        for _ in range(4):
            kills += killed_at(account, chosen.randrange(1, 12_000), deed)
            whole(account, everything)
            assert account.what("INBOX")[GENUINE] == 3
        assert kills >= 2
        account.sweep(deed, quick=deed == "--move")
        whole(account, everything)
        assert account.what("Backscatter")["backscatter"] == (12 if deed == "--move" else 0)
    assert account.where() == where


def test_while_it_marks(account):
    everything = account.everything()
    assert killed_at(account, 20_000, "--tag")
    assert account.everything() != everything
    assert killed_at(account, 10_000, "--undo")
    account.sweep("--undo")
    assert account.everything() == everything
    assert killed_at(account, 25_000, "--tag")
    assert "marked; --undo" in account.sweep("--tag", quick=True).said
    account.sweep("--undo")
    assert account.everything() == everything


def test_as_messages_arrive(account):
    everything, where = account.everything(), account.where()
    killed = 0
    for moved in (1, 11):
        killed += killed_when(account, lambda moved=moved: account.number("Backscatter") >= moved, "--move")
        whole(account, everything)
    account.sweep("--move", quick=True)
    for left in (14, 3):
        killed += killed_when(account, lambda left=left: account.number("Backscatter") <= left, "--undo")
        whole(account, everything)
    assert killed >= 2
    account.sweep("--undo")
    assert account.where() == where


def test_ctrl_c(account):
    everything, where = account.everything(), account.where()
    command = account.start("--move", quick=True, prelude=HASTE)
    assert command.until(lambda: looked_at(account) > 12)
    assert command.end(signal.SIGINT) == 130
    assert command.said == ""
    command = account.start("--move", quick=True, prelude=HASTE)
    assert command.until(lambda: account.number("Backscatter") >= 3)
    assert command.end(signal.SIGINT) == 130
    whole(account, everything)
    assert 0 < account.number("Backscatter") < 15
    account.sweep("--undo")
    assert account.where() == where


def test_a_second_sweep_of_the_same_mailbox_waits_for_another_day(account):
    first = account.start("--move", quick=True, prelude=HASTE)
    assert first.until(lambda: looked_at(account) > 0)
    first.process.send_signal(signal.SIGSTOP)
    second = account.start("--undo")
    assert second.end() == 75
    assert "another sweep of this mailbox is running (since 20" in second.said
    first.process.send_signal(signal.SIGCONT)
    assert first.end() == 0


class TestConnection:
    """The connection is cut in the middle, or the whole server goes away for a while."""

    @pytest.mark.parametrize("moved", [0, 2, 9])
    def test_the_server_throws_it_out(self, account, moved):
        everything = account.everything()
        command = account.start("--move", quick=True, prelude=HASTE)
        assert command.until(lambda: account.number("Backscatter") >= moved and looked_at(account) > 10)
        command.process.send_signal(signal.SIGSTOP)
        account.server.kick(account.user)
        assert command.end(signal.SIGCONT) == 0
        assert "the connection was lost" in command.said
        assert "connecting again" in command.said
        whole(account, everything)
        assert account.what("Backscatter")["backscatter"] == 12

    def test_the_server_is_down_for_a_while(self, served):
        account = served()
        everything, where = account.everything(), account.where()
        command = account.start("--move", quick=True, prelude=HASTE)
        assert command.until(lambda: account.number("Backscatter") >= 3)
        account.server.stop()
        assert command.end() == 75
        assert "localhost" in command.said
        assert "Traceback" not in command.said
        whole(account, everything)
        account.server.start()
        account.sweep("--move", quick=True)
        assert account.what("Backscatter")["backscatter"] == 12
        whole(account, everything)
        account.server.stop()
        command = account.start("--undo", prelude=HASTE)
        assert command.end() == 75
        account.server.start()
        account.sweep("--undo")
        assert account.where() == where
