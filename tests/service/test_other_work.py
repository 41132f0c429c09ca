"""`Connection.wait_for`: whatever else a door waits for is waited for like an answer of the desk."""

import asyncio
import gc
import socket

from ndrfilter import Filter
from ndrfilter.config.model import Listener
from ndrfilter.service.connection import Connection
from ndrfilter.service.desk import Desk
from ndrfilter.service.ward import Ward


class Echo(Connection):
    """A door that says each letter again, when it is allowed to."""

    def __init__(self, allowed, *args):
        super().__init__(*args)
        self.allowed, self.letters = allowed, b""

    def received(self, data):
        self.letters += data
        while not self.working and self.letters:
            self.begin()
            letter, self.letters = self.letters[:1], self.letters[1:]
            self.wait_for(self.later(letter), self.say)

    async def later(self, letter):
        await self.allowed.wait()
        return letter

    def say(self, letter):
        self.send(letter)
        self.rest()


async def connected(ward):
    """The door, what allows it to answer, and the client's ends."""
    near, far = socket.socketpair()
    near.setblocking(False)
    allowed, desk = asyncio.Event(), Desk(Filter.from_config({}))
    _, door = await asyncio.get_running_loop().connect_accepted_socket(
        lambda: Echo(allowed, desk, ward, Listener("echo", path="/x")), near
    )
    return door, allowed, *(await asyncio.open_connection(sock=far))


def play(scene):
    asyncio.run(asyncio.wait_for(scene, 20))


def test_in_order_and_all_of_it():
    async def scene():
        _, allowed, reader, writer = await connected(Ward())
        writer.write(b"ab")
        writer.write(b"c")
        writer.write_eof()
        allowed.set()
        assert await reader.read() == b"abc"
        writer.close()

    play(scene())


def test_who_is_waited_for_has_no_deadline_and_is_not_sent_away():
    async def scene():
        ward = Ward(connections=1)
        door, allowed, reader, writer = await connected(ward)
        writer.write(b"a")
        while not door.working:
            await asyncio.sleep(0)
        assert door.deadline is None
        assert not ward.make_room()
        allowed.set()
        assert await reader.readexactly(1) == b"a"
        assert door.deadline is not None
        writer.close()

    play(scene())


def test_nothing_is_said_to_who_has_gone():
    async def scene():
        ward, others = Ward(), asyncio.all_tasks()
        door, allowed, _, writer = await connected(ward)
        writer.write(b"a")
        while not door.working:
            await asyncio.sleep(0)
        door.abort()
        while len(ward):
            await asyncio.sleep(0)
        allowed.set()
        door.say = lambda _: 1 / 0
        while asyncio.all_tasks() - others:
            await asyncio.sleep(0)
        writer.close()

    play(scene())


def test_what_is_given_up_before_it_began_leaves_no_trace(recwarn):
    async def scene():
        door, _, _, writer = await connected(Ward())
        door.wait_for(asyncio.sleep(0), door.say)
        door.connection_lost(None)
        await asyncio.sleep(0)
        writer.close()

    play(scene())
    gc.collect()
    assert [str(one.message) for one in recwarn if one.category is RuntimeWarning] == []
