"""procmail, maildrop and Dovecot, set up from their pages: mail is filed by verdict; no broken filter harms any."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

DSNS = Path(__file__).resolve().parents[1] / "cases" / "dsn"
DEMO = Path(__file__).resolve().parents[2] / "docs" / "demo" / "mail"
FILED = [
    (DSNS / "forged-exim-full.eml", "Backscatter"),
    (DSNS / "genuine-postfix-full.eml", "Bounces"),
    (DEMO / "10-mailbox-suspended.eml", "Backscatter"),
    (DEMO / "11-letter.eml", "INBOX"),
]


@pytest.fixture
def marked(program):
    """What ndrfilter makes of the message in a file."""
    return lambda path: (
        subprocess.run([program, "filter"], input=path.read_bytes(), capture_output=True, check=True).stdout
    )


@pytest.mark.parametrize(("path", "folder"), FILED, ids=lambda value: getattr(value, "stem", value))
def test_mail_is_filed_by_its_verdict(agent, program, path, folder):
    raw = path.read_bytes()
    delivered = agent.deliver(raw, program)
    assert list(delivered) == [folder]
    (mail,) = delivered[folder]
    assert mail.count(b"X-NDR-Status: ") == 1
    assert raw in mail


def test_a_broken_filter_changes_nothing(agent, broken):
    raw = (DSNS / "genuine-exim-full.eml").read_bytes()
    assert agent.deliver(raw, broken, deadline=2) == {"INBOX": [raw]}


def test_a_large_message_survives_a_filter_killed_midway(agent, tmp_path):
    raw = (
        DEMO / "11-letter.eml"
    ).read_bytes() + b"a line of the letter, sixty-four bytes long, again and again.\n" * 50_000
    killed = tmp_path / "killed"
    killed.write_text("#!/bin/sh\nhead -c 1000000\nkill -9 $$\n")
    killed.chmod(0o755)
    assert agent.deliver(raw, killed) == {"INBOX": [raw]}


@pytest.mark.client("dovecot-lda")
def test_sieve_delivers_without_its_script(dovecot, program):
    raw = (DSNS / "genuine-exim-full.eml").read_bytes()
    dovecot.scriptless = True
    assert dovecot.deliver(raw, program) == {"INBOX": [raw]}


def test_a_status_that_came_in_files_nothing_when_the_filter_fails(agent, tmp_path):
    raw = (
        b"X-NDR-Status: backscatter; score=9.0; required=5.0; kind=failure; rules=A\n"
        + (DEMO / "11-letter.eml").read_bytes()
    )
    assert agent.deliver(raw, tmp_path / "missing") == {"INBOX": [raw]}


def test_a_status_that_came_in_is_replaced(agent, program):
    raw = (DEMO / "11-letter.eml").read_bytes()
    (mail,) = agent.deliver(b"X-NDR-Status: genuine; score=-9.0; required=5.0; kind=failure; rules=A\n" + raw, program)[
        "INBOX"
    ]
    assert mail.count(b"X-NDR-Status: ") == 1
    assert mail.endswith(raw)


@pytest.mark.client("dovecot-lda")
@pytest.mark.parametrize(("path", "folder"), FILED, ids=lambda value: getattr(value, "stem", value))
def test_sieve_reads_a_header_that_is_there_already(dovecot, marked, path, folder):
    assert list(dovecot.sieve(marked(path), "header.sieve", "")) == [folder]


@pytest.mark.client("dovecot-lda")
@pytest.mark.parametrize(("path", "folder"), FILED, ids=lambda value: getattr(value, "stem", value))
def test_spamtest_knows_backscatter_and_fakes(dovecot, marked, recipe, program, path, folder):
    settings = recipe("sieve.md", "/etc/dovecot/conf.d/91-ndrfilter-spamtest.conf", program)
    expected = folder if folder == "Backscatter" else "INBOX"
    assert list(dovecot.sieve(marked(path), "spamtest.sieve", settings)) == [expected]
