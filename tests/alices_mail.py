"""Mail of one person as it stands in a mailbox: what she sent, copies to herself, answers, bounces; put into Maildirs."""

from __future__ import annotations

import os
from email.utils import formatdate
from itertools import count
from pathlib import Path

from ndrfilter.message import parse
from ndrfilter.message.dates import parse_date

NOW = 1_795_348_800.0  # 2026-11-22T12:00:00Z
DAY = 86_400.0
ALICE = "alice@example.com"
US = "mail.example.com (mail.example.com [192.0.2.10])"
EVE = "host66.spam.example (host66.spam.example [203.0.113.66])"
_NUMBERS = count()


class Maildir:
    """A Maildir++ to fill; `path` is its place."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._make(path)

    def _make(self, folder: Path) -> Path:
        for name in ("cur", "new", "tmp"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        return folder

    def put(self, *raws: bytes, folder: str = "") -> None:
        place = self._make(self.path / folder if folder else self.path)
        for raw in raws:
            path = place / "cur" / f"{int(NOW)}.{next(_NUMBERS)}.host:2,S"
            path.write_bytes(raw)
            came = parse_date(parse(raw).headers.text("Date")) or NOW
            os.utime(path, (came, came))

    def sent(self, *raws: bytes) -> None:
        self.put(*raws, folder=".Sent")


def date(days_ago: float) -> str:
    return formatdate(NOW - days_ago * DAY)


def written(name: str, days_ago: float, author: str = ALICE, to: str = "bob@else.example", more: str = "") -> bytes:
    """A message as its writer saves it."""
    return (
        f"From: {author}\r\nTo: {to}\r\nSubject: {name}\r\nDate: {date(days_ago)}\r\n"
        f"Message-ID: <{name}@example.com>\r\n{more}\r\nHello\r\n"
    ).encode()


def hop(client: str, by: str, days_ago: float, how: str = "ESMTP", number: int = 1) -> str:
    return f"Received: from {client}\r\n\tby {by} (Postfix) with {how} id 4ABC{number};\r\n\t{date(days_ago)}\r\n"


def delivered(raw: bytes, days_ago: float, client: str = US, below: str = "", path: str = ALICE) -> bytes:
    """The same as it comes in at mx.example.com; `below` are the lines that it brought along."""
    top = f"Return-Path: <{path}>\r\nDelivered-To: {ALICE}\r\n" + hop(client, "mx.example.com", days_ago)
    return (top + below).encode() + raw


def login(days_ago: float, by: str = "mail.example.com") -> str:
    return hop("[198.51.100.7] (dsl-7.isp.example [198.51.100.7])", by, days_ago, "ESMTPSA")


def to_self(name: str, days_ago: float, **how: str) -> tuple[bytes, bytes]:
    """What Alice writes to herself: as sent, and as it came."""
    raw = written(name, days_ago, to=ALICE)
    return raw, delivered(raw, days_ago, below=login(days_ago), **how)


def answer(name: str, days_ago: float, author: str = "bob@else.example", more: str = "", to: str = ALICE) -> bytes:
    """Bob's answer to that message of hers."""
    own = f"In-Reply-To: <{name}@example.com>\r\n{more}"
    raw = written(f"re-{name}", days_ago, author, to, own).replace(b"@example.com>\r\nIn", b"@else.example>\r\nIn")
    return delivered(raw, days_ago, "mx.else.example (mx.else.example [198.51.100.99])", path=author)


def bounce(
    name: str,
    days_ago: float,
    *,
    failed: str = "bob@else.example",
    client: str = US,
    reporter: str = "mx.else.example",
    author: str = ALICE,
    more: str = "",
    noted: int = 1,
) -> bytes:
    """A report that the message could not be delivered; `noted` is our receiver's number for it."""
    top = f"Return-Path: <>\r\nDelivered-To: {ALICE}\r\n" + hop(
        f"{reporter} ({reporter} [198.51.100.99])", "mx.example.com", days_ago, number=noted
    )
    original = written(name, days_ago, author, failed, more).split(b"\r\n\r\n")[0].decode()
    return (
        f"{top}From: MAILER-DAEMON@{reporter}\r\nTo: {ALICE}\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        f"Date: {date(days_ago)}\r\nMessage-ID: <b-{name}@{reporter}>\r\nMIME-Version: 1.0\r\n"
        f"Auto-Submitted: auto-replied\r\n"
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="B"\r\n\r\n'
        f"--B\r\n\r\nThis is the mail system at host {reporter}.\r\n\r\n<{failed}>: 550 5.1.1 unknown user\r\n\r\n"
        f"--B\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; {reporter}\r\n\r\n"
        f"Final-Recipient: rfc822; {failed}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        f"Diagnostic-Code: smtp; 550 5.1.1 unknown user\r\n\r\n"
        f"--B\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        f"Return-Path: <{author}>\r\n{hop(client, reporter, days_ago)}{original}\r\n\r\n--B--\r\n"
    ).encode()


class Quiet:
    """A progress that shows nothing and counts what was read."""

    def __init__(self) -> None:
        self.read = 0

    def folder(self, name: str) -> None:
        pass

    def start(self, total: int) -> None:
        pass

    def advance(self, number: int) -> None:
        self.read += number
