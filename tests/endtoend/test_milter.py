"""Postfix asks our milter, set up from its page, about thousands of messages: none lost, none doubled, none misjudged.

Mail of all kinds goes through by several SMTP sessions at once; then the same while workers are killed, and while the
service reloads.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from mailhost import POSTFIX
from milter_scene import ALICE, STRICT, accepted, once_each

pytestmark = pytest.mark.mta


def test_two_thousand_messages_come_through_once_each_with_the_right_verdict(scene, record_property):
    scene.configure()
    letters = scene.letters(2000)
    with scene.serve():
        began = time.monotonic()
        told = scene.host.send(POSTFIX, letters.folder, connections=4)
        record_property("messages_per_second", round(len(told) / (time.monotonic() - began)))
        assert accepted(told) == set(letters.verdicts)
        assert scene.delivered() - once_each(letters.verdicts) == Counter()
        assert once_each(letters.verdicts) - scene.delivered() == Counter()
    assert "warning: milter" not in scene.host.log("postfix")


def workers(serving):
    """The process ids of the workers."""
    children = Path(f"/proc/{serving.process.pid}/task/{serving.process.pid}/children")
    return [int(word) for word in children.read_text().split()]


class Trouble(threading.Thread):
    """Does something to the service again and again while mail goes through; counts how often."""

    def __init__(self, what):
        super().__init__(daemon=True)
        self.what, self.over, self.times = what, threading.Event(), 0

    def run(self):
        while not self.over.wait(0.8):
            self.what()
            self.times += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def send_amid(trouble, scene, letters, port, per_session):
    """Letters, and more of them until there was trouble three times; what the server said to each."""
    told = {}
    while trouble.times < 3:
        told |= scene.host.send(port, letters.more(300), connections=4, per_session=per_session)
    return told


def kill_one(serving):
    for pid in workers(serving)[:1]:
        os.kill(pid, signal.SIGKILL)


def test_while_workers_are_killed_mail_passes_once_and_is_never_misjudged(scene):
    scene.configure()
    letters = scene.letters()
    with scene.serve() as serving, Trouble(lambda: kill_one(serving)) as trouble:
        told = send_amid(trouble, scene, letters, POSTFIX, per_session=5)
    delivered = scene.delivered()
    assert accepted(told) == set(letters.verdicts)
    assert Counter(mark for mark, _ in delivered.elements()) == Counter(letters.verdicts.keys())
    assert {verdicts for mark, verdicts in delivered if verdicts not in ((), (letters.verdicts[mark],))} == set()
    assert sum(verdicts == () for _, verdicts in delivered) < len(told) // 2


def test_with_tempfail_every_message_that_is_taken_was_judged(scene):
    scene.configure()
    letters = scene.letters()
    with scene.serve() as serving:
        with Trouble(lambda: kill_one(serving)) as trouble:
            told = send_amid(trouble, scene, letters, STRICT, per_session=5)
        taken = accepted(told)
        assert {reply[:3] for mark, reply in told.items() if mark not in taken} <= {"451"}
        for folder in letters.folders:
            for mark in taken:
                (folder / f"{mark}.eml").unlink(missing_ok=True)
            taken |= accepted(scene.host.send(STRICT, folder))
        assert taken == set(letters.verdicts)
    assert scene.delivered() == once_each(letters.verdicts)


def test_reloads_lose_nothing_and_leave_nothing_unjudged(scene):
    scene.configure()
    letters = scene.letters()
    with scene.serve() as serving:
        with Trouble(lambda: serving.process.send_signal(signal.SIGHUP)) as trouble:
            told = send_amid(trouble, scene, letters, STRICT, per_session=10)
        assert {reply for reply in told.values() if not reply.startswith("250")} == set()
        assert scene.delivered() == once_each(letters.verdicts)


@pytest.mark.parametrize(("port", "left"), [(POSTFIX, ()), (STRICT, None)])
def test_a_session_that_lost_its_milter_goes_on_as_the_page_says(scene, port, left):
    scene.configure(workers=1, drain="0s")
    letters = scene.letters(1)
    with scene.serve() as serving, scene.host.session(port) as client:
        first = client.send((letters.folder / "m00000.eml").read_bytes(), "bob@remote.test", ALICE)
        serving.stop()
        second = client.send(b"X-Mark: later\n\nhello\n", "bob@remote.test", ALICE)
    assert first.startswith("250")
    assert second.startswith("451 4.7.1" if left is None else "250")
    assert scene.delivered() == Counter([("m00000", (b"not-a-bounce",)), *([] if left is None else [("later", left)])])
