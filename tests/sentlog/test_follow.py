"""Following a log: rotation in all its forms, restarts, a death at any moment, trouble with the store."""

import bz2
import gzip
import json
import lzma
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ndrfilter import limits
from ndrfilter.adapters.clock import FixedClock
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.errors import TemporaryError
from ndrfilter.sentlog import coverage, known
from ndrfilter.sentlog.follow import Follower
from ndrfilter.sentlog.reader import Pipe
from ndrfilter.sentlog.tail import Tail
from ndrfilter.sentlog.trust import Trust
from ndrfilter.site import Site

START = 1795338000.0  # 2026-11-22T09:00:00Z
NOW = START + 3600.0
TRUST = Trust((Site(domains=("example.com",)),))


def stamp(second):
    return f"2026-11-22T09:{second // 60 % 60:02}:{second % 60:02}+00:00"


def lines(number, *, second=None):
    """The log of one message of ours, as a list of lines."""
    queue = f"4F{number:08X}"
    second = number if second is None else second
    texts = (
        f"smtpd[1]: {queue}: client=laptop[203.0.113.9], sasl_method=PLAIN, sasl_username=alice",
        f"cleanup[2]: {queue}: message-id=<{number}@example.com>",
        f"qmgr[3]: {queue}: from=<alice@example.com>, size=300, nrcpt=1 (queue active)",
        f"smtp[4]: {queue}: to=<bob@receiver.example>, relay=mx[198.51.100.25]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, "
        "status=sent (ok)",
        f"qmgr[3]: {queue}: removed",
    )
    return [f"{stamp(second)} mail postfix/{text}\n" for text in texts]


def log(*numbers):
    return "".join("".join(lines(number)) for number in numbers)


class Following:
    """A follower of a file, as the command drives it, that can die and start again."""

    def __init__(self, path, store):
        self.path, self.store, self.said = path, store, []
        self.start()

    def start(self):
        self.follower = Follower(self.store, TRUST, str(self.path), self.said.append)
        self.follower.open(self.path)

    def read(self):
        while self.follower.step(NOW):
            pass

    def catch_up(self):
        self.read()
        self.follower.commit(NOW)

    def has(self, number):
        return known(self.store, f"<{number}@example.com>", ["alice@example.com"], ["bob@receiver.example"]) is not None

    def recorded(self, upto=60):
        return [number for number in range(upto) if self.has(number)]


@pytest.fixture
def store():
    return SqliteStore(None, FixedClock(NOW))


@pytest.fixture
def following(tmp_path, store):
    (tmp_path / "mail.log").write_text(log(1, 2))
    return Following(tmp_path / "mail.log", store)


def append(path, text):
    with path.open("a") as file:
        file.write(text)


def test_what_is_there_and_what_comes(following):
    following.catch_up()
    assert following.recorded() == [1, 2]
    append(following.path, log(3))
    following.catch_up()
    assert following.recorded() == [1, 2, 3]
    assert coverage(following.store) == (START + 1, START + 3)
    assert following.said == []


def test_a_line_counts_when_it_is_whole(following):
    following.catch_up()
    text = log(3)
    for cut in range(0, len(text), 37):
        append(following.path, text[cut : cut + 37])
        following.catch_up()
        assert following.has(3) == ("status=sent (ok)\n" in text[: cut + 37])
    assert following.recorded() == [1, 2, 3]


def test_a_log_in_which_nothing_leaves_covers_nothing(tmp_path, store):
    """The wrong file, or that of a host through which no mail goes out."""
    path = tmp_path / "messages"
    path.write_text("".join(f"{stamp(second)} mail systemd[1]: Started\n" for second in range(1, 20)))
    following = Following(path, store)
    following.catch_up()
    assert coverage(store) is None
    append(path, f"{stamp(20)} mail systemd[1]: Started\n")
    following.start()
    following.catch_up()
    assert coverage(store) is None
    append(path, f"{stamp(21)} mail systemd[1]: Started\n" + log(22))
    following.start()
    following.catch_up()
    since, until = coverage(store)
    assert START < since <= START + 21
    assert until == START + 22


def known_of(following, number, sender="alice@example.com"):
    found = known(following.store, f"<{number}@example.com>", [sender], ["bob@receiver.example"])
    return found and found.sender


def test_what_passes_is_not_missing_and_not_sent(following):
    """A client that nobody trusts, a domain that the follower does not know, a list that writes its own name in From."""
    sent = "".join(lines(3))
    append(following.path, sent.replace("sasl_method=PLAIN, sasl_username=alice", "helo=<x>"))
    append(following.path, "".join(lines(4)).replace("alice@example.com", "alice@example.net"))
    append(
        following.path, "".join(lines(5)).replace("relay=mx[198.51.100.25]:25", "relay=none").replace("smtp[", "local[")
    )
    following.catch_up()
    assert [known_of(following, number) for number in (2, 3, 4, 5)] == [True, False, False, None]
    assert not known_of(following, 4, "alice@example.net")


def test_what_has_passed_may_be_sent_by_us_later(following):
    append(following.path, "".join(lines(3)).replace("sasl_method=PLAIN, sasl_username=alice", "helo=<x>"))
    following.catch_up()
    append(following.path, "".join(lines(3, second=4)))
    following.catch_up()
    assert known_of(following, 3)


def test_outsiders_who_break_off_make_no_gap(following, monkeypatch):
    monkeypatch.setattr(limits, "FOLLOW_MESSAGES", 10)
    for number in range(3, 40):
        append(following.path, lines(number)[0].replace(", sasl_method=PLAIN, sasl_username=alice", ""))
    following.catch_up()
    assert following.said == []


@pytest.mark.parametrize("read_first", [True, False])
def test_rotation_by_rename(following, read_first):
    following.catch_up()
    append(following.path, log(3))
    if read_first:
        following.read()
    old = following.path.rename(f"{following.path}.1")
    following.catch_up()
    append(old, log(4))
    following.catch_up()
    following.path.write_text("")
    append(old, log(5))
    following.catch_up()
    append(following.path, log(6))
    following.catch_up()
    assert following.recorded() == [1, 2, 3, 4, 5, 6]
    assert following.said == []


@pytest.mark.parametrize("new", [None, ""])
def test_a_start_just_after_a_rotation(tmp_path, store, new):
    """The writer has not been told yet: it goes on in the file that was moved away."""
    old, path = tmp_path / "mail.log.1", tmp_path / "mail.log"
    old.write_text(log(1))
    if new is not None:
        path.write_text(new)
    following = Following(path, store)
    following.catch_up()
    append(old, log(2))
    following.catch_up()
    append(old, log(3))
    path.write_text(log(4))
    following.catch_up()
    append(path, log(5))
    following.catch_up()
    assert following.recorded() == [1, 2, 3, 4, 5]
    assert coverage(store) == (START + 1, START + 5)


def test_several_rotations_while_nobody_looks(following):
    following.catch_up()
    append(following.path, log(3))
    following.path.rename(f"{following.path}.3")
    for number in (4, 5):
        (following.path.parent / f"mail.log.{6 - number}").write_text(log(number))
    following.path.write_text(log(6))
    for age, name in enumerate((".3", ".2", ".1", "")):
        os.utime(f"{following.path}{name}", (NOW, NOW + age))
    following.catch_up()
    assert following.recorded() == [1, 2, 3, 4, 5, 6]
    assert following.said == []


def test_several_rotations_while_the_store_is_away(tmp_path, store):
    """The follower waits with an empty file open; meanwhile it is moved away twice."""
    path = tmp_path / "mail.log"
    path.write_text("")
    following = Following(path, store)
    following.catch_up()
    path.rename(f"{path}.2")
    (tmp_path / "mail.log.1").write_text(log(1))
    path.write_text(log(2))
    following.catch_up()
    assert following.recorded() == [1, 2]


def test_rotation_by_copy_and_truncate(following):
    following.catch_up()
    append(following.path, log(3))
    copy = following.path.with_name("mail.log.1")
    copy.write_bytes(following.path.read_bytes())
    os.truncate(following.path, 0)
    append(following.path, log(4))
    following.catch_up()
    assert following.recorded() == [1, 2, 3, 4]
    assert following.said == []


def test_truncated_without_a_copy_is_a_gap(following):
    following.catch_up()
    append(following.path, log(3))
    following.path.write_text(log(30))
    following.catch_up()
    append(following.path, log(31))
    following.catch_up()
    assert following.recorded() == [1, 2, 30, 31]
    assert [text for text in following.said if "went away" in text]
    assert coverage(following.store).since > START + 2


def test_truncated_and_grown_again_is_noticed(following):
    following.catch_up()
    following.path.write_text(log(*range(30, 40)))
    following.catch_up()
    assert following.recorded() == [1, 2, *range(30, 40)]


def test_a_file_that_is_gone_for_a_while(tmp_path, store):
    following = Following(tmp_path / "mail.log", store)
    following.catch_up()
    following.catch_up()
    assert len(following.said) == 1
    assert "no such file" in following.said[0].lower()
    following.path.write_text(log(1))
    following.catch_up()
    following.path.rename(tmp_path / "mail.log.1")
    following.catch_up()
    following.path.write_text(log(2))
    following.catch_up()
    assert following.recorded() == [1, 2]
    assert len(following.said) == 1


@pytest.mark.parametrize(("pack", "name"), [(gzip.compress, "gz"), (bz2.compress, "bz2"), (lzma.compress, "xz")])
def test_rotated_files_at_the_first_start(tmp_path, store, pack, name):
    files = {
        f"mail.log.2.{name}": pack(log(1).encode()),
        "mail.log.1": log(2).encode(),
        "mail.log": log(3).encode(),
        "mail.log.bak": log(9).encode(),
    }
    for age, (file, data) in enumerate(files.items()):
        (tmp_path / file).write_bytes(data)
        os.utime(tmp_path / file, (NOW, NOW + age))
    following = Following(tmp_path / "mail.log", store)
    following.catch_up()
    assert following.recorded() == [1, 2, 3]
    assert coverage(store) == (START + 1, START + 3)


def test_a_message_that_spans_a_rotation(tmp_path, store):
    begun = lines(1)
    (tmp_path / "mail.log-20261121").write_text("".join(begun[:2]))
    (tmp_path / "mail.log").write_text("".join(begun[2:]))
    os.utime(tmp_path / "mail.log-20261121", (NOW, NOW - 9))
    following = Following(tmp_path / "mail.log", store)
    following.catch_up()
    assert following.recorded() == [1]


@pytest.mark.parametrize("data", [gzip.compress(log(1).encode())[:-20], b"no gzip at all", b""])
def test_a_damaged_packed_file_is_a_gap(tmp_path, store, data):
    (tmp_path / "mail.log.1.gz").write_bytes(data)
    (tmp_path / "mail.log").write_text(log(2))
    following = Following(tmp_path / "mail.log", store)
    following.catch_up()
    assert 2 in following.recorded()
    assert bool(following.said) == bool(data)


def test_a_zip_bomb(tmp_path, store, monkeypatch):
    monkeypatch.setattr(limits, "MAX_UNPACKED_LOG", 1024 * 1024)
    (tmp_path / "mail.log.1.gz").write_bytes(gzip.compress(bytes(64 * 1024 * 1024)))
    (tmp_path / "mail.log").write_text(log(2))
    following = Following(tmp_path / "mail.log", store)
    following.catch_up()
    assert following.recorded() == [2]
    assert len(following.said) == 1


def test_endless_lines(tmp_path, store):
    (tmp_path / "mail.log").write_text("x" * 5 * limits.MAX_LOG_LINE + "\n" + log(1))
    following = Following(tmp_path / "mail.log", store)
    following.catch_up()
    assert following.recorded() == [1]


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


def test_lines_that_are_no_log_are_a_gap(following):
    following.catch_up()
    append(following.path, "nonsense\n" * 2 * limits.FOLLOW_STRANGE + log(20))
    following.catch_up()
    assert following.recorded() == [1, 2, 20]
    assert len(following.said) == 1
    assert coverage(following.store).since == START + 20


def test_times_in_the_future_cover_nothing(following):
    append(following.path, log(3).replace("2026-", "2036-"))
    following.catch_up()
    assert coverage(following.store).until <= NOW


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


def test_a_stream(store):
    reader, writer = os.pipe()
    follower = Follower(store, TRUST, "standard input", lambda text: None)
    follower.open(None, reader)
    os.write(writer, log(1, 2).encode()[:-30])
    while not known(store, "<2@example.com>", [], []):
        follower.step(NOW)
        follower.commit(NOW)
    assert not follower.ended
    os.close(writer)
    follower.step(NOW)
    assert follower.ended
    os.close(reader)


def stream(store, text):
    reader, writer = os.pipe()
    os.write(writer, text.encode())
    os.close(writer)
    follower = Follower(store, TRUST, "standard input", lambda text: None)
    follower.open(None, reader)
    while not follower.ended:
        follower.step(NOW)
    follower.commit(NOW)
    os.close(reader)
    return coverage(store)


def test_a_stream_that_begins_before_the_last_one_ended_leaves_no_gap(store):
    assert stream(store, log(1, 2)) == (START + 1, START + 2)
    assert stream(store, log(2, 3)) == (START + 1, START + 3)
    assert stream(store, log(5, 6)) == (START + 5, START + 6)


def test_a_second_log_is_complete_only_from_its_own_beginning_on(following):
    following.catch_up()
    append(following.path, log(9))
    following.catch_up()
    assert coverage(following.store) == (START + 1, START + 9)
    (following.path.parent / "other.log").write_text(log(5, 6))
    Following(following.path.parent / "other.log", following.store).catch_up()
    assert coverage(following.store) == (START + 5, START + 9)


def test_nothing_is_written_where_nothing_was_read(following):
    following.catch_up()
    following.store.set_mark(f"sent_log.place {following.path}", "as it was")
    following.catch_up()
    assert following.store.mark(f"sent_log.place {following.path}") == "as it was"


def test_a_stream_without_line_ends_is_bounded():
    reader, writer = os.pipe()
    pipe = Pipe(reader)
    for _ in range(8):
        os.write(writer, b"x" * limits.MAX_LOG_LINE)
        assert pipe.read() == []
    os.write(writer, b"\nline\n")
    assert pipe.read()[-1][1] == b"line"
    os.close(reader)
    os.close(writer)


def test_positions_are_places(tmp_path):
    path = tmp_path / "mail.log"
    path.write_text("first\nsecond\nthird\n")
    found = Tail(path).read()
    assert [line for _, line in found] == [b"first", b"second", b"third"]
    for position, line in found:
        tail = Tail(path)
        tail.read()
        place = tail.place(position)
        assert place.offset == position
        assert Tail(path, place).read()[0][1] == line
