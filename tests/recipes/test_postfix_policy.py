"""A real Postfix set up from the page of the policy server; mail passes whatever becomes of ndrfilter."""

import hashlib
import hmac
import re
import socket
import sys
import threading
import time
import uuid
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from postfix_process import PostfixProcess
from service_process import Serving

pytestmark = pytest.mark.mta
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "service" / "postfix-policy.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(?:\w+) (?P<file>[^\n]+)\n(?P<text>.*?)^```$", re.M | re.S)
BLOCKS = {found["file"]: found["text"] for found in BLOCK.finditer(PAGE)}
CLIENT = "XCLIENT ADDR=198.51.100.25 NAME=mx.receiver.example"
SECRET = "a-secret-for-the-tests-only-of-this-page"
ALICE, BOB = "alice@home-postfix.test", "bob@home-postfix.test"


def tagged(address, secret=SECRET):
    day = (int(time.time() // 86_400) + 7) % 1000
    signature = hmac.digest(secret.encode(), f"1{day:03}{address}".encode(), hashlib.sha1).hex()[:6]
    return f"prvs=1{day:03}{signature}={address}"


VALID, FORGED = tagged(ALICE), tagged(ALICE, "somebody else's")
ROWS = [line for line in PAGE.splitlines() if line.startswith(("| RCPT", "| DATA"))]


@pytest.fixture(scope="module")
def postfix(shared):
    with PostfixProcess(shared / "mta") as server:
        lines = BLOCKS["/etc/postfix/main.cf"].replace("timeout=10s", "timeout=1s").splitlines()
        # The harness gives no file to include; a client from outside is played with XCLIENT.
        server.up(*lines)
        yield server


@pytest.fixture
def place(postfix):
    """Where the page has the socket, seen from outside."""
    folder = postfix.folder / "box" / "postfix" / "spool" / "ndrfilter"
    folder.mkdir(exist_ok=True)
    socket_file = folder / "policy.sock"
    yield socket_file
    socket_file.unlink(missing_ok=True)


@pytest.fixture
def serve(place, tmp_path):
    """Starts ndrfilter with the page's configuration, and more."""

    def start(more="", file="/etc/ndrfilter/ndrfilter.yml"):
        (tmp_path / "batv.keys").write_text(f"k1  {SECRET}\n")
        (tmp_path / "batv.keys").chmod(0o600)
        text = BLOCKS[file].replace("unix:/var/spool/postfix/ndrfilter/policy.sock", f"unix:{place}")
        text = text.replace("group: postfix", 'mode: "0666"').replace("example.com", "home-postfix.test")
        text = text.replace("service:\n  user: ndrfilter\n", "").replace("2026-10-01", "2020-10-01")
        (tmp_path / "ndrfilter.yml").write_text(text + more)
        return Serving(tmp_path / "ndrfilter.yml")

    return start


def ask(postfix, *recipients, sender=""):
    """The answers to each recipient, DATA and the end of the message, and the mark of what was sent."""
    mark = uuid.uuid4().hex
    to = [f"RCPT TO:<{one}>" for one in recipients]
    message = f"\nFrom: MAILER-DAEMON@mx.receiver.example\nX-Mark: {mark}\nSubject: failure notice\n\ntext"
    return postfix.talk(CLIENT, f"MAIL FROM:<{sender}>", *to, "DATA", message, ".")[2:], mark


def fields(postfix, mark):
    return re.findall(r"^X-NDR-Policy: (.*)$", postfix.mails(mark)[0].decode(), re.M)


def passes(said):
    return [line[:3] for line in said] == ["250"] * (len(said) - 2) + ["354", "250"]


@pytest.mark.parametrize(
    ("row", "recipients"), [(0, [VALID]), (1, [FORGED]), (2, [ALICE]), (5, ["dave@home-postfix.test", BOB, "carol@home-postfix.test"])]
)  # fmt: skip
def test_the_header_of_the_table(postfix, serve, row, recipients):
    with serve():
        said, mark = ask(postfix, *recipients)
    assert passes(said)
    promised = re.findall(r"X-NDR-Policy: ([^`]+)", ROWS[row].split("|")[3])
    found = fields(postfix, mark)
    # What was said at RCPT already is not said again at DATA.
    assert found == promised or (row == 5 and found == ["batv=missing"])


@pytest.mark.parametrize(
    ("row", "recipients", "at"),
    [(0, [VALID], None), (1, [FORGED], 0), (3, [ALICE], 1), (5, [ALICE, BOB], 2), (None, ["postmaster@home-postfix.test"], None)],
)  # fmt: skip
def test_the_refusals_of_the_table(postfix, serve, row, recipients, at):
    with serve("actions: {backscatter: reject}\n"):
        said, _ = ask(postfix, *recipients)
    if at is None:
        assert passes(said)
    else:
        (code,) = re.findall(r"`(550 [\d.]+)`", ROWS[row].split("|")[4])
        assert all(line.startswith("250") for line in said[:at])
        assert said[at].startswith(code)


def test_mail_with_a_sender_passes(postfix, serve):
    with serve("actions: {backscatter: reject}\n"):
        said, mark = ask(postfix, FORGED, ALICE, sender="bob@receiver.example")
    assert passes(said)
    assert fields(postfix, mark) == []


def test_the_block_with_the_list_is_a_configuration(serve, tmp_path):
    from ndrfilter import Filter

    (tmp_path / "batv.keys").write_text(f"k1  {SECRET}\n")
    (tmp_path / "batv.keys").chmod(0o600)
    (tmp_path / "n.yml").write_text("site: {domains: [example.com]}\n" + BLOCKS["plugins with the list"])
    assert Filter.from_config(tmp_path / "n.yml").config.plugins == {"batv", "dnsbl"}


def test_a_restart_in_between(postfix, serve):
    with serve("actions: {backscatter: reject}\n"):
        assert ask(postfix, FORGED)[0][0].startswith("550 5.7.1 ")
    with serve():
        said, mark = ask(postfix, FORGED)
    assert passes(said)
    assert fields(postfix, mark) == ["batv=forged"]


class Wrong(threading.Thread):
    """Something else at the socket: it answers so, or never."""

    def __init__(self, place, answer):
        super().__init__(daemon=True)
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(str(place))
        place.chmod(0o666)
        self.listening.listen(16)
        self.answer, self.clients = answer, []
        self.start()

    def run(self):
        while True:
            try:
                client, _ = self.listening.accept()
            except OSError:
                return
            self.clients.append(client)
            if self.answer is not None:
                client.recv(65_536)
                client.sendall(self.answer)
                client.close()

    def close(self):
        self.listening.shutdown(socket.SHUT_RDWR)
        self.listening.close()


@pytest.mark.parametrize("answer", [None, b"", b"\0\xff garbage\n\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"], ids=str)
def test_mail_passes_a_service_that_hangs_or_answers_garbage(postfix, place, answer):
    wrong = Wrong(place, answer)
    try:
        said, mark = ask(postfix, FORGED)
    finally:
        wrong.close()
    assert passes(said)
    assert fields(postfix, mark) == []
    assert len(postfix.mails(mark)) == 1


def test_mail_passes_without_a_service(postfix, place):
    said, mark = ask(postfix, FORGED)
    assert passes(said)
    assert fields(postfix, mark) == []
    assert "problem talking to server" in postfix.log
