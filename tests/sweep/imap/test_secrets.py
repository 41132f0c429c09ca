"""Passwords and tokens: from a file, a command, the keyring; what is said when there is none, and never the secret."""

from __future__ import annotations

import sys

import pytest

from ndrfilter import limits
from ndrfilter.sweep.imap.secrets import Secret, from_command, from_file
from ndrfilter.sweep.imap.server import Server
from ndrfilter.sweep.mailbox import PlaceError
from ndrfilter.sweep.places import Access

ALICE = Server("alice", "mail.example.com", 993, True)
PYTHON = sys.executable


def written(path, content, mode=0o600):
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("content", "secret"),
    [(b"sesame\n", "sesame"), (b"sesame", "sesame"), (b"two words \r\nmore\n", "two words "), ("ö\n".encode(), "ö")],
)
def test_a_files_first_line(tmp_path, content, secret):
    assert from_file(written(tmp_path / "file", content)) == secret


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_file_that_others_may_read_is_refused_with_what_mends_it(tmp_path, mode):
    path = written(tmp_path / "my file", b"sesame\n", mode)
    with pytest.raises(PlaceError, match=f"chmod 600 '{path}'"):
        from_file(path)


def test_a_file_that_is_not_there_or_no_text(tmp_path):
    with pytest.raises(PlaceError, match="no such file"):
        from_file(tmp_path / "none")
    with pytest.raises(PlaceError, match="cannot be read"):
        from_file(tmp_path)
    with pytest.raises(PlaceError, match="UTF-8") as refused:
        from_file(written(tmp_path / "bytes", b"sesame\xff\n"))
    assert "sesame" not in str(refused.value)


def test_a_commands_first_line():
    assert from_command(f"{PYTHON} -c \"print('se same'); print('url: x')\"") == "se same"


def test_a_command_sees_no_shell(tmp_path):
    assert from_command(f'{PYTHON} -c "import sys; print(sys.argv[1:])" $HOME ; touch {tmp_path}/x') == str(
        ["$HOME", ";", "touch", f"{tmp_path}/x"]
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("/no/such/program", "does not run: no such file"),
        ("", "does not run"),
        ("'open quote", "does not run"),
        (f"{PYTHON} -c \"print('sesame'); raise SystemExit(3)\"", "exit code 3"),
        (f"{PYTHON} -c \"print('sesame' * 100000)\"", "prints more than"),
    ],
)
def test_a_command_that_fails(command, why):
    with pytest.raises(PlaceError, match=why) as refused:
        from_command(command)
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize("first", ["print('sesame', flush=True)", "os.write(1, b'sesame'); os.close(1)"])
def test_a_command_that_does_not_end(monkeypatch, first):
    monkeypatch.setattr(limits, "SWEEP_SECRET_PATIENCE", 0.5)
    with pytest.raises(PlaceError, match=r"token command did not end within 0\.5 s"):
        from_command(f'{PYTHON} -c "import os, time; {first}; time.sleep(600)"', "token")


@pytest.fixture
def keyring(tmp_path, monkeypatch):
    keyring = pytest.importorskip("keyring")
    file = pytest.importorskip("keyrings.alt.file")
    before = keyring.get_keyring()
    ring = file.PlaintextKeyring()
    ring.file_path = str(tmp_path / "ring")
    keyring.set_keyring(ring)
    yield keyring
    keyring.set_keyring(before)


def test_the_keyring(keyring):
    secret = Secret(ALICE, Access(keyring=True))
    with pytest.raises(PlaceError, match=r"keyring set ndrfilter alice@mail\.example\.com"):
        secret.get()
    keyring.set_password("ndrfilter", "alice@mail.example.com", "sesame")
    assert secret.get() == "sesame"


def test_without_the_library_the_keyring_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(PlaceError, match=r"pip install 'ndrfilter\[keyring\]'"):
        Secret(ALICE, Access(keyring=True)).get()


def test_a_person_is_asked_once_a_token_command_each_time(tmp_path):
    asked = []
    secret = Secret(ALICE, Access(ask=lambda prompt: asked.append(prompt) or "sesame"))
    assert (secret.get(), secret.get(), len(asked)) == ("sesame", "sesame", 1)
    counter = f"{PYTHON} -c \"import pathlib; p = pathlib.Path(r'{tmp_path}/n'); p.open('a').write('x'); print(p.read_text())\""
    secret = Secret(ALICE, Access(token_command=counter))
    assert (secret.token, secret.get(), secret.get()) == (True, "x", "xx")


def test_one_way_only(tmp_path):
    with pytest.raises(PlaceError, match="name one of"):
        Secret(ALICE, Access(keyring=True, password_file=tmp_path / "file"))


@pytest.mark.parametrize("said", ["", "a\nb", "a\0b"])
def test_what_can_be_no_password(said):
    with pytest.raises(PlaceError, match="empty, or no single line"):
        Secret(ALICE, Access(ask=lambda _: said)).get()


def test_it_is_in_no_repr():
    secret = Secret(ALICE, Access(ask=lambda _: "sesame"))
    secret.get()
    assert "sesame" not in repr(secret)
