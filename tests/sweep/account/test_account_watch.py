"""`--watch`: what comes in is told and filed away as it comes, through lost connections too."""

from __future__ import annotations

import signal
import time

import pytest
from alices_account import ALICE, bounce, hers
from alices_mail import written
from dovecot_server import PROGRAMS, until
from sweep_process import HASTE, Command

pytestmark = pytest.mark.client(*PROGRAMS)

DURING_A_LOOK = (
    HASTE
    + """
import os
from ndrfilter.sweep import run
def then_waits(work):
    def works(*args, **more):
        found = work(*args, **more)
        if more.get("tell"):
            print("at the gate", flush=True)
            while not os.path.exists({gate!r}):
                time.sleep(0.01)
        return found
    return works
import time
run.sweep = then_waits(run.sweep)
"""
)


@pytest.fixture
def watched(account):
    """Watches an account at which everything is done already."""

    def start(*words, prelude=HASTE, at=account):
        command = at.start("--move", "--watch", *words, prelude=prelude)
        command.line("; Ctrl-C ends it")
        return command

    return start


@pytest.mark.parametrize("without", [(), ("IDLE",)], ids=["idle", "polling"])
def test_what_comes_in_is_filed_away(account, served, watched, without):
    account = served(without=without) if without else account
    command = watched(at=account)
    before = account.number("Backscatter")
    account.deliver("backscatter", bounce("new-spam"))
    command.line("^BACKSCATTER .*new|^BACKSCATTER .*bob@else.example")
    command.line("1 message moved to Backscatter")
    until(lambda: account.number("Backscatter") == before + 1)
    everything = account.everything()
    account.deliver("ordinary", b"From: bob@else.example\nTo: " + ALICE.encode() + b"\nSubject: Lunch?\n\nToday?\n")
    assert command.end(signal.SIGINT) == 130
    assert "Lunch" not in command.said
    assert "Traceback" not in command.said
    assert not everything - account.everything()


def test_who_writes_and_gets_a_bounce_a_moment_later(account, watched):
    command = watched()
    account.deliver("ordinary", hers(written("just-now", 0.001)), folder="Sent", flags="S")
    account.deliver("genuine", bounce("just-now", 0.0005))
    command.line("^GENUINE ")
    account.deliver("backscatter", bounce("more-spam"))
    command.line("^BACKSCATTER ")
    command.line("1 message moved")
    assert command.end(signal.SIGINT) == 130
    assert account.what("INBOX")["genuine"] == 10


def test_the_server_comes_again(served, watched):
    account = served()
    command = watched(at=account)
    account.server.stop()
    command.line("; again in ")
    account.deliver("backscatter", bounce("while-it-was-down"))
    account.server.start()
    command.line("^BACKSCATTER ")
    command.line("1 message moved")
    account.server.kick("alice")
    command.line("; again in ")
    account.server.renew("alice", "INBOX")
    account.deliver("backscatter", bounce("after-the-kick"))
    command.line("^BACKSCATTER ")
    assert command.process.poll() is None
    assert command.end(signal.SIGINT) == 130


def test_what_comes_during_a_look_is_not_forgotten(account, watched, tmp_path):
    gate = tmp_path / "gate"
    command = watched(prelude=DURING_A_LOOK.format(gate=str(gate)))
    account.deliver("backscatter", bounce("first"))
    command.line("at the gate")
    account.deliver("backscatter", bounce("second"))
    time.sleep(2.1)  # what changed just before is looked at once more anyhow
    gate.touch()
    command.line("1 message moved")
    command.line("^BACKSCATTER ")
    command.line("1 message moved")
    assert command.end(signal.SIGINT) == 130


@pytest.mark.parametrize("gated", [False, True])
def test_a_maildir(account, tmp_path, gated):
    box = account.server.maildir(account.user)
    state = tmp_path / "state"
    gate = tmp_path / "gate"
    prelude = DURING_A_LOOK.format(gate=str(gate)) if gated else HASTE
    words = ["sweep", str(box), "--me", ALICE, "--yes", "--no-dns", "--all-sent-is-there", "--move", "--watch"]
    command = Command(words, state, prelude)
    try:
        command.line("; Ctrl-C ends it")
        before = account.number("Backscatter")
        account.deliver("backscatter", bounce("in-a-file"))
        if gated:
            command.line("at the gate")
            account.deliver("backscatter", bounce("second"))
            time.sleep(2.1)
            gate.touch()
        until(lambda: account.number("Backscatter") == before + 1 + gated, lambda: command.said)
        assert command.end(signal.SIGINT) == 130
    finally:
        command.process.kill()
