"""What the door says when there is no time or no memory for a client."""

from __future__ import annotations

import asyncio

from spamd_servers import MAIL, SITE, request

from ndrfilter import Filter
from ndrfilter.config.model import Listener
from ndrfilter.doors.spamd import SpamdConnection
from ndrfilter.service.desk import Desk, Observer
from ndrfilter.service.ward import Ward


class Remarks(Observer):
    def __init__(self) -> None:
        self.words: list[dict[str, str]] = []

    def remarked(self, remark) -> None:
        self.words.append(dict(remark.words))


def asked(ward: Ward, *steps) -> tuple[bytes, list[dict[str, str]]]:
    """What is answered; a step is bytes to send, or called with the connection. And what the log is told."""
    remarks = Remarks()
    desk = Desk(Filter.from_config(SITE), [remarks])

    async def talk() -> bytes:
        made: list[SpamdConnection] = []

        def door() -> SpamdConnection:
            made.append(SpamdConnection(desk, ward, Listener("spamd")))
            return made[0]

        server = await asyncio.get_running_loop().create_server(door, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        for step in steps:
            if isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
                while not made or made[0].resting:
                    await asyncio.sleep(0)
            else:
                step(made[0])
        answer = await reader.read()
        writer.close()
        server.close()
        return answer

    return asyncio.run(talk()), remarks.words


def test_no_memory():
    answer, remarks = asked(Ward(memory=1000), request("CHECK", MAIL["letter"])[:20], MAIL["letter"] * 2)
    assert answer == b"SPAMD/1.0 75 Temporary failure: the message is too large, or there is no memory for it\r\n"
    assert remarks == [{"refused": "Temporary failure: the message is too large, or there is no memory for it"}]


def test_no_time():
    def late(connection: SpamdConnection) -> None:
        connection.deadline = 0.0
        connection.ward.tick()

    answer, remarks = asked(Ward(), request("CHECK", MAIL["letter"])[:200], late)
    assert answer == b"SPAMD/1.0 75 Temporary failure: slow\r\n"
    assert remarks == [{"refused": "slow"}]


def test_memory_is_given_back():
    ward = Ward(memory=20_000)
    for _ in range(20):
        assert asked(ward, request("CHECK", MAIL["letter"]))[0].startswith(b"SPAMD/1.1 0 EX_OK")
