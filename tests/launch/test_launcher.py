"""The launcher as mail programs see it: it does what `ndrfilter filter` does, byte for byte, whatever happens to it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from itertools import chain
from pathlib import Path

import pytest

from bench.speed.mails import archive
from ndrfilter.launch import samples

ORDINARY = b"From: a@b.example\nTo: c@d.example\nSubject: lunch\nMessage-ID: <1@b.example>\n\nAt noon?\n"
BOUNCE = samples.ALL[0]
ODD = {
    "nothing": b"",
    "no header": b"\ntext\n",
    "text": b"text",
    "nul": b"\0" * 99,
    "all bytes": bytes(range(256)) * 9,
    "cr": ORDINARY.replace(b"\n", b"\r"),
    "crlf": ORDINARY.replace(b"\n", b"\r\n"),
    "two crs": ORDINARY.replace(b"\n", b"\r\r\n"),
    "mbox": b"From a@b.example Mon Jan  6 10:00:00 2025\n" + ORDINARY,
    "mbox crlf": (b"From a@b.example Mon Jan  6 10:00:00 2025\n" + ORDINARY).replace(b"\n", b"\r\n"),
    "mbox cr": b"From a@b.example\rMon Jan  6 10:00:00 2025\n" + ORDINARY,
    "from field": b"From : a@b.example\nTo: c@d.example\n\ntext\n",
    "quoted from": b">From a@b.example Mon Jan  6 10:00:00 2025\n" + ORDINARY,
    "only a header": b"Subject: x\nTo: c@d.example\n",
    "our fields": b"X-NDR-Status: backscatter; score=9.0\nX-Ndr-Reason: no\n yes\n" + ORDINARY,
    "our fields below": ORDINARY.replace(b"To:", b"x-ndr-status : genuine\nTo:"),
    "our fields in the text": ORDINARY + b"X-NDR-Status: genuine\n",
    "like our fields": b"X-NDR-Statusx: 1\n" + ORDINARY,
    "encoded": ORDINARY.replace(b"lunch", b"=?utf-8?B?TWl0dGFnZXNzZW4=?="),
    "utf-8": ORDINARY.replace(b"lunch", "Mittagsgrüße".encode()),
    "null sender": b"Return-Path: <>\n" + ORDINARY,
    "sender": b"Return-Path: <a@b.example>\n" + ORDINARY,
}


def same(launched, whole) -> None:
    assert launched.stderr == whole.stderr
    assert launched.stdout == whole.stdout
    assert launched.returncode == whole.returncode


@pytest.mark.parametrize("raw", [ORDINARY, *ODD.values(), *samples.ALL], ids=[
    "ordinary", *ODD, *(f"sample {number}" for number in range(len(samples.ALL)))
])  # fmt: skip
def test_it_says_what_the_filter_says(made, raw):
    same(made.launch(raw), made.whole(raw))


@pytest.mark.parametrize("raw", samples.ALL)
def test_a_bounce_needs_no_whole_filter(made, raw):
    same(made.launch(raw, path=made.alone), made.whole(raw))


TOLD = [
    ["--sender", ""], ["--sender="], ["--sender", "<>"], ["--sender", "a@b.example"], ["--sender=a@b.example"],
    ["--recipient", "you@example.com", "--recipient", "me@example.com"],
    ["--client-ip", "203.0.113.66", "--client-name", "host66.spam.example", "--helo", "spam.example"],
    ["--max-seconds", "20"],
]  # fmt: skip


@pytest.mark.parametrize("args", TOLD, ids=" ".join)
@pytest.mark.parametrize("raw", [ORDINARY, BOUNCE], ids=["ordinary", "bounce"])
def test_the_envelope_by_arguments(made, raw, args):
    same(made.launch(raw, *args, path=made.alone), made.whole(raw, *args))


ELSEWHERE = [
    ["--outbound"], ["--me", "you@example.com", "--no-dns"], ["--sender"], ["--sender", "-x"], ["--nonsense"], ["surplus"],
    ["--send", "a@b.example"], ["--client-ip", "nowhere"], ["--max-seconds", "soon"], ["--max-seconds", "0.000001"],
]  # fmt: skip


@pytest.mark.parametrize("args", ELSEWHERE, ids=" ".join)
def test_other_arguments(made, args):
    same(made.launch(BOUNCE, *args), made.whole(BOUNCE, *args))


@pytest.mark.parametrize("env", [
    {"SENDER": ""}, {"SENDER": "MAILER-DAEMON"}, {"SENDER": "a@b.example", "RECIPIENT": "you@example.com"},
    {"RECIPIENT": "x@example.com", "ORIGINAL_RECIPIENT": "y@example.com"}, {"SENDER": "\udcff"},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("raw", [ORDINARY, BOUNCE], ids=["ordinary", "bounce"])
def test_the_envelope_by_the_environment(made, raw, env):
    same(made.launch(raw, env=env, path=made.alone), made.whole(raw, env=env))


@pytest.mark.parametrize("raw", [ORDINARY, BOUNCE], ids=["ordinary", "bounce"])
def test_ten_megabytes(made, raw):
    raw += b"0123456789abcdef" * (10 * 1024 * 1024 // 16)
    same(made.launch(raw, path=made.alone), made.whole(raw))


@pytest.mark.parametrize("raw", [ORDINARY, BOUNCE], ids=["ordinary", "bounce"])
def test_a_full_disk(made, raw):
    with Path("/dev/full").open("wb") as full:
        done = made.launch(raw, stdout=full)
    assert done.returncode == 75
    assert done.stderr == b"ndrfilter: cannot read or write: no space left on device\n"


def test_a_reader_that_went_away(made):
    read, write = os.pipe()
    os.close(read)
    assert made.launch(ORDINARY, stdout=write).returncode == 75
    os.close(write)


@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&-", "<&- >&- 2>&-"])
def test_closed_input_or_output(made, closed):
    done = subprocess.run(["sh", "-c", f'"$0" {closed}', made.launcher], input=ORDINARY, capture_output=True)
    assert (done.returncode, done.stdout) == (75, b"")


def test_closed_standard_error_puts_nothing_into_the_mail(made):
    done = subprocess.run(["sh", "-c", '"$0" 2>&-', made.launcher], input=BOUNCE, stdout=subprocess.PIPE)
    assert done.returncode == 0
    assert done.stdout == made.whole(BOUNCE).stdout


@pytest.mark.parametrize("odd", ["0>/dev/null", "</proc/self/mem"])
def test_input_that_cannot_be_read_is_no_mail(made, odd):
    done = subprocess.run(["sh", "-c", f'"$0" {odd}', made.launcher], capture_output=True)
    assert (done.returncode, done.stdout) == (75, b"")
    assert b"cannot read or write" in done.stderr


@pytest.mark.parametrize("start", [ORDINARY, BOUNCE], ids=["ordinary", "bounce"])
def test_input_that_pauses_is_not_at_its_end(made, start):
    read, write = os.pipe()
    os.set_blocking(read, False)
    rest = b"line\n" * 100_000
    with subprocess.Popen([made.launcher], stdin=read, stdout=subprocess.PIPE) as run, os.fdopen(write, "wb") as mail:
        mail.write(start)
        mail.flush()
        while select.select([read], [], [], 0)[0]:  # until it has read that and finds nothing more
            os.sched_yield()
        os.close(read)
        mail.write(rest)
        mail.close()
        written, _ = run.communicate()
    assert run.returncode == 0
    assert written == made.whole(start + rest).stdout


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 75), (signal.SIGTERM, -signal.SIGTERM)])
def test_a_kill_in_the_middle_writes_nothing(made, number, code):
    read, write = os.pipe()
    with subprocess.Popen([made.launcher], stdin=read, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        os.write(write, ORDINARY)
        while select.select([read], [], [], 0)[0]:
            time.sleep(0)
        run.send_signal(number)
        written, _ = run.communicate()
    os.close(read)
    os.close(write)
    assert (run.returncode, written) == (code, b"")


def test_a_file_size_limit_gives_no_short_success(made, tmp_path):
    command = ["sh", "-c", 'ulimit -f 100; exec "$0" > "$1"', made.launcher, tmp_path / "out"]
    done = subprocess.run(command, input=ORDINARY + b"line\n" * 100_000, capture_output=True)
    assert done.returncode == 75


def test_modules_of_the_mails_folder_are_nobodys(made, tmp_path):
    for name in ("re", "posix", "marshal", "ndrfilter", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(3)\n")
    env = {"PYTHONPATH": str(tmp_path)}
    same(made.launch(BOUNCE, cwd=tmp_path, env=env, path=made.alone), made.whole(BOUNCE))
    assert made.launch(BOUNCE, "--no-dns", cwd=tmp_path, env=env).stdout == made.whole(BOUNCE).stdout


@pytest.mark.shared("corpus")
def test_the_archive(made):
    for raw in list(chain(*archive()[:3]))[::7]:
        assert made.launch(raw, path=made.alone).stdout == made.filtered(raw)


def test_sys_executable_is_named(made):
    first, _, rest = made.launcher.read_text().partition("\n")
    assert first == f"#!{sys._base_executable} -IS"
    assert sys.executable in rest
