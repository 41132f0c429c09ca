"""Addresses that postsrsd and Mail::SRS make while the tests run."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time

import pytest

from ndrfilter.message.addresses import parse_address
from ndrfilter.message.tags import srs_of

PATH = "/usr/sbin:" + os.environ.get("PATH", "")


def ask(port, address):
    """What postsrsd's TCP table says."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"get {address}\n".encode())
        return connection.makefile().readline().split()[1]


def free_ports():
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1]


@pytest.fixture
def postsrsd(kit, tmp_path):
    """A running postsrsd with our secret; gives the port of its forward table."""
    secrets, pidfile = tmp_path / "secrets", tmp_path / "pid"
    secrets.write_text(f"{kit.SECRET}\n")
    forward, reverse = free_ports()
    program = shutil.which("postsrsd", path=PATH)
    # With -D it goes into the background when its ports are open.
    options = ["-4", "-D", f"-s{secrets}", "-dexample.com", f"-f{forward}", f"-r{reverse}", f"-p{pidfile}"]
    subprocess.run([program, *options], check=True, timeout=30)
    yield forward
    os.kill(int(pidfile.read_text()), signal.SIGTERM)


@pytest.mark.client("postsrsd")
def test_what_postsrsd_makes(kit, postsrsd):
    for sender in (
        "Joe@Else.Example",
        "joe+x=y@else.example",
        "prvs=1786aabbcc=joe@else.example",
        "SRS0=abcd=JL=a.example=joe@forward.example",
        "SRS0+abcd=JL=a.example=joe@forward.example",
        "SRS1=abcd=forward.example==abcd=JL=a.example=joe@x.example",
    ):
        made = ask(postsrsd, sender)
        now = kit.NOW if "JL" in sender else time.time()  # the first forwarder's day is in the address
        assert kit.checked(made, now=now) == "valid"
        assert kit.checked(made.lower(), now=now) == "valid"
        assert kit.checked(made, now=now, secrets=("another secret",)) == "forged"


@pytest.mark.client("srs")
@pytest.mark.parametrize("separator", ["=", "+", "-"])
@pytest.mark.parametrize("length", [4, 20])
def test_what_mail_srs_makes(kit, separator, length):
    command = [
        "srs", f"--secret={kit.SECRET}", "--forward", "--alias=example.com", f"--separator={separator}",
        f"--hashlength={length}", "--address=Joe@Else.Example",
    ]  # fmt: skip
    made = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout.strip()
    assert kit.checked(made, now=time.time()) == "valid"
    assert srs_of(parse_address(made).local).sender == parse_address("Joe@else.example")
