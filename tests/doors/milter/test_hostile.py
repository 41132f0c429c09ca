"""Sessions that are slow, broken, mutated or no sessions at all: never down, never wrong for the next client."""

import asyncio
import random

import pytest
import yaml

from ndrfilter.errors import TemporaryError
from ndrfilter.service.ward import Ward

LETTER = b"From: bob@remote.example\nSubject: hi\n\nhello\n"
SESSIONS = 2500
PASSED = ["i", "i", "c"]


def test_while_we_leave_the_mta_goes_on_with_us(kit):
    async def scene():
        mta = kit.Mta()
        async with mta.connect() as (reader, writer):
            writer.write(kit.offer() + kit.connect())
            await reader.readexactly(17)
            mta.ward.drain(patience=60.0)
            for _ in range(2):
                writer.write(kit.message(LETTER))
                assert (await reader.readuntil(b"\0\0\0\1c"))[-1:] == b"c"
            writer.write(kit.QUIT)
            await reader.read()

    kit.play(scene())


class Later:
    """A resolver that answers when it is allowed to."""

    def __init__(self):
        self.asked, self.allowed = asyncio.Event(), asyncio.Event()

    async def query(self, name, rdtype):
        self.asked.set()
        await self.allowed.wait()
        raise TemporaryError("nothing is known")


def test_an_answer_that_waits_for_dns_comes_in_its_turn(kit, root):
    async def scene():
        resolver = Later()
        mta = kit.Mta(
            resolver=resolver, plugins=["spf"], **yaml.safe_load((root / "docs/demo/ndrfilter.yml").read_text())
        )
        parcel = (root / "docs/demo/mail/05-postfix-parcel.eml").read_bytes()
        async with mta.connect() as (reader, writer):
            writer.write(
                kit.offer() + kit.connect() + kit.helo() + kit.message(parcel) + kit.message(LETTER) + kit.QUIT
            )
            await resolver.asked.wait()
            assert mta.watcher.answers == []
            resolver.allowed.set()
            said = kit.told(await reader.read())
        assert [letter for letter, _ in said] == ["O", "i", "i", "c", "i", "i", "c"]

    kit.play(scene())


def test_who_says_much_at_once_lets_others_have_their_turn(kit):
    async def scene():
        mta = kit.Mta()
        async with mta.connect() as (many, first), mta.connect() as (one, second):
            first.write(kit.offer() + kit.message(LETTER, queue_id="MANY") * 100 + kit.QUIT)
            second.write(kit.offer() + kit.message(LETTER, queue_id="ONE") + kit.QUIT)
            await many.read()
            await one.read()
        ids = [question.queue_id for question, _ in mta.watcher.answers]
        assert len(ids) == 101
        assert ids.index("ONE") < 50

    kit.play(scene())


@pytest.mark.parametrize(
    "data",
    [b"GET / HTTP/1.0\r\n\r\n", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\1Z", b"\0\0\0\1C", b"\0\0\0\5O\0\0\0\6"],
)
def test_who_speaks_something_else_is_cut_off(kit, data):
    mta = kit.Mta()
    assert kit.play(mta.exchange(data)) == b""
    assert mta.watcher.remarks == [{"id": "", "refused": "malformed"}]
    assert len(mta.ward) == 0


def mutated(chance, data):
    """The bytes with a few of them changed, taken out, doubled or moved."""
    data = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        at, size = chance.randrange(len(data)), chance.choice((1, 1, 4, 20))
        match chance.randrange(5):
            case 0:
                data[at : at + size] = chance.randbytes(size)
            case 1:
                del data[at : at + size]
            case 2:
                data[at:at] = data[at : at + size]
            case 3:
                data[at : at + 4] = chance.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\0\1"))
            case _:
                data[at:at] = chance.choice((b"\0\0\0\1A", b"\0\0\0\1K", b"\0\0\0\1E", b"\0\0\0\1Q"))
    return bytes(data)


def test_mutated_sessions_harm_nobody_else(kit):
    chance = random.Random(20261122)
    mta = kit.Mta(ward=Ward(memory=64 * 1024), plugins=[{"token": {"keys": {"k1": "a secret for tests only"}}}])
    good = kit.offer() + kit.connect() + kit.helo() + kit.message(LETTER) + kit.QUIT
    outgoing = kit.offer() + kit.connect() + kit.message(LETTER, "<alice@example.com>", user="alice") + kit.QUIT

    async def scene():
        for number in range(SESSIONS):
            async with mta.connect() as (_, writer):
                bad = mutated(chance, chance.choice((good, outgoing)))
                writer.write(bad[: chance.randrange(len(bad))] if number % 3 else bad)
                await asyncio.sleep(0)
                if number % 20 == 0:
                    said = kit.told(await mta.exchange(good))
                    assert [letter for letter, _ in said] == ["O", *PASSED]
        while len(mta.ward):
            mta.ward.tick()
            await asyncio.sleep(0)

    kit.play(scene())
    assert mta.ward.free >= 64 * 1024


def test_a_client_that_never_ends_a_packet_keeps_nobody_waiting(kit):
    async def scene():
        mta = kit.Mta()
        async with mta.connect() as (_, slow):
            slow.write(kit.offer() + kit.connect() + kit.packet(b"L", b"Subject\0 hi\0")[:-3])
            said = kit.told(await mta.exchange(kit.offer() + kit.message(LETTER) + kit.QUIT))
            assert [letter for letter, _ in said] == ["O", *PASSED]

    kit.play(scene())


def test_who_begins_a_message_and_stops_is_cut_off_in_time(kit):
    async def scene():
        mta = kit.Mta()
        async with mta.connect() as (reader, writer):
            writer.write(kit.offer() + kit.connect() + kit.packet(b"L", b"Subject\0 hi\0"))
            await reader.read(20)
            (door,) = mta.ward._inside
            assert not door.resting
            door.deadline = 0.0
            mta.ward.tick()
            await reader.read()
        assert mta.watcher.remarks == [{"id": "", "refused": "slow"}]

    kit.play(scene())
