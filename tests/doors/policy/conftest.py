"""Requests as Postfix sends them, and the policy door at one end of a socket pair."""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ndrfilter import Filter
from ndrfilter.adapters.zone import ZoneResolver
from ndrfilter.config.model import Listener
from ndrfilter.doors.policy import PolicyConnection
from ndrfilter.service.desk import Desk, Observer
from ndrfilter.service.ward import Ward

sys.path.insert(0, str(Path(__file__).parents[2]))  # for the processes that the tests share

NOW = 20_779 * 86_400 + 43_200.0  # 2026-11-22T12:00:00Z
ENDS = b"\n\n"


def request(**said):
    """The request of a foreign host that has a bounce for Alice, or what of it is `said` otherwise (None: nothing)."""
    usual = {
        "request": "smtpd_access_policy", "protocol_state": "RCPT", "protocol_name": "ESMTP",
        "helo_name": "mx.receiver.example", "queue_id": "", "sender": "", "recipient": "alice@example.com",
        "recipient_count": "0", "client_address": "198.51.100.25", "client_name": "mx.receiver.example",
        "reverse_client_name": "mx.receiver.example", "instance": "1a.6740.0", "size": "0", "sasl_username": "",
    }  # fmt: skip
    lines = [f"{name}={value}\n" for name, value in {**usual, **said}.items() if value is not None]
    return "".join([*lines, "\n"]).encode("utf-8", "surrogateescape")


class Clock:
    def now(self):
        return NOW


class Watcher(Observer):
    def __init__(self):
        self.remarks = []

    def remarked(self, remark):
        self.remarks.append({"id": remark.queue_id, **dict(remark.words)})


class Postfix:
    """Asks the door, over any number of connections."""

    def __init__(self, *, ward=None, zone="", resolver=None, tagging=True, lists=False, **config):
        batv = {"batv": {"keys": {"k1": "a secret for the tests only"}, "since": "2026-10-01"}}
        site = {"site": {"domains": ["example.com"], "relays": ["192.0.2.8/29"], "complete": ["signing"]}}
        plugins = [*([batv] if tagging else []), *(["dnsbl"] if lists else [])]
        made = {**({} if "sites" in config else site), "plugins": plugins, **config}
        self.resolver = resolver or ZoneResolver(zone)
        self.watcher = Watcher()
        self.desk = Desk(Filter.from_config(made, resolver=self.resolver, clock=Clock()), [self.watcher])
        self.ward = Ward() if ward is None else ward
        self.doors = []

    @property
    def remarks(self):
        return self.watcher.remarks

    @asynccontextmanager
    async def connect(self):
        near, far = socket.socketpair()
        near.setblocking(False)

        def door():
            self.doors.append(PolicyConnection(self.desk, self.ward, Listener("policy", path="/x")))
            return self.doors[-1]

        await asyncio.get_running_loop().connect_accepted_socket(door, near)
        reader, writer = await asyncio.open_connection(sock=far)
        try:
            yield reader, writer
        finally:
            writer.close()

    async def exchange(self, data):
        """Everything that is answered to these bytes, after which nothing comes."""
        async with self.connect() as (reader, writer):
            writer.write(data)
            writer.write_eof()
            return await reader.read()

    def asked(self, *requests):
        """The actions that one connection is told for these requests."""
        said = play(self.exchange(b"".join(requests)))
        assert said.endswith(ENDS)
        answers = said.removesuffix(ENDS).split(ENDS)
        assert all(one.startswith(b"action=") and b"\n" not in one for one in answers)
        return [one.removeprefix(b"action=").decode("ascii") for one in answers]


def play(scene):
    return asyncio.run(asyncio.wait_for(scene, 30))


class Kit:
    """What the tests of this folder ask with."""

    request, play = staticmethod(request), staticmethod(play)
    Postfix = Postfix


@pytest.fixture(scope="session")
def kit():
    return Kit
