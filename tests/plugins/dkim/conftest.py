"""Mail signed with keys made for these tests, bounces that return it, and a filter that judges them."""

from __future__ import annotations

import base64
from hashlib import sha256
from pathlib import Path

import pytest

from ndrfilter import Envelope, Filter
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.adapters.zone import ZoneResolver

CASES = Path(__file__).resolve().parents[2] / "cases" / "dkim"
NOW = 1_795_348_800.0  # 2026-11-22T12:00:00Z
SENT = int(NOW) - 7_200
SITE = {
    "domains": ["example.com"],
    "relays": ["mail.example.com", "192.0.2.8/29"],
    "receivers": ["mx.example.com", "192.0.2.25"],
    "complete": ["relays", "signing"],
}
FIELDS = {
    "Date": "Sun, 22 Nov 2026 10:00:00 +0000",
    "From": "Alice Ames <alice@example.com>",
    "To": "nobody@receiver.example",
    "Message-ID": "<4711.abc@example.com>",
    "Subject": "The figures for October",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=us-ascii",
}
SIGNED = "from:to:subject:date:message-id:mime-version:content-type"
BODY = b"Please find the figures below.\n\n  1  2  3 \nFrom here on: nothing.\n"
TRACE = (
    b"Received: from host66.spam.example (host66.spam.example [203.0.113.66])\n\tby mx.receiver.example (Postfix)"
    b" with ESMTPS id 5C0FFEE123\n\tfor <nobody@receiver.example>;\n\tSun, 22 Nov 2026 10:00:02 +0000 (UTC)\n"
)


class Clock:
    """A clock that stands still."""

    def now(self):
        return NOW


def header(fields):
    return b"".join(f"{name}: {value}\n".encode() for name, value in fields.items())


def signature(block, body=BODY, *, key="ed25519", domain="example.com", signed=SIGNED, canon="relaxed/relaxed", **tags):
    """The DKIM-Signature field (line ends LF) over that header block; a tag given as None is left out."""
    from dkim import hash_headers
    from dkim.canonicalization import CanonicalizationPolicy
    from dkim.crypto import RSASSA_PKCS1_v1_5_sign, parse_pem_private_key
    from nacl.signing import SigningKey

    policy = CanonicalizationPolicy.from_c_value(canon.encode())
    text = policy.canonicalize_body(body.replace(b"\n", b"\r\n"))
    if tags.get("l") is not None:
        text = text[: tags["l"]]
    kind = "ed25519" if key == "ed25519" else "rsa"
    given = {
        "v": "1", "a": f"{kind}-sha256", "c": canon, "d": domain, "s": key, "t": SENT, "h": signed,
        "bh": base64.b64encode(sha256(text).digest()).decode(), **tags,
    }  # fmt: skip
    value = " " + ";\n\t".join(f"{name}={word}" for name, word in given.items() if word is not None) + ";\n\tb="
    fields = [line.split(b":", 1) for line in block.replace(b"\n\t", b"\0\t").splitlines(keepends=True)]
    pairs = [(name, value.replace(b"\0", b"\n").replace(b"\n", b"\r\n")) for name, value in fields]
    hasher = sha256()
    own = (b"DKIM-Signature", value.replace("\n", "\r\n").encode() + b"\r\n")
    names = [name.strip() for name in given["h"].lower().encode().split(b":")]
    hash_headers(hasher, policy, policy.canonicalize_headers(pairs), names, own, {})
    if kind == "rsa":
        made = bytes(RSASSA_PKCS1_v1_5_sign(hasher, parse_pem_private_key((CASES / f"{key}.pem").read_bytes())))
    else:
        made = SigningKey(base64.b64decode((CASES / "ed25519.key").read_text())).sign(hasher.digest()).signature
    return f"DKIM-Signature:{value}".encode() + base64.b64encode(made) + b"\n"


def original(body=BODY, fields=FIELDS, **tags):
    """A message of ours as it reached the other side: trace, signature, header, body."""
    block = header(fields)
    return TRACE + signature(block, body, **tags) + block + b"\n" + body


def headers_of(message):
    return message[: message.index(b"\n\n") + 1]


def bounce(returned, *, type_="message/rfc822", text="", extra=b""):
    """A Postfix-like bounce that returns these bytes; `extra` are parts behind it."""
    start = f"""\
Return-Path: <>
Received: from mx.receiver.example (mx.receiver.example [198.51.100.25])
\tby mx.example.com (Postfix) with ESMTPS id 7F00AA11BB
\tfor <alice@example.com>; Sun, 22 Nov 2026 10:00:05 +0000 (UTC)
Date: Sun, 22 Nov 2026 10:00:04 +0000 (UTC)
From: Mail Delivery System <MAILER-DAEMON@mx.receiver.example>
Subject: Undelivered Mail Returned to Sender
To: alice@example.com
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=b="
Message-Id: <20261122100004.5C0FFEE123@mx.receiver.example>

--=b=
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.receiver.example.
{text}
<nobody@receiver.example>: unknown user: "nobody"

--=b=
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.receiver.example
Arrival-Date: Sun, 22 Nov 2026 10:00:00 +0000

Final-Recipient: rfc822; nobody@receiver.example
Action: failed
Status: 5.1.1
Diagnostic-Code: X-Postfix; unknown user: "nobody"

--=b=
Content-Type: {type_}

"""
    return start.encode() + returned + b"\n" + extra + b"--=b=--\n"


def headers_only(message, **given):
    return bounce(headers_of(message), type_="text/rfc822-headers", **given)


class Kit:
    """What the tests of this folder make mail with."""

    header, signature, original, headers_of = map(staticmethod, (header, signature, original, headers_of))
    bounce, headers_only = map(staticmethod, (bounce, headers_only))
    FIELDS, SIGNED, BODY, TRACE, NOW, SENT, CASES = FIELDS, SIGNED, BODY, TRACE, NOW, SENT, CASES
    ZONE = (CASES / "keys.zone").read_text(encoding="ascii")


@pytest.fixture(scope="session")
def kit():
    return Kit


@pytest.fixture(scope="session")
def make():
    """A filter with the dkim source on, its DNS, and a store of its own."""

    def build(*, zone=Kit.ZONE, site=None, store=None, **settings):
        config = {"site": {**SITE, **(site or {})}, "plugins": [{"dkim": settings}]}
        return Filter.from_config(
            config, resolver=ZoneResolver(zone), clock=Clock(), store=store or SqliteStore(None, Clock())
        )

    return build


@pytest.fixture(scope="session")
def judge(make):
    """The result for a bounce to alice, or to whoever is named."""

    def run(raw, *, to=("alice@example.com",), by=None, **given):
        return (by or make(**given)).check(raw, envelope=Envelope(sender="", recipients=to))

    return run


@pytest.fixture(scope="session")
def said(judge):
    """What the dkim rules say of a bounce: the names of those that hit, without the common beginning."""

    def run(raw, **given):
        result = judge(raw, **given)
        assert not result.errors
        return {hit.name.removeprefix("ORIGINAL_") for hit in result.hits if "DKIM" in hit.name or "SIGNED" in hit.name}

    return run
