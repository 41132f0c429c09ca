"""Our transport for plain sockets: what a protocol hears, in which order, whatever pieces the client sends."""

from __future__ import annotations

import asyncio
import socket

import pytest

from ndrfilter.service.stream import Stream


class Heard(asyncio.Protocol):
    """Notes down what it is told, and does what a test wants when data comes."""

    def __init__(self, act=lambda door, data: None, stays=False):
        self.act, self.stays, self.notes, self.transport = act, stays, [], None

    def connection_made(self, transport):
        self.transport = transport
        self.notes.append("made")

    def data_received(self, data):
        self.notes.append(data)
        self.act(self, data)

    def eof_received(self):
        self.notes.append("eof")
        return self.stays

    def connection_lost(self, exc):
        self.notes.append("lost" if exc is None else type(exc).__name__)

    def pause_writing(self):
        self.notes.append("slow")

    def resume_writing(self):
        self.notes.append("took it")


def played(scene, protocol, before=None):
    """The protocol after a scene with the client's end; `before` happens before it is accepted."""

    async def play():
        theirs, ours = socket.socketpair()
        for end in (theirs, ours):
            end.setblocking(False)
        if before:
            before(theirs)
        Stream(asyncio.get_running_loop(), ours, protocol).begin()
        with theirs:
            await scene(asyncio.get_running_loop(), theirs)
        await asyncio.wait_for(gone(protocol), 20)
        assert ours.fileno() == -1

    asyncio.run(play())
    return protocol


async def gone(protocol):
    while not protocol.notes or protocol.notes[-1] not in (
        "lost",
        "ConnectionResetError",
        "BrokenPipeError",
        "ZeroDivisionError",
    ):
        await asyncio.sleep(0)


async def nothing(loop, client):
    return


def reply(door, data):
    door.transport.write(b"<" + data + b">")
    door.transport.write_eof()


def all_at_once(client):
    client.sendall(b"ask")
    client.shutdown(socket.SHUT_WR)


def test_who_has_said_all_when_he_comes_is_answered_in_one_turn():
    turns = []

    async def scene(loop, client):
        turns.append(list(door.notes))
        assert await loop.sock_recv(client, 99) == b"<ask>"
        assert await loop.sock_recv(client, 99) == b""

    door = Heard(reply)
    played(scene, door, before=all_at_once)
    assert turns == [["made", b"ask", "eof", "lost"]]


def test_who_speaks_later_is_heard_piece_by_piece():
    async def scene(loop, client):
        for piece in (b"a", b"b"):
            await loop.sock_sendall(client, piece)
            assert await loop.sock_recv(client, 9) == piece
        client.shutdown(socket.SHUT_WR)

    door = Heard(lambda door, data: door.transport.write(data))
    assert played(scene, door).notes == ["made", b"a", b"b", "eof", "lost"]


def test_who_keeps_his_half_open_sees_our_end_and_may_still_speak():
    async def scene(loop, client):
        await loop.sock_sendall(client, b"ask")
        assert await loop.sock_recv(client, 99) == b"<ask>"
        assert await loop.sock_recv(client, 99) == b""
        door.act = lambda door, data: None
        await loop.sock_sendall(client, b"more")

    door = Heard(reply)
    assert played(scene, door).notes == ["made", b"ask", b"more", "eof", "lost"]


@pytest.mark.parametrize("end", ["write_eof", "close"])
def test_a_slow_client_gets_everything(end):
    size = 4_000_000

    def act(door, data):
        door.transport.write(b"x" * size)
        door.transport.write(b"y")
        getattr(door.transport, end)()

    async def scene(loop, client):
        assert 0 < door.transport.get_write_buffer_size() <= size
        got = 0
        while piece := await loop.sock_recv(client, 65_536):
            got += len(piece)
        assert (got, piece[-1:] or b"") == (size + 1, b"")

    door = Heard(act)
    notes = played(scene, door, before=lambda client: client.sendall(b"ask")).notes
    assert notes[:3] == ["made", b"ask", "slow"]
    assert "took it" in notes


def test_what_it_takes_is_not_sent_after_an_abort():
    def act(door, data):
        door.transport.write(b"x" * 4_000_000)
        door.transport.abort()
        door.transport.write(b"y")
        assert door.transport.is_closing()

    door = played(nothing, Heard(act), before=lambda client: client.sendall(b"ask"))
    assert door.notes == ["made", b"ask", "slow", "lost"]


def test_a_paused_client_waits():
    async def scene(loop, client):
        await loop.sock_sendall(client, b"b")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert door.notes == ["made", b"a"]
        door.transport.resume_reading()
        while b"b" not in door.notes:
            await asyncio.sleep(0)

    door = Heard(lambda door, data: data == b"a" and door.transport.pause_reading())
    assert played(scene, door, before=lambda client: client.sendall(b"a")).notes == ["made", b"a", b"b", "eof", "lost"]


def test_one_who_streams_without_end_lets_others_have_their_turn():
    def act(door, data):
        door.client.sendall(b"more")

    async def scene(loop, client):
        assert door.notes.count(b"more") < 10
        door.act = lambda door, data: door.transport.close()

    def before(client):
        door.client = client
        client.sendall(b"more")

    door = Heard(act)
    played(scene, door, before)


def test_a_reset_is_told_as_the_end():
    async def scene(loop, client):
        await loop.sock_sendall(client, b"never read")
        door.transport.resume_reading()

    def before(client):
        client.sendall(b"ask")

    def act(door, data):
        door.transport.pause_reading()
        door.transport.write(b"answer that nobody reads")

    door = Heard(act)
    assert played(scene, door, before).notes[-1] in ("lost", "ConnectionResetError", "BrokenPipeError")


def test_a_door_that_fails_costs_its_own_connection():
    told = []

    async def scene(loop, client):
        return

    def before(client):
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context["exception"]))
        client.sendall(b"ask")

    door = played(scene, Heard(lambda door, data: 1 / 0), before)
    assert door.notes == ["made", b"ask", "ZeroDivisionError"]
    assert [type(error) for error in told] == [ZeroDivisionError]


def test_it_knows_its_peer():
    seen = []

    def act(door, data):
        seen.append(door.transport.get_extra_info("peername"))
        seen.append(door.transport.get_extra_info("sslcontext", "none"))
        door.transport.close()

    played(nothing, Heard(act), before=lambda client: client.sendall(b"ask"))
    assert seen == ["", "none"]
