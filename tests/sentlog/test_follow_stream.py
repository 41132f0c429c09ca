"""Following a stream instead of a file, and the places of lines in a file."""

import os

from followed_log import NOW, START, TRUST, log

from ndrfilter import limits
from ndrfilter.sentlog import coverage, known
from ndrfilter.sentlog.follow import Follower
from ndrfilter.sentlog.reader import Pipe
from ndrfilter.sentlog.tail import Tail


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
