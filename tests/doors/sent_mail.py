"""Mail of ours for the sent log."""

from __future__ import annotations

import time
from email.utils import formatdate

ALICE, BOB = "alice@example.com", "bob@receiver.example"
DAY = 86_400.0


def mail(number=1, sender=f"Alice <{ALICE}>", to=BOB, age=60.0, extra="") -> bytes:
    return (
        f"From: {sender}\nTo: {to}\nDate: {formatdate(time.time() - age)}\n"
        f"Message-ID: <{number}.x@example.com>\n{extra}Subject: hello\n\nhello\n"
    ).encode()
