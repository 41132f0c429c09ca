"""What 500 clients that hardly speak cost 50 that do: the good ones' 99th percentile, with and without the others."""

from __future__ import annotations

import asyncio
import statistics
from contextlib import asynccontextmanager
from time import perf_counter

from bench.service.hostile import say
from bench.service.sessions import BOUNCE, Session, http, spamd

GOOD, SLOW, REQUESTS, PAUSE = 50, 500, 4, 3.0
NAP = 0.01


async def _client(session: Session, place, number: int, taken: list[float], wrong: list[bytes]) -> None:
    await asyncio.sleep(PAUSE * number / GOOD)
    for _ in range(REQUESTS):
        began = perf_counter()
        reply = await say(place, [session.sent], half_close=False)
        taken.append(perf_counter() - began)
        if not session.right(reply):
            wrong.append(reply)
        await asyncio.sleep(max(0.0, PAUSE - taken[-1]))


async def asked(session: Session, place) -> list[float]:
    """How many seconds each answer took, for all good clients. Raises ValueError for a wrong one."""
    taken: list[float] = []
    wrong: list[bytes] = []
    await asyncio.gather(*(_client(session, place, number, taken, wrong) for number in range(GOOD)))
    if wrong:
        raise ValueError(f"{len(wrong)} wrong answers: {wrong[0][:200]!r}")
    return taken


@asynccontextmanager
async def crowd(session: Session, place, size: int = SLOW):
    """So many clients that say one byte a second of their request, and connect again when they are sent away."""

    async def one() -> None:
        while True:
            _, writer = await asyncio.open_connection(*place)
            try:
                for at in range(len(session.sent) - 1):
                    writer.write(session.sent[at : at + 1])
                    await writer.drain()
                    await asyncio.sleep(1.0)
            except OSError:
                pass
            finally:
                writer.close()

    tasks = [asyncio.create_task(one()) for _ in range(size)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def napping(late: list[float]):
    """How late, in seconds, this process wakes from short naps: what the machine itself adds to any answer."""

    async def nap() -> None:
        while True:
            began = perf_counter()
            await asyncio.sleep(NAP)
            late.append(perf_counter() - began - NAP)

    task = asyncio.create_task(nap())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def compare(places, rounds: int = 3) -> list[dict[str, float | str]]:
    """For http and spamd, in milliseconds, over alternating rounds: the 99th percentiles alone and beside; of naps."""
    found = []
    for session in (http(BOUNCE, "backscatter"), spamd(BOUNCE, b"NDR_BACKSCATTER")):
        place, alone, beside, late = places[session.door], [], [], []
        async with napping(late):
            for _ in range(rounds):
                alone += await asked(session, place)
                async with crowd(session, place):
                    beside += await asked(session, place)
        idle, busy, naps = (_p99(seconds) * 1000 for seconds in (alone, beside, late))
        found.append(
            {"door": session.door, "alone_ms": idle, "beside_ms": busy, "ratio": busy / idle, "nap_late_ms": naps}
        )
    return found


def _p99(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100)[-1]
