"""Whole sessions: many requests on a connection, waiting for the network, limits, and clients that send anything."""

import asyncio
import random

from ndrfilter import limits
from ndrfilter.errors import TemporaryError
from ndrfilter.service.ward import Ward

DUNNO = b"action=DUNNO\n\n"
FORGED = "prvs=1784ae6e14=alice@example.com"


class Later:
    """A resolver that answers when it is allowed to."""

    def __init__(self):
        self.asked, self.allowed = asyncio.Event(), asyncio.Event()

    async def query(self, name, rdtype):
        self.asked.set()
        await self.allowed.wait()
        raise TemporaryError("nothing is known")


def slow(kit):
    return kit.Postfix(tagging=False, lists=True, resolver=Later())


async def until(condition):
    while not condition():
        await asyncio.sleep(0)


def test_byte_by_byte_over_one_connection(kit):
    async def scene():
        async with kit.Postfix().connect() as (reader, writer):
            for number in range(3):
                for byte in kit.request(instance=number, recipient=FORGED):
                    writer.write(bytes([byte]))
                    await asyncio.sleep(0)
                assert await reader.readuntil(b"\n\n") == b"action=PREPEND X-NDR-Policy: batv=forged\n\n"

    kit.play(scene())


def test_what_comes_while_a_list_is_asked_is_answered_in_order(kit):
    async def scene():
        postfix = slow(kit)
        async with postfix.connect() as (reader, writer):
            writer.write(kit.request())
            await postfix.resolver.asked.wait()
            writer.write(kit.request(sender="bob@receiver.example"))
            writer.write(kit.request(instance="2", protocol_state="VRFY"))
            writer.write_eof()
            await asyncio.sleep(0)
            postfix.resolver.allowed.set()
            assert await reader.read() == 3 * DUNNO

    kit.play(scene())


def test_who_goes_takes_the_question_along(kit):
    async def scene():
        postfix = slow(kit)
        async with postfix.connect() as (_, writer):
            writer.write(kit.request())
            await postfix.resolver.asked.wait()
            (question,) = [task for task in asyncio.all_tasks() if "PolicyConnection._fetch" in repr(task.get_coro())]
            postfix.doors[0].abort()
            await until(question.done)
            assert question.cancelled()
        assert postfix.remarks == []
        assert not len(postfix.ward)

    kit.play(scene())


def test_a_deadline_ends_the_waiting(kit, monkeypatch):
    monkeypatch.setattr(limits, "MESSAGE_DEADLINE", 0.01)
    postfix = slow(kit)
    assert postfix.asked(kit.request()) == ["DUNNO"]
    assert "deadline" in postfix.remarks[0]["trouble"]


def test_who_began_to_ask_and_is_slow_may_go_on_without_us(kit):
    async def scene():
        postfix = kit.Postfix()
        async with postfix.connect() as (reader, writer):
            writer.write(kit.request()[:50])
            await until(lambda: postfix.doors and not postfix.doors[0].resting)
            postfix.doors[0].deadline = 0.0
            postfix.ward.tick()
            assert await reader.read() == DUNNO
        assert postfix.remarks == [{"id": "", "refused": "slow"}]

    kit.play(scene())


def test_who_rests_too_long_hears_nothing(kit):
    async def scene():
        postfix = kit.Postfix()
        async with postfix.connect() as (reader, writer):
            writer.write(kit.request(sender="bob@receiver.example"))
            assert await reader.readuntil(b"\n\n") == DUNNO
            assert postfix.doors[0].idle > 300  # Postfix' own smtpd_policy_service_max_idle
            postfix.doors[0].deadline = 0.0
            postfix.ward.tick()
            assert await reader.read() == b""

    kit.play(scene())


def test_a_stop_lets_the_question_be_answered(kit):
    async def scene():
        postfix = slow(kit)
        async with postfix.connect() as (reader, writer):
            writer.write(kit.request() + kit.request(instance="2"))
            await postfix.resolver.asked.wait()
            postfix.ward.drain()
            postfix.resolver.allowed.set()
            assert await reader.read() == DUNNO

    kit.play(scene())


def test_no_request_and_no_memory(kit):
    postfix = kit.Postfix()
    assert kit.play(postfix.exchange(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")) == DUNNO
    assert kit.play(postfix.exchange(kit.request(sender="a@b.example") + b"\nmore")) == 2 * DUNNO
    assert [one["refused"] for one in postfix.remarks] == ["malformed", "malformed"]
    postfix = kit.Postfix(ward=Ward(memory=1000))
    assert kit.play(postfix.exchange(b"request=smtpd_access_policy\nx=" + b"y" * 1000)) == DUNNO
    assert postfix.remarks == [{"id": "", "refused": "memory"}]
    assert postfix.ward.free >= 1000


def mutated(chance, raw):
    """The bytes, with something done to them."""
    kind, place = chance.randrange(6), chance.randrange(len(raw))
    junk = chance.randbytes(chance.choice([1, 3, 40]))
    return [
        raw[:place] + junk + raw[place:],
        raw[:place] + raw[place + chance.randrange(80) :],
        raw[:place],
        raw[:place] + raw[: chance.randrange(len(raw))] + raw[place:],
        raw.replace(b"\n", chance.choice([b"\r\n", b"\0", b"\n\n", b""]), chance.randrange(1, 9)),
        raw.replace(b"=", junk, chance.randrange(1, 9)),
    ][kind]


def test_ten_thousand_mutated_sessions_and_the_next_client(kit):
    chance = random.Random(2026)

    async def session(postfix):
        asked = b"".join(kit.request(instance=number, recipient=FORGED) for number in range(2))
        async with postfix.connect() as (reader, writer):
            writer.write(mutated(chance, asked))
            writer.write_eof()
            said = await reader.read()
        assert said == b"" or (said.endswith(b"\n\n") and said.count(b"action=") == said.count(b"\n\n") <= 4)

    async def scene():
        postfix = kit.Postfix(actions={"backscatter": "reject"})
        for _ in range(10_000):
            await session(postfix)
        assert (await postfix.exchange(kit.request(recipient=FORGED))).startswith(b"action=550 5.7.1 ")
        await until(lambda: not len(postfix.ward))
        assert postfix.ward.free == limits.SERVICE_MEMORY

    asyncio.run(scene())
