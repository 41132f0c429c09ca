"""`filter` as a process: what mail programs see of it, in every way that it can end."""

import os
import select
import signal
import subprocess
import sys

import pytest

MAIL = b"From: a@b.example\nTo: c@d.example\nSubject: lunch\nMessage-ID: <1@b.example>\n\nAt noon?\n"


def test_ordinary_mail(ndrfilter):
    done = ndrfilter("filter", stdin=MAIL)
    assert done.returncode == 0
    assert done.stdout.startswith(b"X-NDR-Status: not-a-bounce; score=0.0; required=5.0; kind=none\nX-NDR-Reason: ")
    assert done.stdout.endswith(b"\n" + MAIL)
    assert done.stderr == b""


def test_a_bounce(ndrfilter, root):
    raw = (root / "tests" / "cases" / "dsn" / "forged-exim-full.eml").read_bytes()
    done = ndrfilter("filter", stdin=raw)
    assert done.returncode == 0
    assert done.stdout.startswith(b"X-NDR-Status: undetermined; score=")
    assert done.stdout.endswith(raw)


@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
def test_line_ends(ndrfilter, end):
    raw = MAIL.replace(b"\n", end)
    done = ndrfilter("filter", stdin=raw)
    assert done.stdout.endswith(end + raw)
    assert done.stdout.count(b"\n") == done.stdout.count(b"\r") * (end == b"\r\n")


@pytest.mark.parametrize("raw", [b"", b"\0" * 999, bytes(range(256)) * 9, b"\n", b"text"])
def test_what_is_no_message_comes_through(ndrfilter, raw):
    done = ndrfilter("filter", stdin=raw)
    assert done.returncode == 0
    assert done.stdout.startswith(b"X-NDR-Status: not-a-bounce;")
    assert done.stdout.endswith(raw)


def test_fifty_megabytes(process):
    raw = MAIL + b"0123456789abcdef" * (50 * 1024 * 1024 // 16)
    done = process("filter", stdin=raw)
    assert done.returncode == 0
    assert len(done.stdout) < len(raw) + 500
    assert done.stdout.endswith(raw)


BROKEN = [
    ("ndrfilter.yml", "site: [\n", "ndrfilter.yml:2"),
    ("ndrfilter.yml", "site: {domains: [example.com]}\nruleset: nowhere\n", "nowhere"),
    ("rules/own.ndr", "language 1\nrule BROKEN {\n", "own.ndr:2"),
]


@pytest.mark.parametrize(("name", "text", "said"), BROKEN)
def test_a_broken_configuration_or_rule_stops_no_mail(ndrfilter, tmp_path, name, text, said):
    config = tmp_path / "ndrfilter.yml"
    config.write_text("site: {domains: [example.com]}\n")
    (tmp_path / "rules").mkdir()
    (tmp_path / name).write_text(text)
    done = ndrfilter("filter", "-c", config, stdin=MAIL)
    assert done.returncode == 0
    assert done.stdout.startswith(b"X-NDR-Status: undetermined; error=config\nX-NDR-Reason: ")
    assert done.stdout.endswith(b"\n" + MAIL)
    assert said in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_a_configuration_that_is_not_there_stops_no_mail(ndrfilter, tmp_path):
    done = ndrfilter("filter", "-c", tmp_path / "none.yml", stdin=MAIL)
    assert (done.returncode, done.stdout.split(b"\n")[0]) == (0, b"X-NDR-Status: undetermined; error=config")


def test_our_deadline_stops_no_mail(ndrfilter):
    done = ndrfilter("filter", "--max-seconds", "0.000001", stdin=MAIL)
    assert (done.returncode, done.stdout.split(b"\n")[0]) == (0, b"X-NDR-Status: undetermined; error=timeout")
    assert done.stdout.endswith(b"\n" + MAIL)


def test_a_full_disk(ndrfilter):
    done = ndrfilter("filter", stdin=MAIL, output="/dev/full")
    assert done.returncode == 75
    assert done.stderr == b"ndrfilter: cannot read or write: no space left on device\n"


def test_a_reader_that_went_away(process):
    read, write = os.pipe()
    os.close(read)
    assert process("filter", stdin=MAIL, stdout=write).returncode == 75
    os.close(write)


@pytest.mark.parametrize("closed", ["<&-", ">&-"])
def test_closed_input_or_output(ndrfilter, root, closed):
    command = ["sh", "-c", f'"$0" -m ndrfilter filter {closed}', sys.executable]
    done = subprocess.run(command, input=MAIL, capture_output=True, cwd=root)
    assert (done.returncode, done.stdout) == (75, b"")


@pytest.mark.parametrize("odd", ["0>/dev/null", "</proc/self/mem"])
def test_input_that_cannot_be_read_is_no_mail(root, odd):
    command = ["sh", "-c", f'"$0" -m ndrfilter filter {odd}', sys.executable]
    done = subprocess.run(command, capture_output=True, cwd=root)
    assert (done.returncode, done.stdout) == (75, b"")
    assert b"cannot read or write" in done.stderr


def test_a_directory_as_input_ends_python_itself(root):
    command = ["sh", "-c", '"$0" -m ndrfilter filter <.', sys.executable]
    done = subprocess.run(command, capture_output=True, cwd=root)
    assert done.returncode != 0
    assert done.stdout == b""


def test_input_that_pauses_is_not_at_its_end(root):
    read, write = os.pipe()
    os.set_blocking(read, False)
    raw = MAIL + b"line\n" * 100_000
    command = [sys.executable, "-m", "ndrfilter", "filter"]
    with subprocess.Popen(command, stdin=read, stdout=subprocess.PIPE, cwd=root) as run, os.fdopen(write, "wb") as mail:
        mail.write(MAIL)
        mail.flush()
        while select.select([read], [], [], 0)[0]:  # until it has read that and finds nothing more
            os.sched_yield()
        os.close(read)
        mail.write(raw.removeprefix(MAIL))
        mail.close()
        written, _ = run.communicate()
    assert run.returncode == 0
    assert written.endswith(b"\n" + raw)


def test_closed_standard_error_puts_nothing_into_the_mail(root, tmp_path):
    command = ["sh", "-c", '"$0" -m ndrfilter filter -c /nonexistent/x 2>&-', sys.executable]
    done = subprocess.run(command, input=MAIL, stdout=subprocess.PIPE, cwd=root)
    assert done.returncode == 0
    assert done.stdout.startswith(b"X-NDR-Status: undetermined; error=config\n")
    assert done.stdout.endswith(b"\n" + MAIL)


def test_a_file_size_limit_gives_no_short_success(root, tmp_path):
    raw = MAIL + b"line\n" * 100_000
    command = ["sh", "-c", 'ulimit -f 100; exec "$0" -m ndrfilter filter > "$1"', sys.executable, tmp_path / "out"]
    done = subprocess.run(command, input=raw, capture_output=True, cwd=root)
    assert done.returncode != 0


@pytest.mark.parametrize("args", [("--nonsense",), ("--max-seconds", "soon"), ("surplus",)])
def test_wrong_usage_keeps_the_mail(ndrfilter, args):
    done = ndrfilter("filter", *args, stdin=MAIL)
    assert (done.returncode, done.stdout) == (75, b"")


def test_a_broken_installation_keeps_the_mail(tmp_path, root):
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['ndrfilter.doors.pipe'] = None\n")
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}:{root}"}
    done = subprocess.run([sys.executable, "-m", "ndrfilter", "filter"], input=MAIL, capture_output=True, env=env)
    assert (done.returncode, done.stdout) == (75, b"")


def test_an_interrupt_keeps_the_mail(root):
    command = [sys.executable, "-m", "ndrfilter", "filter"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root
    ) as run:
        assert run.stdin is not None
        run.stdin.write(MAIL * 10_000)
        run.stdin.flush()
        run.send_signal(signal.SIGINT)
        written, _said = run.communicate()
    assert (run.returncode, written) == (75, b"")
