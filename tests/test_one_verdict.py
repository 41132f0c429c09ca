"""One verdict: whoever asks, and however quickly it is answered, a message is judged as by the plain evaluator.

The plain evaluator works out every rule, one after the other, for the whole message. All that is quicker, and every
door, has to say the same, message by message: the library, the service over HTTP, spamd's protocol and the milter
protocol, and the pipe.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import marshal
import os
import re
import socket
import subprocess
import sys
from argparse import Namespace
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pytest
from service_process import Serving

from bench.service import sessions
from bench.service.hostile import say
from bench.speed.mails import Mails, archive, own
from ndrfilter import Envelope, Filter
from ndrfilter.doors import reply
from ndrfilter.doors.envelope import envelope_of as pipe_envelope
from ndrfilter.doors.spamd import markup
from ndrfilter.doors.spamd.envelope import envelope_of as spamd_envelope
from ndrfilter.frozen import freeze, thaw
from ndrfilter.service.desk import Answer

CONFIG = """\
site: {domains: [example.com, example.org], relays: [mail.example.com, 192.0.2.0/24], complete: [relays]}
service: {workers: 1}
"""
RECIPIENT = "you@example.com"
MILTER_EACH, COMMAND_EACH, LAUNCHER_EACH = 11, 97, 23  # of so many messages, one
# What the milter is told of the client, and what our MTA is going to write of it.
CLIENT = Envelope("", (RECIPIENT,), "198.51.100.29", "mx.remote.test", "mx.remote.test")
WRITTEN = (
    b"Received: from mx.remote.test (mx.remote.test [198.51.100.29])\r\n\tby mail.home-postfix.test (Postfix)"
    b" with ESMTP id 4T1;\r\n\tSun, 22 Nov 2026 10:00:00 +0000\r\n"
)
MILTER_STATUS = re.compile(rb"X-NDR-Status\0 ?([a-z-]+);")
HAS_HEADER = re.compile(rb"[A-Za-z-]+:")


class Letter(NamedTuple):
    """A message, with its envelope in its header, and told."""

    raw: bytes
    sender: str

    @property
    def envelope(self) -> Envelope:
        return Envelope(self.sender, (RECIPIENT,))


def letter(raw: bytes, sender: str) -> Letter:
    return Letter(b"Return-Path: <%b>\nDelivered-To: %b\n" % (sender.encode(), RECIPIENT.encode()) + raw, sender)


def letters(found: Mails) -> list[Letter]:
    """Ordinary mail comes from somebody, all else from the null sender."""
    told = [*((raw, "") for raw in found.bounces + found.others), *((raw, "a@example.org") for raw in found.ordinary)]
    return [letter(raw, sender) for raw, sender in told if HAS_HEADER.match(raw)]


class Judged:
    """Letters, what the plain evaluator says of each, and a service that is asked."""

    def __init__(self, letters: list[Letter], folder: Path) -> None:
        self.letters = letters
        self.config = folder / "ndrfilter.yml"
        self.config.write_text(CONFIG)
        self.plain = Filter.from_config(self.config, plain=True)

    @cached_property
    def expected(self) -> list:
        return [self.plain.check(one.raw, envelope=one.envelope) for one in self.letters]

    @property
    def pairs(self):
        return zip(self.letters, self.expected, strict=True)

    def as_seen(self, envelope_of, each: int = 1):
        """Letters, and what to expect from a door that takes the envelope out of the header as it sees fit."""
        for one, expected in islice(self.pairs, 0, None, each):
            envelope = envelope_of(one.raw)
            same = envelope == one.envelope
            yield one, expected if same else self.plain.check(one.raw, envelope=envelope)


@pytest.fixture(scope="module", params=[own, pytest.param(archive, marks=pytest.mark.shared("corpus"))])
def judged(request, tmp_path_factory):
    return Judged(letters(request.param()), tmp_path_factory.mktemp("verdict"))


@pytest.fixture(scope="module")
def serving(judged):
    with Serving(judged.config, *(f"{door}=127.0.0.1:0" for door in ("http", "spamd", "milter"))) as service:
        yield service


def differing(pairs) -> list:
    """The first few that are not what they should be."""
    return list(islice(((said, wanted) for said, wanted in pairs if said != wanted), 3))


@pytest.mark.parametrize("kept", [False, True], ids=["made", "thawed"])
def test_library(judged, kept):
    """A filter as the service has it, and as a launcher finds it."""
    quick = Filter.from_config(judged.config)
    quick = thaw(marshal.loads(marshal.dumps(freeze(quick.config)))) if kept else quick
    assert not differing(
        (quick.check(one.raw, envelope=one.envelope).to_dict(), wanted.to_dict()) for one, wanted in judged.pairs
    )


def test_http(judged, serving):
    connection = http.client.HTTPConnection(*serving.place["http"], timeout=60)

    def ask(one: Letter) -> dict:
        connection.request("POST", "/check", one.raw, {"From": one.sender, "Rcpt": RECIPIENT})
        return json.loads(connection.getresponse().read())

    for one, wanted in judged.pairs:
        whole = json.loads(json.dumps(wanted.to_dict()))
        said = ask(one)
        assert {key: said[key] for key in whole} == whole
    connection.close()


def test_spamd(judged, serving):
    def ask(one: Letter) -> bytes:
        with socket.create_connection(serving.place["spamd"], timeout=60) as connection:
            connection.sendall(b"PROCESS SPAMC/1.5\r\nContent-length: %d\r\n\r\n" % len(one.raw) + one.raw)
            with connection.makefile("rb") as stream:
                return stream.read().partition(b"\r\n\r\n")[2]

    pairs = judged.as_seen(lambda raw: spamd_envelope(raw, "")[0])
    assert not differing((ask(one), markup.marked(one.raw, Answer(wanted, "header"))) for one, wanted in pairs)


def test_milter(judged, serving, monkeypatch):
    monkeypatch.setattr(sessions, "RECIPIENT", RECIPIENT)
    raws = [re.sub(rb"\r?\n", b"\r\n", one.raw) for one in judged.letters[::MILTER_EACH]]

    async def answers():
        return [await say(serving.place["milter"], [sessions.milter(raw, b"").sent]) for raw in raws]

    said = [found[-1].decode() if (found := MILTER_STATUS.findall(one)) else "" for one in asyncio.run(answers())]
    wanted = [judged.plain.check(WRITTEN + raw, envelope=CLIENT).verdict for raw in raws]
    assert not differing(zip(said, wanted, strict=True))


def piped(judged, command: list[str], each: int) -> list:
    """What the command makes of letters, and what it should; a process for each."""
    environment = {name: value for name, value in os.environ.items() if name not in ("SENDER", "RECIPIENT")}

    def filtered(one: Letter) -> bytes:
        return subprocess.run(command, input=one.raw, env=environment, capture_output=True, check=True).stdout

    untold = Namespace(sender=None, recipient=None, client_ip=None, client_name=None, helo=None)
    some = list(judged.as_seen(lambda raw: pipe_envelope(untold, raw, {})[0], each))
    with ThreadPoolExecutor(2) as pool:
        said = pool.map(filtered, [one for one, _ in some])
        return differing(zip(said, (reply.annotate(one.raw, wanted) for one, wanted in some), strict=True))


def test_pipe(judged):
    command = [sys.executable, "-m", "ndrfilter", "-c", str(judged.config), "filter", "--max-seconds", "0"]
    assert not piped(judged, command, COMMAND_EACH)


def test_launcher(judged, tmp_path):
    launcher = tmp_path / "ndrfilter-filter"
    command = [sys.executable, "-m", "ndrfilter", "-c", str(judged.config), "compile", "--launcher", str(launcher)]
    subprocess.run(command, check=True, capture_output=True)
    assert not piped(judged, [str(launcher), "--max-seconds", "0"], LAUNCHER_EACH)
