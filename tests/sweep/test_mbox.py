"""mbox files as a mailbox: nothing is lost, doubled or torn, whoever else is at work and whenever we are killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from local_mail import from_line, in_mbox, killed_at, mbox_file, message

from ndrfilter import limits
from ndrfilter.errors import TemporaryError
from ndrfilter.sweep.local import opened
from ndrfilter.sweep.mailbox import GoneError, PlaceError

ROOT = Path(__file__).resolve().parents[2]
posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills processes as POSIX knows it")


@pytest.fixture
def inbox(tmp_path):
    return mbox_file(tmp_path / "inbox", map(message, range(6)))


def uids(mailbox, name):
    mailbox.open(name)
    return [item.uid for item in mailbox.items()]


def move(path, numbers, into="Backscatter", name=None):
    mailbox = opened(str(path))
    mailbox.make(into)
    name = name or mailbox.folders()[0].name
    mailbox.open(name, write=True)
    there = [item.uid for item in mailbox.items()]
    return list(mailbox.move([there[number] for number in numbers if number < len(there)], into))


class TestWhatIsThere:
    def test_a_file_is_one_folder(self, inbox):
        (folder,) = opened(str(inbox)).folders()
        assert (folder.name, folder.role, folder.writable) == ("inbox", "inbox", True)

    def test_the_sent_folder_beside_a_file_is_found(self, inbox):
        mbox_file(inbox.parent / "Sent", [message(9)])
        mbox_file(inbox.parent / "other", [message(9)])
        assert [(folder.name, folder.role) for folder in opened(str(inbox)).folders()] == [
            ("inbox", "inbox"),
            ("Sent", "sent"),
        ]

    def test_thunderbirds_folders(self, tmp_path):
        for name in ("Inbox", "Sent", "Archives.sbd/2025"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            mbox_file(tmp_path / name, [message(1)])
            (tmp_path / f"{name}.msf").write_bytes(b"// <!-- <mdb:mork:z -->")
        (tmp_path / "Archives").touch()
        (tmp_path / "Archives.msf").touch()
        (tmp_path / "msgFilterRules.dat").write_text("version=9")
        names = [folder.name for folder in opened(str(tmp_path)).folders()]
        assert names == ["Inbox", "Archives", "Archives/2025", "Sent"]

    def test_messages_come_without_what_belongs_to_the_mbox(self, tmp_path):
        raw = b"Status: RO\nSubject: 1\nX-Mozilla-Keys: a\n b\nContent-Length: 3\nKeywords: kept\n\none\n"
        mailbox = opened(str(mbox_file(tmp_path / "box", [raw, message(1)])))
        there = uids(mailbox, "box")
        first, second = mailbox.heads(there)
        assert first.whole == b"Subject: 1\nKeywords: kept\n\none\n"
        assert first.header == b"Subject: 1\nKeywords: kept\n\n"
        assert second.whole == message(1)
        assert dict(mailbox.raws(there, 5)) == {first.uid: b"Subje", second.uid: b"From:"}

    def test_a_message_keeps_its_uid_when_it_is_read(self, inbox):
        mailbox = opened(str(inbox))
        before = uids(mailbox, "inbox")
        inbox.write_bytes(inbox.read_bytes().replace(b"Subject: 3\n", b"Subject: 3\nStatus: RO\nX-Status: A\n"))
        assert {head.uid for head in mailbox.heads(before)} == set(before)
        assert uids(mailbox, "inbox") == before

    def test_equal_messages_are_told_apart(self, tmp_path):
        mailbox = opened(str(mbox_file(tmp_path / "box", [message(1)] * 3)))
        there = uids(mailbox, "box")
        assert len(set(there)) == 3
        assert len(list(mailbox.heads(there))) == 3

    def test_times_are_those_of_the_from_lines(self, tmp_path):
        path = tmp_path / "box"
        path.write_bytes(from_line(0) + b"A: 1\n\n\n" + b"From - \nDate: Tue, 17 Nov 2026 01:00:00 +0100\n\nx\n")
        mailbox = opened(str(path))
        mailbox.open("box")
        assert [item.received for item in mailbox.items()] == [1794787200.0, 1794873600.0]

    def test_who_rewrites_the_file_meanwhile_hides_nothing(self, inbox):
        mailbox = opened(str(inbox))
        there = uids(mailbox, "inbox")
        raws = mailbox.raws(there, 1000)
        next(raws)
        mbox_file(inbox, [message(5), message(3), message(77)])
        assert {head.uid for head in mailbox.heads(there)} == {there[3], there[5]}
        assert set(dict(raws)) == {there[3], there[5]}


class TestMoving:
    def test_messages_go_with_every_byte(self, inbox):
        before = in_mbox(inbox)
        moved = move(inbox, [0, 2, 5])
        other = inbox.parent / "Backscatter"
        assert in_mbox(inbox, other) == before
        assert in_mbox(other) == Counter((from_line(n) + message(n)).rstrip(b"\n") for n in (0, 2, 5))
        assert [one.uid for one in moved] == uids(opened(str(other)), "Backscatter")
        assert sorted(path.name for path in inbox.parent.iterdir()) == ["Backscatter", "inbox"]

    def test_and_back_again(self, inbox):
        before = in_mbox(inbox)
        move(inbox, [0, 1, 2, 3, 4, 5])
        assert inbox.read_bytes() == b""
        move(inbox.parent / "Backscatter", range(6), "inbox")
        assert in_mbox(inbox) == before
        assert (inbox.parent / "Backscatter").read_bytes() == b""

    def test_mode_is_kept(self, inbox):
        inbox.chmod(0o640)
        move(inbox, [1])
        assert inbox.stat().st_mode & 0o777 == 0o640

    def test_a_last_message_without_a_line_end(self, tmp_path):
        path = tmp_path / "box"
        path.write_bytes(from_line(0) + b"A: 1\n\none\n\n" + from_line(1) + b"A: 2\n\ntwo")
        before = in_mbox(path)
        move(path, [1])
        move(path, [0])
        assert in_mbox(path, tmp_path / "Backscatter") == before

    def test_lines_that_end_in_crlf(self, tmp_path):
        path = tmp_path / "box"
        path.write_bytes((from_line(0) + b"A: 1\n\none\n\n" + from_line(1) + b"A: 2\n\ntwo\n").replace(b"\n", b"\r\n"))
        move(path, [1])
        assert b"two\r\n\r\n" in (tmp_path / "Backscatter").read_bytes()
        assert path.read_bytes().endswith(b"one\r\n\r\n")

    def test_what_is_gone_is_passed_over(self, inbox):
        mailbox = opened(str(inbox))
        mailbox.make("B")
        there = uids(mailbox, "inbox")
        mbox_file(inbox, [message(4), message(1)])
        assert [moved.old for moved in mailbox.move(there[:3], "B")] == [there[1]]

    def test_a_message_that_would_glue_two_others_stays(self, tmp_path):
        path = tmp_path / "box"
        announced = b"A: 1\n\nYour message is shown below:\n\n"
        path.write_bytes(
            from_line(100) + announced + from_line(200) + b"A: 2\n\nx\n\n" + from_line(50) + b"A: 3\n\ny\n"
        )
        before = in_mbox(path)
        assert sum(before.values()) == 3
        with pytest.raises(PlaceError, match="told apart"):
            move(path, [1])
        assert len(move(path, [1, 2])) == 2
        assert in_mbox(path, tmp_path / "Backscatter") == before

    def test_a_file_in_which_messages_may_be_torn_is_left_alone(self, tmp_path):
        torn = b"Subject: 1\nContent-Length: %d\n\n"
        body = b"one\n\n" + from_line(5) + b"Subject: quoted\n\nthe end\n"
        path = mbox_file(tmp_path / "box", [torn % len(body) + body, message(1)])
        before = path.read_bytes()
        with pytest.raises(PlaceError, match="not certain where its messages end"):
            move(path, [0])
        assert path.read_bytes() == before
        assert (tmp_path / "Backscatter").read_bytes() == b""

    def test_a_first_message_without_a_header(self, tmp_path):
        path = tmp_path / "box"
        path.write_bytes(from_line(0) + b"no header at all, to be sure\n\n" + from_line(1) + message(1))
        with pytest.raises(PlaceError, match="not certain"):
            move(path, [0])

    def test_a_folder_below_another_as_thunderbird_has_it(self, tmp_path):
        mbox_file(tmp_path / "Inbox", [message(1)])
        (tmp_path / "Archive").touch()
        (tmp_path / "Archive.sbd").mkdir()
        mailbox = opened(str(tmp_path))
        assert mailbox.make("Archive/Backscatter") == "Archive/Backscatter"
        (uid,) = uids(mailbox, "Inbox")
        assert len(list(mailbox.move([uid], "Archive/Backscatter"))) == 1
        assert (tmp_path / "Archive.sbd" / "Backscatter").stat().st_size

    @given(data=st.data())
    @settings(max_examples=150)
    def test_any_messages_any_of_them_moved(self, data, tmp_path_factory):
        folder = tmp_path_factory.mktemp("any")
        line = st.sampled_from(
            [b"", b"text", b"is shown below:", b"Content-Type: message/rfc822", b">From me", b"From here", b"Subject: x",
             from_line(7).strip(), from_line(70).strip(), b"From - ", b"Content-Length: 60", b"\r", b"\xff\x00"]
        )  # fmt: skip
        body = st.lists(line, max_size=8).map(lambda lines: b"A: b\n\n" + b"".join(one + b"\n" for one in lines))
        path, other = folder / "box", folder / "other"
        for file in (path, other):
            messages = data.draw(st.lists(st.tuples(st.integers(0, 100), body), max_size=6))
            file.write_bytes(b"".join(from_line(n) + raw + b"\n" for n, raw in messages))
        before, mailbox = in_mbox(path, other), opened(str(path))
        there = uids(mailbox, "box")
        chosen = data.draw(st.sets(st.sampled_from(there))) if there else []
        try:
            moved = [one.old for one in mailbox.move(sorted(chosen), "other")]
        except PlaceError:
            moved = []
        assert set(moved) <= set(chosen)
        assert in_mbox(path, other) == before
        left = uids(opened(str(path)), "box")
        assert len(left) == len(there) - len(moved)
        for turn in (left[:1], left[-1:]):  # by what is known of the files from the move before
            with suppress(PlaceError):
                assert [one.old for one in mailbox.move(turn, "other")] in ([], turn)
            assert in_mbox(path, other) == before
        mailbox.open("other")
        there = uids(opened(str(other)), "other")
        with suppress(PlaceError):
            assert {one.old for one in mailbox.move(there[1::2], "box")} <= set(there)
        assert in_mbox(path, other) == before


@posix
class TestKilled:
    def test_at_any_line_nothing_is_lost_and_the_next_one_puts_it_right(self, tmp_path, monkeypatch):
        monkeypatch.setattr(limits, "MBOX_COPY", 4096)
        before, line, finished = None, 1, False
        while not finished:
            folder = tmp_path / str(line)
            folder.mkdir()
            box = mbox_file(folder / "box", [message(n, 6000) for n in (0, 1, 2, 2, 3)])
            other = mbox_file(folder / "Backscatter", [message(2, 6000), message(8)])
            before = in_mbox(box, other)
            finished = not killed_at(line, lambda box=box: move(box, [1, 2, 4]))
            assert before <= in_mbox(box, other)
            opened(str(box)).open("box", write=True)
            assert in_mbox(box, other) == before
            assert sorted(path.name for path in folder.iterdir() if path.suffix == ".ndrfilter-move") == []
            assert not (folder / ".box.ndrfilter-move").exists()
            mailbox = opened(str(box))
            wanted = set(uids(mailbox, "box"))
            assert len(list(mailbox.move(sorted(wanted), "Backscatter"))) == len(wanted)
            assert in_mbox(box, other) == before
            line += 1 + line // 12
        assert line > 1000

    def test_again_and_again_by_a_real_signal(self, tmp_path):
        box = mbox_file(tmp_path / "box", [message(n, 3000) for n in range(400)])
        before, other = in_mbox(box), tmp_path / "Backscatter"
        code = (
            "import sys; sys.path.insert(0, sys.argv[3])\n"
            "from ndrfilter.sweep.local import opened\n"
            "while True:\n"
            "  for here, there in ((1, 2), (2, 1)):\n"
            "    mailbox = opened(sys.argv[here]); mailbox.make(sys.argv[there].rpartition('/')[2])\n"
            "    name = sys.argv[here].rpartition('/')[2]; mailbox.open(name, write=True)\n"
            "    uids = [item.uid for item in mailbox.items()][::2]\n"
            "    print(len(list(mailbox.move(uids, sys.argv[there].rpartition('/')[2]))), flush=True)\n"
        )
        for turn in range(12):
            command = [sys.executable, "-c", code, str(box), str(other), str(ROOT)]
            with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
                for _move in range(1 + turn % 3):
                    assert process.stdout.readline().strip().isdigit()
                time.sleep(turn * 0.007)
                process.send_signal(signal.SIGKILL)
            assert before <= in_mbox(box, other)
            for path in (box, other):
                opened(str(path)).open(path.name, write=True)
            assert in_mbox(box, other) == before

    def test_killed_again_while_it_is_put_right(self, tmp_path, monkeypatch):
        monkeypatch.setattr(limits, "MBOX_COPY", 4096)
        box, other = tmp_path / "box", tmp_path / "Backscatter"

        def killed_while_moving(line: int) -> bool:
            mbox_file(box, [message(n, 9000) for n in (0, 1, 1, 2)])
            mbox_file(other, [message(1, 9000)])
            return killed_at(line, lambda: move(box, [1, 2]))

        line, states = 1, []
        while killed_while_moving(line):
            states += [line] if (tmp_path / ".box.ndrfilter-move").exists() else []
            opened(str(box)).open("box", write=True)
            line += 11 if states else 40
        for line, second in product(states, range(1, 600, 199)):
            assert killed_while_moving(line)
            killed_at(second, lambda: opened(str(box)).open("box", write=True))
            opened(str(box)).open("box", write=True)
            assert in_mbox(box, other) == Counter(
                (from_line(n) + message(number, 9000)).rstrip(b"\n")
                for n, number in [(0, 0), (1, 1), (2, 1), (3, 2), (0, 1)]
            )
        assert len(states) > 5

    @pytest.mark.parametrize(("part", "kept"), [(b"From: a1@exam", 1), (b"Fro", 0)])
    def test_a_delivery_behind_what_was_written_in_part_is_kept(self, inbox, part, kept):
        other = mbox_file(inbox.parent / "Backscatter", [message(7)])
        size = other.stat().st_size
        mailbox = opened(str(inbox))
        there = uids(mailbox, "inbox")
        journal = {"into": "Backscatter", "size": size, "moving": there[:2], "in_target": {}}
        journal["in_source"] = dict.fromkeys(there[:2], 1)
        (inbox.parent / ".inbox.ndrfilter-move").write_text(json.dumps(journal))
        whole, part = from_line(0) + message(0) + b"\n", from_line(1) + part
        other.write_bytes(other.read_bytes() + whole + part + b"\n\n" + from_line(99) + message(99))
        mailbox.open("inbox", write=True)
        assert uids(mailbox, "inbox") == there[kept:]
        found = in_mbox(inbox, other)
        assert found[(from_line(99) + message(99)).strip()] == found[(from_line(0) + message(0)).strip()] == 1

    def test_a_damaged_journal_is_told(self, inbox):
        (inbox.parent / ".inbox.ndrfilter-move").write_text("[]")
        with pytest.raises(PlaceError, match="is damaged"):
            opened(str(inbox)).open("inbox", write=True)


class TestOthersAtWork:
    def test_a_delivery_agent_that_locks_loses_nothing(self, inbox):
        code = (
            "import os, sys\n"
            "for number in range(150):\n"
            "  while True:\n"
            "    try: os.close(os.open(sys.argv[1] + '.lock', os.O_CREAT | os.O_EXCL)); break\n"
            "    except FileExistsError: pass\n"
            "  with open(sys.argv[1], 'a') as box:\n"
            "    box.write(f'From x Mon Nov 16 12:00:00 2026\\nSubject: new {number}\\n\\nx\\n\\n')\n"
            "  os.unlink(sys.argv[1] + '.lock')\n"
        )
        before = in_mbox(inbox)
        with subprocess.Popen([sys.executable, "-c", code, str(inbox)]) as process:
            while process.poll() is None:
                move(inbox, [0])
        assert process.returncode == 0
        found = in_mbox(inbox, inbox.parent / "Backscatter")
        assert before <= found
        assert set(found.values()) == {1}
        assert sum(found.values()) == sum(before.values()) + 150

    def test_a_mailbox_that_is_locked(self, inbox, monkeypatch):
        monkeypatch.setattr(limits, "MBOX_LOCK_PATIENCE", 0.3)
        lock = inbox.with_name("inbox.lock")
        lock.write_text(f"{os.getpid()}:elsewhere.example")
        before = inbox.read_bytes()
        with pytest.raises(TemporaryError, match="another program holds the mailbox"):
            move(inbox, [0])
        assert inbox.read_bytes() == before
        assert lock.exists()

    def test_a_lock_that_was_forgotten(self, inbox):
        import socket

        lock = inbox.with_name("inbox.lock")
        lock.touch()
        os.utime(lock, (1, 1))
        assert len(move(inbox, [0])) == 1
        with subprocess.Popen([sys.executable, "-c", ""]) as process:
            pass
        lock.write_text(f"{process.pid}:{socket.gethostname()}")
        assert len(move(inbox, [0])) == 1
        assert not lock.exists()

    def test_a_lock_by_fcntl(self, inbox, monkeypatch):
        pytest.importorskip("fcntl")
        monkeypatch.setattr(limits, "MBOX_LOCK_PATIENCE", 0.3)
        code = "import fcntl, sys; f = open(sys.argv[1], 'r+'); fcntl.lockf(f, 2); print(flush=True); sys.stdin.read()"
        command = [sys.executable, "-c", code, str(inbox)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as process:
            process.stdout.readline()
            with pytest.raises(TemporaryError, match="another program holds"):
                move(inbox, [0])
            process.stdin.close()
        assert len(move(inbox, [0])) == 1

    def test_a_thunderbird_that_runs(self, tmp_path):
        pytest.importorskip("fcntl")
        inbox = tmp_path / "x.default" / "Mail" / "Local Folders" / "Inbox"
        inbox.parent.mkdir(parents=True)
        mbox_file(inbox, [message(1), message(2)])
        lock = tmp_path / "x.default" / ".parentlock"
        lock.touch()
        code = "import fcntl, sys; f = open(sys.argv[1], 'r+'); fcntl.lockf(f, 2); print(flush=True); sys.stdin.read()"
        command = [sys.executable, "-c", code, str(lock)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as process:
            process.stdout.readline()
            with pytest.raises(TemporaryError, match="Thunderbird"):
                move(inbox, [0])
            process.stdin.close()
        assert len(move(inbox, [0])) == 1

    def test_wait_ends_when_a_message_comes(self, inbox, monkeypatch):
        monkeypatch.setattr(limits, "SWEEP_POLL", 0.01)
        os.utime(inbox, (1, 1))
        mailbox = opened(str(inbox))
        mailbox.open("inbox")
        assert not mailbox.wait(0.05)
        with inbox.open("ab") as stream:
            stream.write(from_line(9) + message(9))
        assert mailbox.wait(60)


class TestWhatIsWrong:
    def test_no_room_leaves_everything_as_it_was(self, inbox):
        pytest.importorskip("resource")
        mbox_file(inbox, [message(n, 20_000) for n in range(10)])
        opened(str(inbox)).make("Backscatter")
        before = inbox.read_bytes()
        code = (
            "import resource, signal, sys; sys.path.insert(0, sys.argv[2])\n"
            "from ndrfilter.sweep.local import opened\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
            "mailbox = opened(sys.argv[1]); mailbox.open('inbox', write=True)\n"
            "try: list(mailbox.move([item.uid for item in mailbox.items()], 'Backscatter'))\n"
            "except Exception as error: print(type(error).__name__)\n"
        )
        done = subprocess.run([sys.executable, "-c", code, str(inbox), str(ROOT)], capture_output=True, text=True)
        assert done.stdout.strip() in ("QuotaError", "TemporaryError"), done.stderr
        assert inbox.read_bytes() == before
        assert (inbox.parent / "Backscatter").read_bytes() == b""
        assert sorted(path.name for path in inbox.parent.iterdir()) == ["Backscatter", "inbox"]

    @posix
    def test_a_folder_where_nothing_may_be_made(self, inbox):
        code = (
            "import os, sys; sys.path.insert(0, sys.argv[2])\n"
            "from ndrfilter.sweep.local import opened\n"
            "os.geteuid() or os.setuid(65534)\n"
            "mailbox = opened(sys.argv[1]); assert mailbox.folders()[0].writable is False\n"
            "assert len(list(mailbox.heads([item.uid for item in (mailbox.open('inbox'), mailbox.items())[1]]))) == 6\n"
            "try: mailbox.open('inbox', write=True)\n"
            "except Exception as error: print(type(error).__name__, error)\n"
        )
        inbox.chmod(0o444)
        for folder in (inbox.parent, *inbox.parent.parents):
            if folder.owner() == Path(inbox).owner() and folder != Path("/") and "pytest" in str(folder):
                folder.chmod(0o555 if folder == inbox.parent else 0o755)
        done = subprocess.run([sys.executable, "-c", code, str(inbox), str(ROOT)], capture_output=True, text=True)
        inbox.parent.chmod(0o755)
        assert done.stdout.startswith("ReadOnlyError"), done.stderr

    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("a.msg", b"\xd0\xcf\x11\xe0abc", "Outlook saved"),
            ("a.pst", b"!BDNabc", "export"),
            ("a.eml", b"Subject: 1\n\nx", "check --me"),
            ("a", b"Subject: 1\n\nx", "no mbox: its first line"),
            ("a.zip", b"\x00\x01", "neither a Maildir nor an mbox"),
        ],
    )
    def test_what_is_no_mbox(self, tmp_path, name, content, words):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(PlaceError, match=words):
            opened(str(tmp_path / name))

    def test_what_is_not_there(self, inbox):
        with pytest.raises(GoneError, match="no such file"):
            opened(str(inbox) + "x")
        for name in ("no", "../inbox", "inbox/x", "", "a\0b"):
            with pytest.raises(PlaceError):
                opened(str(inbox)).open(name)

    @posix
    def test_a_pipe_holds_nobody(self, tmp_path):
        os.mkfifo(tmp_path / "box")
        with pytest.raises(PlaceError, match="a pipe"):
            opened(str(tmp_path / "box"))

    @pytest.mark.parametrize("name", ["", "..", "a/../b", ".hidden", "a\nb", "x" * 300, "a//b", "\udcff"])
    def test_a_name_that_no_folder_can_have(self, inbox, name):
        with pytest.raises(PlaceError, match="cannot be called"):
            opened(str(inbox)).make(name)

    def test_keywords_are_not_for_an_mbox(self, inbox):
        with pytest.raises(PlaceError, match="--move"):
            opened(str(inbox)).tag([], "x")
