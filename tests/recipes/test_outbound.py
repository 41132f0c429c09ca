"""The token's page: its scripts mark what they are given, and give everything on whatever breaks."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCUMENTED = Path("/opt/ndrfilter/bin/ndrfilter")
MAIL = b"From: Al <al@example.com>\nDate: Sun, 22 Nov 2026 10:00:00 +0000\nMessage-ID: <1@example.com>\n\nAt noon?\n"


def for_postfix(page, recipe, **patience):
    """The script for Postfix: that of the content filter, edited as the page says."""
    (edit,) = re.findall(r"^sed '([^']+)' ndrfilter-pipe >ndrfilter-stamp$", page, re.M)
    pipe = recipe("postfix-pipe.md", "/usr/local/libexec/ndrfilter-pipe", DOCUMENTED, **patience)
    return subprocess.run(["sed", edit], input=pipe, text=True, capture_output=True, check=True).stdout


def for_one(page, _recipe, deadline=120):
    """The script in the place of sendmail."""
    text = re.search(r"^```sh ~/bin/ndrfilter-sendmail\n(.*?)^```$", page, re.M | re.S)[1]
    return text.replace("-k 5 30", f"-k 1 {deadline}")


USES = {
    for_postfix: (["al@example.com", "c@d.example"], "-G -i -f al@example.com -- c@d.example\n"),
    for_one: (["-oi", "-f", "al@example.com", "--", "c@d.example"], "-oi -f al@example.com -- c@d.example\n"),
}


@pytest.fixture(params=USES, ids=lambda script: script.__name__)
def stamp(root, recipe, tmp_path, request):
    """Runs the page's script over MAIL with that program as ndrfilter; gives its exit code and what sendmail got."""
    page = (root / "docs" / "evidence" / "token.md").read_text(encoding="utf-8")
    given, passed = USES[request.param]
    spool, sendmail = tmp_path / "spool", tmp_path / "sendmail"
    spool.mkdir()
    sendmail.write_text(f'#!/bin/sh\necho "$@" >"{tmp_path}/arguments"\nexec cat >"{tmp_path}/sent"\n')
    sendmail.chmod(0o755)

    def run(program, **patience):
        text = request.param(page, recipe, **patience)
        assert text.count("filter --outbound") == 1
        script = tmp_path / "script"
        used = {str(DOCUMENTED): program, "/var/spool/ndrfilter": spool, "/usr/sbin/sendmail": sendmail}
        script.write_text(re.sub("|".join(used), lambda found: str(used[found[0]]), text))
        environment = {**os.environ, "TMPDIR": str(spool)}
        done = subprocess.run(["sh", str(script), *given], input=MAIL, capture_output=True, env=environment)
        assert list(spool.iterdir()) == []
        assert (tmp_path / "arguments").read_text() == passed
        return done.returncode, (tmp_path / "sent").read_bytes()

    return run


@pytest.fixture
def stamping(root, tmp_path):
    """The real ndrfilter, with a key."""
    config, program = tmp_path / "ndrfilter.yml", tmp_path / "ndrfilter"
    config.write_text("site: {domains: [example.com]}\nplugins: [{token: {keys: {k1: a secret for the tests only}}}]\n")
    program.write_text(
        f'#!/bin/sh\nPYTHONPATH="{root}" exec "{sys.executable}" -m ndrfilter -c "{config}" "$@" --max-seconds 0\n'
    )
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
