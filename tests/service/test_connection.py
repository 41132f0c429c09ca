"""What every door gets from `Connection` and `Ward`: requests in order, bounds, deadlines, an orderly end."""

import asyncio
import socket
import struct
from contextlib import asynccontextmanager

import pytest

from ndrfilter import Envelope, Filter, limits
from ndrfilter.config.model import Listener
from ndrfilter.errors import TemporaryError
from ndrfilter.service.connection import Connection
from ndrfilter.service.desk import Desk, Observer, Question
from ndrfilter.service.ward import Ward

BOUNCE = b"Return-Path: <>\nSubject: failure notice\n\n%s"


class Lines(Connection):
    """A door of lines: each is the body of a message, and answered with it."""

    def __init__(self, *args):
        super().__init__(*args)
        self.buffer = b""

    def received(self, data):
        self.buffer += data
        if data and not self.hold(len(data)):
            self.dismiss("large")
        while not self.working and b"\n" in self.buffer:
            self.begin()
            line, _, self.buffer = self.buffer.partition(b"\n")

            def done(answer, line=line):
                self.send(line + b" " + answer.result.verdict.encode() + b"\n")
                self.rest()

            self.ask(Question(BOUNCE % line, Envelope("", ("you@example.com",)), "lines"), done)
        if self.buffer and not self.working:
            self.begin()

    def turn_away(self, why):
        self.send(b"not now: " + why.encode() + b"\n")


class Later:
    """A resolver that answers when it is allowed to."""

    def __init__(self):
        self.allowed, self.asked = asyncio.Event(), asyncio.Event()

    async def query(self, name, rdtype):
        self.asked.set()
        await self.allowed.wait()
        raise TemporaryError("nothing is known")


class Watcher(Observer):
    def __init__(self):
        self.remarks = []

    def remarked(self, remark):
        self.remarks.append(dict(remark.words))


class Scene:
    """A door that serves at one end of connections; `client()` gives the other end's reader and writer."""

    def __init__(self, ward=None, **config):
        self.watcher, self.resolver = Watcher(), Later()
        judge = Filter.from_config({"site": {"domains": ["example.com"]}, **config}, resolver=self.resolver)
        self.desk, self.ward = Desk(judge, [self.watcher]), Ward() if ward is None else ward
        self.connections = []

    @asynccontextmanager
    async def client(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            far = socket.create_connection(server.getsockname())
            near, _ = server.accept()

        def door():
            self.connections.append(Lines(self.desk, self.ward, Listener("lines", path="/x")))
            return self.connections[-1]

        near.setblocking(False)
        await asyncio.get_running_loop().connect_accepted_socket(door, near)
        reader, writer = await asyncio.open_connection(sock=far)
        try:
            yield reader, writer
        finally:
            writer.close()


def play(scene):
    asyncio.run(asyncio.wait_for(scene, 20))


def test_pipelined_requests_are_answered_in_order():
    async def scene():
        async with Scene().client() as (reader, writer):
            writer.write(b"a\nb\nc")
            writer.write(b"c\n")
            writer.write_eof()
            assert [line.split()[0] for line in (await reader.read()).splitlines()] == [b"a", b"b", b"cc"]

    play(scene())


def test_what_comes_while_an_answer_is_awaited_is_kept():
    async def scene():
        stage = Scene(plugins=["dnsbl"])
        stage.desk.ask = slow(stage)
        async with stage.client() as (reader, writer):
            writer.write(b"a\nb\n")
            await stage.resolver.asked.wait()
            writer.write(b"c\nd\n")
            writer.write_eof()
            stage.resolver.allowed.set()
            assert [line.split()[0] for line in (await reader.read()).splitlines()] == [b"a", b"b", b"c", b"d"]

    play(scene())


def slow(stage):
    """The desk's `ask`, after the resolver was asked."""
    at_once = Desk.ask

    def ask(question, done):
        async def later():
            try:
                await stage.resolver.query("", "")
            except TemporaryError:
                at_once(stage.desk, question, done)

        return asyncio.get_running_loop().create_task(later())

    return ask


def test_a_client_that_goes_takes_its_question_along():
    async def scene():
        stage = Scene()
        stage.desk.ask = slow(stage)
        async with stage.client() as (_, writer):
            writer.write(b"a\n")
            await stage.resolver.asked.wait()
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            while len(stage.ward):
                await asyncio.sleep(0)
            stage.resolver.allowed.set()
            await asyncio.sleep(0)

    play(scene())


def test_a_slow_client_is_turned_away_with_an_answer():
    async def scene():
        stage = Scene()
        async with stage.client() as (reader, writer):
            writer.write(b"half a lin")
            while not stage.connections[0].buffer:
                await asyncio.sleep(0)
            stage.connections[0].deadline = 0.0
            stage.ward.tick()
            assert await reader.read() == b"not now: slow\n"
        assert stage.watcher.remarks == [{"refused": "slow"}]

    play(scene())


def test_a_request_over_the_worker_s_memory_is_turned_away_and_gives_it_back():
    async def scene():
        stage = Scene(Ward(memory=1000))
        async with stage.client() as (reader, writer):
            writer.write(b"x" * 1001)
            assert await reader.read() == b"not now: large\n"
        async with stage.client() as (reader, writer):
            writer.write(b"x" * 999 + b"\n")
            assert await reader.readline()
            writer.write(b"y" * 999 + b"\n")
            assert (await reader.readline()).startswith(b"yyy")

    play(scene())


def test_the_longest_silent_makes_room(monkeypatch):
    async def scene():
        monkeypatch.setattr(limits, "MIN_EVICTION", 0.0)
        stage = Scene(Ward(connections=2))
        async with stage.client() as (first, _), stage.client() as (_, second):
            second.write(b"a\n")
            while not stage.connections[1].since > stage.connections[0].since:
                await asyncio.sleep(0)
            assert stage.ward.full
            stage.ward.make_room()
            assert await first.read() == b"not now: full\n"

    play(scene())


def test_who_says_next_to_nothing_makes_room_like_who_is_silent(monkeypatch):
    async def scene():
        monkeypatch.setattr(limits, "MIN_EVICTION", 0.0)
        stage = Scene(Ward(connections=2))
        async with stage.client() as (first, dribble), stage.client() as (second, writer):
            dribble.write(b"a")
            while not stage.connections[0].since > stage.connections[1].since:
                await asyncio.sleep(0)
            stage.ward.make_room()
            assert await first.read() == b"not now: full\n"
            writer.write(b"b\n")
            assert (await second.readline()).startswith(b"b ")

    play(scene())


def test_who_holds_much_and_goes_on_slowly_makes_room_for_who_needs_little(monkeypatch):
    async def scene():
        monkeypatch.setattr(limits, "MIN_EVICTION", 0.0)
        stage = Scene(Ward(memory=1_000))
        async with stage.client() as (first, greedy), stage.client() as (reader, writer):
            greedy.write(b"x" * 900)
            while stage.ward.free > 100:
                await asyncio.sleep(0)
            writer.write(b"y" * 500 + b"\n")
            assert (await reader.readline()).startswith(b"yyy")
            assert await first.read() == b"not now: memory\n"
            assert stage.ward.free == 1_000
            assert stage.watcher.remarks == [{"refused": "memory"}]

    play(scene())


def test_who_needs_much_sends_nobody_away_who_holds_little(monkeypatch):
    async def scene():
        monkeypatch.setattr(limits, "MIN_EVICTION", 0.0)
        stage = Scene(Ward(memory=1_000))
        async with stage.client() as (reader, modest), stage.client() as (other, writer):
            modest.write(b"x" * 300)
            while stage.ward.free > 700:
                await asyncio.sleep(0)
            writer.write(b"y" * 800 + b"\n")
            assert await other.readline() == b"not now: large\n"
            modest.write(b"\n")
            assert (await reader.readline()).startswith(b"xxx")

    play(scene())


def test_who_is_busy_is_not_sent_away_for_another(monkeypatch):
    async def scene():
        monkeypatch.setattr(limits, "MIN_EVICTION", 0.0)
        stage = Scene(Ward(connections=1))
        stage.desk.ask = slow(stage)
        async with stage.client() as (reader, writer):
            writer.write(b"a\n")
            await stage.resolver.asked.wait()
            assert not stage.ward.make_room()
            stage.resolver.allowed.set()
            assert (await reader.readline()).startswith(b"a ")

    play(scene())


def test_draining_ends_what_rests_at_once_and_what_is_busy_after_its_answer():
    async def scene():
        stage = Scene()
        stage.desk.ask = slow(stage)
        async with stage.client() as (resting, _), stage.client() as (reader, writer):
            writer.write(b"a\n")
            await stage.resolver.asked.wait()
            stage.ward.drain()
            assert await resting.read() == b""
            stage.resolver.allowed.set()
            assert (await reader.read()).startswith(b"a ")

    play(scene())


@pytest.mark.parametrize("end", ["close", "abort"])
def test_nothing_stays_behind(end):
    async def scene():
        stage = Scene()
        async with stage.client() as (reader, writer):
            writer.write(b"half")
            while not stage.connections[0].buffer:
                await asyncio.sleep(0)
            getattr(stage.connections[0], end)()
            await reader.read()
        while len(stage.ward):
            await asyncio.sleep(0)
        assert stage.ward.free == limits.SERVICE_MEMORY

    play(scene())
