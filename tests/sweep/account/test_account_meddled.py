"""What happens to a mailbox meanwhile: folders go, numbers change, room runs out, others work in it at the same time."""

from __future__ import annotations

import random
import threading
from collections import Counter

import pytest
from dovecot_server import PROGRAMS
from sweep_process import HASTE, looked_at

from ndrfilter.sweep.places import Access, open_place

pytestmark = pytest.mark.client(*PROGRAMS)


@pytest.fixture
def account(smaller):
    return smaller


GATE = (
    HASTE
    + """
import os, time
from ndrfilter.sweep import filing
def behind_gate(work):
    def works(*args):
        print("at the gate", flush=True)
        while not os.path.exists({gate!r}):
            time.sleep(0.01)
        return work(*args)
    return works
filing.file_away = behind_gate(filing.file_away)
"""
)
"""Waits before anything is moved until a file is there."""


@pytest.fixture
def gated(account, tmp_path):
    """Sweeps; what is given is done when all is looked at and nothing moved."""

    def sweep(meanwhile, where=account):
        gate = tmp_path / "gate"
        command = where.start("--move", quick=True, prelude=GATE.format(gate=str(gate)))
        command.line("at the gate")
        meanwhile()
        gate.touch()
        command.ends(0)
        return command

    return sweep


def digests(everything):
    return Counter(digest for digest, _ in everything.elements())


def only_both_have_it(account, before):
    """Nothing is lost; twice is only what both moved at the same moment, which servers do not prevent."""
    now = account.everything()
    assert not before - now
    where = account.where()
    assert not digests(now - before) - (where["Backscatter"] & where["Elsewhere"])


class TestFolders:
    def test_one_goes_while_it_is_looked_through(self, account):
        command = account.start(quick=True, prelude=HASTE)
        assert command.until(lambda: looked_at(account) > 10)
        account.server.take_away(account.user, "Work/2026", "Junk")
        everything = account.everything()
        assert command.end() == 0
        assert "Work/2026 was not looked through: " in command.said
        assert "0 fake" in command.out
        assert account.everything() == everything

    def test_one_goes_between_looking_and_moving(self, account, gated):
        everything = account.everything()
        lost = digests(everything)
        told = gated(lambda: account.server.take_away(account.user, "Work/2026"))
        there = digests(account.everything())
        assert not there - lost
        assert "not there any more" in told.said
        assert account.what("Backscatter")["backscatter"] == 12
        account.sweep("--undo")
        assert digests(account.everything()) == there

    def test_one_is_gone_when_all_comes_back(self, account):
        where = account.where()
        account.sweep("--move", quick=True)
        from_work = where["Work.2026"] - account.where()["Work.2026"]
        account.server.take_away(account.user, "Work/2026")
        everything = account.everything()
        account.sweep("--undo")
        assert account.everything() == everything
        assert account.where()["Work.2026"] == from_work
        assert account.where()["INBOX"] == where["INBOX"]

    def test_what_was_filed_away_is_deleted_by_the_person(self, account):
        account.sweep("--move", quick=True)
        filed = account.number("Backscatter")
        account.server.take_away(account.user, "Backscatter")
        everything = account.everything()
        told = account.sweep("--undo")
        assert f"{filed} messages somebody else has moved or deleted meanwhile" in told.out
        assert account.everything() == everything
        assert account.sweep("--undo").out == "There is nothing to put back."


class TestNumbers:
    """UIDVALIDITY changes: a message's number means nothing any more."""

    def test_between_looking_and_moving(self, account, gated):
        everything, where = account.everything(), account.where()
        told = gated(lambda: account.server.renew(account.user, "INBOX"))
        assert account.everything() == everything
        assert account.where()["INBOX"] == where["INBOX"]
        assert "messages left: not there any more, or under another number" in told.said
        account.sweep("--move", quick=True)
        assert account.everything() == everything
        assert account.what("Backscatter")["backscatter"] == 12
        account.sweep("--undo")
        assert account.where() == where

    @pytest.mark.parametrize("folder", ["INBOX", "Backscatter"])
    def test_between_moving_and_taking_back(self, account, folder):
        everything, where = account.everything(), account.where()
        account.sweep("--move", quick=True)
        account.server.renew(account.user, folder)
        account.sweep("--undo")
        assert account.everything() == everything
        assert account.where() == where


class TestRoom:
    def test_a_full_account_and_room_again(self, served):
        account = served(without=["MOVE"], quota=400_000)
        everything, where = account.everything(), account.where()
        ballast = account.server.deliver("alice", "Archive", b"Subject: x\n\n" + b"x\n" * 199_000)
        account.server.doveadm("quota", "recalc", "-u", "alice")
        told = account.sweep("--move", quick=True, code=2)
        assert account.where() == where | {"Archive": account.where()["Archive"]}
        assert "quota" in told.said.lower()
        ballast.unlink()
        account.server.doveadm("quota", "recalc", "-u", "alice")
        account.sweep("--move", quick=True)
        assert account.everything() == everything
        assert account.what("Backscatter")["backscatter"] == 12


class TestShared:
    def test_what_may_only_be_read_stays(self, account):
        name = account.server.share("Sales", account.user, "lr")
        account.kinds.update(dict.fromkeys(account.where()["INBOX"], "x"))
        raws = [raw for raw in account.server.mails(account.user)["INBOX"] if b"host66.spam.example" in raw]
        for raw in raws:
            account.server.deliver(account.user, name, raw)
        before = sorted(file.name for file in account.server.maildir(account.user, name).glob("cur/*"))
        told = account.sweep("--move", quick=True, code=2)
        assert "Sales" in told.said
        assert sorted(file.name for file in account.server.maildir(account.user, name).glob("cur/*")) == before
        assert account.number("Backscatter") > 12


class TestOthers:
    """Another client moves and deletes at the same time; another program moves the files below Dovecot's feet."""

    @pytest.mark.parametrize("without", [(), ("MOVE",)])
    def test_another_client(self, account, served, without):
        account = served(without=without) if without else account
        access = Access(ca_file=account.server.ca, password_file=account.server.password_file(account.user))
        everything = account.everything()
        other = open_place(account.server.place(account.user), access)
        other.make("Elsewhere")
        other.open("INBOX", write=True)
        uids = [item.uid for item in other.items()]
        random.Random(7).shuffle(uids)

        def meddle():
            for start in range(0, 30, 3):
                list(other.move(uids[start : start + 3], "Elsewhere"))

        thread = threading.Thread(target=meddle)
        command = account.start("--move", quick=True, prelude=HASTE)
        assert command.until(lambda: account.number("Backscatter") >= 1)
        thread.start()
        command.ends(0)
        thread.join()
        other.close()
        assert account.number("Elsewhere") > 10
        only_both_have_it(account, everything)
        now = account.everything()
        account.sweep("--undo")
        assert account.everything() == now
        assert account.number("Backscatter") == 0

    def test_files_below_dovecots_feet(self, account):
        everything = account.everything()
        elsewhere = account.server.make(account.user, "Elsewhere")
        inbox = account.server.maildir(account.user)
        command = account.start("--move", quick=True, prelude=HASTE)
        assert command.until(lambda: account.number("Backscatter") >= 1)
        for file in sorted(inbox.glob("cur/*"))[::2]:
            try:
                file.rename(elsewhere / "cur" / file.name)
            except FileNotFoundError:
                continue
        command.ends(0, 75)
        only_both_have_it(account, everything)
        now = account.everything()
        account.sweep("--move", quick=True)
        account.sweep("--undo")
        assert account.everything() == now
        assert account.number("Backscatter") == 0


@pytest.mark.parametrize(
    "kind",
    [
        {"without": ("MOVE", "IDLE")},
        {"without": ("SPECIAL-USE", "UIDPLUS")},
        {"prefix": "INBOX.", "separator": "."},
    ],
    ids=["no-move", "no-special-use", "prefix"],
)
def test_other_kinds_of_servers(served, kind):
    account = served(**kind)
    everything, where = account.everything(), account.where()
    told = account.sweep("--move")
    assert account.everything() == everything
    assert account.what("Backscatter")["backscatter"] == 12, told.said
    account.sweep("--undo")
    assert account.everything() == everything
    assert account.where() == where


def test_without_any_safe_way_to_move(served):
    account = served(without=("MOVE", "UIDPLUS"))
    everything, where = account.everything(), account.where()
    command = account.start("--move", quick=True)
    assert command.end() == 2
    assert "use --tag" in command.said
    assert account.where() == where
    account.sweep("--tag", quick=True)
    assert account.where() == where
    account.sweep("--undo")
    assert account.everything() == everything
