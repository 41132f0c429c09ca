"""A Maildir as a mailbox: real files, real processes that move and remove them, and kill -9 at any line."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from local_mail import in_maildir, killed_at, let_in, maildir, message

from ndrfilter import limits
from ndrfilter.sweep.local import opened
from ndrfilter.sweep.local.layout import known_name, written_name
from ndrfilter.sweep.mailbox import GoneError, PlaceError

ROOT = Path(__file__).resolve().parents[2]
posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills processes as POSIX knows it")


@pytest.fixture
def inbox(tmp_path):
    return maildir(tmp_path / "Maildir", 8, new=[6, 7])


def uids(mailbox, name="INBOX", **options):
    mailbox.open(name, **options)
    return [item.uid for item in mailbox.items()]


class TestFolders:
    def test_names_are_as_people_know_them(self, inbox):
        for name in (".Sent", ".Archive.2025", ".Entw&APw-rfe", ".&g0l6P3ux-", ".A&-B", ".&ba-", ".Été"):
            maildir(inbox / name)
        (inbox / ".no").mkdir()
        folders = opened(str(inbox)).folders()
        assert [folder.name for folder in folders] == [
            "INBOX", "&ba-", "A&B", "Archive/2025", "Entwürfe", "Sent", "Été", "草稿箱",
        ]  # fmt: skip
        assert {folder.name: folder.role for folder in folders if folder.role} == {
            "INBOX": "inbox",
            "Sent": "sent",
            "Entwürfe": "drafts",
            "草稿箱": "drafts",
        }

    @pytest.mark.parametrize("name", ["Archive/2025", ".Archive.2025"])
    def test_a_folder_is_opened_by_either_name(self, inbox, name):
        maildir(inbox / ".Archive.2025", 2)
        assert len(uids(opened(str(inbox)), name)) == 2

    def test_a_directory_of_maildirs(self, tmp_path):
        for name in ("INBOX", "Sent", "lists/mutt"):
            maildir(tmp_path / name, 1)
        (tmp_path / "notes.txt").touch()
        mailbox = opened(str(tmp_path))
        assert [(folder.name, folder.role) for folder in mailbox.folders()] == [
            ("INBOX", "inbox"),
            ("Sent", "sent"),
            ("lists/mutt", ""),
        ]
        assert mailbox.make("lists/Backscatter") == "lists/Backscatter"
        assert len(list(mailbox.move(uids(mailbox), "lists/Backscatter"))) == 1
        assert len(list((tmp_path / "lists" / "Backscatter" / "cur").iterdir())) == 1

    def test_plain_folders_in_a_maildir(self, inbox):
        maildir(inbox / "Sent", 1)
        mailbox = opened(str(inbox))
        assert [folder.name for folder in mailbox.folders()] == ["INBOX", "Sent"]
        mailbox.make("Backscatter")
        assert (inbox / "Backscatter" / "cur").is_dir()

    @pytest.mark.parametrize("name", ["Entwürfe", "A&B", "草稿夹", "plain", "&", "ü&ü", "a,b/c", "\U0001f600"])
    def test_modified_utf7_goes_there_and_back(self, name):
        assert written_name(name).isascii()
        assert known_name(written_name(name)) == name


class TestReading:
    def test_messages_are_listed_by_the_time_they_came(self, inbox):
        for number, path in enumerate(sorted(inbox.rglob("*.host*"))):
            os.utime(path, (1000 - number, 1000 - number))
        mailbox = opened(str(inbox))
        mailbox.open("INBOX")
        items = list(mailbox.items())
        assert [item.received for item in items] == list(range(993, 1001))
        assert {item.size for item in items} == {len(message(0))}
        assert all(":2," not in item.uid for item in items)

    @pytest.mark.parametrize("flags", [":2,", ":2,FRSa", ";2,S", "!2,S", ""])
    def test_flags_are_no_part_of_the_uid(self, tmp_path, flags):
        (maildir(tmp_path) / "cur" / f"1.M2P3.host,S=5{flags}").write_bytes(b"A: b\n\nx")
        assert uids(opened(str(tmp_path))) == ["1.M2P3.host,S=5"]

    def test_heads_bring_the_whole(self, inbox):
        mailbox = opened(str(inbox))
        there = uids(mailbox)
        heads = list(mailbox.heads([*there, "gone"]))
        assert [head.uid for head in heads] == there
        assert heads[3].whole == message(3)
        assert heads[3].header == b"From: a3@example.org\nSubject: 3\n\n"
        assert dict(mailbox.raws(there[:1], 4)) == {there[0]: b"From"}
        assert mailbox.fetched == sum(len(head.whole) for head in heads) + 4

    @posix
    def test_a_name_of_any_bytes(self, tmp_path):
        name = os.fsdecode(b"1.\xff\xfe\n.host:2,S")
        (maildir(tmp_path) / "cur" / name).write_bytes(b"A: b\n\nx")
        mailbox = opened(str(tmp_path))
        (uid,) = uids(mailbox)
        mailbox.make("B")
        assert [moved.uid for moved in mailbox.move([uid], "B")] == [uid]
        assert (tmp_path / ".B" / "cur" / name).exists()

    @posix
    def test_what_is_no_file_misleads_and_holds_nobody(self, inbox, tmp_path):
        secret = tmp_path / "secret"
        secret.write_bytes(b"Subject: secret\n\n")
        (inbox / "cur" / "1.link").symlink_to(secret)
        os.mkfifo(inbox / "new" / "1.fifo")
        (inbox / "cur" / "1.folder").mkdir()
        (inbox / ".Sent").symlink_to(maildir(tmp_path / "elsewhere", 1))
        mailbox = opened(str(inbox))
        mailbox.make("B")
        assert len(uids(mailbox)) == 8
        names = ["1.link", "1.fifo", "1.folder"]
        assert list(mailbox.heads(names)) == list(mailbox.move(names, "B")) == []
        assert [folder.name for folder in mailbox.folders()] == ["INBOX", "B"]

    def test_a_message_that_another_program_marks_as_read_is_found(self, inbox):
        mailbox = opened(str(inbox))
        there = uids(mailbox)
        for path in list((inbox / "new").iterdir()):
            path.rename(inbox / "cur" / f"{path.name}:2,RS")
        assert {head.uid for head in mailbox.heads(there)} == set(there)

    def test_wait_ends_when_a_message_comes(self, inbox, monkeypatch):
        monkeypatch.setattr(limits, "SWEEP_POLL", 0.01)
        for part in ("cur", "new"):
            os.utime(inbox / part, (1, 1))
        mailbox = opened(str(inbox))
        mailbox.open("INBOX")
        assert not mailbox.wait(0.05)
        (inbox / "new" / "9.host").write_bytes(message(9))
        assert mailbox.wait(60)


class TestMoving:
    def test_flags_and_times_are_kept_and_new_stays_new(self, inbox):
        before = {path.name: path.stat().st_mtime_ns for path in inbox.rglob("*.host*")}
        mailbox = opened(str(inbox))
        assert mailbox.make("Backscatter") == "Backscatter"
        there = uids(mailbox, write=True)
        moved = list(mailbox.move(there, "Backscatter"))
        assert [(one.old, one.uid) for one in moved] == [(uid, uid) for uid in there]
        target = inbox / ".Backscatter"
        assert {path.name: path.stat().st_mtime_ns for path in target.glob("*/*.host*")} == before
        assert len(list((target / "new").iterdir())) == 2
        assert uids(mailbox) == []
        assert set(uids(mailbox, "Backscatter")) == set(there)

    def test_no_message_is_overwritten(self, inbox):
        target = maildir(inbox / ".B", 3)
        for path in (target / "cur").iterdir():
            path.write_bytes(b"Another: one\n\n" + path.name.encode())
        before = in_maildir(inbox)
        mailbox = opened(str(inbox))
        moved = list(mailbox.move(uids(mailbox), "B"))
        assert in_maildir(inbox) == before
        assert sum(one.old != one.uid for one in moved) == 3
        assert {one.uid for one in moved} < set(uids(mailbox, "B"))
        assert all(path.name.endswith(":2,S") for path in (target / "cur").iterdir())

    def test_a_folder_that_is_made_is_subscribed(self, inbox):
        (inbox / "subscriptions").write_bytes(b"V\t2\n\nSent")
        (inbox / "courierimapsubscribed").write_bytes(b"INBOX.Sent\n")
        mailbox = opened(str(inbox))
        for _again in range(2):
            assert mailbox.make("Junk/Rückläufer") == "Junk/Rückläufer"
        assert (inbox / "subscriptions").read_bytes() == b"V\t2\n\nSent\nJunk\tR&APw-ckl&AOQ-ufer\n"
        assert (inbox / "courierimapsubscribed").read_bytes() == b"INBOX.Sent\nINBOX.Junk.R&APw-ckl&AOQ-ufer\n"
        assert (inbox / ".Junk.R&APw-ckl&AOQ-ufer" / "maildirfolder").exists()

    def test_dovecots_old_list(self, inbox):
        (inbox / "subscriptions").write_bytes(b"Sent\n")
        opened(str(inbox)).make("A/B")
        assert (inbox / "subscriptions").read_bytes() == b"Sent\nA.B\n"

    @pytest.mark.client("dovecot", "doveadm")
    def test_dovecot_sees_what_was_moved(self, tmp_path):
        box = maildir(tmp_path / "Maildir", 8, new=[6, 7])
        config = tmp_path / "dovecot.conf"
        config.write_text(
            f"base_dir={tmp_path}/run\nstate_dir={tmp_path}/run\nlog_path={tmp_path}/log\nssl=no\nfirst_valid_uid=0\n"
            f"mail_location=maildir:{box}\n"
        )
        owner = 0 if os.geteuid() else 65534

        def doveadm(*words: str) -> list[str]:
            if owner:
                for path in (tmp_path, *tmp_path.rglob("*")):
                    os.chown(path, owner, owner)
                    path.chmod(path.stat().st_mode | 0o755)
                let_in(tmp_path)
            command = ["doveadm", "-c", str(config), *words]
            environ = {**os.environ, "HOME": str(tmp_path), "USER": "somebody"}
            done = subprocess.run(
                command, env=environ, capture_output=True, text=True, user=owner or None, group=owner or None,
                extra_groups=[] if owner else None,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            return done.stdout.split()

        doveadm("mailbox", "create", "-s", "Sent")
        doveadm("flags", "add", "Work", "mailbox", "INBOX", "seen")
        mailbox = opened(str(box))
        assert list(mailbox.move(uids(mailbox), mailbox.make("Rück/läufer")))
        assert "Rück.läufer" in doveadm("mailbox", "list", "-s")
        assert doveadm("fetch", "flags", "mailbox", "INBOX") == []
        found = Counter(doveadm("fetch", "flags", "mailbox", "Rück.läufer"))
        assert (found["Work"], found["\\Seen"]) == (6, 6)
        assert found["flags:"] == 8

    @posix
    def test_killed_at_any_line(self, tmp_path):
        line, finished = 1, False
        while not finished:
            box = maildir(tmp_path / str(line), 4, new=[2])
            before = in_maildir(box)

            def work(box=box):
                mailbox = opened(str(box))
                mailbox.make("Backscatter")
                list(mailbox.move(uids(mailbox, write=True), "Backscatter"))

            finished = not killed_at(line, work)
            assert in_maildir(box) == before
            work()
            assert in_maildir(box) == before
            assert uids(opened(str(box))) == []
            line += 1 + line // 15
        assert line > 300


class TestOthersAtWork:
    def test_a_client_that_marks_moves_and_removes(self, tmp_path):
        box = maildir(tmp_path, 600, new=range(0, 600, 2))
        maildir(box / ".Elsewhere")
        code = (
            "import os, random, sys\n"
            "box, removed = sys.argv[1], 0\n"
            "for turn in range(6):\n"
            "  for part in ('new', 'cur'):\n"
            "    for name in os.listdir(f'{box}/{part}'):\n"
            "      chance = random.random()\n"
            "      base = name.partition(':')[0]\n"
            "      try:\n"
            "        if chance < .02: os.unlink(f'{box}/{part}/{name}'); removed += 1\n"
            "        elif chance < .05: os.rename(f'{box}/{part}/{name}', f'{box}/.Elsewhere/cur/{base}:2,S')\n"
            "        elif chance < .6: os.rename(f'{box}/{part}/{name}', f'{box}/cur/{base}:2,{random.choice(\"FRST\")}')\n"
            "      except FileNotFoundError: pass\n"
            "print(removed)\n"
        )
        before, moved = in_maildir(box), set()
        mailbox = opened(str(box))
        mailbox.make("Backscatter")
        with subprocess.Popen([sys.executable, "-c", code, str(box)], stdout=subprocess.PIPE, text=True) as process:
            while process.poll() is None:
                there = uids(mailbox, write=True)
                for head in mailbox.heads(there[::3]):
                    assert before[head.whole] == 1
                moved |= {one.uid for one in mailbox.move(there[::5], "Backscatter")}
            removed = int(process.stdout.read())
        after = in_maildir(box)
        assert set(after.values()) == {1}
        assert after <= before
        assert after.total() == before.total() - removed
        assert moved == set(uids(mailbox, "Backscatter"))

    def test_a_folder_removed_meanwhile(self, inbox):
        import shutil

        mailbox = opened(str(inbox))
        mailbox.make("B")
        there = uids(mailbox)
        moving = mailbox.move(there, "B")
        next(moving)
        before = in_maildir(inbox)
        (inbox / ".B" / "cur").rename(inbox / "cur.aside")
        shutil.rmtree(inbox / ".B")
        with pytest.raises(GoneError, match="not there any more"):
            list(moving)
        assert in_maildir(inbox).total() == before.total() - 1
        shutil.rmtree(inbox / "cur")
        with pytest.raises(GoneError):
            list(mailbox.items())
        with pytest.raises(PlaceError, match="no Maildir"):
            opened(str(inbox))


class TestWhatIsWrong:
    @pytest.mark.parametrize(("there", "missing"), [("new", "cur"), ("cur", "new")])
    def test_half_a_maildir(self, tmp_path, there, missing):
        (tmp_path / there).mkdir()
        (tmp_path / "tmp").mkdir()
        with pytest.raises(PlaceError, match=f"is no Maildir: it has {there}/ but no {missing}/"):
            opened(str(tmp_path))

    def test_a_directory_without_mail(self, tmp_path):
        (tmp_path / "x.eml").write_bytes(message(1))
        with pytest.raises(PlaceError, match="holds no mail"):
            opened(str(tmp_path))

    @posix
    def test_a_mailbox_of_somebody_else(self, inbox):
        code = (
            "import os, sys; sys.path.insert(0, sys.argv[2])\n"
            "from ndrfilter.sweep.local import opened\n"
            "os.geteuid() or os.setuid(65534)\n"
            "mailbox = opened(sys.argv[1]); folder = mailbox.open('INBOX')\n"
            "print(folder.writable, len(list(mailbox.heads([item.uid for item in mailbox.items()]))))\n"
            "for work in (lambda: mailbox.open('INBOX', write=True), lambda: mailbox.make('B'),\n"
            "             lambda: list(mailbox.move([item.uid for item in mailbox.items()], 'C'))):\n"
            "  try: work()\n"
            "  except Exception as error: print(type(error).__name__)\n"
        )
        maildir(inbox / ".C")
        next((inbox / "cur").iterdir()).chmod(0)
        for path in (*inbox.rglob("cur"), *inbox.rglob("new"), inbox, inbox / ".C"):
            path.chmod(0o555)
        let_in(inbox)
        done = subprocess.run([sys.executable, "-c", code, str(inbox), str(ROOT)], capture_output=True, text=True)
        for path in (*inbox.rglob("cur"), *inbox.rglob("new"), inbox, inbox / ".C"):
            path.chmod(0o755)
        assert done.stdout.split() == ["False", "7", *["ReadOnlyError"] * 3], done.stderr
        assert in_maildir(inbox).total() == 8

    @pytest.mark.parametrize("name", ["no", "../x", "", "a\0b", "\udcff", "Sent\n"])
    def test_a_folder_that_is_not_there(self, inbox, name):
        with pytest.raises(GoneError, match="has no folder"):
            opened(str(inbox)).open(name)

    @pytest.mark.parametrize(
        "name", ["", "..", "a/../b", "/a", "a\nb", "x" * 300, "\udcff", "a\0b", "/".join("abcdefghijkl")]
    )
    def test_a_name_that_no_folder_can_have(self, inbox, name):
        before = sorted(inbox.rglob("*"))
        with pytest.raises(PlaceError, match="cannot be called"):
            opened(str(inbox)).make(name)
        assert sorted(inbox.rglob("*")) == before

    def test_what_cannot_be_done(self, inbox):
        mailbox = opened(str(inbox))
        with pytest.raises(PlaceError, match="keywords cannot be set"):
            mailbox.tag([], "x")
        there = uids(mailbox)
        with pytest.raises(PlaceError, match="in already"):
            list(mailbox.move(there, "INBOX"))
        mailbox.close()
        with pytest.raises(PlaceError, match="no folder is open"):
            list(mailbox.items())
