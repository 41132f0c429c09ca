"""`ndrfilter sent follow` as a program: once, as a service that is stopped or killed, from standard input."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest

from ndrfilter.adapters.clock import SystemClock
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.errors import TemporaryError
from ndrfilter.sentlog import coverage, known

LOG = (Path(__file__).parent.parent / "cases" / "logs" / "postfix_sasl.log").read_text()
SENT, FORGED = "<plain-sasl@example.com>", "<plain-forged-fwd@example.com>"


@pytest.fixture
def place(tmp_path):
    """A folder with a configuration and an empty log, and its store."""
    (tmp_path / "ndrfilter.yml").write_text("site: {domains: [example.com]}\nstate: state\n")
    (tmp_path / "mail.log").write_text("")
    return tmp_path, SqliteStore(tmp_path / "state", SystemClock())


def command(folder, *words, **options):
    program = [sys.executable, "-m", "ndrfilter", "-c", str(folder / "ndrfilter.yml"), "sent", "follow", *words]
    return subprocess.Popen(program, stderr=subprocess.PIPE, text=True, **options)


def has(store, message_id):
    """Whether it is there as sent, not merely as passed."""
    try:
        found = known(store, message_id, [], [])
    except TemporaryError:
        return False
    return found is not None and found.copies > 0


def until(process, condition):
    """Wait until that has come true while the process runs."""
    for _ in range(1200):
        if condition():
            return
        assert process.poll() is None, process.stderr.read()
        Event().wait(0.05)
    process.kill()
    pytest.fail("it did not come")


def append(folder, text):
    with (folder / "mail.log").open("a") as file:
        file.write(text)


def test_once(place):
    folder, store = place
    append(folder, LOG)
    process = command(folder, "--once", str(folder / "mail.log"))
    assert process.wait(60) == 0
    assert process.stderr.read() == ""
    assert has(store, SENT)
    assert not has(store, FORGED)
    assert coverage(store) is not None


def test_of_two_logs_none_covers_while_the_other_cannot_be_read(place):
    folder, store = place
    append(folder, LOG)
    process = command(folder, "--once", str(folder / "mail.log"), str(folder / "other.log"))
    assert process.wait(60) != 0
    assert has(store, SENT)
    assert coverage(store) is None


def test_a_service_that_is_killed_and_stopped(place):
    folder, store = place
    half = LOG.index("(250", LOG.index("to=<far@receiver.example>, relay=mx"))
    half = LOG.index("removed", half)
    append(folder, LOG[:half])
    process = command(folder, str(folder / "mail.log"))
    until(process, lambda: has(store, SENT))
    process.send_signal(signal.SIGKILL)
    assert process.wait(60) == -signal.SIGKILL
    append(folder, LOG[half:])
    process = command(folder, str(folder / "mail.log"))
    until(process, lambda: has(store, "<plain-own-fwd@example.com>"))
    append(folder, LOG.replace("plain-", "last-").replace("222", "333"))
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert process.stderr.read() == ""
    assert known(store, SENT, [], []).copies == 1


def test_standard_input(place):
    folder, store = place
    process = command(folder, "-", stdin=subprocess.PIPE)
    process.communicate(LOG, timeout=60)
    assert process.returncode == 0
    assert has(store, SENT)
    assert not has(store, FORGED)


def test_who_may_use_sendmail(place):
    folder, store = place
    append(folder, (Path(__file__).parent.parent / "cases" / "logs" / "postfix_plain.log").read_text())
    assert command(folder, "--once", "--no-loopback", "--local", "root", str(folder / "mail.log")).wait(60) == 0
    assert [uid for uid in (0, 33, 1000) if has(store, f"<30-pickup-{uid}@example.com>")] == [0]
    assert not has(store, "<01-loop-bounced@example.com>")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-", "mail.log"], "stands alone"),
        (["--local", "nobody-of-that-name", "mail.log"], "no user"),
        (["--trust", "mail.example.com", "mail.log"], "not a network"),
    ],
)
def test_mistakes(place, words, says):
    process = command(place[0], *words)
    assert process.wait(60) == 2
    assert says in process.stderr.read()


def test_once_with_a_log_that_is_not_there(place):
    process = command(place[0], "--once", str(place[0] / "other.log"))
    assert process.wait(60) == 2
    assert "other.log" in process.stderr.read()


def test_without_a_site_nothing_is_ours(place):
    folder, _ = place
    (folder / "ndrfilter.yml").write_text("ruleset: default\n")
    process = command(folder, "--once", str(folder / "mail.log"))
    assert process.wait(60) == 2
    assert "no site is configured" in process.stderr.read()


def test_a_store_that_cannot_be_written_is_told_once(place):
    folder, _ = place
    (folder / "state").write_text("a file where a folder should be")
    append(folder, LOG)
    process = command(folder, str(folder / "mail.log"))
    assert process.wait(60) == 75
    assert len(process.stderr.read().splitlines()) == 1
    assert os.path.isfile(folder / "state")  # noqa: PTH113
