"""The whole command on a whole account: what it says, what it moves and marks, and that all of it can be taken back."""

from __future__ import annotations

import html.parser
import re
from collections import Counter

import pytest
from alices_account import BACKSCATTER, FAKE, GENUINE, ORDINARY
from dovecot_server import PROGRAMS

pytestmark = pytest.mark.client(*PROGRAMS)


def numbers(text: str) -> list[int]:
    """Looked at, not the person's, to read, unclear, fake."""
    found = re.search(r"(\d+) messages looked at: (\d+) not yours, (\d+) to read, (\d+) unclear, (\d+) fake", text)
    assert found, text
    return [int(number) for number in found.groups()]


def test_a_dry_run_tells_and_changes_nothing(account, tmp_path):
    everything, where = account.everything(), account.where()
    page = account.sweep("--html", str(tmp_path / "answer.html"))
    rows = account.sweep("--json", "--no-all-sent-is-there").rows()
    again = account.sweep("--json")
    assert account.everything() == everything
    assert account.where() == where
    verdicts = Counter(row["verdict"] for row in again.rows())
    looked = sum(account.number(name) for name in ("INBOX", "Work/2026", "Junk"))
    assert numbers(page.out) == [looked, *(verdicts[one] for one in (BACKSCATTER, GENUINE, "undetermined", FAKE))]
    assert verdicts[GENUINE] == 17
    assert verdicts[FAKE] == 1
    assert verdicts[BACKSCATTER] > 12 + 6
    assert Counter(row["verdict"] for row in rows)[BACKSCATTER] == 0, "nobody said that all is in Sent"
    assert Counter(row["key"]["folder"] for row in again.rows()).keys() == {"INBOX", "Work/2026", "Junk"}


def test_what_is_to_read_comes_first_with_sender_date_and_reason(account, tmp_path):
    written = tmp_path / "answer.html"
    told = account.sweep("--html", str(written))
    read = told.out.index("\nTo read\n")
    first = told.out[read : told.out.index("\n\n", read + 12)]
    assert re.search(r"\d+ \w+ \d{4}, \d\d:\d\d: ", first)
    assert "Reported by: " in first
    assert "there is no such address" in told.out[read : told.out.index("Unclear")]
    assert "Unclear messages" not in told.out[:read]
    assert f"wrote {written}" in told.said
    html.parser.HTMLParser().feed(written.read_text(encoding="utf-8"))
    assert "nosuch@remote-exim.test" in written.read_text(encoding="utf-8")
    german = account.sweep("--language", "de").out
    assert "Nachrichten" in german
    assert "messages looked at" not in german


def test_move_and_undo(account):
    everything, where = account.everything(), account.where()
    told = account.sweep("--move", "--json")
    moved = [row for row in told.rows() if row["verdict"] in (BACKSCATTER, FAKE)]
    assert account.everything() == everything
    assert f"{len(moved)} messages moved to Backscatter; --undo puts them back." in told.said
    assert account.number("Backscatter") == len(moved)
    assert set(account.what("Backscatter")) == {BACKSCATTER, FAKE, "forged"}
    now = account.where()
    looked_into = ("INBOX", "Work.2026", "Junk")
    left = sum((now.get(name, Counter()) for name in looked_into), now["Backscatter"])
    assert left == sum((where[name] for name in looked_into), Counter())
    assert {GENUINE, ORDINARY} <= set(account.what("INBOX"))
    assert account.what("Work.2026")[GENUINE] == 8
    assert now["Sent"] == where["Sent"]
    assert now["Trash"] == where["Trash"]
    subscribed = account.server.doveadm("mailbox", "list", "-s", "-u", account.user).decode().split()
    assert "Backscatter" in subscribed
    assert "0 messages moved" in account.sweep("--move").said, "what is there is not looked at again"
    assert f"{len(moved)} messages are back where they were." in account.sweep("--undo").out
    assert account.everything() == everything
    assert account.where() == where
    assert account.sweep("--undo").out == "There is nothing to put back."
    assert account.where() == where


def test_tag_and_undo(account):
    everything, where = account.everything(), account.where()
    told = account.sweep("--tag", "--json")
    assert account.where() == where
    inbox = account.server.doveadm("fetch", "-u", account.user, "flags", "mailbox", "INBOX").decode()
    rows = [row for row in told.rows() if row["key"]["folder"] == "INBOX"]
    for verdict, keyword in ((BACKSCATTER, "$NDRBackscatter"), (GENUINE, "$NDRGenuine")):
        assert inbox.count(keyword) == sum(row["verdict"] == verdict for row in rows)
    seen = Counter(digest for digest, flags in account.everything().elements() if "S" in flags)
    assert seen == Counter(digest for digest, flags in everything.elements() if "S" in flags)
    assert f"{len(told.rows())} marks taken away." in account.sweep("--undo").out
    assert account.everything() == everything
    assert account.sweep("--undo").out == "There is nothing to put back."


def test_into_another_folder_below_another(account):
    everything, where = account.everything(), account.where()
    account.sweep("--move", "--into", "Old/Nicht von mir (ü)")
    assert account.everything() == everything
    assert account.what("Old.Nicht von mir (&APw-)")[BACKSCATTER] == 12
    account.sweep("--undo")
    assert account.where() == where
