"""What the store says when it cannot: full, damaged, or in a place that is not safe."""

from __future__ import annotations

import sqlite3
import stat

import pytest
from stored import LATER, on_disk, run

from ndrfilter.errors import TemporaryError


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
