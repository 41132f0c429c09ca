"""The store: what it keeps and forgets, its digests, and what it costs before it is used."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys

import pytest
from stored import LATER, NOW, ROOT, on_disk, run

from ndrfilter import limits
from ndrfilter.errors import TemporaryError


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


def test_the_store_costs_nothing_before_it_is_used():
    program = "import sys; import ndrfilter.adapters.store; print('sqlite3' in sys.modules, 'hashlib' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "False"]
