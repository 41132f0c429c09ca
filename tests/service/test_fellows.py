"""Workers that accept on the same sockets: who has fewer clients goes first, and nobody waits for one who does not come."""

from __future__ import annotations

import asyncio
import os
import signal
import socket

import pytest

from ndrfilter.config.model import Listener
from ndrfilter.service.board import Board
from ndrfilter.service.fellows import Fellows
from ndrfilter.service.ward import Ward
from ndrfilter.service.worker import Bound, Worker


@pytest.mark.parametrize(
    ("mine", "other", "accepting", "less_busy"),
    [(0, 0, True, False), (1, 0, True, True), (1, 1, True, False), (2, 1, True, True), (2, 1, False, False)],
)
def test_who_is_less_busy(mine, other, accepting, less_busy):
    board = Board(3)
    we, they = Fellows(board, 0), Fellows(board, 2)
    we.tell(mine, True)
    they.tell(other, accepting)
    assert we.less_busy == less_busy
    board.vacate(2)
    assert not we.less_busy


class Door(asyncio.Protocol):
    """Says who it is."""

    def __init__(self, desk, ward, listener):
        self.ward, self.since = ward, None

    def connection_made(self, transport):
        self.ward.enter(self)
        transport.write(b"hello")
        self.transport = transport

    def connection_lost(self, exc):
        self.ward.leave(self)

    def drain(self):
        self.transport.close()

    abort = drain


class Settings:
    """As much of a desk as a worker looks at."""

    def __init__(self):
        self.filter = self.config = self.service = self
        self.drain = 5.0


def test_it_waits_for_one_with_fewer_clients_but_not_long(monkeypatch):
    async def scene():
        loop = asyncio.get_running_loop()
        board, ward = Board(2), Ward()
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setblocking(False)
        bound = Bound(Listener("http", host="127.0.0.1"), listening)
        worker = Worker([bound], {"http": Door}, Settings(), ward, fellows=Fellows(board, 0))
        served = loop.create_task(worker.serve())
        idle = Fellows(board, 1)
        idle.tell(0, True)
        clients = []
        for count in (1, 2, 3):
            client = socket.socket()
            client.setblocking(False)
            await loop.sock_connect(client, listening.getsockname())
            assert await asyncio.wait_for(loop.sock_recv(client, 9), 20) == b"hello"
            assert len(ward) == count
            clients.append(client)
        assert idle.less_busy is False
        Fellows(board, 1).tell(4, True)
        assert idle.less_busy is True
        for client in clients:
            client.close()
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(served, 20)
        assert not Fellows(board, 1).less_busy

    asyncio.run(scene())
