"""`filter --outbound` as a process: the promises of `filter`, for mail that leaves."""

import subprocess
import sys

import pytest

MAIL = (
    b"Received: from laptop by mail.example.com; Sun, 22 Nov 2026 10:00:00 +0000\n"
    b"From: Al <al@example.com>\nTo: c@d.example\nSubject: lunch\nDate: Sun, 22 Nov 2026 10:00:00 +0000\n"
    b"Message-ID: <1@example.com>\n\nAt noon?\n"
)
TOKEN = rb"k1-\d{5}-toweg0-[a-z2-7]{24}"


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "ndrfilter.yml"
    path.write_text(
        "site: {domains: [example.com]}\n"
        "plugins: [{token: {keys: {k1: a secret for the tests only}, in: [header, message-id]}}]\n"
    )
    return path


@pytest.fixture
def send(ndrfilter, config):
    """Runs the command over one message."""
    return lambda raw, *more, **options: ndrfilter("filter", "--outbound", "-c", config, *more, stdin=raw, **options)


def matches(pattern: bytes, raw: bytes) -> bool:
    import re

    return re.fullmatch(pattern, raw, re.S) is not None


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_the_mark_and_nothing_else(send, end):
    done = send(MAIL.replace(b"\n", end))
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.count(b"\n") == done.stdout.count(b"\r") * (end == b"\r\n") or end == b"\n"
    lines = done.stdout.split(end)
    was = MAIL.split(b"\n")
    assert matches(b"X-NDR-Token: " + TOKEN, lines.pop(1))
    assert matches(rb"Message-ID: <1\.ndr-" + TOKEN + rb"@example\.com>", lines[5])
    assert [*lines[:5], was[5], *lines[6:]] == was


@pytest.mark.parametrize("more", [["--sender", ""], ["--sender", "<>"], ["--sender", "MAILER-DAEMON"]])
def test_bounces_pass_unchanged(send, more):
    assert send(MAIL, *more)[:2] == (0, MAIL)


def test_the_null_sender_of_the_environment_and_of_the_header(send):
    assert send(MAIL, env={"SENDER": ""})[:2] == (0, MAIL)
    raw = b"Return-Path: <>\n" + MAIL
    assert send(raw)[:2] == (0, raw)


def test_mail_of_others_passes_unchanged(send):
    raw = MAIL.replace(b"al@example.com", b"al@list.example")
    assert send(raw, "--sender", "al@list.example")[:2] == (0, raw)
    assert send(raw, "--sender", "list-bounces@example.com").stdout != raw


def test_what_is_signed_keeps_its_message_id_and_somebody_is_told(send):
    raw = b"DKIM-Signature: v=1; d=example.com; h=from:message-id; b=x\n" + MAIL
    done = send(raw)
    assert done.returncode == 0
    assert b"\nMessage-ID: <1@example.com>\n" in done.stdout
    assert b"X-NDR-Token: k1-" in done.stdout
    assert b"Message-ID is DKIM-signed already" in done.stderr


@pytest.mark.parametrize("raw", [b"", b"\0" * 999, bytes(range(256)) * 9, b"\n", b"text"])
def test_what_is_no_message_passes_unchanged(send, raw):
    assert send(raw)[:2] == (0, raw)


def test_a_verdict_that_came_in_is_left_and_none_is_added(send):
    raw = b"X-NDR-Status: genuine\n" + MAIL
    assert send(raw).stdout.count(b"X-NDR-Status") == 1
    assert b"X-NDR-Status" not in send(MAIL).stdout


@pytest.mark.parametrize(
    "text",
    [
        "site: [\n",
        "site: {domains: [example.com]}\nplugins: [{token: {keys: {k1: short}}}]\n",
        "site: {domains: [example.com]}\nplugins: [{token: {keys: missing.keys}}]\n",
        "site: {domains: [example.com]}\nplugins: [token]\n",
    ],
)
def test_a_broken_configuration_stops_no_mail(send, config, text):
    config.write_text(text)
    done = send(MAIL)
    assert (done.returncode, done.stdout) == (0, MAIL)
    assert b"ndrfilter.yml:" in done.stderr
    assert b"Traceback" not in done.stderr


def test_without_a_plugin_that_marks_nothing_changes(send, config):
    config.write_text("site: {domains: [example.com]}\n")
    done = send(MAIL)
    assert (done.returncode, done.stdout) == (0, MAIL)
    assert b"no plugin that marks mail is on" in done.stderr


def test_the_sent_log_alone_is_reason_enough_and_nothing_is_said(config):
    config.write_text("site: {domains: [example.com]}\nplugins: [sent_log]\nstate: state\n")
    command = [sys.executable, "-m", "ndrfilter", "filter", "--outbound", "-c", config]
    done = subprocess.run(command, input=MAIL, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, MAIL, b"")


def test_broken_rules_are_no_concern_of_mail_that_leaves(send, config):
    (config.parent / "rules").mkdir()
    (config.parent / "rules/broken.ndr").write_text("language 1\nrule X { when nonsense }\n")
    assert b"X-NDR-Token: " in send(MAIL).stdout


def test_our_deadline_stops_no_mail(send):
    done = send(MAIL, "--max-seconds", "0.000001")
    assert (done.returncode, done.stdout) == (0, MAIL)
    assert b"not done within" in done.stderr


def test_a_full_disk(send):
    assert send(MAIL, output="/dev/full").returncode == 75


def test_a_wrong_option_keeps_the_mail(send):
    done = send(MAIL, "--no-such-option")
    assert (done.returncode, done.stdout) == (75, b"")


def test_fifty_megabytes(process, config):
    raw = MAIL + b"0123456789abcdef" * (50 * 1024 * 1024 // 16)
    done = process("filter", "--outbound", "--max-seconds", "0", "-c", config, stdin=raw)
    assert done.returncode == 0
    assert done.stdout.endswith(raw[len(MAIL) - 20 :])
    assert len(raw) < len(done.stdout) < len(raw) + 300


@pytest.mark.client("maildrop")
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_as_a_filter_of_a_mail_program(root, tmp_path, config, end):
    rules, box, raw = tmp_path / "mailfilter", tmp_path / "box", MAIL.replace(b"\n", end)
    rules.write_text(
        f'logfile "{tmp_path}/log"\nxfilter "{sys.executable} -m ndrfilter -c {config} filter --outbound --max-seconds 0"\nto "|cat >{box}"\n'
    )
    rules.chmod(0o600)
    done = subprocess.run(
        ["maildrop", str(rules)], input=raw, capture_output=True, env={"PYTHONPATH": str(root), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}, cwd=tmp_path,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert box.read_bytes().count(b"X-NDR-Token: k1-") == 1
    assert box.read_bytes().endswith(b"At noon?" + end)
