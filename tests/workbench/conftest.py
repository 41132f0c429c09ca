import os
import pty
import subprocess
import sys

import pytest

from ndrfilter.__main__ import _main

MAIN_CF = """\
# a comment
myhostname = mail.example.com
mydomain=example.com
myorigin = /etc/mailname
mydestination = $myhostname, localhost.$mydomain,
  # a comment inside
  localhost, ${mydomain} $(nothing)
virtual_mailbox_domains = hash:/etc/postfix/vdomains mysql:/etc/postfix/v.cf
inet_interfaces = 198.51.100.9, 127.0.0.1, 10.1.2.3
unused = ${x?{y}}
"""


@pytest.fixture
def command(capsys, monkeypatch, tmp_path):
    """Runs the command line without any configuration of the machine; gives exit code, output, errors."""
    for name in ("NDRFILTER_CONFIG", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "no-config"))

    def run(*words):
        code = _main([str(word) for word in words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def machine(tmp_path):
    """Writes the files of another machine; gives its root."""

    def write(files):
        for name, text in files.items():
            path = tmp_path / "root" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return tmp_path / "root"

    return write


@pytest.fixture
def postfix(machine):
    return machine(
        {
            "etc/postfix/main.cf": MAIN_CF,
            "etc/postfix/vdomains": "example.org OK\n# no\nbücher.example OK\n",
            "etc/mailname": "example.com\n",
            "etc/hostname": "host\n",
        }
    )


def on_a_terminal(words, answers):
    """Run the program on a terminal of its own, with these answers typed ahead; gives exit code and screen."""
    ours, theirs = pty.openpty()
    os.write(ours, "".join(f"{answer}\n" for answer in answers).encode())
    program = subprocess.Popen(
        [sys.executable, "-m", "ndrfilter", *map(str, words)], stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    screen = b""
    while True:
        try:
            read = os.read(ours, 4096)
        except OSError:  # the terminal's other side is closed
            break
        if not read:
            break
        screen += read
    os.close(ours)
    return program.wait(), screen.decode()


@pytest.fixture
def terminal():
    """Runs the program on a terminal."""
    return on_a_terminal
