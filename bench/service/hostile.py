"""Hostile clients, thousands of them, on every door: nobody after them may get a wrong answer, and nothing may hang."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

from bench.mutate import mutate
from bench.service.sessions import good

AT_ONCE = 16
PATIENCE = 30.0


async def say(place: tuple[str, int] | str, pieces: list[bytes], *, half_close: bool = True) -> bytes:
    """What the service answers to these pieces; b"" where it resets the connection. Raises TimeoutError if it hangs."""
    async with asyncio.timeout(PATIENCE):
        opened = asyncio.open_unix_connection(place) if isinstance(place, str) else asyncio.open_connection(*place)
        reader, writer = await opened
        reply = b""
        try:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            if half_close:
                writer.write_eof()
            reply = await reader.read()
        except OSError:
            pass
        finally:
            writer.close()
        return reply


def cut(data: bytes, chance: random.Random) -> list[bytes]:
    """The data in one to four pieces."""
    places = sorted(chance.randrange(len(data) + 1) for _ in range(chance.randrange(4)))
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


def broken(door: str, chance: random.Random) -> bytes:
    """A session that is wrong somewhere, or nothing but noise."""
    if chance.random() < 0.1:
        return chance.randbytes(chance.choice((1, 10, 100, 5_000)))
    sent = chance.choice(good(door)).sent
    head, body = sent[:600], sent[600:]
    if chance.random() < 0.7:  # most that can go wrong with a protocol stands in front
        return mutate(head, chance) + body
    return mutate(sent, chance)


async def attack(door: str, place: tuple[str, int] | str, count: int, seed: int, *, every: int = 20) -> Counter[str]:
    """`count` broken sessions, after each `every` of them good ones; how many answered, hung, were wrong."""
    chance, seen = random.Random(seed), Counter[str]()
    for start in range(0, count, AT_ONCE):
        crowd = [cut(broken(door, chance), chance) for _ in range(min(AT_ONCE, count - start))]
        replies = await asyncio.gather(*(say(place, pieces) for pieces in crowd), return_exceptions=True)
        for reply in replies:
            seen[
                "hung" if isinstance(reply, TimeoutError) else "gone" if isinstance(reply, Exception) else "ended"
            ] += 1
        if start // AT_ONCE % max(1, every // AT_ONCE) == 0:
            for session in good(door):
                reply = await say(place, cut(session.sent, chance))
                seen["right" if _right(session, reply) else "wrong"] += 1
    return seen


def _right(session, reply: bytes) -> bool:
    try:
        return session.right(reply)
    except (ValueError, KeyError):
        return False
