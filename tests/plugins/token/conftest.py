"""Mail that leaves with a token, bounces that return it, and a filter that judges them."""

import re
from functools import cache

import pytest

from ndrfilter import Envelope, Filter, outbound
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.errors import TemporaryError

NOW = 1_795_341_600.0  # 2026-11-22T10:00:00Z
DAY = 86_400.0
KEYS = {"k1": "a secret for the tests only"}
LETTER = b"""\
From: Alice Ames <alice@example.com>
To: nobody@receiver.example
Subject: The figures
Date: Sun, 22 Nov 2026 10:00:00 +0000
Message-ID: <4711.abc@example.com>

Please find the figures below.
"""


class Clock:
    def __init__(self, time=NOW):
        self.time = time

    def now(self):
        return self.time


class Broken:
    """A store on a disk that fails."""

    def digest(self, *parts):
        raise TemporaryError("disk")

    count = values = mark = digest


def office(now=NOW, store=None, complete=(), **token):
    """A site of which nothing is known but its domain, at that time."""
    clock = Clock(now)
    config = {
        "site": {"domains": ["example.com"], "complete": list(complete)},
        "plugins": [{"token": {"keys": KEYS, **token}}],
    }
    return Filter.from_config(config, clock=clock, store=store or SqliteStore(None, clock))


def sent(raw=LETTER, sender="alice@example.com", **token):
    """The message as it leaves."""
    now = token.pop("now", NOW)
    return outbound.apply(raw, [s for _, s in office(now, **token).stamps(raw, Envelope(sender=sender))])


def header(raw):
    return raw.partition(b"\n\n")[0] + b"\n"


def token_of(raw):
    return re.search(rb"k1-[0-9]+-[0-9a-z]+-[a-z2-7]{24}", raw)[0]


def report(*parts, to="alice@example.com", text=b"", extra=b""):
    """A bounce of these parts, each (type, content)."""
    body = b"".join(b"--b\nContent-Type: %s\n\n%s\n" % part for part in parts)
    return (
        b"""\
Return-Path: <>
From: MAILER-DAEMON@mx.receiver.example (Mail Delivery System)
To: %s
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Message-ID: <77@mx.receiver.example>
%sMIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.receiver.example.
%s
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.receiver.example

Final-Recipient: rfc822; nobody@receiver.example
Action: failed
Status: 5.1.1

"""
        % (to.encode(), extra, text)
        + body
        + b"--b--\n"
    )


def full(raw, **more):
    return report((b"message/rfc822", raw), **more)


def headers_only(raw, **more):
    return report((b"text/rfc822-headers", header(raw)), **more)


def inline(raw, **more):
    return report(text=b"\n   ----- Original message follows -----\n\n" + raw, **more)


def quoted(raw, **more):
    trace = (
        b"Return-Path: <alice@example.com>\nReceived: from a.example by b.example; Sun, 22 Nov 2026 10:00:01 +0000\n"
    )
    lines = (trace + b"MIME-Version: 1.0\n" + raw).splitlines(keepends=True)
    return report(text=b"\n" + b"".join(b"> " + line for line in lines), **more)


def bare(to="alice@example.com", extra=b"", text=b""):
    return report(to=to, extra=extra, text=text)


def judged(filter_, raw, to="alice@example.com"):
    """The verdict, and which of the token's rules hit."""
    result = filter_.check(raw, envelope=Envelope(sender="", recipients=(to,) if to else ()))
    assert result.errors == ()
    return result.verdict, {hit.name for hit in result.hits if hit.name.startswith("TOKEN_")}


GENUINE = ("genuine", {"TOKEN_PROOF"})


@cache
def woven():
    return sent(**{"in": ["message-id"]})


def woven_id():
    return re.search(rb"<4711[^>]*>", woven())[0]


SPAM = b"""\
From: Alice Ames <alice@example.com>
To: nobody@receiver.example
Subject: Cheap
Date: Sun, 22 Nov 2026 10:30:00 +0000
Message-ID: <666@spam.example>
%s
Buy.
"""


@cache
def letter():
    """The letter as it left."""
    return sent()


def field():
    return re.search(rb"X-NDR-Token: .*\n", letter())[0]


@cache
def of_bob():
    return sent(LETTER.replace(b"Alice Ames <alice@", b"Bob <bob@"), sender="bob@example.com")


def stamp_of(raw=LETTER, sender="alice@example.com", **token):
    found = dict(office(**token).stamps(raw, Envelope(sender=sender)))
    return found.get("token")


class Kit:
    """What the tests of this folder make mail with."""

    office, sent, token_of, judged, stamp_of, letter, field, of_bob, woven, woven_id = map(
        staticmethod, (office, sent, token_of, judged, stamp_of, letter, field, of_bob, woven, woven_id)
    )
    report, full, headers_only, inline, quoted, bare = map(
        staticmethod, (report, full, headers_only, inline, quoted, bare)
    )
    NOW, DAY, KEYS, LETTER, SPAM, GENUINE, Clock, Broken = NOW, DAY, KEYS, LETTER, SPAM, GENUINE, Clock, Broken


@pytest.fixture(scope="session")
def kit():
    return Kit


@pytest.fixture
def ours():
    return office()
