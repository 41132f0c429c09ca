"""One good session for each protocol of the service: what a client says, and how to see that the answer is right."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "docs/demo/ndrfilter.yml"
RECIPIENT = "alice@home-postfix.test"
BOUNCE = next((ROOT / "docs/demo/mail").glob("05-*")).read_bytes()
LETTER = next((ROOT / "docs/demo/mail").glob("11-*")).read_bytes()


class Session(NamedTuple):
    """What is sent, all at once, before the client half-closes; and whether the reply is the right one."""

    door: str
    sent: bytes
    right: Callable[[bytes], bool]


def http(raw: bytes, verdict: str, path: str = "/check") -> Session:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nFrom: <>\r\nRcpt: {RECIPIENT}\r\nQueue-Id: 4T1\r\n"
    sent = head.encode() + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(raw) + raw

    def right(reply: bytes) -> bool:
        status, _, rest = reply.partition(b"\r\n")
        body = rest.partition(b"\r\n\r\n")[2]
        return status.startswith(b"HTTP/1.1 200") and json.loads(body)["verdict"] == verdict

    return Session("http", sent, right)


def rspamc(raw: bytes, symbol: bytes) -> Session:
    head = b"CHECK RSPAMC/1.3\r\nFrom: <>\r\nRcpt: %s\r\n" % RECIPIENT.encode()
    sent = head + b"Content-length: %d\r\n\r\n" % len(raw) + raw
    return Session("http", sent, lambda reply: reply.startswith(b"RSPAMD/1.3 0 ") and symbol in reply)


def spamd(raw: bytes, symbol: bytes) -> Session:
    return spamd_as_it_is(b"Return-Path: <>\r\nDelivered-To: %s\r\n" % RECIPIENT.encode() + raw, symbol)


def spamd_as_it_is(body: bytes, symbol: bytes = b"") -> Session:
    """A message that has its envelope in its header already."""
    sent = b"SYMBOLS SPAMC/1.5\r\nContent-length: %d\r\n\r\n" % len(body) + body
    return Session(
        "spamd", sent, lambda reply: reply.startswith(b"SPAMD/1.") and b" 0 EX_OK" in reply and symbol in reply
    )


def _packet(command: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", 1 + len(data)) + command + data


def _chunks(body: bytes) -> list[bytes]:
    return [body[start : start + 65_535] for start in range(0, len(body), 65_535)]


def milter(raw: bytes, verdict: bytes) -> Session:
    header, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    fields: list[bytes] = []
    for line in header.split(b"\n"):
        if line[:1] in b" \t" and fields:
            fields[-1] += b"\n" + line
        elif b":" in line:
            fields.append(line)
    said = [
        _packet(b"O", struct.pack(">III", 6, 0x1FF, 0x1FFFFF)),
        _packet(b"D", b"Cj\0mail.home-postfix.test\0"),
        _packet(b"C", b"mx.remote.test\0" + b"4" + struct.pack(">H", 4711) + b"198.51.100.29\0"),
        _packet(b"H", b"mx.remote.test\0"),
        _packet(b"M", b"<>\0"),
        _packet(b"R", b"<%s>\0" % RECIPIENT.encode()),
        _packet(b"D", b"Ti\0" + b"4T1\0"),
        _packet(b"T"),
        *(_packet(b"L", name + b"\0" + value + b"\0") for name, _, value in (one.partition(b":") for one in fields)),
        _packet(b"N"),
        *(_packet(b"B", chunk) for chunk in _chunks(body.replace(b"\n", b"\r\n"))),
        _packet(b"E"),
        _packet(b"Q"),
    ]
    return Session("milter", b"".join(said), lambda reply: b"X-NDR-Status" in reply and verdict in reply)


def policy(recipient: str = RECIPIENT) -> Session:
    lines = {
        "request": "smtpd_access_policy", "protocol_state": "RCPT", "protocol_name": "ESMTP", "sender": "",
        "recipient": recipient, "client_address": "198.51.100.29", "client_name": "mx.remote.test",
        "helo_name": "mx.remote.test", "queue_id": "", "instance": "1.2.3", "size": "0",
    }  # fmt: skip
    sent = "".join(f"{name}={value}\n" for name, value in lines.items()) + "\n"
    return Session("policy", sent.encode(), lambda reply: reply == b"action=DUNNO\n\n")


def good(door: str) -> list[Session]:
    """Sessions of that door whose answers are known."""
    return {
        "http": [http(BOUNCE, "backscatter"), http(LETTER, "not-a-bounce"), rspamc(BOUNCE, b"NDR_BACKSCATTER")],
        "spamd": [spamd(BOUNCE, b"NDR_BACKSCATTER"), spamd(LETTER, b"")],
        "milter": [milter(BOUNCE, b"backscatter"), milter(LETTER, b"not-a-bounce")],
        "policy": [policy()],
    }[door]
