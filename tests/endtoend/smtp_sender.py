"""Sends a folder's messages by SMTP over several sessions at once, as busy clients do. A program, to be run inside the
servers' network: HOST:PORT CONNECTIONS PER_SESSION FOLDER. Each message is a file NAME.eml with its envelope in
NAME.json; what the server answered to each is printed as one line of JSON, name and reply.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path


class Refused(Exception):
    """The server did not take the message, or left."""


class Client:
    """One SMTP session."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def reply(self) -> str:
        """The last line of a reply; raises Refused for a lost connection."""
        while True:
            line = (await self.reader.readline()).decode("utf-8", "replace").rstrip()
            if not line:
                raise Refused("connection lost")
            if line[3:4] != "-":
                return line

    async def say(self, *lines: str, want: str = "2") -> str:
        """Send commands, one after the other; the last reply. Raises Refused."""
        reply = ""
        for line in lines:
            self.writer.write(line.encode() + b"\r\n")
            reply = await self.reply()
            if not reply.startswith(want):
                raise Refused(reply)
        return reply

    async def send(self, raw: bytes, envelope: dict) -> str:
        """One message; the reply to it."""
        to = [f"RCPT TO:<{one}>" for one in envelope["to"]]
        await self.say(f"MAIL FROM:<{envelope['from']}>", *to)
        await self.say("DATA", want="354")
        dotted = b"\r\n" + b"\r\n".join(raw.splitlines()).replace(b"\r\n.", b"\r\n..")
        self.writer.write((dotted[2:] if not raw.startswith(b".") else b"." + dotted[2:]) + b"\r\n.\r\n")
        return await self.reply()


async def session(host: str, port: int, files: list[Path], told: dict[str, str]) -> None:
    """As many messages as the server takes in one session; those it was not asked about stay in `files`."""
    reader, writer = await asyncio.open_connection(host, port)
    client = Client(reader, writer)
    try:
        if not (await client.reply()).startswith("220"):
            return
        await client.say("EHLO mx.remote.test")
        xclient = None
        for file in list(files):
            envelope = json.loads(file.with_suffix(".json").read_text())
            if envelope.get("xclient") != xclient:
                xclient = envelope.get("xclient")
                await client.say(f"XCLIENT {xclient}")
                await client.say("EHLO mx.remote.test")
            files.remove(file)
            told[file.stem] = "unknown"
            try:
                told[file.stem] = await client.send(file.read_bytes(), envelope)
            except Refused as refusal:
                told[file.stem] = str(refusal)
                if str(refusal) == "connection lost":
                    return
                await client.say("RSET")
        await client.say("QUIT")
    except (Refused, OSError):
        return
    finally:
        writer.close()


async def main(place: str, connections: int, per_session: int, folder: Path) -> None:
    """Send everything, each message once, whatever becomes of it."""
    host, _, port = place.rpartition(":")
    waiting, told = sorted(folder.glob("*.eml")), {}

    async def work() -> None:
        while waiting:
            mine = [waiting.pop(0) for _ in range(min(per_session, len(waiting)))]
            while mine:
                await session(host, int(port), mine, told)

    await asyncio.gather(*(work() for _ in range(connections)))
    for name, reply in told.items():
        print(json.dumps([name, reply]))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])))
