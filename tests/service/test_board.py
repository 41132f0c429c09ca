"""The board: shared by processes that are killed, counted on by who comes after them, read by anybody."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_answers import answer, question

from ndrfilter import limits
from ndrfilter.service import columns
from ndrfilter.service.board import Board
from ndrfilter.service.board_reading import Latency, read
from ndrfilter.service.desk import Remark
from ndrfilter.service.words import Words, shape


def in_child(work):
    """Run it in a forked process, and wait; the status as `os.waitpid` has it."""
    child = os.fork()
    if not child:
        try:
            work()
        except BaseException:
            os._exit(3)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def remark(door, **words):
    return Remark(door, "", tuple(words.items()))


def test_what_a_worker_counts_others_see():
    board = Board(2)
    board.know(["A", "B"])

    def work():
        counters = board.seat(1)
        told = answer("backscatter", "failure", rules=["A", "A"], undecided=[("B", "timeout")], seconds=0.003)
        counters.answered(question("milter"), told)

    assert in_child(work) == 0
    reading = read(board)
    assert reading.counts["messages", "milter", "backscatter", "failure"] == 1
    assert reading.counts["action", "header"] == 1
    assert (reading.rules["A"].hits, reading.rules["B"].undecided) == (2, 1)
    assert reading.words["cause"] == {"timeout": 1}
    assert reading.latency("milter").percentile(0.5) <= 0.005
    assert reading.latency("milter").seconds == pytest.approx(0.003)


def test_a_killed_worker_leaves_a_board_on_which_the_next_counts_on():
    board = Board(1)
    board.know(["A"])
    ready, told = os.pipe()

    def work():
        counters = board.seat(0)
        counters.beat(connections=7)
        for number in range(1_000_000):
            cause = f"cause {number % 100}"
            counters.answered(question(), answer(rules=["A"], undecided=[("A", cause)]))
            if number == 300:
                os.write(told, b"!")

    for _ in range(3):
        child = os.fork()
        if not child:
            work()
            os._exit(0)
        os.read(ready, 1)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    before = read(board)
    assert before.counts["messages", "http", "backscatter", "failure"] > 900
    assert set(before.words["cause"]) <= {f"cause {number}" for number in range(100)} | {"other"}

    assert in_child(lambda: board.seat(0).answered(question(), answer(rules=["A"]))) == 0
    after = read(board)
    name = ("messages", "http", "backscatter", "failure")
    assert after.counts[name] == before.counts[name] + 1
    assert after.rules["A"].hits == before.rules["A"].hits + 1
    assert after.seats[0].connections == 0


def test_two_workers_at_once_lose_nothing():
    board = Board(2)
    children = []
    for seat in range(2):
        child = os.fork()
        if not child:
            counters = board.seat(seat)
            for _ in range(2_000):
                counters.answered(question(), answer("fake", "none"))
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    assert read(board).counts["messages", "http", "fake", "none"] == 4_000


def test_a_name_that_was_half_written_is_free_again():
    board = Board(1)
    first = columns.slots("cause")[0]
    place = 8 * columns.NUMBERS + first * columns.NAME
    board.rows[0][place : place + 4] = b"half"
    words = Words(board.rows[0])
    words.count("cause", "whole")
    assert list(Words(board.rows[0]).counts()) == [("cause", "whole", 1)]


def test_words_beyond_the_room_are_other():
    board = Board(1)
    words = Words(board.rows[0])
    room = columns.FAMILIES["refused"] - 1
    for number in range(room + 5):
        words.count("refused", f"http why{number}")
    words.count("refused", "http why0")
    counts = read(board).words["refused"]
    assert (len(counts), counts["other"], counts["http why0"]) == (room + 1, 5, 2)
    assert read(board).words["remark"] == {}


@settings(deadline=None)
@given(st.lists(st.text(max_size=150), max_size=40))
def test_any_word_can_be_counted(texts):
    row = memoryview(bytearray(columns.ROW))
    words = Words(row)
    for text in texts:
        words.count("trouble", text)
    before = Counter({word: count for _, word, count in words.counts()})
    assert before.total() == len(texts)
    again = Words(row)
    for text in texts:
        again.count("trouble", text)
    after = Counter({word: count for _, word, count in again.counts()})
    assert after.total() == 2 * len(texts)
    assert after.keys() == before.keys()


def test_rules_beyond_the_room_are_other():
    board = Board(1)
    board.know(f"R{number}" for number in range(limits.BOARD_RULES + 10))
    board.know(["LATE"])
    counters = board.seat(0)
    counters.answered(question(), answer(rules=["LATE", "R0", f"R{limits.BOARD_RULES}"]))
    rules = read(board).rules
    assert (rules["other"].hits, rules["R0"].hits) == (2, 1)
    assert len(rules) == limits.BOARD_RULES


def test_rules_that_come_with_a_reload_get_places_of_their_own():
    board = Board(2)
    board.know(["A", "B"])
    old = board.seat(0)
    board.know(["C", "A"])
    board.seat(1).answered(question(), answer(rules=["C", "A"]))
    old.answered(question(), answer(rules=["B", "A"]))
    assert {name: rule.hits for name, rule in read(board).rules.items()} == {"other": 0, "A": 2, "B": 1, "C": 1}


def test_a_heartbeat_is_seen_and_a_free_seat_has_none():
    board = Board(2)
    before = time.monotonic()
    counters = board.seat(0)
    counters.beat(connections=3, lost=2)
    assert before <= board.beats(0) <= time.monotonic()
    assert board.beats(1) == 0.0
    seat = read(board).seats[0]
    assert (seat.pid, seat.connections) == (os.getpid(), 3)
    assert seat.memory > 1_000_000
    assert read(board).counts["lost",] == 2
    board.vacate(0)
    assert board.beats(0) == 0.0
    assert read(board).counts["lost",] == 2


def test_lines_lost_and_processor_time_add_up_over_workers():
    board = Board(1)
    for _ in range(2):
        assert in_child(lambda: board.seat(0).beat(lost=5)) == 0
    reading = read(board)
    assert reading.counts["lost",] == 10
    assert reading.seats[0].cpu > 0


def test_notes_reach_workers_that_were_forked_before():
    board = Board(1)
    ready, told = os.pipe()
    child = os.fork()
    if not child:
        os.read(ready, 1)
        notes = board.notes
        os._exit(0 if notes == {"started": 1.5, "reload": "failed", "error": "a\nb"} else 1)
    board.note(started=1.5, reload="ok")
    board.note(reload="failed", error="a\nb")
    os.write(told, b"!")
    assert os.waitpid(child, 0)[1] == 0


def test_a_note_is_cut_and_never_takes_the_others_away():
    board = Board(1)
    board.note(version="1.0")
    board.note(error="\u2028" * 100_000)
    assert board.notes["version"] == "1.0"
    assert len(board.notes["error"]) <= 2_000


def test_what_remarks_count():
    board = Board(1)
    counters = board.seat(0)
    counters.remarked(remark("http", refused="slow"))
    counters.remarked(remark("policy", state="RCPT", batv="bad", action="550 5.7.1 forged", trouble="x"))
    counters.remarked(remark("milter", sent="token,batv"))
    counters.remarked(remark("milter", unjudged="memory"))
    counters.remarked(remark("spamd", odd="1"))
    counters.remarked(remark("spamd"))
    board.happened("worker", "died")
    reading = read(board)
    assert reading.words == {
        "cause": {},
        "refused": {"http slow": 1},
        "decision": {"policy 550": 1},
        "sent": {"milter token,batv": 1},
        "trouble": {"policy": 1},
        "remark": {"spamd odd": 1, "spamd none": 1},
        "event": {"worker died": 1},
    }
    assert reading.counts["unjudged", "memory"] == 1


def test_what_nobody_judged_has_no_verdict():
    board = Board(1)
    told = answer("undetermined", "none", unjudged="internal", troubles=[("ndrfilter", "KeyError: x")])
    board.seat(0).answered(question("a new door"), told)
    reading = read(board)
    assert reading.summed("messages", 1) == {}
    assert reading.counts["unjudged", "internal"] == 1
    assert reading.latency("other").messages == 1
    assert reading.words["trouble"] == {"ndrfilter": 1}


@pytest.mark.parametrize(
    ("cause", "shown"),
    [
        ("DNS TXT s1._domainkey.example.com: timeout", "DNS TXT *: timeout"),
        ("zen.example.org answers as no list does: 127.255.255.254", "* answers as no list does: *"),
        ("2001:db8::1 said no", "* said no"),
        ("<a@b> is unknown", "* is unknown"),
        ("no answer within the deadline", "no answer within the deadline"),
    ],
)
def test_causes_are_counted_without_their_names(cause, shown):
    assert shape(cause) == shown


@settings(deadline=None)
@given(st.lists(st.integers(0, 1_000), min_size=len(columns.BUCKETS) + 1, max_size=len(columns.BUCKETS) + 1))
def test_percentiles_rise_and_stay_within_the_buckets(sizes):
    latency = Latency(tuple(sizes), 0.0)
    found = [latency.percentile(share) for share in (0.1, 0.5, 0.95, 1.0)]
    assert found == sorted(found)
    assert min(found) >= 0
    assert max(found) <= columns.BUCKETS[-1]


def test_who_answers_lives():
    """Large messages may come one after the other, and no beat between them."""
    board = Board(1)
    counters = board.seat(0)
    before = board.beats(0)
    counters.answered(question(), answer())
    assert board.beats(0) > before
