"""procmail and maildrop with the real spamc, set up from their pages: mail is filed, and lost in no case."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from service_process import Serving
from wrong_servers import STATES, Wrong

ROOT = Path(__file__).resolve().parents[2]
DSNS, DEMO = ROOT / "tests" / "cases" / "dsn", ROOT / "docs" / "demo"
FILED = [
    (DSNS / "forged-exim-full.eml", "Backscatter"),
    (DSNS / "genuine-postfix-full.eml", "Bounces"),
    (DEMO / "mail" / "10-mailbox-suspended.eml", "Backscatter"),
    (DEMO / "mail" / "11-letter.eml", "INBOX"),
]
PLACE = "-d 127.0.0.1 -p 1783"
STATUS = b"X-NDR-Status: backscatter; score=9.0; required=5.0; kind=failure; rules=A\n"
PAGES = {"procmail": ("procmail-spamc.md", "~/.procmailrc"), "maildrop": ("maildrop-spamc.md", "~/.mailfilter")}

pytestmark = pytest.mark.client("spamc")


@pytest.fixture(scope="module")
def service():
    with Serving(DEMO / "ndrfilter.yml", "spamd=127.0.0.1:0") as serving:
        yield serving.place["spamd"]


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.client(name)) for name in PAGES])
def deliver(request, delivery, tmp_path):
    """Delivers a message by the page's rules, with ndrfilter at that place; the messages there are then, by folder."""
    agent = request.param
    home = tmp_path / "home"
    for folder in ("", ".Backscatter", ".Bounces"):
        for part in ("new", "cur", "tmp"):
            (home / "Maildir" / folder / part).mkdir(parents=True)

    def delivered(raw, place, seconds=60, program="spamc"):
        page, file = PAGES[agent]
        rules = delivery.blocks(f"../service/{page}")[file]
        assert f"{PLACE}" in rules
        where = f"-U {place}" if isinstance(place, str) else f"-d {place[0]} -p {place[1]}"
        rules = rules.replace(PLACE, where).replace("-t 30", f"-t {seconds}").replace(" spamc ", f" {program} ")
        rc = home / "rules"
        rc.write_text(f'HOME="{home}"\n' + rules)
        rc.chmod(0o600)
        done = delivery.run([agent, str(rc)], raw, home)
        assert done.returncode == 0, done.stderr
        return delivery.boxes(home / "Maildir")

    return delivered


@pytest.mark.parametrize(("path", "folder"), FILED, ids=lambda value: getattr(value, "stem", value))
def test_mail_is_filed_by_its_verdict(deliver, service, path, folder):
    raw = path.read_bytes()
    delivered = deliver(raw, service)
    assert list(delivered) == [folder]
    (mail,) = delivered[folder]
    assert mail.count(b"X-NDR-Status: ") == 1
    assert mail.endswith(raw.partition(b"\n\n")[2])


def test_over_a_unix_socket(deliver, delivery, tmp_path):
    """The two changes of the page that lead there."""
    page = (ROOT / "docs" / "service" / "procmail-spamc.md").read_text()
    assert "`-U /run/ndrfilter/spamd.sock` instead of `-d 127.0.0.1 -p 1783`" in page
    config = tmp_path / "ndrfilter.yml"
    listen = f'listen:\n  - spamd: unix:{tmp_path}/spamd.sock\n    mode: "0666"\n'
    config.write_text((DEMO / "ndrfilter.yml").read_text() + listen)
    with Serving(config):
        delivered = deliver(FILED[0][0].read_bytes(), f"{tmp_path}/spamd.sock")
    assert list(delivered) == ["Backscatter"]


@pytest.mark.parametrize("state", STATES)
def test_whatever_stands_there_instead_the_mail_is_delivered_as_it_came(deliver, state):
    raw = STATUS + (DSNS / "genuine-exim-full.eml").read_bytes()
    with Wrong(state) as place:
        assert deliver(raw, place, seconds=2) == {"INBOX": [raw]}


def test_without_spamc(deliver, service):
    raw = STATUS + (DEMO / "mail" / "11-letter.eml").read_bytes()
    assert deliver(raw, service, program="/nonexistent/spamc") == {"INBOX": [raw]}


def test_a_large_message_is_delivered_as_it_came_and_not_filed(deliver, service):
    raw = STATUS + (DEMO / "mail" / "11-letter.eml").read_bytes() + 320_000 * (b"x" * 63 + b"\n")
    assert len(raw) > 20_000_000
    assert deliver(raw, service) == {"INBOX": [raw]}


def test_one_below_that_size_is_judged(deliver, service):
    raw = (DEMO / "mail" / "11-letter.eml").read_bytes() + 200_000 * (b"x" * 63 + b"\n")
    (mail,) = deliver(raw, service)["INBOX"]
    assert b"X-NDR-Status: not-a-bounce;" in mail[:2000]


def test_a_status_that_came_in_is_replaced(deliver, service):
    (mail,) = deliver(STATUS + (DEMO / "mail" / "11-letter.eml").read_bytes(), service)["INBOX"]
    assert mail.count(b"X-NDR-Status: ") == 1
    assert b"X-NDR-Status: not-a-bounce;" in mail


def test_the_page_s_configuration_is_one(delivery, tmp_path):
    from ndrfilter import Filter

    (tmp_path / "n.yml").write_text(delivery.blocks("../service/procmail-spamc.md")["/etc/ndrfilter/ndrfilter.yml"])
    assert [str(one) for one in Filter.from_config(tmp_path / "n.yml").config.listen] == ["127.0.0.1:1783"]
