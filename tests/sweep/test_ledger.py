"""What a sweep remembers: runs, rows, addresses; damage, other versions, and somebody else at it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ndrfilter import limits
from ndrfilter.errors import TemporaryError
from ndrfilter.sweep import state
from ndrfilter.sweep.ledger import Ledger
from ndrfilter.sweep.nouns import Failed, Folder, Key, Row

ROOT = Path(__file__).resolve().parents[2]
INBOX = Folder("INBOX", "inbox", 0, 7)


def row(uid: str, verdict: str = "backscatter", received: float = 1.0, folder: Folder = INBOX, **more) -> Row:
    nothing = ("", "", "", "", "", False, False, (), "", (), "", None, "")
    made = Row(Key(folder.name, folder.generation, uid), verdict, "failure", received, *nothing, "why", b"d" * 16)
    return made._replace(**more)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path):
    opened = Ledger(path)
    opened.begin("print", 10.0)
    yield opened
    opened.close()


def test_a_row_comes_back_as_it_was(ledger):
    odd = "\udcff\0 \u202e<b>'"
    failed = (Failed("a@b.example", "address_unknown", "no such address", "5.1.1", odd), Failed("", "", "", "", ""))
    told = row("1", title=odd, failed=failed, to=("x@y.example", odd), written=17.25, recorded=True, message_id="<1@2>")
    ledger.add(INBOX, (), [told])
    assert list(ledger.rows()) == [told]


def test_the_newest_rows_come_first_however_many(ledger):
    times = [float(n * 7919 % 1201) for n in range(1201)]
    ledger.add(INBOX, (), [row(str(n), received=time) for n, time in enumerate(times)])
    assert [one.received for one in ledger.rows()] == sorted(times, reverse=True)
    assert len(times) > 2 * limits.SWEEP_PAGE


def test_names_that_are_no_text_are_kept(ledger):
    folder = Folder("Entw\udcfcrfe", generation=0)
    ledger.add(folder, ["caf\udce9"], [row("\udcff:2,S", folder=folder)])
    assert ledger.known(folder, ["caf\udce9", "\udcff:2,S", "other"]) == {"caf\udce9", "\udcff:2,S"}
    assert [one.key.uid for one in ledger.rows()] == ["\udcff:2,S"]


def test_an_interrupted_run_goes_on(path):
    first = Ledger(path)
    assert not first.begin("print", 1.0)
    first.add(INBOX, ["a"], [row("b")])
    first.close()
    second = Ledger(path)
    assert second.begin("print", 2.0)
    assert second.known(INBOX, ["a", "b", "c"]) == {"a", "b"}
    assert second.counts() == {"backscatter": 1, "not-a-bounce": 1}
    second.close()


def test_more_that_was_sent_has_what_was_returned_looked_at_again(path):
    first = Ledger(path)
    first.begin("print", 1.0, "3 sent")
    first.add(INBOX, ["a"], [row("b")])
    first.close()
    second = Ledger(path)
    assert not second.begin("print", 2.0, "4 sent")
    assert second.known(INBOX, ["a", "b"]) == {"a"}
    assert list(second.rows()) == []
    second.close()


def test_the_next_run_looks_at_returned_mail_again_and_skips_ordinary_mail(ledger):
    ledger.add(INBOX, ["a", "gone"], [row("b"), row("c", "fake")])
    ledger.finish(11.0)
    assert not ledger.begin("print", 12.0)
    assert ledger.known(INBOX, ["a", "b", "c"]) == {"a"}
    assert (list(ledger.rows()), ledger.counts()) == ([], {"not-a-bounce": 1})
    ledger.add(INBOX, (), [row("b", "genuine")])
    ledger.finish(13.0)
    assert ledger.counts() == {"genuine": 1, "not-a-bounce": 1}
    assert [one.key.uid for one in ledger.rows()] == ["b"]


def test_another_fingerprint_starts_from_nothing_but_keeps_what_was_done(ledger):
    ledger.add(INBOX, ["a"], [row("b")])
    ledger.moves.mean([row("b")], "moved", "Backscatter", 11.0)
    ledger.book.sent(["x@y.example"])
    ledger.book.received(["v@w.example"])
    assert not ledger.begin("another", 12.0)
    assert ledger.known(INBOX, ["a", "b"]) == frozenset()
    assert ledger.counts() == {}
    assert [one.key.uid for one in ledger.done()] == ["b"]
    assert list(ledger.book.all()) == [("x@y.example", 1, 0)]


def test_keys_of_another_generation_mean_nothing(ledger):
    ledger.add(INBOX, ["a"], [row("b")])
    ledger.moves.mean([row("b")], "moved", "Backscatter", 11.0)
    renewed = INBOX._replace(generation=8)
    assert ledger.known(renewed, ["a", "b"]) == frozenset()
    assert list(ledger.rows()) == []
    assert len(list(ledger.done("meant"))) == 1


def test_what_must_not_be_moved_is_not_even_meant_to_be(ledger):
    for verdict in ("genuine", "undetermined"):
        with pytest.raises(ValueError, match="not moved"):
            ledger.moves.mean([row("1"), row("2", verdict)], "moved", "Backscatter", 11.0)
    assert list(ledger.done()) == []


def test_addresses_are_counted_without_case(ledger):
    ledger.book.sent(["Bob@Example.COM", "bob@example.com", "no address", "x@" + "y" * 400])
    ledger.book.received(["BOB@example.com", "eve@example.org"])
    assert ledger.book.wrote_to("bob@EXAMPLE.com") == 2
    assert ledger.book.wrote_to("eve@example.org") == 0
    assert list(ledger.book.all()) == [("bob@example.com", 2, 1), ("eve@example.org", 0, 1)]


def test_a_full_book_takes_no_more_and_still_counts(ledger, monkeypatch):
    monkeypatch.setattr(limits, "MAX_SWEEP_ADDRESSES", 3)
    ledger.book.received(f"{n}@example.com" for n in range(10))
    ledger.book.received(["0@example.com", "11@example.com"])
    assert list(ledger.book.all()) == [("0@example.com", 0, 2), ("1@example.com", 0, 1), ("2@example.com", 0, 1)]


def test_a_second_sweep_is_told_that_there_is_one(path):
    script = (
        "import sys; from pathlib import Path; from ndrfilter.sweep.ledger import Ledger\n"
        "held = Ledger(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(TemporaryError, match=r"another sweep .* is running \(since 2\d\d\d-"):
            Ledger(path)
        other.kill()
    Ledger(path).close()


def test_a_damaged_ledger_is_named_and_left_as_it_is(path, ledger):
    ledger.close()
    path.write_bytes(b"no database, for sure" * 100)
    with pytest.raises(TemporaryError, match=r"ledger\.db is damaged .* --undo"):
        Ledger(path)
    assert path.read_bytes().startswith(b"no database")


def test_a_ledger_of_another_version_is_named(path, ledger):
    ledger.close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(TemporaryError, match=r"format 99.*--undo"):
        Ledger(path)


def test_a_ledger_that_nobody_can_write_is_named(tmp_path):
    with pytest.raises(TemporaryError, match="missing"):
        Ledger(tmp_path / "missing" / "ledger.db")


def test_each_mailbox_has_a_folder_of_its_own_that_nobody_else_reads(tmp_path):
    names = [
        "imaps://alice@mail.example.com",
        "imaps://alice@mail.example.org",
        "/home/a/Maildir",
        "/home/ä/Maildir",
        "",
    ]
    folders = [state.account_folder(name, tmp_path) for name in names]
    assert len({folder.name for folder in folders}) == len(names)
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}
    assert state.account_folder(names[0], tmp_path) == folders[0]
    assert "alice@mail.example.com" in folders[0].name


def test_a_link_in_place_of_the_folder_is_not_followed(tmp_path):
    folder = state.account_folder("x", tmp_path)
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(TemporaryError, match="link"):
        state.account_folder("x", tmp_path)
