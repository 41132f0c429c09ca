"""The plugin for SpamAssassin, installed as its page says, inside a real `spamassassin` and a real `spamd`."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / part) for part in (".", "recipes", "doors/spamd")]

from rspamd_process import Relay  # noqa: E402
from service_process import Serving  # noqa: E402
from spamd_servers import MAIL, free_port, listening, request, say  # noqa: E402

PAGE = (ROOT / "docs" / "service" / "spamassassin.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```\w+ ([^\n]+)\n(.*?)^```$", PAGE, re.M | re.S))
SITE = (ROOT / "docs" / "demo" / "ndrfilter.yml").read_text(encoding="utf-8")
PLUGINS = "loadplugin Mail::SpamAssassin::Plugin::Check\nloadplugin Mail::SpamAssassin::Plugin::HeaderEval\n"
SETTINGS = """
report_safe 0
add_header all Status "_YESNO_, score=_SCORE_ required=_REQD_ tests=_TESTS_"
report _SUMMARY_
"""
PATIENCE = 120.0

pytestmark = pytest.mark.client("spamassassin", "spamd", "spamc")


class SpamAssassin:
    """SpamAssassin's configuration in a folder of its own, with the plugin and no other rules than its own."""

    def __init__(self, folder: Path, *settings: str) -> None:
        self.folder = folder
        (folder / "rules").mkdir()
        (folder / "rules" / "none.cf").write_text("header __NONE exists:X-None\n")
        self.site = folder / "site"
        self.site.mkdir()
        install = [line for line in BLOCKS["install"].splitlines() if line.startswith("install ")]
        script = "\n".join(install).replace("/etc/spamassassin", str(self.site))
        subprocess.run(["sh", "-e"], input=script, text=True, check=True, cwd=ROOT)
        pre = self.site / "ndrfilter.pre"
        pre.write_text(pre.read_text().replace("/etc/spamassassin", str(self.site)))
        (self.site / "v.pre").write_text(PLUGINS)
        (self.site / "local.cf").write_text("\n".join([SETTINGS, *settings, ""]))

    @property
    def options(self) -> list[str]:
        return ["-L", "-x", "-C", str(self.folder / "rules"), f"--siteconfigpath={self.site}"]

    def run(self, *arguments: str, raw: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """`spamassassin` with that message."""
        home = {**os.environ, "HOME": str(self.folder)}
        return subprocess.run(
            ["spamassassin", *self.options, *arguments], input=raw, capture_output=True, env=home, timeout=PATIENCE
        )

    @contextlib.contextmanager
    def spamd(self):
        """A running spamd; gives the port."""
        port = free_port()
        command = [
            "/usr/sbin/spamd",
            *self.options,
            "-u",
            "nobody",
            "-m",
            "2",
            "-i",
            "127.0.0.1",
            "-p",
            str(port),
            "-s",
            "stderr",
        ]
        with (self.folder / "log").open("wb") as log:
            process = subprocess.Popen([*command, "-r", f"{self.folder}/pid"], stdout=log, stderr=log)
        try:
            listening(("127.0.0.1", port), process)
            yield "127.0.0.1", port
        finally:
            process.terminate()
            process.wait(PATIENCE)


@pytest.fixture
def folder():
    """Where spamd can read, which is nobody there."""
    made = Path(tempfile.mkdtemp(prefix="ndrfilter-sa-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def door(tmp_path):
    """A relay to ndrfilter that listens as the page says, but for the port."""
    config = tmp_path / "ndrfilter.yml"
    config.write_text(SITE + BLOCKS["/etc/ndrfilter/ndrfilter.yml"].replace("1783", "0"))
    with Serving(config) as serving:
        relay = Relay(serving.place["spamd"])
        yield relay
        with contextlib.suppress(OSError):  # the test may have closed it
            relay.close()


def status(place, raw: bytes, *fields: str) -> str:
    """The rules that hit, as spamd's header names them."""
    answer = say(place, request("HEADERS", raw, "1.5", *fields)).decode()
    return re.sub(r"\s+", "", re.search(r"X-Spam-Status: .*?tests=((?:.|\n[ \t])*)", answer)[1])


def test_lint_finds_nothing(folder):
    done = SpamAssassin(folder, BLOCKS["/etc/spamassassin/local.cf"]).run("--lint")
    assert (done.returncode, re.sub(rb".*no tlds defined.*\n", b"", done.stderr)) == (0, b"")


@pytest.mark.parametrize(
    "line", ["ndrfilter_port no", "ndrfilter_socket relative", "ndrfilter_ask what", "ndrfilter_host a b"]
)
def test_lint_finds_a_setting_that_makes_no_sense(folder, line):
    done = SpamAssassin(folder, line).run("--lint")
    assert done.returncode != 0
    assert line.encode() in done.stderr


def test_verdicts_are_rules_that_hit(folder, door):
    with SpamAssassin(folder, f"ndrfilter_port {door.port}").spamd() as place:
        assert status(place, MAIL["backscatter"]) == "NDR_BACKSCATTER"
        assert status(place, MAIL["genuine"]) == "NDR_GENUINE"
        assert status(place, MAIL["fake"]) == "NDR_FAKE"
        assert door.asked == 3
        assert status(place, MAIL["letter"]) == "none"
        assert door.asked == 3


def test_the_scores_decide_and_the_rules_are_named(folder, door):
    settings = BLOCKS["/etc/spamassassin/local.cf"]
    done = SpamAssassin(folder, settings, f"ndrfilter_port {door.port}").run("-t", raw=MAIL["backscatter"])
    assert done.returncode == 0
    out = done.stdout.decode()
    assert re.search(r"^X-Spam-Status: Yes, score=10\.0 ", out, re.M)
    assert re.search(r"^X-Spam-Ndrfilter: backscatter NDR_NEVER_PASSED_OUR_RELAYS\s", out, re.M)
    assert re.search(
        r"10 NDR_BACKSCATTER +A bounce of mail that we did not send\n[ \t*]*\[NDR_NEVER_PASSED_OUR_RELAYS", out, re.M
    )


def test_the_envelope_and_the_user_are_told(folder, door):
    with SpamAssassin(folder, f"ndrfilter_port {door.port}").spamd() as place:
        status(place, MAIL["genuine"], "User: alice@home-postfix.test")
    assert door.heard.startswith(b"SYMBOLS SPAMC/1.5\r\nUser: alice@home-postfix.test\r\nContent-length: ")
    assert door.heard.partition(b"\r\n\r\n")[2].startswith(b"Return-Path: <>\n" + MAIL["genuine"][:200])


NULL_SENDERS = {
    "Return-Path": b"Return-Path: <>\n",
    "X-Envelope-From": b"X-Envelope-From: <>\n",
    "From line": b"From MAILER-DAEMON Sun Nov 22 10:30:00 2026\n",
    "report": b"Content-Type: multipart/report; boundary=x\n",
    "automatic": b"Auto-Submitted: auto-replied\n",
    "failed recipients": b"X-Failed-Recipients: x@y.example\n",
    "subject": b"Subject: Undelivered Mail Returned to Sender\n",
    "author": b"From: Mail Delivery Subsystem <x@y.example>\n",
}
PLAIN = b"Received: from a.example (a.example [203.0.113.4]) by b.example; Sun, 22 Nov 2026 10:30:00 +0100\nX-Y: z\n\nbody\n"


def test_what_may_be_a_bounce_is_asked_about(folder, door):
    with SpamAssassin(folder, f"ndrfilter_port {door.port}").spamd() as place:
        for number, (what, line) in enumerate(NULL_SENDERS.items(), 1):
            status(place, line + PLAIN)
            assert (what, door.asked) == (what, number)
        status(place, b"Return-Path: <a@a.example>\nFrom: a@a.example\nSubject: lunch\n" + PLAIN)
        assert door.asked == len(NULL_SENDERS)


def test_over_a_unix_socket(folder, tmp_path):
    path = folder / "spamd.sock"
    with Serving(ROOT / "docs" / "demo" / "ndrfilter.yml", f"spamd=unix:{path}"):
        done = SpamAssassin(folder, f"ndrfilter_socket {path}").run(raw=MAIL["backscatter"])
    assert b"NDR_BACKSCATTER" in done.stdout


def test_all_mail_is_asked_about_if_wanted_and_none_if_not(folder, door):
    door_is = f"ndrfilter_port {door.port}"
    (folder / "all").mkdir()
    (folder / "none").mkdir()
    done = SpamAssassin(folder / "all", door_is, "ndrfilter_ask all").run(raw=MAIL["letter"])
    assert (b"tests=none" in done.stdout, door.asked) == (True, 1)
    done = SpamAssassin(folder / "none", door_is, "use_ndrfilter 0").run(raw=MAIL["backscatter"])
    assert (b"tests=none" in done.stdout, door.asked) == (True, 1)


REPLIES = {
    "garbage": b"\xff\x00 what?\r\n\r\n",
    "refused": b"SPAMD/1.0 75 Temporary failure: full\r\n",
    "closed": b" ",
    "another spamd": b"SPAMD/1.1 0 EX_OK\r\nContent-length: 14\r\nSpam: True ; 9.0 / 5.0\r\n\r\nBOUNCE_MESSAGE",
    "cut off": b"SPAMD/1.1 0 EX_OK\r\nContent-length: 99\r\nSpam: True ; 9.0 / 5.0\r\n\r\nNDR_BACKSCATTER",
    "strange name": b"SPAMD/1.1 0 EX_OK\r\nContent-length: 19\r\nSpam: True ; 9.0 / 5.0\r\n\r\nNDR_BACKSCATTER,$x;",
    "no end": b"SPAMD/1.1 0 EX_OK\r\n" + b"A: b\r\n" * 20_000,
    "hangs": b"",
}


def test_without_a_proper_answer_in_time_it_goes_on(folder, door):
    with SpamAssassin(folder, f"ndrfilter_port {door.port}", "ndrfilter_timeout 1").spamd() as place:
        for what, reply in REPLIES.items():
            door.reply = reply
            began = time.monotonic()
            assert (what, status(place, MAIL["backscatter"])) == (what, "NDRFILTER_UNAVAILABLE")
            assert time.monotonic() - began < PATIENCE / 4
        door.close()
        assert status(place, MAIL["genuine"]) == "NDRFILTER_UNAVAILABLE"
        assert status(place, MAIL["letter"]) == "none"
