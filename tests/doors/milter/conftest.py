"""An MTA that speaks the milter protocol with our door, at the other end of a socket pair; and what it is told."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from ipaddress import ip_network
from struct import pack, unpack_from

import pytest

from ndrfilter import Filter
from ndrfilter.config.model import Listener
from ndrfilter.doors.milter import MilterConnection
from ndrfilter.service.desk import Desk, Observer
from ndrfilter.service.ward import Ward

NOW = 20_779 * 86_400 + 43_200.0  # 2026-11-22T12:00:00Z
ALL_ACTIONS, ALL_STEPS = 0x1FF, 0x1FFFFF
ALICE = "alice@example.com"


def packet(command, data=b""):
    return pack(">I", len(data) + 1) + command + data


def strings(*words):
    return b"".join((word if isinstance(word, bytes) else word.encode()) + b"\0" for word in words)


def offer(version=6, actions=ALL_ACTIONS, steps=ALL_STEPS):
    return packet(b"O", pack(">III", version, actions, steps))


def connect(name="mx.receiver.example", address="198.51.100.25", port=4711):
    family = b"6" if ":" in address else b"4"
    macros = packet(b"D", b"C" + strings("j", "mail.example.com", "{client_name}", name))
    return macros + packet(b"C", strings(name) + family + pack(">H", port) + strings(address))


def helo(name="mx.receiver.example"):
    return packet(b"H", strings(name))


def fields(raw):
    """The header of a message as an MTA that keeps blanks tells it, field by field; then the body."""
    head, _, body = raw.partition(b"\n\n")
    lines = []
    for line in head.split(b"\n"):
        if line[:1] in (b" ", b"\t"):
            lines[-1] += b"\n" + line
        else:
            lines.append(line)
    return [line.partition(b":")[::2] for line in lines if line], body.replace(b"\n", b"\r\n")


def message(raw, sender="<>", recipients=(ALICE,), user="", queue_id="4Fq7Ys2b"):
    """One message from MAIL to the end of its body, as an MTA that waits for nothing in between sends it."""
    header, body = fields(raw)
    login = ("{auth_authen}", user) if user else ()
    return b"".join(
        (
            packet(b"D", b"M" + strings(*login)),
            packet(b"M", strings(sender)),
            *(packet(b"R", strings(f"<{one}>")) for one in recipients),
            *(packet(b"L", strings(name, value)) for name, value in header),
            packet(b"D", b"E" + strings("i", queue_id)),
            packet(b"E", body),
        )
    )


QUIT = packet(b"Q")


def told(data):
    """What came back, packet by packet: the command's letter and what it carries."""
    found = []
    while data:
        (length,) = unpack_from(">I", data)
        found.append((data[4:5].decode(), data[5 : 4 + length]))
        data = data[4 + length :]
    return found


def applied(raw, packets):
    """The header that the message has then, as an MTA changes it: names and values, and what else was asked for."""
    header, _ = fields(raw)
    others = []
    for letter, data in packets:
        if letter in ("i", "m"):
            (index,) = unpack_from(">I", data)
            name, value = data[4:].split(b"\0")[:2]
            if letter == "i":
                header.insert(index, (name, value))
                continue
            places = [at for at, (known, _) in enumerate(header) if known.strip().lower() == name.lower()]
            header[places[index - 1] : places[index - 1] + 1] = [(name, value)] if value else []
        elif letter == "h":
            header.append(tuple(data.split(b"\0")[:2]))
        else:
            others.append((letter, data))
    return header, others


class Clock:
    def now(self):
        return NOW


class Watcher(Observer):
    def __init__(self):
        self.answers, self.remarks = [], []

    def answered(self, question, answer):
        self.answers.append((question, answer))

    def remarked(self, remark):
        self.remarks.append({"id": remark.queue_id, **dict(remark.words)})


class Mta:
    """Speaks with the door over any number of connections."""

    def __init__(self, *, ward=None, outbound=(), resolver=None, state=None, **config):
        site = {"domains": ["example.com"], "relays": ["192.0.2.8/29"], "receivers": ["mail.example.com"]}
        extra = {"state": str(state)} if state else {}
        made = {**({} if "sites" in config else {"site": site}), **extra, **config}
        self.watcher = Watcher()
        self.desk = Desk(Filter.from_config(made, resolver=resolver, clock=Clock()), [self.watcher])
        self.ward = Ward() if ward is None else ward
        self.listener = Listener("milter", path="/x", outbound=tuple(map(ip_network, outbound)))

    @asynccontextmanager
    async def connect(self):
        near, far = socket.socketpair()
        near.setblocking(False)
        door = MilterConnection(self.desk, self.ward, self.listener)
        await asyncio.get_running_loop().connect_accepted_socket(lambda: door, near)
        reader, writer = await asyncio.open_connection(sock=far)
        try:
            yield reader, writer
        finally:
            writer.close()

    async def exchange(self, *pieces):
        """Everything that is said to these bytes, written in these pieces, until the door closes."""
        async with self.connect() as (reader, writer):
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(0)
            writer.write_eof()
            return await reader.read()

    def says(self, *pieces):
        """What comes back for this session, packet by packet, after the negotiation's own answer."""
        answers = told(play(self.exchange(*pieces)))
        assert answers[0][0] == "O"
        return answers[1:]

    def about(self, raw, **more):
        """What is said about one message of an ordinary foreign client."""
        return self.says(offer() + connect() + helo() + message(raw, **more) + QUIT)


def play(scene):
    return asyncio.run(asyncio.wait_for(scene, 30))


class Kit:
    """What the tests of this folder ask with."""

    Mta, QUIT, ALICE, ALL_ACTIONS, ALL_STEPS = Mta, QUIT, ALICE, ALL_ACTIONS, ALL_STEPS
    packet, strings, offer, connect, helo, message = map(staticmethod, (packet, strings, offer, connect, helo, message))
    told, applied, play, fields = map(staticmethod, (told, applied, play, fields))


@pytest.fixture(scope="session")
def kit():
    return Kit
