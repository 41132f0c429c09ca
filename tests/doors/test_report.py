"""`ndrfilter report`: mail logs of every shape, with everybody else's lines in them, and what is told of ours."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_answers import answer, question

from ndrfilter import limits
from ndrfilter.doors.report import since_when
from ndrfilter.doors.report_lines import Finder, lines
from ndrfilter.doors.report_tally import Tally
from ndrfilter.doors.report_words import plain, text
from ndrfilter.errors import UsageError
from ndrfilter.service.journal import Journal
from ndrfilter.service.journal_sinks import Sink
from ndrfilter.terminal import Style

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "tests/cases/report"
LINE = "mid=<1@x> from=<> to=<you@example.com> verdict=backscatter score=7.5 required=5.0 kind=failure rules=A" \
       " undecided= ms=1.2 action=header door=milter"  # fmt: skip
DAY = 86_400


def report(*args, stdin=b"", **env):
    return subprocess.run(
        [sys.executable, "-m", "ndrfilter", "report", *map(str, args)],
        input=stdin, capture_output=True, cwd=ROOT, env={**os.environ, "TZ": "UTC", **env}, timeout=60,
    )  # fmt: skip


def found(*raw, latest=1_800_000_000.0):
    finder = Finder(latest)
    return [finder.entry(one if isinstance(one, bytes) else one.encode()) for one in raw]


def told(*raw, **more):
    tally = Tally()
    for one in found(*raw, **more):
        if one is not None:
            tally.add(one[1], one[0])
    return tally


def test_the_whole_report():
    done = report(CASES / "mail.log")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == (CASES / "report.txt").read_text()


def test_the_whole_report_as_json():
    done = report("--json", CASES / "mail.log")
    assert json.loads(done.stdout) == json.loads((CASES / "report.json").read_text())


def test_standard_input_a_packed_file_and_several_are_one(tmp_path):
    log = (CASES / "mail.log").read_bytes()
    (tmp_path / "mail.log.1.gz").write_bytes(gzip.compress(log))
    (tmp_path / "mail.log").write_bytes(log)
    once = json.loads(report("--json", "-", stdin=log).stdout)
    thrice = json.loads(report("--json", tmp_path / "mail.log.1.gz", tmp_path / "mail.log", "-", stdin=log).stdout)
    assert thrice["messages"] == 3 * once["messages"]
    assert thrice["rules"]["ORIGINAL_FROM_STRANGER"] == 3 * once["rules"]["ORIGINAL_FROM_STRANGER"]


def test_the_log_of_the_configuration_and_what_it_was_rotated_into(tmp_path):
    config = tmp_path / "ndrfilter.yml"
    config.write_text("service: {log: ndr.log}\n")
    log = (CASES / "mail.log").read_bytes()
    (tmp_path / "ndr.log").write_bytes(log)
    (tmp_path / "ndr.log.2.gz").write_bytes(gzip.compress(log))
    (tmp_path / "ndr.log.bak").write_bytes(log)
    done = report("--json", "-c", config)
    assert json.loads(done.stdout)["messages"] == 2 * json.loads((CASES / "report.json").read_text())["messages"]


@pytest.mark.parametrize("log", ["stderr", "syslog"])
def test_a_log_that_is_no_file_has_to_be_named(tmp_path, log):
    config = tmp_path / "ndrfilter.yml"
    config.write_text(f"service: {{log: {log}}}\n")
    done = report("-c", config)
    assert done.returncode == 2
    assert f"the configuration logs to {log}; name the file".encode() in done.stderr
    assert b"journalctl" in done.stderr


def test_a_missing_file_is_said_after_the_others_were_read(tmp_path):
    broken = tmp_path / "broken.gz"
    broken.write_bytes(gzip.compress((CASES / "mail.log").read_bytes())[:-300])
    done = report(tmp_path / "no.log", broken, CASES / "mail.log")
    assert done.returncode == 2
    assert b"no.log: no such file" in done.stderr
    assert b"broken.gz: " in done.stderr
    assert b"messages" in done.stdout.splitlines()[0]


def test_nothing_to_tell():
    done = report("-", stdin=b"Nov 22 10:00:00 mx postfix/qmgr[1]: ABC: removed\n")
    assert (done.returncode, done.stdout) == (0, b"0 messages\n")
    assert b"no line of `ndrfilter serve` is there\n" in done.stderr


# Since when.


@pytest.mark.parametrize(
    ("written", "seconds"), [("90m", 5_400), ("24h", DAY), ("7d", 7 * DAY), ("2w", 14 * DAY), ("2026-11-22", None)]
)
def test_since(written, seconds):
    now = 1_800_000_000.0
    expected = time.mktime((2026, 11, 22, 0, 0, 0, 0, 0, -1)) if seconds is None else now - seconds
    assert since_when(written, now) == expected


@pytest.mark.parametrize("wrong", ["", "yesterday", "7", "7y", "-1d", "2026-13-01", "9999999999d", "\x1b[31m"])
def test_since_what(wrong):
    with pytest.raises(UsageError, match="write 90m, 24h, 7d"):
        since_when(wrong, 0.0)


def test_older_lines_are_left_out_and_those_without_a_time_are_said():
    log = (
        f"2026-11-20T10:00:00+00:00 mx ndrfilter[1]: A: {LINE}\n2026-11-22T10:00:00+00:00 mx ndrfilter[1]: B: {LINE}\n"
        f"ndrfilter: C: {LINE}\n"
    )
    done = report("--since", "2026-11-21", "-", stdin=log.encode())
    assert done.stdout.startswith(b"2026-11-22 10:00 to 2026-11-22 10:00: 2 messages\n")
    assert done.stderr == b"ndrfilter: 1 lines bear no time; they were counted as if they were new enough\n"


# Which lines.


def test_every_form_of_a_log():
    when = 1_795_341_600.0  # 2026-11-22 10:00 UTC
    local = time.strftime("%b %e %H:%M:%S", time.localtime(when))
    entries = found(
        f"{local} mx ndrfilter[12]: 4X: {LINE}",
        f"2026-11-22T10:00:00+00:00 mx ndrfilter[12]: 4X: {LINE}",
        f"2026-11-22T10:00:00.000000Z mx ndrfilter: 4X: {LINE}",
        f"2026-11-22T11:00:00+0100 mx ndrfilter[12]: ndrfilter: 4X: {LINE}",
        '<22>2026-11-22T10:00:00Z mx ndrfilter[12]: {"queue":"4X","verdict":"backscatter"}',
        '{"time":"2026-11-22T10:00:00.000Z","queue":"4X","verdict":"backscatter"}',
        latest=when + DAY,
    )
    assert [(at, one.queue_id, one.word("verdict")) for at, one in entries] == [(when, "4X", "backscatter")] * 6
    ((at, one),) = found(f"ndrfilter: 4X: {LINE}\r")
    assert (at, one.word("door")) == (None, "milter")


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-22T10:00:00Z mx evil[1]: ndrfilter: 4X: " + LINE,
        "2026-11-22T10:00:00Z mx postfix/smtpd[1]: reject: from=<ndrfilter: 4X: " + LINE,
        "2026-11-22T10:00:00Z mx ndrfilter[1]: listening: milter on 127.0.0.1:1",
        "2026-11-22T10:00:00Z mx ndrfilter[1]: 4X: mid=< verdict=genuine",
        '{"queue":{},"verdict":"genuine"}',
        '{"queue":"x"',
        "{" * 15_000,
        "[" * 15_000,
        "ndrfilter",
        "",
    ],
)
def test_lines_of_others(line):
    assert found(line) == [None]


@pytest.mark.parametrize("verdict", ["perhaps", "", "GENUINE"])
def test_a_verdict_that_does_not_exist_is_not_counted(verdict):
    assert told(f"ndrfilter: 4X: mid=<> verdict={verdict}").messages == 0


def test_a_time_that_cannot_be_is_none():
    entries = found(
        '{"time":"9999-12-31T23:59:59+00:00","queue":"","verdict":"fake"}',
        '{"time":"0001-01-01T00:00:00+23:00","queue":"","verdict":"fake"}',
        '{"time":7,"queue":"","verdict":"fake"}',
        f"Feb 31 25:00:00 mx ndrfilter[1]: 4X: {LINE}",
    )
    assert [when for when, _ in entries] == [None] * 4


@settings(deadline=None)
@given(st.lists(st.text(), max_size=5), st.binary(), st.sampled_from([b"ndrfilter: 4X: ", b"{", b'{"queue":"', b""]))
def test_no_line_and_no_text_is_an_exception(texts, tail, head):
    raw = head + tail
    tally = told(raw, raw + b'"}', b"ndrfilter: 4X: verdict=fake ms=" + tail, b"ndrfilter: 4X: door=" + tail)
    for some in texts:
        tally.counts["rules"].add(some)
    shown = list(text(tally, Style()))
    assert all(line.isprintable() for line in shown)
    json.dumps(plain(tally))


@settings(deadline=None)
@given(st.text(max_size=30), st.lists(st.text(max_size=30), max_size=4), st.booleans())
def test_what_the_journal_wrote_is_counted(cause, to, as_json):
    class Kept(Sink):
        def write(self, level, text, raw):
            self.line = text

    kept = Kept()
    made = answer("backscatter", rules=["A", "B"], undecided=[("C", cause)], would="reject", seconds=0.0123)
    Journal(kept, as_json).answered(question(recipients=to), made)
    tally = told(kept.line if as_json else f"ndrfilter: {kept.line}")
    counts = tally.counts
    assert (tally.messages, counts["verdicts"]) == (1, {"backscatter": 1})
    assert (counts["rules"], counts["undecided"], counts["would"]) == ({"A": 1, "B": 1}, {"C": 1}, {"reject": 1})
    assert counts["causes"].total() == 1
    assert counts["backscatter_to"].total() == len(to)
    assert tally.percentile(0.5) == 12.0


# Bounds.


def test_a_log_of_a_million_addresses_is_bounded():
    tally = Tally()
    for number in range(2 * limits.REPORT_WORDS + 10):
        tally.counts["rules"].add("OFTEN")
        tally.counts["rules"].add(f"R{number}")
    assert len(tally.counts["rules"]) <= 2 * limits.REPORT_WORDS
    assert tally.counts["rules"]["OFTEN"] == 2 * limits.REPORT_WORDS + 10


@settings(deadline=None)
@given(st.lists(st.binary(max_size=50).map(lambda raw: raw.replace(b"\n", b" "))), st.integers(1, 40))
def test_lines_are_the_same_however_they_are_read(parts, size):
    class Slowly(io.BytesIO):
        def read(self, _=-1):
            return super().read(size)

    assert list(lines(Slowly(b"".join(part + b"\n" for part in parts)))) == parts
    assert list(lines(Slowly(b"\n".join([*parts, b"end"])))) == [*parts, b"end"]


def test_a_line_without_end_is_passed_over():
    text = b"first\n" + b"x" * (3 * limits.FOLLOW_READ) + b"\nlast"
    first, *others, last = lines(io.BytesIO(text))
    assert (first, last) == (b"first", b"last")
    assert all(len(one) < 2 * limits.FOLLOW_READ for one in others)


def test_an_hour_with_five_times_the_usual_is_a_flood():
    tally = told(
        *(f"2026-11-22T{hour:02d}:00:00Z mx ndrfilter[1]: 4X: {LINE}" for hour in range(10) for _ in range(5)),
        *(f"2026-11-22T11:00:00Z mx ndrfilter[1]: 4X: {LINE}" for _ in range(25)),
        *(f"2026-11-22T12:00:00Z mx ndrfilter[1]: 4X: {LINE}" for _ in range(24)),
    )
    assert [(flood.begin % DAY // 3_600, flood.backscatter) for flood in tally.floods] == [(11, 25)]
