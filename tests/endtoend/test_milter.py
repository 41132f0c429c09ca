"""Postfix asks our milter, set up from its page, about thousands of messages: none lost, none doubled, none misjudged.

Mail of all kinds goes through by several SMTP sessions at once; then the same while workers are killed, and while the
service reloads.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from mailhost import POSTFIX, MailHost, letter
from service_process import Serving

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "tests" / "cases" / "dsn"
PAGE = ROOT / "docs" / "service" / "postfix-milter.md"
ALICE = "alice@home-postfix.test"
STRICT = 12035
FOLDER = "/var/spool/postfix/"
SITE = (ROOT / "docs" / "demo" / "ndrfilter.yml").read_text()
_BLOCK = re.compile(r"^```(?:\w+) (?P<name>[^\n]+)\n(?P<text>.*?)^```$", re.M | re.S)
_OURS = re.compile(rb"\n\tby mail\.home-postfix\.test \(Postfix\)[^\n]*\n\tfor [^\n]*\n")
_CLIENT = re.compile(rb"Received: from \S+ \((\S+) \[([\d.]+)\]\)")
_STATUS = re.compile(rb"^X-NDR-Status: ([a-z-]+)", re.M)
_WORDS = "invoice meeting garden lunch report train ticket photos budget weather".split()

pytestmark = pytest.mark.mta


def block(name):
    """The page's block of that name."""
    return {found["name"]: found["text"] for found in _BLOCK.finditer(PAGE.read_text())}[name]


def settings(name):
    """A main.cf of the page as options."""
    return dict(line.split(" = ", 1) for line in block(name).splitlines())


class Letters:
    """Messages to send, with the verdict that each must get."""

    def __init__(self, folder):
        self.folder, self.verdicts = folder, {}
        folder.mkdir()

    def add(self, raw, sender, verdict, **more):
        """One message with a mark of its own."""
        mark = f"m{len(self.verdicts):05}"
        self.verdicts[mark] = verdict
        letter(self.folder, mark, b"X-Mark: " + mark.encode() + b"\n" + raw, sender, ALICE, **more)

    def ordinary(self, number):
        """A letter like any other."""
        words = [_WORDS[(number * step) % len(_WORDS)] for step in (1, 3, 7, 9)]
        text = "\n".join(" ".join(words) for _ in range(1 + number % 40))
        raw = f"From: Bob <bob@remote.test>\nTo: {ALICE}\nSubject: {words[0]}\nMessage-ID: <{number}@remote.test>\n\n{text}\n"
        self.add(raw.encode(), "bob@remote.test", b"not-a-bounce")

    def dsn(self, file, verdict):
        """A bounce of the collection, as it came by SMTP: without what our own server had written on top."""
        raw = file.read_bytes()
        head, _, rest = raw.partition(b"\nReceived: ")
        top, end, rest = (b"Received: " + rest).partition(b"\n\tfor ")
        client = _CLIENT.match(top)
        if client is None:
            self.add(rest if end else raw, "", verdict)
        else:
            name, ip = (word.decode() for word in client.groups())
            self.add(rest.partition(b"\n")[2], "", verdict, xclient=f"ADDR={ip} NAME={name}")

    def mixed(self, total):
        """Three ordinary letters to two bounces of the collection."""
        cases = [line.split("\t")[:5] for line in (CASES / "manifest.tsv").read_text().splitlines()[1:]]
        foreign = [(CASES / case[0], case[4].encode()) for case in cases if "-own-" not in case[0]]
        for number in range(total):
            if number % 5 < 3:
                self.ordinary(number)
            else:
                self.dsn(*foreign[number % len(foreign)])
        return self


class Scene:
    """Postfix, our service, and a clean mailbox for each test."""

    def __init__(self, folder, harness):
        self.folder = folder
        self.host = MailHost(folder, harness)
        self.socket = self.host.box("postfix") / "spool" / "ndrfilter" / "milter.sock"
        self.socket.parent.mkdir(parents=True)
        for path in (self.host.box("postfix"), self.socket.parent.parent, self.socket.parent):
            path.chmod(0o755)
        self.config = folder / "ndrfilter.yml"

    def configure(self, extra="", **service):
        """The page's listener, where this Postfix has its queue, for the site of the demonstration."""
        written = block("/etc/ndrfilter/ndrfilter.yml")
        listen = written[written.index("listen:") : written.index("service:")]
        listen = listen.replace(f"{FOLDER}ndrfilter/milter.sock", str(self.socket))
        listen = listen.replace("group: postfix", 'mode: "0666"')  # the harness' Postfix has a group of its own
        options = "".join(f"  {name}: {value}\n" for name, value in {"workers": 2, **service}.items())
        self.config.write_text(f"{SITE}\n{listen}service:\n{options}{extra}")

    def serve(self):
        """Our service."""
        return Serving(self.config, env={"NDRFILTER_STATE": str(self.folder / "state")})

    def postfix(self):
        """Postfix by the page, and once more on a port of its own, where mail waits for the milter."""
        page = {**settings("/etc/postfix/main.cf"), **settings("main.cf for own bounces")}
        tagged = {"virtual_mailbox_domains": "home-postfix.test", "virtual_mailbox_maps": "static:home/"}
        self.host.configure(
            {**page, **tagged, "myhostname": "mail.home-postfix.test"},
            f"127.0.0.1:{STRICT} inet n - n - - smtpd\n  -o milter_default_action=tempfail\n",
        )
        self.host.up("sink")
        self.host.up("postfix")

    def letters(self, total=0):
        """A folder of letters; the mailbox is emptied."""
        for file in (self.host.box("postfix") / "mail" / "home" / "new").glob("*"):
            file.unlink()
        return Letters(Path(tempfile.mkdtemp(dir=self.folder)) / "out").mixed(total)

    def delivered(self):
        """Each message's mark and its verdicts, once the queue is empty."""
        self.host.settle()
        found = Counter()
        for raw in self.host.mailbox("postfix", "home"):
            header = raw.partition(b"\n\n")[0]
            mark = re.search(rb"^X-Mark: (\w+)", header, re.M)
            found[mark[1].decode() if mark else "", tuple(_STATUS.findall(header))] += 1
        return found


@pytest.fixture(scope="module")
def scene(shared):
    folder = Path(tempfile.mkdtemp(prefix="ndrfilter-milter-", dir="/tmp"))
    folder.chmod(0o755)
    made = Scene(folder, shared / "mta")
    try:
        made.postfix()
        yield made
    finally:
        made.host.close()
        shutil.rmtree(folder)


def once_each(verdicts):
    """What a mailbox has when each of these messages came once, with its verdict."""
    return Counter((mark, (verdict,)) for mark, verdict in verdicts.items())


def accepted(told):
    """The marks of the messages that the server took."""
    return {mark for mark, reply in told.items() if reply.startswith("250")}


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


def kill_one(serving):
    for pid in workers(serving)[:1]:
        os.kill(pid, signal.SIGKILL)


def test_while_workers_are_killed_mail_passes_once_and_is_never_misjudged(scene):
    scene.configure()
    letters = scene.letters(300)
    with scene.serve() as serving, Trouble(lambda: kill_one(serving)) as trouble:
        told = scene.host.send(POSTFIX, letters.folder, connections=4, per_session=5)
    delivered = scene.delivered()
    assert trouble.times > 2
    assert accepted(told) == set(letters.verdicts)
    assert Counter(mark for mark, _ in delivered.elements()) == Counter(letters.verdicts.keys())
    assert {verdicts for mark, verdicts in delivered if verdicts not in ((), (letters.verdicts[mark],))} == set()
    assert sum(verdicts == () for _, verdicts in delivered) < len(told) // 2


def test_with_tempfail_every_message_that_is_taken_was_judged(scene):
    scene.configure()
    letters = scene.letters(300)
    with scene.serve() as serving:
        with Trouble(lambda: kill_one(serving)) as trouble:
            told = scene.host.send(STRICT, letters.folder, connections=4, per_session=5)
        taken = accepted(told)
        assert trouble.times > 2
        assert {reply[:3] for mark, reply in told.items() if mark not in taken} <= {"451"}
        for mark in taken:
            (letters.folder / f"{mark}.eml").unlink()
        again = scene.host.send(STRICT, letters.folder)
        assert taken | accepted(again) == set(letters.verdicts)
    assert scene.delivered() == once_each(letters.verdicts)


def test_reloads_lose_nothing_and_leave_nothing_unjudged(scene):
    scene.configure()
    letters = scene.letters(700)
    with scene.serve() as serving:
        with Trouble(lambda: serving.process.send_signal(signal.SIGHUP)) as trouble:
            told = scene.host.send(STRICT, letters.folder, connections=4, per_session=10)
        assert trouble.times > 2
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
    assert scene.delivered() == Counter(
        [("m00000", (b"not-a-bounce",)), *([] if left is None else [("later", left)])]
    )
