"""The HTTP door at one end of a socket pair, and what a client needs to speak with it."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from pathlib import Path

import pytest

from ndrfilter import Filter
from ndrfilter.config.model import Listener
from ndrfilter.doors.http import HttpConnection
from ndrfilter.service.desk import Desk, Observer
from ndrfilter.service.ward import Ward

sys.path.insert(0, str(Path(__file__).parents[2]))  # for the processes that the tests share

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "docs" / "demo"
BOUNCE = (DEMO / "mail" / "05-postfix-parcel.eml").read_bytes()
LETTER = b"From: bob@example.com\nSubject: lunch\nMessage-ID: <1@example.com>\n\nAt one?\n"
PING = b"GET /ping HTTP/1.1\r\nHost: localhost\r\n\r\n"


def post(raw=LETTER, path="/check", close=False, **fields):
    """A request with that message; `queue_id="x"` becomes `Queue-Id: x`, a list several fields."""
    told = {"Host": "localhost", "Content-Length": len(raw), **({"Connection": "close"} if close else {})}
    told |= {name.replace("_", "-").title(): value for name, value in fields.items()}
    lines = [
        f"{name}: {one}\r\n"
        for name, value in told.items()
        for one in (value if isinstance(value, list) else [value])
    ]  # fmt: skip
    return f"POST {path} HTTP/1.1\r\n{''.join(lines)}\r\n".encode() + raw


def replies(data):
    """The replies in what came back, as (status, fields by lower name, body); an interim one has no body."""
    found = []
    while data:
        head, end, data = data.partition(b"\r\n\r\n")
        assert end, head
        first, *lines = head.decode("ascii").split("\r\n")
        fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        length = int(fields.get("content-length", 0))
        found.append((int(first.split()[1]), fields, data[:length]))
        data = data[length:]
    return found


class Recorder(Observer):
    def __init__(self):
        self.questions, self.remarks = [], []

    def answered(self, question, answer):
        self.questions.append(question)

    def remarked(self, remark):
        self.remarks.append(dict(remark.words))


class Door:
    """A desk behind HTTP doors, for any number of connections."""

    def __init__(self, config=DEMO / "ndrfilter.yml", ward=None, **options):
        self.recorder = Recorder()
        self.desk = Desk(Filter.from_config(config, **options), [self.recorder])
        self.ward = Ward() if ward is None else ward
        self.connection = None

    def _made(self):
        self.connection = HttpConnection(self.desk, self.ward, Listener("http", path="/x"))
        return self.connection

    async def connect(self):
        """A new client's reader and writer."""
        near, far = socket.socketpair()
        near.setblocking(False)
        await asyncio.get_running_loop().connect_accepted_socket(self._made, near)
        return await asyncio.open_connection(sock=far)

    async def exchange(self, *pieces):
        """Everything that is answered to these pieces, after which nothing comes."""
        reader, writer = await self.connect()
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0)
        writer.write_eof()
        said = await reader.read()
        writer.close()
        return said

    def says(self, *pieces):
        """The replies of one connection to these pieces."""
        return replies(play(self.exchange(*pieces)))


def play(scene):
    return asyncio.run(asyncio.wait_for(scene, 60))


class Kit:
    """What the tests of this folder ask with."""

    post, replies, play, loads = staticmethod(post), staticmethod(replies), staticmethod(play), staticmethod(json.loads)
    Door, BOUNCE, LETTER, PING, DEMO = Door, BOUNCE, LETTER, PING, DEMO


@pytest.fixture(scope="session")
def kit():
    return Kit


@pytest.fixture
def door():
    return Door()
