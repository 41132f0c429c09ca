"""Following a log after a restart, a death at any moment, trouble with the store."""

import gzip
import json
import os

import pytest
from followed_log import NOW, START, Following, append, lines, log
from hypothesis import given, settings
from hypothesis import strategies as st

from ndrfilter import limits
from ndrfilter.adapters.clock import FixedClock
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.errors import TemporaryError
from ndrfilter.sentlog import coverage, known


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["write", "read", "commit", "die", "rename", "copytruncate"]), max_size=25), st.data())
def test_a_death_at_any_moment_loses_nothing(tmp_path_factory, steps, data):
    """Whatever is written, rotated and killed in whichever order: at the end each message is known, once."""
    store = SqliteStore(None, FixedClock(NOW))
    path = tmp_path_factory.mktemp("logs") / "mail.log"
    path.write_text("")
    following, written, waiting, files = Following(path, store), 0, [], 0
    for step in [*steps, "write", "die", "commit"]:
        if step == "write":
            written += 1
            waiting += lines(written)
            cut = data.draw(st.integers(1, len(waiting)))
            append(path, "".join(waiting[:cut]))
            del waiting[:cut]
        elif step == "read":
            following.follower.step(NOW)
        elif step == "commit":
            following.catch_up()
        elif step == "die":
            following.follower.close()
            following.start()
        elif path.stat().st_size:
            following.catch_up()
            files += 1
            if step == "rename":
                path.rename(f"{path}.{files}")
                path.write_text("")
            else:
                path.with_name(f"mail.log.{files}").write_bytes(path.read_bytes())
                os.truncate(path, 0)
            os.utime(f"{path}.{files}", (NOW, NOW - 1000 + files))
    append(path, "".join(waiting))
    following.catch_up()
    following.catch_up()
    assert following.recorded() == list(range(1, written + 1))
    for number in range(1, written + 1):
        assert known(store, f"<{number}@example.com>", [], []).copies == 1


def test_a_restart_after_a_rotation_and_packing(following):
    begun = lines(3)
    append(following.path, "".join(begun[:3]))
    following.catch_up()
    following.follower.close()
    append(following.path, begun[3])
    packed = following.path.with_name("mail.log.2.gz")
    packed.write_bytes(gzip.compress(following.path.read_bytes()))
    following.path.write_text(log(4))
    os.utime(packed, (NOW, NOW - 5))
    following.start()
    following.catch_up()
    assert following.recorded() == [1, 2, 3, 4]
    assert coverage(following.store) == (START + 1, START + 4)
    assert following.said == []


def test_a_log_that_went_away_between_two_runs_is_a_gap(following):
    following.catch_up()
    following.follower.close()
    following.path.write_text(log(40, 41))
    following.start()
    following.catch_up()
    assert following.recorded() == [1, 2, 40, 41]
    assert len(following.said) == 1
    assert coverage(following.store) == (START + 40, START + 41)


def test_only_some_of_a_long_log_is_read_again(following, monkeypatch):
    monkeypatch.setattr(limits, "FOLLOW_REPLAY", (1000, 2000))
    append(following.path, log(*range(3, 50)))
    following.catch_up()
    place = json.loads(following.store.mark(f"sent_log.place {following.path}"))
    assert 0 < following.path.stat().st_size - place[2] <= 2000
    following.follower.close()
    append(following.path, log(50))
    following.start()
    following.catch_up()
    assert following.recorded() == list(range(1, 51))


@pytest.mark.parametrize("mark", ["", "x", "[]", "[1, 2, 3]", '{"a": 1}', '["a", 1, 1, 1, []]', "null"])
def test_a_mark_that_says_nothing(following, mark):
    following.store.set_mark(f"sent_log.place {following.path}", mark)
    following.start()
    following.catch_up()
    assert following.recorded() == [1, 2]


class Failing:
    """A store on a disk that is full for a while."""

    def __init__(self, store):
        self.store, self.full = store, False

    def __getattr__(self, name):
        if self.full:
            raise TemporaryError("the disk is full")
        return getattr(self.store, name)


def test_trouble_with_the_store_loses_nothing(following):
    failing = Failing(following.store)
    following.store = failing
    following.start()
    following.read()
    failing.full = True
    for _ in range(3):
        with pytest.raises(TemporaryError):
            following.follower.commit(NOW)
    failing.full = False
    following.follower.commit(NOW)
    assert following.recorded() == [1, 2]
