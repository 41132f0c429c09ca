"""The token's page: its script for Postfix marks what it is given, and gives everything back whatever breaks."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCUMENTED = Path("/opt/ndrfilter/bin/ndrfilter")
MAIL = b"From: Al <al@example.com>\nDate: Sun, 22 Nov 2026 10:00:00 +0000\nMessage-ID: <1@example.com>\n\nAt noon?\n"


@pytest.fixture
def stamp(root, recipe, tmp_path):
    """Runs the page's script over MAIL with that program as ndrfilter; gives its exit code and what sendmail got."""
    page = (root / "docs" / "evidence" / "token.md").read_text(encoding="utf-8")
    (edit,) = re.findall(r"^sed '([^']+)' ndrfilter-pipe >ndrfilter-stamp$", page, re.M)
    spool, sendmail = tmp_path / "spool", tmp_path / "sendmail"
    spool.mkdir()
    sendmail.write_text(f'#!/bin/sh\necho "$@" >"{tmp_path}/arguments"\nexec cat >"{tmp_path}/sent"\n')
    sendmail.chmod(0o755)

    def run(program, sender="al@example.com", **patience):
        pipe = recipe("postfix-pipe.md", "/usr/local/libexec/ndrfilter-pipe", DOCUMENTED, **patience)
        text = subprocess.run(["sed", edit], input=pipe, text=True, capture_output=True, check=True).stdout
        assert text.count("--outbound") == 1
        script = tmp_path / "ndrfilter-stamp"
        used = {str(DOCUMENTED): program, "/var/spool/ndrfilter": spool, "/usr/sbin/sendmail": sendmail}
        script.write_text(re.sub("|".join(used), lambda found: str(used[found[0]]), text))
        done = subprocess.run(["sh", str(script), sender, "c@d.example"], input=MAIL, capture_output=True)
        assert list(spool.iterdir()) == []
        assert (tmp_path / "arguments").read_text() == f"-G -i -f {sender} -- c@d.example\n"
        return done.returncode, (tmp_path / "sent").read_bytes()

    return run


@pytest.fixture
def stamping(root, tmp_path):
    """The real ndrfilter, with a key."""
    config, program = tmp_path / "ndrfilter.yml", tmp_path / "ndrfilter"
    config.write_text("site: {domains: [example.com]}\nplugins: [{token: {keys: {k1: a secret for the tests only}}}]\n")
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{root}" exec "{sys.executable}" -m ndrfilter -c "{config}" "$@"\n')
    program.chmod(0o755)
    return program


def test_mail_of_ours_is_marked(stamp, stamping):
    code, sent = stamp(stamping)
    assert code == 0
    assert re.fullmatch(rb"X-NDR-Token: k1-\d+-toweg0-[a-z2-7]{24}\n", sent.removesuffix(MAIL))


def test_mail_of_others_is_not(stamp, stamping):
    stamping.with_name("ndrfilter.yml").write_text(
        "site: {domains: [example.org]}\nplugins: [{token: {keys: {k1: a secret for the tests only}}}]\n"
    )
    assert stamp(stamping) == (0, MAIL)


def test_whatever_breaks_the_mail_goes_out(stamp, broken):
    assert stamp(broken, deadline=2) == (0, MAIL)
