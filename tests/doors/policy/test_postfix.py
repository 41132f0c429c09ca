"""A real Postfix asks the real service, at every stage: what it does with each answer, and without one."""

import hashlib
import hmac
import signal
import time
import uuid
from pathlib import Path

import pytest
from postfix_process import PostfixProcess
from service_process import Serving

pytestmark = pytest.mark.mta
PORT = 12099
SECRET = "a secret for the tests only"
CLIENT = "XCLIENT ADDR=198.51.100.25 NAME=mx.receiver.example"
ALICE, BOB = "alice@home-postfix.test", "bob@home-postfix.test"
CONFIG = """
site: {domains: [home-postfix.test], relays: [192.0.2.8/29], complete: [signing]}
actions: {backscatter: %s}
plugins:
  - batv: {keys: {k1: "a secret for the tests only"}, since: "2020-10-01"}
"""


def tagged(address, secret=SECRET):
    """The address with the tag that our key gives it today."""
    day = (int(time.time() // 86_400) + 7) % 1000
    signature = hmac.digest(secret.encode(), f"1{day:03}{address}".encode(), hashlib.sha1).hex()[:6]
    return f"prvs=1{day:03}{signature}={address}"


VALID, FORGED = tagged(ALICE), tagged(ALICE, "somebody else's")


@pytest.fixture(scope="module")
def postfix(shared):
    with PostfixProcess(shared / "mta") as server:
        yield server


@pytest.fixture
def serve(postfix, tmp_path):
    """Starts the service beside Postfix, with that action."""

    def start(action):
        config = tmp_path / f"{action}.yml"
        config.write_text(CONFIG % action)
        service = Serving(config, f"policy=127.0.0.1:{PORT}")
        service.command = postfix.inside(service.command)
        return service

    return start


def ask(postfix, *recipients, sender=""):
    """The answers to each recipient and to DATA, and to the end of the message; the mark of what was sent."""
    mark = uuid.uuid4().hex
    message = f"\nFrom: MAILER-DAEMON@mx.receiver.example\nX-Mark: {mark}\nSubject: failure notice\n\ntext"
    to = [f"RCPT TO:<{one}>" for one in recipients]
    said = postfix.talk(CLIENT, f"MAIL FROM:<{sender}>", *to, "DATA", message, ".")
    return said[2:], mark


def stage(postfix, at, *more):
    postfix.up(*more, policy=f"inet:127.0.0.1:{PORT}", policy_at=at)


def header_of(postfix, mark):
    (mail,) = postfix.mails(mark)
    return [line for line in mail.decode().splitlines() if line.startswith("X-NDR-Policy")]


def test_at_rcpt(postfix, serve):
    stage(postfix, "rcpt")
    with serve("reject"):
        said, mark = ask(postfix, VALID)
        assert [line[:3] for line in said] == ["250", "354", "250"]
        assert header_of(postfix, mark) == []
        said, mark = ask(postfix, FORGED, VALID)
        assert said[0].startswith("550 5.7.1 ")
        assert "We never sent mail with this sender's tag" in said[0]
        assert [line[:3] for line in said[1:]] == ["250", "354", "250"]
        said, mark = ask(postfix, ALICE)  # a callout would end here
        assert [line[:3] for line in said] == ["250", "354", "250"]
        assert header_of(postfix, mark) == ["X-NDR-Policy: batv=missing"]
        said, mark = ask(postfix, FORGED, sender="bob@receiver.example")
        assert said[0].startswith("250")


def test_header_alone_by_default(postfix, serve):
    stage(postfix, "rcpt")
    with serve("header"):
        said, mark = ask(postfix, FORGED, tagged(BOB, "somebody else's"))
        assert [line[:3] for line in said] == ["250", "250", "354", "250"]
        headers = [header_of_one(mail) for mail in wait_for_two(postfix, mark)]
    assert headers == [["X-NDR-Policy: batv=forged"]] * 2


def wait_for_two(postfix, mark):
    end = time.monotonic() + 60
    while len(found := postfix.mails(mark)) < 2 and time.monotonic() < end:
        time.sleep(0.05)
    return found


def header_of_one(mail):
    return [line for line in mail.decode().splitlines() if line.startswith("X-NDR-Policy")]


def test_at_data(postfix, serve):
    stage(postfix, "data")
    with serve("reject"):
        said, mark = ask(postfix, VALID)
        assert [line[:3] for line in said] == ["250", "354", "250"]
        assert header_of(postfix, mark) == []
        for wrong in (ALICE, FORGED):
            said, _ = ask(postfix, wrong)
            assert said[0].startswith("250")
            assert said[1].startswith("550 5.7.1 ")
        said, mark = ask(postfix, ALICE, BOB)  # who they are was not told at DATA
        assert said[2].startswith("354")
        assert header_of_one(wait_for_two(postfix, mark)[0]) == ["X-NDR-Policy: recipients=2"]


def test_at_rcpt_and_data(postfix, serve):
    stage(postfix, "rcpt", f"smtpd_data_restrictions = check_policy_service inet:127.0.0.1:{PORT}")
    with serve("reject"):
        said, _ = ask(postfix, ALICE, BOB)
        assert said[2].startswith("550 5.5.3 ")
        said, _ = ask(postfix, ALICE, VALID)
        assert said[2].startswith("354")


def test_at_the_end(postfix, serve):
    stage(postfix, "end-of-data")
    with serve("header"):
        said, mark = ask(postfix, FORGED)
        assert said[-1].startswith("250")
        assert header_of(postfix, mark) == []
    with serve("reject"):
        said, _ = ask(postfix, FORGED)
        assert said[-1].startswith("550 5.7.1 ")


def test_a_service_that_is_down_and_back(postfix, serve):
    """Without the setting that the page gives, Postfix defers."""
    stage(postfix, "rcpt", "smtpd_policy_service_retry_delay = 1s")
    assert ask(postfix, VALID)[0][0].startswith("451 4.3.5 ")
    stage(postfix, "rcpt", "smtpd_policy_service_retry_delay = 1s", "smtpd_policy_service_default_action = DUNNO")
    assert ask(postfix, FORGED)[0][0].startswith("250")
    with serve("reject"):
        assert ask(postfix, FORGED)[0][0].startswith("550")


def test_a_service_that_changes_between_two_questions_of_one_process(postfix, serve):
    """The connection that Postfix kept is closed behind its back; it asks again over a new one."""
    stage(postfix, "rcpt", "smtpd_policy_service_default_action = 450 nobody answered", "default_process_limit = 1")
    with serve("reject"):
        assert ask(postfix, FORGED)[0][0].startswith("550")
    with serve("header"):
        said, mark = ask(postfix, FORGED)
        assert said[0].startswith("250")
        assert header_of(postfix, mark) == ["X-NDR-Policy: batv=forged"]


def test_a_reload_while_postfix_keeps_its_connection(postfix, serve):
    stage(postfix, "rcpt", "smtpd_policy_service_default_action = 450 nobody answered", "default_process_limit = 1")
    service = serve("header")
    with service:
        assert ask(postfix, FORGED)[0][0].startswith("250")
        config = Path(service.command[service.command.index("-c") + 1])
        config.write_text(CONFIG % "reject")
        service.process.send_signal(signal.SIGHUP)
        service.wait_for("reloaded")
        codes = [ask(postfix, FORGED)[0][0][:3] for _ in range(3)]
    # A connection that was there before gets one more answer by the old rules.
    assert codes in (["250", "550", "550"], ["550", "550", "550"])
