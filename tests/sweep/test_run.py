"""A look through a mailbox: what is looked at and what is not, how often, and what an interruption costs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from directory_mailbox import DirectoryMailbox, Quiet

from ndrfilter import limits
from ndrfilter.sweep.ledger import Ledger
from ndrfilter.sweep.mailbox import BusyError, CutOffError, GoneError, PlaceError
from ndrfilter.sweep.nouns import ALL, Head
from ndrfilter.sweep.run import sweep

ROOT = Path(__file__).resolve().parents[2]


class Counting(Quiet):
    """What a bar would show."""

    def __init__(self) -> None:
        self.done = 0
        self.totals: list[int] = []
        self.names: list[str] = []

    def start(self, total: int) -> None:
        self.totals.append(total)

    def advance(self, number: int) -> None:
        self.done += number

    def folder(self, name: str) -> None:
        self.names.append(name)


class Breaking(DirectoryMailbox):
    """One whose connection is lost at the nth message that is asked for."""

    patience = 1_000_000

    def raws(self, uids, limit):
        for one in super().raws(uids, limit):
            if self.patience == 0:
                raise CutOffError("the connection was lost")
            self.patience -= 1
            yield one


def letters(number: int, start: int = 0) -> list[bytes]:
    return [
        b"From: Writer %d <w%d@example.net>\nSubject: letter %d\n\nhello\n" % (n % 7, n % 7, n)
        for n in range(start, start + number)
    ]


def test_every_message_gets_the_verdict_it_should_have(mailbox, ledger, demo_judge, demo_mail):
    bar = Counting()
    receipt = sweep(mailbox, (), demo_judge, ledger, bar)
    expected = Counter({verdict: len(mails) for verdict, mails in demo_mail.items()})
    expected += Counter({verdict: len(demo_mail[verdict]) for verdict in ("backscatter", "genuine", "not-a-bounce")})
    assert Counter(ledger.counts()) == expected
    assert receipt.folders == (("INBOX", 12), ("Work", 8))
    assert (receipt.looked_at, receipt.judged, receipt.remarks) == (20, 20, ())
    assert (bar.totals, bar.done, bar.names) == ([12, 8], 20, ["INBOX", "Work"])
    assert len(list(ledger.rows())) == 20 - expected["not-a-bounce"]
    assert {row.key.folder for row in ledger.rows()} == {"INBOX", "Work"}


def test_whoever_wants_to_know_is_told_of_each_row(mailbox, ledger, demo_judge):
    told = []
    sweep(mailbox, (), demo_judge, ledger, Quiet(), tell=told.append)
    assert {row.key for row in told} == {row.key for row in ledger.rows()}
    assert len(told) == 18


def test_a_header_is_enough_for_ordinary_mail(mailbox, ledger, demo_judge):
    mailbox.fill("INBOX", letters(300))
    sweep(mailbox, (), demo_judge, ledger, Quiet())
    assert mailbox.raws_asked == 20 - 2
    assert list(ledger.book.all())[-7:] == [(f"w{n}@example.net", 0, 43 if n < 6 else 42) for n in range(7)]


def test_whole_messages_are_judged_as_they_come(tmp_path, ledger, demo_judge, demo_mail):
    box = DirectoryMailbox(tmp_path / "whole", whole=True)
    box.fill("INBOX", [raw for mails in demo_mail.values() for raw in mails])
    sweep(box, (), demo_judge, ledger, Quiet())
    assert Counter(ledger.counts()) == {verdict: len(mails) for verdict, mails in demo_mail.items()}


def test_folders_that_hold_nothing_returned_are_looked_into_only_if_named(mailbox, ledger, demo_judge):
    assert sweep(mailbox, (), demo_judge, ledger, Quiet(), skip=("Work",)).folders == (("INBOX", 12),)
    named = sweep(mailbox, ("Trash", "Work", "Trash"), demo_judge, ledger, Quiet(), skip=("Work",))
    assert named.folders == (("Trash", 3), ("Work", 8))


def test_mail_that_is_shown_twice_is_looked_at_once(mailbox, ledger, demo_judge, monkeypatch):
    monkeypatch.setitem(sys.modules["directory_mailbox"].ROLES, "Work", ALL)
    assert [name for name, _ in sweep(mailbox, (), demo_judge, ledger, Quiet()).folders] == ["INBOX"]


def test_a_named_folder_that_is_not_there_is_an_error(mailbox, ledger, demo_judge):
    with pytest.raises(GoneError, match="no folder Wrok; there are INBOX, Sent"):
        sweep(mailbox, ("Wrok",), demo_judge, ledger, Quiet())
    assert ledger.counts() == {}


def test_a_folder_that_goes_meanwhile_is_remarked_upon(mailbox, ledger, demo_judge):
    class Removing(Counting):
        def folder(self, name: str) -> None:
            if name == "INBOX":
                (mailbox.root / "Work").rename(mailbox.root.parent / "gone")

    receipt = sweep(mailbox, (), demo_judge, ledger, Removing())
    assert receipt.folders == (("INBOX", 12),)
    assert receipt.remarks == ("Work was not looked through: there is no folder Work",)


class Shut(DirectoryMailbox):
    """One of its folders cannot be opened."""

    def open(self, name, *, write=False):
        if name == self.shut:
            raise self.error(f"{name}: not for you")
        return super().open(name, write=write)


@pytest.mark.parametrize("error", [PlaceError, BusyError])
@pytest.mark.parametrize(("shut", "named"), [("INBOX", ()), ("Work", ("Work",))])
def test_nobody_is_told_that_nothing_came_back_where_nothing_could_be_read(
    mailbox, ledger, demo_judge, shut, named, error
):
    mailbox.__class__, mailbox.shut, mailbox.error = Shut, shut, error
    with pytest.raises(error, match=f"{shut}: not for you"):
        sweep(mailbox, named, demo_judge, ledger, Quiet())


@pytest.mark.parametrize("error", [PlaceError, BusyError])
def test_a_folder_that_cannot_be_used_keeps_nobody_from_the_others(mailbox, ledger, demo_judge, error):
    mailbox.__class__, mailbox.shut, mailbox.error = Shut, "Work", error
    receipt = sweep(mailbox, (), demo_judge, ledger, Quiet())
    assert receipt.folders == (("INBOX", 12),)
    assert receipt.remarks == ("Work was not looked through: Work: not for you",)


def test_a_message_that_goes_meanwhile_is_passed_over(mailbox, ledger, demo_judge, monkeypatch):
    heads = DirectoryMailbox.heads

    def losing(self, uids):
        for head in heads(self, uids):
            (self._open / head.uid).unlink()
            yield head

    monkeypatch.setattr(DirectoryMailbox, "heads", losing)
    sweep(mailbox, ("INBOX",), demo_judge, ledger, Quiet())
    assert ledger.counts() == {"not-a-bounce": 1}


def test_what_comes_meanwhile_is_for_the_next_run(mailbox, ledger, demo_judge):
    class Delivering(Counting):
        def advance(self, number: int) -> None:
            super().advance(number)
            mailbox.fill("INBOX", letters(1, self.done))

    receipt = sweep(mailbox, ("INBOX",), demo_judge, ledger, Delivering())
    assert receipt.looked_at == 12
    ledger.finish(2.0)
    ledger.begin("print", 3.0)
    again = sweep(mailbox, ("INBOX",), demo_judge, ledger, Quiet())
    assert again.looked_at > 12
    assert again.judged == again.looked_at - 1


def test_a_message_that_was_deleted_is_not_in_the_next_run(mailbox, ledger, demo_judge):
    sweep(mailbox, (), demo_judge, ledger, Quiet())
    ledger.finish(2.0)
    for path in (mailbox.root / "Work").glob("0*"):
        path.unlink()
    ledger.begin("print", 3.0)
    sweep(mailbox, (), demo_judge, ledger, Quiet())
    ledger.finish(4.0)
    assert sum(ledger.counts().values()) == 12
    assert {row.key.folder for row in ledger.rows()} == {"INBOX"}


@pytest.mark.parametrize("patience", [0, 1, 5, 13, 19, 250, 470])
def test_a_lost_connection_costs_nothing_and_doubles_nothing(tmp_path, ledger, demo_judge, demo_mail, patience):
    box = Breaking(tmp_path / "breaking")
    box.fill("INBOX", [*letters(250), *(raw for mails in demo_mail.values() for raw in mails), *letters(200, 250)])
    judged = Counter()

    class Watching:
        def __getattr__(self, name):
            work = getattr(demo_judge, name)

            def seen(folder, item, *rest):
                found = work(folder, item, *rest)
                judged[item.uid] += not hasattr(found, "__class__") or type(found).__name__ != "Needed"
                return found

            return seen

    box.patience = patience
    with pytest.raises(CutOffError):
        sweep(box, (), Watching(), ledger, Quiet())
    kept = sum(ledger.counts().values())
    assert kept == judged.total()
    box.patience = 1_000_000
    receipt = sweep(box, (), Watching(), ledger, Quiet())
    assert receipt.judged == 462 - kept
    assert (set(judged.values()), len(judged)) == ({1}, 462)
    assert ledger.counts()["backscatter"] == len(demo_mail["backscatter"])
    assert sum(ledger.counts().values()) == 462


def test_an_interruption_by_the_person_is_resumed(mailbox, ledger, demo_judge):
    class Impatient(Counting):
        def advance(self, number: int) -> None:
            super().advance(number)
            if self.done >= 12:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(mailbox, (), demo_judge, ledger, Impatient())
    assert sum(ledger.counts().values()) == 12
    assert ledger.begin("print", 2.0)
    assert sweep(mailbox, (), demo_judge, ledger, Quiet()).judged == 8


def test_a_mailbox_with_a_new_generation_is_looked_through_anew(mailbox, ledger, demo_judge):
    sweep(mailbox, (), demo_judge, ledger, Quiet())
    before = ledger.counts()
    ledger.finish(2.0)
    mailbox.renew("INBOX")
    ledger.begin("print", 3.0)
    assert sweep(mailbox, ("INBOX",), demo_judge, ledger, Quiet()).judged == 12
    ledger.finish(4.0)
    assert ledger.counts()["not-a-bounce"] == 1 < before["not-a-bounce"]


def test_a_server_that_answers_what_nobody_asked_is_not_believed(mailbox, ledger, demo_judge, monkeypatch):
    heads = DirectoryMailbox.heads

    def chatty(self, uids):
        yield Head("999", b"Subject: strange\n\n", (b"text/plain",))
        for head in heads(self, uids):
            yield head
            yield head

    monkeypatch.setattr(DirectoryMailbox, "heads", chatty)
    sweep(mailbox, ("INBOX",), demo_judge, ledger, Quiet())
    assert sum(ledger.counts().values()) == 12


def test_whole_messages_are_asked_for_in_portions(tmp_path, ledger, demo_judge, demo_mail, monkeypatch):
    monkeypatch.setattr(limits, "SWEEP_RAWS", 20_000)
    asked = []
    raws = DirectoryMailbox.raws

    def watched(self, uids, limit):
        if limit == limits.SWEEP_MESSAGE:
            asked.append(sum((self._open / uid).stat().st_size for uid in uids))
        return raws(self, uids, limit)

    monkeypatch.setattr(DirectoryMailbox, "raws", watched)
    box = DirectoryMailbox(tmp_path / "box2")
    box.fill("INBOX", demo_mail["backscatter"] * 10)
    sweep(box, (), demo_judge, ledger, Quiet())
    assert len(asked) > 2
    assert max(asked) <= 20_000
    assert ledger.counts() == {"backscatter": 30}


SCRIPT = """
import sys
from pathlib import Path
from directory_mailbox import DirectoryMailbox, Quiet
from ndrfilter import Filter
from ndrfilter.sweep.judge import Judge
from ndrfilter.sweep.ledger import Ledger
from ndrfilter.sweep.run import sweep

class Told(Quiet):
    def advance(self, number):
        print(number, flush=True)

ledger = Ledger(Path(sys.argv[2]))
ledger.begin("print", 1.0)
sweep(DirectoryMailbox(Path(sys.argv[1])), (), Judge(Filter.from_config("docs/demo/ndrfilter.yml")), ledger, Told())
"""


def test_a_killed_sweep_goes_on_where_it_was(tmp_path, demo_judge, demo_mail):
    box = DirectoryMailbox(tmp_path / "killed")
    box.fill("INBOX", [*letters(500), *demo_mail["backscatter"], *letters(900, 500)])
    command = [sys.executable, "-c", SCRIPT, str(box.root), str(tmp_path / "killed.db")]
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True) as process:
        told = [process.stdout.readline() for _ in range(5)]
        process.send_signal(signal.SIGKILL)
    assert told[3:] == ["200\n", "200\n"]
    ledger = Ledger(tmp_path / "killed.db")
    assert ledger.begin("print", 2.0)
    kept = sum(ledger.counts().values())
    assert kept >= 400
    assert sweep(box, (), demo_judge, ledger, Quiet()).judged == 1403 - kept
    assert ledger.counts() == {"backscatter": 3, "not-a-bounce": 1400}
    ledger.close()
