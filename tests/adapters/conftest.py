"""A DNS server on loopback that does whatever a test wants, over UDP and TCP; and empty stores.

What else the tests of the store share is in `stored`, beside this file.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import dns.flags
import dns.message
import dns.rrset
import pytest

from ndrfilter.adapters.clock import FixedClock
from ndrfilter.adapters.store import SqliteStore

sys.path.insert(0, str(Path(__file__).parent))

from stored import NOW


class Server:
    """Answers each question by `replies[name](question)`: bytes, a dnspython message, a list of them, or None.

    `asked` are the questions over UDP, `connections` those over TCP, which `tcp` answers if it is there.
    """

    def __init__(self, replies, tcp=None):
        self.replies = replies
        self.tcp = tcp
        self.asked = []
        self.connections = []

    def connection_made(self, transport):
        self.transport = transport

    def connection_lost(self, exc):
        pass

    def error_received(self, exc):
        pass

    def datagram_received(self, data, address):
        question = dns.message.from_wire(data)
        self.asked.append(key(question))
        for reply in self.made(self.replies, question):
            self.transport.sendto(reply, address)

    async def connected(self, reader, writer):
        size = int.from_bytes(await reader.readexactly(2))
        question = dns.message.from_wire(await reader.readexactly(size))
        self.connections.append(key(question))
        for reply in self.made(self.tcp, question):
            writer.write(len(reply).to_bytes(2) + reply)
        writer.close()

    def made(self, replies, question):
        how = replies.get(key(question)[0]) if isinstance(replies, dict) else replies
        reply = how(question) if how else None
        many = reply if isinstance(reply, list) else [] if reply is None else [reply]
        return [one if isinstance(one, bytes) else one.to_wire(max_size=65_535) for one in many]


def key(question):
    """Name without its final dot, and type."""
    asked = question.question[0]
    return asked.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(asked.rdtype)


def answer(question, *lines, rcode="NOERROR", authority=()):
    """An honest reply with records written as in a zone file."""
    reply = dns.message.make_response(question)
    reply.flags |= dns.flags.RA
    reply.set_rcode(dns.rcode.from_text(rcode))
    for section, texts in ((reply.answer, lines), (reply.authority, authority)):
        for text in texts:
            name, ttl, rdtype, data = text.split(None, 3)
            section.append(dns.rrset.from_text(name, int(ttl), "IN", rdtype, data))
    return reply


def both_on_one_port():
    """Sockets for UDP and TCP on loopback; a port that is free for one may be taken for the other."""
    while True:
        datagrams, streams = socket.socket(type=socket.SOCK_DGRAM), socket.socket()
        datagrams.bind(("127.0.0.1", 0))
        try:
            streams.bind(datagrams.getsockname())
        except OSError:
            datagrams.close()
            streams.close()
        else:
            return datagrams, streams


@asynccontextmanager
async def running(replies, tcp=None):
    """The server and its port."""
    loop = asyncio.get_running_loop()
    server = Server(replies, tcp)
    datagrams, streams = both_on_one_port()
    port = streams.getsockname()[1]
    transport, _ = await loop.create_datagram_endpoint(lambda: server, sock=datagrams)
    listener = await asyncio.start_server(lambda *stream: server.connected(*stream), sock=streams)
    try:
        yield server, port
    finally:
        transport.close()
        listener.close()


@pytest.fixture
def dns_server():
    """`async with dns_server(replies, tcp) as (server, port)`."""
    return running


@pytest.fixture
def dns_answer():
    """Builds replies; see `answer`."""
    return answer


@pytest.fixture(params=["file", "memory"])
def store(request, tmp_path):
    """An empty store, once on disk and once in memory."""
    made = SqliteStore(tmp_path / "state" if request.param == "file" else None, FixedClock(NOW))
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path):
    """Where a store may be made."""
    return tmp_path / "state"
