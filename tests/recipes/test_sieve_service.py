"""Sieve beside the service, set up from its page: spamtest by the real sieve-test, spamc run by the real dovecot-lda."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from service_process import Serving
from wrong_servers import STATES, Wrong

ROOT = Path(__file__).resolve().parents[2]
DSNS, DEMO = ROOT / "tests" / "cases" / "dsn", ROOT / "docs" / "demo"
PAGE = "../service/sieve.md"
NDR, SPAM = "/etc/dovecot/conf.d/91-ndrfilter-score.conf", "/etc/dovecot/conf.d/91-spam-status.conf"
SCRIPT = "/etc/dovecot/sieve-filter/ndrfilter"
FILED = [
    (DSNS / "forged-exim-full.eml", "Backscatter"),
    (DSNS / "genuine-postfix-full.eml", "INBOX"),
    (DEMO / "mail" / "10-mailbox-suspended.eml", "Backscatter"),
    (DEMO / "mail" / "11-letter.eml", "INBOX"),
]
PLACE = "-d 127.0.0.1 -p 1783"

pytestmark = pytest.mark.client("spamc", "sieve-test", "dovecot-lda")


@pytest.fixture(scope="module")
def service():
    with Serving(DEMO / "ndrfilter.yml", "spamd=127.0.0.1:0") as serving:
        yield serving.place["spamd"]


@pytest.fixture
def tested(delivery, tmp_path):
    """The folder that the page's script names for a message, by sieve-test with those settings of the page."""

    def ask(raw, settings, script=None):
        (tmp_path / "mail").write_bytes(raw)
        (tmp_path / "test.sieve").write_text(script or delivery.blocks(PAGE)["spamtest.sieve"])
        text = delivery.dovecot.format(home=tmp_path, mail=tmp_path / "Maildir", rules=tmp_path / "test.sieve")
        (tmp_path / "dovecot.conf").write_text(text + delivery.blocks(PAGE)[settings])
        somebody = ["unshare", "--user", "--map-user=1000", "--map-group=1000"] if os.geteuid() == 0 else []
        command = [*somebody, "sieve-test", "-c", tmp_path / "dovecot.conf", tmp_path / "test.sieve", tmp_path / "mail"]
        done = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, "HOME": str(tmp_path)}, timeout=60
        )
        assert "final result: success" in done.stdout + done.stderr, done.stdout + done.stderr
        (folder,) = [line.split(": ")[1] for line in done.stdout.splitlines() if "store message in folder" in line]
        return folder

    return ask


def marked(raw, place):
    """The message as spamc gives it back."""
    command = ["spamc", "-x", "-d", place[0], "-p", str(place[1])]
    return subprocess.run(command, input=raw, capture_output=True, check=True).stdout


@pytest.mark.parametrize("settings", [NDR, SPAM])
@pytest.mark.parametrize(("path", "folder"), FILED, ids=lambda value: getattr(value, "stem", value))
def test_what_ndrfilter_wrote_is_read(tested, service, settings, path, folder):
    assert tested(marked(path.read_bytes(), service), settings) == folder


NUMBERS = """
require ["spamtest", "relational", "comparator-i;ascii-numeric", "fileinto"];
if spamtest :value "eq" :comparator "i;ascii-numeric" "%s" { fileinto "that"; }
"""


@pytest.mark.parametrize(
    ("settings", "field", "number"),
    [
        (NDR, "X-NDR-Status: backscatter; score=7.5; required=5.0; kind=failure; rules=A,\n B", 10),
        (NDR, "X-NDR-Status: fake; score=5.0; required=5.0; kind=none; rules=A", 10),
        (NDR, "X-NDR-Status: undetermined; score=9.0; required=5.0; kind=failure; rules=A", 0),
        (NDR, "X-NDR-Status: undetermined; error=config", 0),
        (NDR, "X-NDR-Status: genuine; score=-6.0; required=5.0; kind=failure; rules=A", 0),
        (NDR, "X-NDR-Status: not-a-bounce; score=0.0; required=5.0; kind=none; rules=", 0),
        (NDR, "Subject: no field", 0),
        (SPAM, "X-Spam-Status: Yes, score=5.0 required=5.0 tests=NDR_BACKSCATTER,\n NDR_A autolearn=no version=4.0.1", 10),
        (SPAM, "X-Spam-Status: No, score=4.9 required=5.0 tests=none autolearn=no version=4.0.1", 9),
        (SPAM, "X-Spam-Status: No, score=-6.0 required=5.0 tests=none autolearn=no version=4.0.1", 1),
        (SPAM, "Subject: no field", 0),
    ],
)  # fmt: skip
def test_the_numbers(tested, settings, field, number):
    raw = f"{field}\nFrom: a@b.example\n\ntext\n".encode()
    assert tested(raw, settings, NUMBERS % number) == "that"


@pytest.fixture
def deliver(delivery, tmp_path):
    """Delivers through the page's script and the recipe's other two files; the messages there are, by folder."""
    recipe = delivery.blocks("sieve.md")

    def delivered(raw, place, seconds=60):
        home = tmp_path / "home"
        programs = home / "sieve-filter"
        programs.mkdir(parents=True)
        text = delivery.blocks(PAGE)[SCRIPT]
        assert PLACE in text
        text = text.replace(PLACE, f"-d {place[0]} -p {place[1]}").replace("-t 15", f"-t {seconds}")
        (programs / "ndrfilter").write_text(text.replace("timeout -k 2 20", "timeout -k 2 100"))
        (programs / "ndrfilter").chmod(0o755)
        (home / "test.sieve").write_text(recipe["ndrfilter.sieve"])
        settings = recipe["/etc/dovecot/conf.d/90-ndrfilter.conf"].replace("exec_timeout = 30s", "exec_timeout = 110s")
        base = delivery.dovecot.format(home=home, mail=home / "Maildir", rules=home / "test.sieve")
        (home / "dovecot.conf").write_text(base + settings.replace("/etc/dovecot/sieve-filter", str(programs)))
        somebody = ["unshare", "--user", "--map-user=1000", "--map-group=1000"] if os.geteuid() == 0 else []
        done = delivery.run([*somebody, "/usr/lib/dovecot/dovecot-lda", "-c", str(home / "dovecot.conf")], raw, home)
        assert done.returncode == 0, done.stderr + (home / "log").read_bytes()
        return delivery.boxes(home / "Maildir")

    return delivered


def test_sieve_runs_spamc(deliver, service):
    delivered = deliver((DSNS / "forged-exim-full.eml").read_bytes(), service)
    assert list(delivered) == ["Backscatter"]


@pytest.mark.parametrize("state", STATES)
def test_whatever_stands_there_instead_the_mail_stays_as_it_came(deliver, state):
    raw = (DSNS / "genuine-exim-full.eml").read_bytes()
    with Wrong(state) as place:
        assert deliver(raw, place, seconds=2) == {"INBOX": [raw]}


def test_a_message_that_is_too_large_for_spamc_stays_as_it_came(deliver, service):
    forged = b"X-NDR-Status: backscatter; score=9.0; required=5.0; kind=failure; rules=A\n"
    raw = forged + (DEMO / "mail" / "11-letter.eml").read_bytes() + 320_000 * (b"x" * 63 + b"\n")
    assert deliver(raw, service) == {"INBOX": [raw]}
