"""Where the journal's lines go, and that no place that takes none stops anything."""

from __future__ import annotations

import fcntl
import json
import os
import re
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from made_answers import answer, question

from ndrfilter.config.model import Service
from ndrfilter.errors import ConfigError
from ndrfilter.service.journal import Journal
from ndrfilter.service.journal_lines import read_plain
from ndrfilter.service.journal_sinks import ERROR, Syslog

FULL = Path("/dev/full")


def test_a_file_is_appended_to_and_no_stranger_may_read_it(tmp_path):
    path = tmp_path / "mail.log"
    path.write_text("before\n")
    service = Service(log=str(path))
    for text in ("one", "two"):
        journal = Journal.open(service)
        journal.event(text)
        journal.close()
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d \S+ ndrfilter\[\d+\]: "
    lines = path.read_text().splitlines()
    assert lines[0] == "before"
    assert [re.sub(pattern, "", line) for line in lines[1:]] == ["one", "two"]

    made = tmp_path / "new.log"
    Journal.open(Service(log=str(made), log_format="json")).event("hello")
    assert stat.S_IMODE(made.stat().st_mode) & 0o137 == 0
    assert json.loads(made.read_text())["event"] == "hello"


@pytest.mark.parametrize("bad", ["nowhere/mail.log", ".", "a\0b"])
def test_a_file_that_cannot_be_written_is_a_clear_error(tmp_path, bad):
    with pytest.raises(ConfigError, match=r"service\.log:0: cannot write"):
        Journal.open(Service(log=f"{tmp_path}/{bad}"))


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_a_full_disk_loses_lines_and_nothing_else():
    journal = Journal.open(Service(log=str(FULL)))
    journal.answered(question(), answer())
    journal.event("x")
    assert journal.lost == 2


def test_lines_of_many_processes_do_not_mix(tmp_path):
    path = tmp_path / "mail.log"
    children = []
    for number in range(4):
        child = os.fork()
        if not child:
            journal = Journal.open(Service(log=str(path)))
            for _ in range(200):
                journal.answered(question(queue_id=f"Q{number}"), answer(rules=["R" * 100] * 20))
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    entries = [read_plain(line.partition("]: ")[2]) for line in path.read_text().splitlines()]
    assert len(entries) == 800
    assert all(entry.fields["rules"] == ("R" * 100,) * 20 for entry in entries)


_SPEAKING = """
import sys
from ndrfilter.config.model import Service
from ndrfilter.service.journal import Journal
journal = Journal.open(Service(log_format=sys.argv[2]))
for _ in range(int(sys.argv[1])):
    journal.event("x" * 300)
print(journal.lost)
"""


def speaking(times, stderr, form="plain", **env):
    return subprocess.run(
        [sys.executable, "-c", _SPEAKING, str(times), form], stdout=subprocess.PIPE, stderr=stderr, text=True, timeout=60,
        env={**os.environ, **env}, cwd=Path(__file__).parents[2],
    )  # fmt: skip


def test_standard_error_is_what_it_is():
    assert speaking(1, subprocess.PIPE).stderr.startswith("ndrfilter: xxx")
    assert json.loads(speaking(1, subprocess.PIPE, "json").stderr)["event"].startswith("xxx")


def test_under_systemd_lines_bear_their_priority():
    ours, theirs = os.pipe()
    found = os.fstat(theirs)
    speaking(1, theirs, JOURNAL_STREAM=f"{found.st_dev}:{found.st_ino}")
    assert os.read(ours, 1_000).startswith(b"<6>xxx")
    os.close(ours)
    os.close(theirs)


def test_a_pipe_that_nobody_reads_stops_nothing():
    ours, theirs = os.pipe()
    room = fcntl.fcntl(theirs, fcntl.F_GETPIPE_SZ)
    done = speaking(1_000, theirs)
    os.close(theirs)
    assert int(done.stdout) > 0
    with os.fdopen(ours) as reader:
        lines = reader.read().splitlines()
    assert len(lines) == 1_000 - int(done.stdout)
    assert len(lines) * 300 <= room
    assert {len(line) for line in lines} == {len("ndrfilter: ") + 300}


def test_a_reader_that_went_away_stops_nothing():
    ours, theirs = os.pipe()
    os.close(ours)
    assert speaking(3, theirs).stdout == "3\n"
    os.close(theirs)


def test_a_closed_standard_error_stops_nothing():
    command = f'exec "{sys.executable}" -c "$1" 3 plain 2>&-'
    done = subprocess.run(
        ["/bin/sh", "-c", command, "sh", _SPEAKING], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    assert done.stdout == "3\n"


def test_syslog_gets_facility_mail_and_is_found_again(tmp_path):
    path = tmp_path / "log"
    journal = Journal(Syslog(str(path)))
    journal.event("nobody is there")
    assert journal.lost == 1
    for _ in range(2):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
            log.bind(str(path))
            journal.event("here", ERROR)
            told = log.recv(4096).decode()
            assert re.fullmatch(r"<19>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d ndrfilter\[\d+\]: here", told)
        path.unlink()
    assert journal.lost == 1
    journal.close()


def test_a_syslog_that_hangs_stops_nothing(tmp_path):
    path = tmp_path / "log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(str(path))
        journal = Journal(Syslog(str(path)))
        for _ in range(2_000):
            journal.event("x" * 300)
        assert journal.lost > 0
        lost = journal.lost
        for _ in range(2_000 - lost):
            log.recv(4096)
        journal.event("again")
        assert journal.lost == lost
