"""`ndrfilter sent import`: folders, mailboxes and files of sent mail, and what does not belong into the log."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest
from sent_mail import ALICE, DAY, mail

from ndrfilter.sentlog import known


class TestImport:
    @pytest.fixture
    def maildir(self, tmp_path):
        folder = tmp_path / "Sent"
        for name in ("cur", "new", "tmp"):
            (folder / name).mkdir(parents=True)
        for number in range(5):
            (folder / "cur" / f"{number}.m:2,S").write_bytes(mail(number, age=number * DAY))
        return folder

    def test_a_maildir(self, box, maildir):
        done = box("import", maildir)
        assert (done.returncode, done.stdout) == (0, b"5 messages: 5 recorded\n")
        assert box.told(3) == (True, True)
        assert known(box.store, "<3.x@example.com>", [ALICE], []).time < time.time() - 2.9 * DAY

    def test_twice_is_once_and_what_came_since_is_added(self, box, maildir):
        box("import", maildir)
        (maildir / "new" / "9").write_bytes(mail(9))
        assert box("import", maildir).stdout == b"6 messages: 1 recorded, 5 there already\n"

    def test_an_mbox_a_file_and_standard_input(self, box, tmp_path):
        lines = b"".join(b"From alice Sun Nov 22 10:00:00 2026\n" + mail(number) + b"\n" for number in (1, 2))
        (tmp_path / "sent.mbox").write_bytes(lines)
        (tmp_path / "3.eml").write_bytes(mail(3))
        done = box("import", tmp_path / "sent.mbox", tmp_path / "3.eml", "-", stdin=mail(4))
        assert done.stdout == b"4 messages: 4 recorded\n"
        assert [box.told(number) for number in (1, 2, 3, 4)] == [(True, True)] * 4

    def test_killed_in_the_middle_and_run_again(self, box, tmp_path, root):
        path, many = tmp_path / "sent.mbox", 1500
        path.write_bytes(b"".join(b"From alice Sun Nov 22 10:00:00 2026\n" + mail(n) + b"\n" for n in range(many)))
        command = [sys.executable, "-m", "ndrfilter", "sent", "import", "-", "-c", str(box.config)]
        running = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE)
        running.stdin.write(path.read_bytes()[: path.stat().st_size * 3 // 4])
        running.stdin.flush()
        while not box.state.exists() or not box.status()["messages"]:
            assert running.poll() is None
        running.kill()
        running.communicate()
        before = box.status()["messages"]
        assert 0 < before < many
        told = box("import", path).stdout.decode()
        assert told == f"{many:,} messages: {many - before:,} recorded, {before:,} there already\n"

    def test_what_does_not_belong_into_it(self, box, tmp_path):
        folder = tmp_path / "mixed"
        folder.mkdir()
        (folder / "a").write_bytes(mail(1, extra="Delivered-To: alice@example.com\n"))
        (folder / "b").write_bytes(mail(2, sender="eve@else.example"))
        (folder / "c").write_bytes(mail(3).replace(b"Message-ID", b"X-Id"))
        (folder / "d").write_bytes(mail(4, age=50 * DAY))
        (folder / "e").write_bytes(mail(5))
        done = box("import", folder)
        words = b"1 recorded, 1 delivered here, 1 of others, 1 without a Message-ID, 1 too old"
        assert done.stdout == b"5 messages: " + words + b"\n"
        assert box.told(1) is None

    def test_an_archive_of_copies(self, box, tmp_path):
        (tmp_path / "copy").write_bytes(mail(1, extra="Delivered-To: archive@example.com\n"))
        assert box("import", "--delivered", tmp_path / "copy").stdout == b"1 messages: 1 recorded\n"

    def test_the_date_of_tomorrow_is_today(self, box, tmp_path):
        (tmp_path / "1.eml").write_bytes(mail(1, age=-900 * DAY))
        box("import", tmp_path / "1.eml")
        assert known(box.store, "<1.x@example.com>", [ALICE], []).time <= time.time()

    def test_what_cannot_be_read_is_said(self, box, tmp_path, maildir):
        done = box("import", tmp_path / "nowhere", maildir)
        assert done.returncode == 2
        assert b"nowhere" in done.stderr
        assert done.stdout == b"5 messages: 5 recorded\n"

    def test_a_store_that_is_in_trouble(self, box, maildir):
        box.state.write_bytes(b"")
        assert box("import", maildir).returncode == 75
