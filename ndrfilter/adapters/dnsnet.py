"""One question to one DNS server: over UDP, and over TCP when the answer was cut off (RFC 1035, RFC 7766)."""

from __future__ import annotations

import asyncio

from ndrfilter.adapters import dnswire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from dns.message import Message

    Server = tuple[str, int]


async def exchange(server: Server, asked: Message) -> bytes:
    """The answer's bytes. Waits as long as the caller lets it.

    What does not answer this very question is passed over: it may come late from another, or from a forger. Every
    question goes out from a port of its own that hears that server alone. Raises OSError, and `dnswire.WireError`.
    """
    data = await _over_udp(server, asked)
    return await _over_tcp(server, asked) if dnswire.truncated(data) else data


async def _over_udp(server: Server, asked: Message) -> bytes:
    loop = asyncio.get_running_loop()
    transport, waiting = await loop.create_datagram_endpoint(lambda: _Waiting(asked), remote_addr=server)
    try:
        transport.sendto(asked.to_wire())
        return await waiting.answer
    finally:
        transport.close()


class _Waiting(asyncio.DatagramProtocol):
    """Waits for the datagram that answers."""

    def __init__(self, asked: Message) -> None:
        self._asked = asked
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: Any) -> None:  # noqa: ARG002
        """Take the first answer to our question."""
        if not self.answer.done() and dnswire.answers(self._asked, data):
            self.answer.set_result(data)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there, for example."""
        if not self.answer.done():
            self.answer.set_exception(exc)


async def _over_tcp(server: Server, asked: Message) -> bytes:
    reader, writer = await asyncio.open_connection(*server)
    try:
        writer.write(asked.to_wire(prepend_length=True))
        data = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
    except asyncio.IncompleteReadError as error:
        raise dnswire.WireError("the server hung up") from error
    finally:
        writer.close()
    if not dnswire.answers(asked, data) or dnswire.truncated(data):
        raise dnswire.WireError("an answer to something else")
    return data
