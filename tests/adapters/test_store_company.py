"""The store when its user is killed, and when several use it at once."""

from __future__ import annotations

import os
import signal
import sqlite3

from stored import on_disk, run

from ndrfilter.adapters.clock import SystemClock
from ndrfilter.adapters.store import SqliteStore


class TestDeathAndCompany:
    WRITER = """
    number = int(sys.argv[2])
    while True:
        store.add("sent", [(b"%d-%d" % (number, part), b"v", 4e9) for part in range(3)])
        store.set_mark("last", str(number))
        os.write(1, b"%d\\n" % number)
        number += 1
    """.replace("\n    ", "\n")

    def test_what_was_reported_survives_kill_9_at_any_moment(self, folder):
        reported = 0
        for turn in range(8):
            process = run(self.WRITER, folder, reported)
            for _ in range(turn * 7 + 1):
                reported = int(process.stdout.readline()) + 1
            process.send_signal(signal.SIGKILL)
            rest = process.communicate()[0].split(b"\n")[:-1]
            reported = int(rest[-1]) + 1 if rest else reported
        store = on_disk(folder)
        missing = [key for number in range(reported) for key in [b"%d-2" % number] if not store.values("sent", key)]
        assert missing == []
        assert int(store.mark("last")) >= reported - 1
        with sqlite3.connect(folder / "state.db") as file:
            assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)

    def test_a_batch_that_was_cut_off_is_there_whole_or_not_at_all(self, folder):
        for turn in range(4):
            process = run(self.WRITER, folder, turn * 1_000_000)
            process.stdout.readline()
            process.send_signal(signal.SIGKILL)
            process.communicate()
        keys = [key.rsplit(b"-")[0] for key, _value, _expires in on_disk(folder).items("sent")]
        assert keys
        assert {keys.count(key) for key in set(keys)} == {3}

    def test_many_writers_at_once_lose_nothing(self, folder):
        program = """
from ndrfilter.errors import TemporaryError
for number in range(60):
    while True:
        try:
            store.count("uses", b"k", b"%s-%d" % (sys.argv[2].encode(), number), 4e9)
            break
        except TemporaryError as error:  # told, so it may be tried again
            assert "in use by another process" in str(error)
"""
        running = [run(program, folder, name) for name in "abcd"]
        assert [process.communicate()[1] for process in running] == [b""] * 4
        assert len(on_disk(folder).values("uses", b"k")) == 240

    def test_a_forked_child_works_and_leaves_its_parent_working(self, folder):
        store = SqliteStore(folder, SystemClock())
        store.add("sent", [(b"k", b"before", 4e9)])
        for name in (b"one", b"two"):
            child = os.fork()
            if not child:
                store.add("sent", [(b"k", name, 4e9)])
                store.close()
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
        store.add("sent", [(b"k", b"after", 4e9)])
        assert sorted(store.values("sent", b"k")) == [b"after", b"before", b"one", b"two"]

    def test_one_that_is_moved_away_is_begun_anew(self, folder):
        store = on_disk(folder)
        store.set_mark("a", "old")
        for path in folder.glob("state.db*"):
            path.unlink()
        assert store.mark("a") is None
        store.set_mark("a", "new")
        assert on_disk(folder).mark("a") == "new"
