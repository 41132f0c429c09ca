"""`ndrfilter sent status` and `forget`: what they tell and remove, and their exit codes."""

from __future__ import annotations

import time

import pytest
from sent_mail import BOB, DAY, mail

from ndrfilter.sentlog import covered


class TestStatus:
    def test_before_anything(self, box):
        done = box("status")
        assert done.returncode == 0
        assert done.stdout.startswith(b"0 messages to 0 recipients, kept for 45 days\nnot complete")
        assert not box.state.exists()

    def test_a_folder_that_cannot_be_looked_into_is_not_an_empty_log(self, box):
        box.state.write_text("a file where the folder should be")
        done = box("status", "--json")
        assert (done.returncode, done.stdout) == (75, b"")
        assert str(box.state).encode() in done.stderr

    def test_in_words(self, box):
        box("add", BOB, "carol@x.example", stdin=mail())
        covered(box.store, time.time() - 30 * DAY, time.time())
        lines = box("status").stdout.decode().splitlines()
        assert lines[0] == "1 messages to 2 recipients, kept for 45 days"
        assert lines[1].startswith("the oldest of 20")
        assert lines[2].startswith("complete since 20")
        assert lines[3].startswith(f"{box.state}/state.db: ")

    def test_what_is_wrong_with_it_is_said(self, box):
        covered(box.store, time.time() - 30 * DAY, time.time() - DAY)
        box.config.write_text(box.config.read_text().replace(", complete: [log]", ""))
        told = box("status").stdout.decode()
        assert "is `ndrfilter sent follow` running?" in told
        assert "does not say `complete: [log]`" in told

    def test_for_programs(self, box):
        box("add", stdin=mail())
        told = box.status()
        assert (told["messages"], told["copies"], told["coverage"], told["retention"]) == (1, 1, None, 45 * DAY)
        assert told["bytes"] > 0

    def test_the_retention_is_the_configurations(self, box, tmp_path):
        text = box.config.read_text().replace("[sent_log]", "[{sent_log: {retention: 7d}}]")
        box.config.write_text(text)
        (tmp_path / "old.eml").write_bytes(mail(1, age=8 * DAY))
        assert b"1 too old" in box("import", tmp_path / "old.eml").stdout
        assert box.status()["retention"] == 7 * DAY


class TestForget:
    def test_by_id(self, box):
        box("add", stdin=mail(1))
        box("add", stdin=mail(2))
        assert box("forget", "<1.x@example.com>").returncode == 0
        assert box.told(1) == (False, False)
        assert box.told(2) == (True, True)
        assert box.status()["messages"] == 1

    def test_what_is_forgotten_stays_forgotten_and_does_not_look_unsent(self, box):
        box("add", stdin=mail(1))
        box("forget", "1.x@example.com")
        box("add", stdin=mail(1))
        assert box.told(1) == (False, False)
        assert box.told(2) is None

    def test_by_date(self, box, tmp_path):
        for number in range(4):
            (tmp_path / f"{number}.eml").write_bytes(mail(number, age=number * 10 * DAY))
        box("import", *tmp_path.glob("*.eml"))
        since = covered(box.store, time.time() - 40 * DAY, time.time()).since
        day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 15 * DAY))
        assert box("forget", "--before", day).stdout == b"2 forgotten\n"
        assert [bool(box.told(number)) for number in range(4)] == [True, True, False, False]
        assert box.status()["coverage"]["since"] > since + 20 * DAY

    def test_what_is_not_there(self, box):
        done = box("forget", "<x@y>")
        assert done.returncode == 2
        assert b"<x@y> is not in the log" in done.stderr

    def test_the_others_are_forgotten_and_counted_all_the_same(self, box):
        box("add", stdin=mail(1))
        done = box("forget", "<x@y>", "<1.x@example.com>")
        assert (done.returncode, done.stdout) == (2, b"1 forgotten\n")

    @pytest.mark.parametrize("arguments", [(), ("--before", "yesterday")])
    def test_usage(self, box, arguments):
        assert box("forget", *arguments).returncode == 2


def test_help_names_them_all(ndrfilter):
    told = ndrfilter("sent", "--help").stdout.decode()
    assert all(word in told for word in ("add", "import", "follow", "status", "forget"))
