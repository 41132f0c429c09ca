"""What a person gets to read when a mailbox cannot be used: one clear sentence, the right exit code, nothing changed."""

from __future__ import annotations

import socketserver
import sys
import threading

import pytest
from alices_account import ALICE
from dovecot_server import PROGRAMS
from sweep_process import Command

pytestmark = pytest.mark.client(*PROGRAMS)

PRINT = f"{sys.executable} -c \"print('{{}}')\""


@pytest.fixture
def refused(dovecot, tmp_path):
    """Sweeps Bob's mailbox in that way; the exit code, and the one sentence on standard error."""

    def run(*words, place="", me=ALICE):
        place = place or dovecot.place("bob@example.com")
        who = ("--me", me, "--yes", "--no-dns") if me else ()
        command = Command(["sweep", place, *who, *words], tmp_path / "state", "")
        code = command.end()
        assert command.out == ""
        assert "Traceback" not in command.said
        assert len(command.lines) == 1, command.said
        return code, command.said

    dovecot.deliver("bob@example.com", "INBOX", b"Subject: x\n\nx\n")
    before = dovecot.counts("bob@example.com")
    yield run
    assert dovecot.counts("bob@example.com") == before


@pytest.fixture
def known(dovecot):
    return "--ca-file", str(dovecot.ca), "--password-file", str(dovecot.password_file("bob@example.com"))


def test_a_wrong_password(refused, dovecot, tmp_path):
    secret = tmp_path / "password"
    secret.write_text("sesame\n")
    secret.chmod(0o600)
    code, said = refused("--ca-file", str(dovecot.ca), "--password-file", str(secret))
    assert code == 2
    assert "does not take this name and password" in said
    assert "sesame" not in said


def test_a_command_for_the_password(refused, dovecot, known, tmp_path):
    code, said = refused(*known[:2], "--password-command", PRINT.format("not it"))
    assert (code, "name and password" in said) == (2, True)
    code, said = refused(*known[:2], "--password-command", f"{sys.executable} -c 'raise SystemExit(3)'")
    assert code in (2, 75)
    assert "3" in said


def test_tokens(refused, known):
    code, said = refused(*known[:2], "--token-command", PRINT.format("ya29.old"))
    assert code == 2
    assert "token" in said
    assert "ya29" not in said


def test_nobody_to_ask(refused, known):
    code, said = refused(*known[:2])
    assert code == 2
    assert "--password-file" in said
    code, said = refused(*known, place=known[1])
    assert code == 2


def test_a_certificate_by_nobody_we_trust(refused, known):
    code, said = refused(*known[2:])
    assert code == 2
    assert "--ca-file" in said


def test_another_host_name(refused, known, dovecot):
    code, said = refused(*known, place=dovecot.place("bob@example.com").replace("localhost", "127.0.0.1"))
    assert code == 2
    assert "for another name than 127.0.0.1" in said
    code, said = refused(*known, place="imaps://bob@no-such-host.invalid.")
    assert code == 2
    assert "there is no server no-such-host.invalid" in said


def test_nothing_answers(refused, known):
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        port = server.server_address[1]
    code, said = refused(*known, place=f"imaps://bob@localhost:{port}")
    assert code == 75
    assert f"nothing answers at port {port}" in said


class InTheClear(socketserver.StreamRequestHandler):
    """An IMAP server that does no TLS."""

    def handle(self):
        self.wfile.write(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hello\r\n")
        for line in self.rfile:
            tag, command = line.split()[:2]
            self.server.heard.append(line)
            if command.upper() == b"CAPABILITY":
                self.wfile.write(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n")
            self.wfile.write(tag + b" OK done\r\n")


def test_starttls_is_not_offered(refused, known):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), InTheClear) as server:
        server.heard = []
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        code, said = refused(*known, place=f"imap://bob@localhost:{server.server_address[1]}")
        server.shutdown()
    assert code == 2
    assert "STARTTLS" in said
    assert not any(word in line.upper() for line in server.heard for word in (b"LOGIN", b"AUTHENTICATE"))


@pytest.mark.parametrize("option", ["--folder", "--sent"])
def test_a_folder_that_is_not_there(refused, known, option):
    code, said = refused(*known, option, "Nirgendwo")
    assert code == 2
    assert "Nirgendwo" in said
    assert "Junk" in said or "no folder" in said


def test_whose_mailbox_is_it(refused, known):
    code, said = refused(*known, "--me", "nobody at all", me="")
    assert code == 2
    assert "no mail address" in said


def test_a_page_that_cannot_be_written(account, tmp_path):
    everything = account.everything()
    command = account.start("--html", str(tmp_path / "no" / "such" / "a.html"), quick=True)
    assert command.end() == 2
    assert "cannot write" in command.said
    assert account.everything() == everything


def test_the_state_cannot_be_kept(refused, known, tmp_path):
    (tmp_path / "state").write_text("a file")
    code, said = refused(*known)
    assert code in (2, 75)
    assert str(tmp_path / "state") in said


@pytest.mark.parametrize(
    "words", [("--move", "--undo"), ("--undo", "--watch"), ("--language", "tlh"), ("--move", "--tag")]
)
def test_wrong_words(tmp_path, words):
    command = Command(["sweep", str(tmp_path), *words], tmp_path / "state", "")
    assert command.end() == 2
    assert not [*tmp_path.iterdir()]
