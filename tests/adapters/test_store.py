"""The store: what it keeps and forgets, who may use it, and what it says when it cannot."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from ndrfilter import limits
from ndrfilter.adapters.clock import FixedClock, SystemClock
from ndrfilter.adapters.state import default_folder
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.errors import TemporaryError

ROOT = Path(__file__).resolve().parents[2]
NOW = 1_800_000_000.0
LATER = NOW + 100

PROLOGUE = """
import os, sys
from pathlib import Path
from ndrfilter.adapters.clock import SystemClock
from ndrfilter.adapters.store import SqliteStore
store = SqliteStore(Path(sys.argv[1]), SystemClock())
"""


@pytest.fixture(params=["file", "memory"])
def store(request, tmp_path):
    made = SqliteStore(tmp_path / "state" if request.param == "file" else None, FixedClock(NOW))
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "state"


def on_disk(folder, now=NOW):
    return SqliteStore(folder, FixedClock(now))


def run(program, *arguments, **options):
    command = [sys.executable, "-c", PROLOGUE + program, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


class TestWhatIsKept:
    def test_values_stand_under_their_key_and_table(self, store):
        store.add("sent", [(b"k", b"1", LATER), (b"k", b"2", LATER), (b"l", b"3", LATER)])
        assert sorted(store.values("sent", b"k")) == [b"1", b"2"]
        assert store.values("uses", b"k") == ()

    def test_a_value_is_there_until_it_expires(self, tmp_path):
        on_disk(tmp_path).add("sent", [(b"k", b"1", NOW), (b"k", b"2", NOW + 1)])
        assert on_disk(tmp_path).values("sent", b"k") == (b"2",)
        assert on_disk(tmp_path, NOW + 1).values("sent", b"k") == ()

    def test_the_longer_of_two_times_counts(self, tmp_path):
        on_disk(tmp_path).add("sent", [(b"k", b"1", NOW + 9), (b"k", b"1", NOW + 5)])
        assert on_disk(tmp_path, NOW + 8).values("sent", b"k") == (b"1",)

    def test_count_tells_how_many_different_values_there_are(self, store):
        counts = [store.count("uses", b"k", value, LATER) for value in (b"a", b"a", b"b", b"a", b"c")]
        assert counts == [1, 1, 2, 2, 3]

    def test_one_key_has_only_so_many_values_and_the_count_says_so(self, store):
        store.add("uses", ((b"k", b"%d" % number, LATER) for number in range(limits.STORE_VALUES + 5)))
        assert len(store.values("uses", b"k")) == limits.STORE_VALUES
        assert store.count("uses", b"k", b"one more", LATER) == limits.STORE_VALUES + 1
        assert store.count("uses", b"k", b"0", LATER) == limits.STORE_VALUES

    def test_marks(self, store):
        assert store.mark("since") is None
        store.set_mark("since", "1")
        store.set_mark("since", "2")
        assert store.mark("since") == "2"

    def test_items_and_remove(self, store):
        rows = [(b"%06d" % number, b"v", LATER) for number in range(limits.STORE_BATCH * 2)]
        store.add("sent", rows)
        store.add("other", rows[:1])
        assert list(store.items("sent")) == rows
        assert store.remove("sent", [row[:2] for row in rows[1:]]) == len(rows) - 1
        assert list(store.items("sent")) == rows[:1]
        assert list(store.items("other")) == rows[:1]

    def test_the_expired_are_removed_in_passing(self, folder):
        on_disk(folder).add("sent", ((b"%d" % number, b"v", NOW + 1) for number in range(limits.STORE_SWEEP + 7)))
        later = on_disk(folder, NOW + 2)
        later.set_mark("a", "")
        later.set_mark("a", "")
        with sqlite3.connect(folder / "state.db") as file:
            assert file.execute("SELECT count(*) FROM item").fetchone() == (0,)


class TestDigests:
    def test_they_are_the_same_for_all_who_share_the_folder_and_for_nobody_else(self, tmp_path):
        one, same, other = (on_disk(tmp_path / name).digest("a", "b") for name in ("x", "x", "y"))
        assert one == same != other
        assert len(one) == 16

    def test_where_one_text_ends_matters(self, store):
        assert store.digest("ab", "c") != store.digest("a", "bc") != store.digest("abc")

    def test_any_text_will_do(self, store):
        assert store.digest("\udcff\ud800") != store.digest("")

    def test_the_secret_is_for_the_owner_alone(self, folder):
        on_disk(folder).digest()
        assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_processes_that_begin_together_share_one_secret(self, folder):
        program = "sys.stdin.read(); print(store.digest('a').hex())"
        running = [run(program, folder, stdin=subprocess.PIPE) for _ in range(4)]
        digests = {process.communicate()[0] for process in running}
        assert len(digests) == 1
        assert len(digests.pop()) == 33
        assert sorted(path.name for path in folder.iterdir()) == ["state.db", "state.key"]

    def test_a_lost_secret_is_never_replaced_silently(self, folder):
        on_disk(folder).set_mark("a", "")
        (folder / "state.key").unlink()
        with pytest.raises(TemporaryError, match=r"state\.key is missing.*restore"):
            on_disk(folder).digest("a")

    def test_a_secret_that_does_not_belong_to_the_file_is_refused(self, folder):
        on_disk(folder).set_mark("a", "")
        (folder / "state.key").write_bytes(b"x" * 32)
        with pytest.raises(TemporaryError, match=r"another state\.key"):
            on_disk(folder).digest("a")

    def test_a_secret_that_was_cut_short_is_refused(self, folder):
        on_disk(folder).set_mark("a", "")
        (folder / "state.key").write_bytes(b"x")
        with pytest.raises(TemporaryError, match="damaged"):
            on_disk(folder).digest("a")


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
        program = "[store.count('uses', b'k', b'%s-%d' % (sys.argv[2].encode(), n), 4e9) for n in range(60)]"
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


class TestTrouble:
    def test_somebody_who_never_ends_his_work_is_waited_for_only_so_long(self, folder):
        store = on_disk(folder)
        store.set_mark("a", "1")
        other = sqlite3.connect(folder / "state.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TemporaryError, match="in use by another process"):
            store.set_mark("a", "2")
        assert store.mark("a") == "1"
        other.close()
        store.set_mark("a", "2")
        assert store.mark("a") == "2"

    def test_a_full_disk_is_told_and_survived(self, folder):
        program = """
import resource, signal
from ndrfilter.errors import TemporaryError
store.set_mark("a", "before")
size = os.path.getsize(sys.argv[1] + "/state.db-wal")
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 9000, resource.RLIM_INFINITY))
try:
    store.add("sent", [(b"%d" % n, b"v" * 64, 4e9) for n in range(900)])
except TemporaryError as error:
    print(error)
print(store.mark("a"), len(list(store.items("sent"))))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store.set_mark("a", "after")
print(store.mark("a"))
"""
        told, trouble = run(program, folder).communicate()
        assert trouble == b""
        lines = told.decode().splitlines()
        assert "state.db" in lines[0]
        assert lines[1:] == ["before 0", "after"]

    @pytest.mark.parametrize(
        "damage", [b"this is no database at all, but quite long" * 200, b"SQLite format 3\0" * 600]
    )
    def test_a_damaged_file_is_named_and_left_alone(self, folder, damage):
        store = on_disk(folder)
        store.set_mark("a", "")
        store.close()
        (folder / "state.db").write_bytes(damage)
        with pytest.raises(TemporaryError, match=r"state\.db.*(damaged|read or write)"):
            on_disk(folder).mark("a")
        assert (folder / "state.db").read_bytes() == damage

    def test_one_page_of_rubbish_is_named_when_it_is_met(self, folder):
        store = on_disk(folder)
        store.add("sent", ((b"%06d" % number, b"v" * 40, LATER) for number in range(3000)))
        store.close()
        data = bytearray((folder / "state.db").read_bytes())
        data[3 * 4096 : -4096] = b"\xff" * (len(data) - 4 * 4096)
        (folder / "state.db").write_bytes(data)
        with pytest.raises(TemporaryError, match=r"damaged.*restore"):
            list(on_disk(folder).items("sent"))

    def test_a_file_of_a_later_version_is_left_alone(self, folder):
        on_disk(folder).set_mark("a", "")
        with sqlite3.connect(folder / "state.db") as file:
            file.execute("PRAGMA user_version = 99")
        with pytest.raises(TemporaryError, match="another version"):
            on_disk(folder).mark("a")

    def test_a_place_that_cannot_be_made(self, tmp_path):
        (tmp_path / "file").write_bytes(b"")
        with pytest.raises(TemporaryError, match="cannot make the state folder"):
            on_disk(tmp_path / "file" / "state").mark("a")

    def test_a_folder_that_everybody_may_write_to(self, folder):
        folder.mkdir()
        folder.chmod(0o1777)
        with pytest.raises(TemporaryError, match=r"everybody may write.*chmod o-w"):
            on_disk(folder).mark("a")

    def test_a_folder_that_is_a_link(self, tmp_path, folder):
        (tmp_path / "elsewhere").mkdir()
        folder.symlink_to(tmp_path / "elsewhere")
        with pytest.raises(TemporaryError, match="is a link"):
            on_disk(folder).mark("a")
        assert list((tmp_path / "elsewhere").iterdir()) == []

    @pytest.mark.parametrize("name", ["state.db", "state.key", "state.db-wal"])
    def test_a_file_that_is_a_link(self, folder, name):
        on_disk(folder).set_mark("a", "")
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to("/etc/passwd")
        with pytest.raises(TemporaryError, match=f"{name} is a link"):
            on_disk(folder).mark("a")

    @pytest.mark.parametrize("name", ["state.db", "state.key"])
    @pytest.mark.parametrize("mode", [0o606, 0o660])
    def test_a_file_that_others_may_write_to(self, folder, name, mode):
        on_disk(folder).set_mark("a", "")
        (folder / name).chmod(mode)
        with pytest.raises(TemporaryError, match="others may write"):
            on_disk(folder).mark("a")

    def test_in_a_folder_that_its_group_shares_the_group_may_write(self, folder):
        folder.mkdir()
        folder.chmod(0o2770)
        store = on_disk(folder)
        store.set_mark("a", "")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
        assert modes == {"state.key": 0o640, "state.db": 0o660, "state.db-wal": 0o660, "state.db-shm": 0o660}


AS_NOBODY = """
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
"""
READER = """
from ndrfilter.errors import TemporaryError
try:
    print(store.mark("a"))
except TemporaryError as error:
    print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
class TestOtherUsers:
    def told(self, folder, before=AS_NOBODY):
        warm = "import sqlite3, hashlib\nimport ndrfilter.errors\n"
        told, trouble = run(warm + before + READER, folder).communicate()
        assert trouble == b""
        return told.decode().strip()

    @pytest.fixture
    def folder(self):
        import tempfile

        with tempfile.TemporaryDirectory(dir="/tmp") as name:
            Path(name).chmod(0o755)
            yield Path(name) / "state"

    def test_a_user_without_the_right_to_write_is_told_how_to_get_it(self, folder):
        on_disk(folder).set_mark("a", "x")
        folder.chmod(0o755)
        assert "chgrp GROUP" in self.told(folder)

    def test_a_member_of_the_group_shares_what_is_there(self, folder):
        folder.mkdir()
        os.chown(folder, 0, 4242)
        folder.chmod(0o2770)
        on_disk(folder).set_mark("a", "shared")
        member = "os.setgroups([4242])\nos.setgid(65534)\nos.setuid(65534)\n"
        assert self.told(folder, member) == "shared"
        assert self.told(folder, member + "store.set_mark('a', 'mine')\n") == "mine"
        assert on_disk(folder).mark("a") == "mine"

    def test_what_root_makes_in_a_users_folder_is_the_users(self, folder):
        folder.mkdir(mode=0o700)
        os.chown(folder, 65534, 65534)
        on_disk(folder).set_mark("a", "x")
        assert self.told(folder) == "x"
        assert {path.stat().st_uid for path in folder.iterdir()} == {65534}

    def test_a_strangers_folder_is_not_used(self, folder):
        folder.mkdir()
        os.chown(folder, 4242, 4242)
        folder.chmod(0o755)
        assert "belongs to somebody else" in self.told(folder)


def test_where_the_folder_is_by_default():
    assert default_folder({}) == Path("/var/lib/ndrfilter") or os.geteuid() != 0
    program = f"{AS_NOBODY if os.geteuid() == 0 else ''}\nfrom ndrfilter.adapters.state import default_folder\n"
    program += "print(default_folder({'XDG_STATE_HOME': '/x'}), default_folder({'HOME': '/h'}))"
    system = Path("/var/lib/ndrfilter")
    if system.exists() and system.stat().st_mode & 0o5 == 0o5:
        pytest.skip("this machine has a system folder that everybody may read")
    told = subprocess.run(
        [sys.executable, "-c", f"import os\nfrom pathlib import Path\nimport ndrfilter.adapters.state\n{program}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["/x/ndrfilter", "/h/.local/state/ndrfilter"]


def test_the_store_costs_nothing_before_it_is_used():
    program = "import sys; import ndrfilter.adapters.store; print('sqlite3' in sys.modules, 'hashlib' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "False"]
