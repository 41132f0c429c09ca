"""Two ndrfilters behind a list of hosts, as the page has it: the live one is asked, either says the same."""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from service_process import Serving
from wrong_servers import Wrong

ROOT = Path(__file__).resolve().parents[2]
DSNS, DEMO = ROOT / "tests" / "cases" / "dsn", ROOT / "docs" / "demo"
PAGE = "../service/several-hosts.md"
PLACE = "-d filter1.example.com,filter2.example.com -p 1783"
DEAD, FIRST, SECOND = "127.0.0.2", "127.0.0.3", "127.0.0.4"
FILED = [
    (DSNS / "forged-exim-full.eml", "Backscatter"),
    (DSNS / "genuine-postfix-full.eml", "Bounces"),
    (DEMO / "mail" / "10-mailbox-suspended.eml", "Backscatter"),
    (DEMO / "mail" / "11-letter.eml", "INBOX"),
]
STATUS = b"X-NDR-Status: backscatter; score=9.0;\n required=5.0; kind=failure; rules=A\n"

pytestmark = pytest.mark.client("spamc", "procmail", "formail")


@pytest.fixture(scope="module")
def port():
    """The port at which both hosts serve; DEAD does not."""
    with ExitStack() as stack:
        first = stack.enter_context(Serving(DEMO / "ndrfilter.yml", f"spamd={FIRST}:0"))
        number = first.place["spamd"][1]
        stack.enter_context(Serving(DEMO / "ndrfilter.yml", f"spamd={SECOND}:{number}"))
        yield number


@pytest.fixture
def deliver(delivery, tmp_path):
    """Delivers by the page's rules, with those hosts in the place of the page's; the messages by folder."""

    def delivered(raw, hosts, number, more="", seconds=60):
        home = tmp_path / "home"
        (home / "Maildir").mkdir(parents=True)
        rules = delivery.blocks(PAGE)["~/.procmailrc"]
        assert PLACE in rules
        rules = rules.replace(PLACE, f"{more} -d {hosts} -p {number}").replace("-t 30", f"-t {seconds}")
        rc = home / "rules"
        rc.write_text(f'HOME="{home}"\n' + rules)
        rc.chmod(0o600)
        done = delivery.run(["procmail", str(rc)], raw, home)
        assert done.returncode == 0, done.stderr
        return delivery.boxes(home / "Maildir")

    return delivered


@pytest.mark.parametrize("hosts", [f"{FIRST},{SECOND}", f"{DEAD},{SECOND}", f"{FIRST},{DEAD}"])
@pytest.mark.parametrize(("path", "folder"), FILED, ids=lambda value: getattr(value, "stem", value))
def test_mail_is_filed_while_one_host_lives(deliver, port, hosts, path, folder):
    assert list(deliver(path.read_bytes(), hosts, port)) == [folder]


def test_at_random(deliver, port):
    assert list(deliver(FILED[0][0].read_bytes(), f"{FIRST},{SECOND}", port, more="-H")) == ["Backscatter"]


@pytest.mark.parametrize("path", [path for path, _ in FILED], ids=lambda path: path.stem)
def test_both_answer_alike(port, path):
    def answer(host):
        command = ["spamc", "-x", "-d", host, "-p", str(port)]
        return subprocess.run(command, input=path.read_bytes(), capture_output=True, check=True).stdout

    assert b"X-NDR-Status: " in answer(FIRST)
    assert answer(FIRST) == answer(SECOND)


def test_x_would_ask_the_first_alone(port):
    command = ["spamc", "-x", "--connect-retries=1", "-d", f"{DEAD},{SECOND}", "-p", str(port)]
    assert subprocess.run(command, input=b"Subject: x\n\nx\n", capture_output=True).returncode != 0


def test_all_are_down(deliver, port):
    raw = (DSNS / "genuine-exim-full.eml").read_bytes()
    assert deliver(raw, f"{DEAD},127.0.0.5", port) == {"INBOX": [raw]}


def test_all_are_down_and_the_sender_wrote_a_status(deliver, port):
    raw = (DSNS / "genuine-exim-full.eml").read_bytes()
    # formail ends what it touches with an empty line, as the page says.
    assert deliver(STATUS + raw, f"{DEAD},127.0.0.5", port) == {"INBOX": [raw + b"\n"]}


def test_one_that_hangs_delays_and_loses_nothing(deliver):
    raw = (DSNS / "genuine-exim-full.eml").read_bytes()
    with Wrong("hangs") as (host, number):
        assert deliver(raw, f"{host},{SECOND}", number, seconds=1) == {"INBOX": [raw]}


def test_the_page_s_listeners_are_some(delivery, tmp_path):
    from ndrfilter import Filter

    site = "site: {domains: [example.com]}\n"
    (tmp_path / "n.yml").write_text(site + delivery.blocks(PAGE)["/etc/ndrfilter/ndrfilter.yml"])
    found = Filter.from_config(tmp_path / "n.yml").config.listen
    assert [str(one) for one in found] == ["192.0.2.10:1783", "192.0.2.10:11433"]
