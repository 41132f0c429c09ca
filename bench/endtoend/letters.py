"""What is sent: mail of ours in the shapes that mail has, and the forger's in the disguises that he has."""

from __future__ import annotations

import base64
import textwrap
from dataclasses import dataclass
from email.utils import formatdate

ALICE, BOB = "alice@home-postfix.test", "bob@home-postfix.test"
SECRET_TAG = "prvs=1234abcdef=alice@home-postfix.test"  # a tag that nobody made with our secret


@dataclass(frozen=True, slots=True)
class Letter:
    """One message on its way. `server` is who will write the DSN about `recipient`; `kind` own, forwarded, forged
    (a stranger in our name), disguised (he names our relay, or greets as it) or replayed (he sends on what we wrote).
    """

    id: str
    kind: str
    server: str
    ret: str
    shape: str
    recipient: str

    @property
    def utf8(self) -> bool:
        """Whether it takes SMTPUTF8 to send it."""
        return not self.recipient.isascii()


OWN_SHAPES = ("plain", "multipart", "folded", "encoded", "bare", "large")
FORGED_SHAPES = ("plain", "no-id", "multipart", "our-id", "token-garbage", "signature-garbage", "tag-garbage")
DISGUISES = ("relay-received", "relay-helo")
SERVERS = ("exim", "opensmtpd", "sendmail", "postfix")
REFUSALS = {
    "exim": "refused-exim.test",
    "opensmtpd": "refused-opensmtpd.test",
    "sendmail": "mx.sendmail.test",
    "sink": "elsewhere.test",
}
"""Domains whose server refuses at RCPT, so that our own Postfix writes the DSN."""


def letters() -> tuple[Letter, ...]:
    """The whole matrix."""
    rows: list[tuple[str, str, str, str, str]] = []
    for ret in ("FULL", "HDRS"):
        for server in SERVERS:
            rows += [("own", server, ret, shape, f"remote-{server}.test") for shape in OWN_SHAPES]
            rows += [("forged", server, ret, shape, f"remote-{server}.test") for shape in FORGED_SHAPES]
            rows += [("disguised", server, ret, shape, f"remote-{server}.test") for shape in DISGUISES]
            rows.append(("replayed", server, ret, "plain", f"remote-{server}.test"))
            rows.append(("forwarded", server, ret, "plain", f"remote-{server}.test"))
        rows += [("own", "own", ret, shape, REFUSALS["sink"]) for shape in (*OWN_SHAPES, "smtputf8")]
        rows += [("own", "own", ret, "plain", REFUSALS[name]) for name in ("exim", "opensmtpd", "sendmail")]
        rows += [("own", server, ret, "smtputf8", f"remote-{server}.test") for server in ("exim", "postfix")]
        rows.append(("forwarded", "own", ret, "plain", REFUSALS["sink"]))
    return tuple(_letter(number, *row) for number, row in enumerate(rows))


def _letter(number: int, kind: str, server: str, ret: str, shape: str, domain: str) -> Letter:
    name = f"u{number:03}"
    local = f"{name}-bücher" if shape == "smtputf8" else name
    return Letter(name, kind, server, ret, shape, f"{local}@{domain}")


def played(letter: Letter) -> Letter:
    """The message of ours that the stranger sends on: one that the same server got from us."""
    wanted = (letter.server, letter.ret, letter.shape)
    return next(one for one in letters() if one.kind == "own" and (one.server, one.ret, one.shape) == wanted)


def compose(letter: Letter) -> bytes:
    """The letter as its author's program writes it, before anybody stamps, signs or forges anything else."""
    if letter.kind == "forwarded":
        return _forwarded(letter)
    return _forged(letter) if letter.kind in ("forged", "disguised") else _own(letter)


def _own(letter: Letter) -> bytes:
    name = {"encoded": "=?utf-8?Q?Alice_M=C3=BCller?=", "smtputf8": "Alice Müller"}.get(letter.shape, "Alice Example")
    fields = [f"From: {name} <{ALICE}>", f"To: <{letter.recipient}>", f"Subject: {_subject(letter)}"]
    if letter.shape != "bare":
        fields += [f"Date: {formatdate()}", f"Message-ID: <{letter.id}.19f752f0@home-postfix.test>"]
    if letter.shape == "folded":
        known = "\r\n ".join(f"<{number:040x}@lists.partner.test>" for number in range(12))
        fields += [f"References: {known}", "User-Agent: Mozilla\r\n\tThunderbird"]
    return _assembled(fields, *_content(letter.shape))


def _subject(letter: Letter) -> str:
    encoded = base64.b64encode("Grüße aus Köln".encode()).decode()
    return {
        "encoded": f"=?utf-8?B?{encoded}?=\r\n =?utf-8?Q?_und_anderswo?= {letter.id}",
        "smtputf8": f"Grüße aus Köln, {letter.id}",
        "folded": f"Minutes of the meeting of Tuesday, in a subject\r\n that goes on and on {letter.id}",
    }.get(letter.shape, f"Minutes of Tuesday's meeting {letter.id}")


def _content(shape: str) -> tuple[str, str]:
    """The Content-Type, and the body."""
    text = "Dear Bob,\r\n\r\nhere are the minutes, as promised.\r\n\r\nKind regards\r\nAlice\r\n"
    if shape == "large":
        return "text/plain; charset=us-ascii", text + ("x" * 70 + "\r\n") * 3000
    if shape in ("encoded", "smtputf8"):
        return "text/plain; charset=utf-8", text.replace("Kind regards", "Schöne Grüße")
    if shape != "multipart":
        return "text/plain; charset=us-ascii", text
    attached = "\r\n".join(textwrap.wrap(base64.b64encode(bytes(range(256)) * 8).decode(), 76))
    parts = (
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSchöne Grüße\r\n",
        "Content-Type: application/octet-stream; name=minutes.bin\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n{attached}\r\n",
    )
    return 'multipart/mixed; boundary="=_b1"', "".join(f"--=_b1\r\n{part}" for part in parts) + "--=_b1--\r\n"


def _forged(letter: Letter) -> bytes:
    fields = [f"From: Alice Example <{ALICE}>", f"To: <{letter.recipient}>", f"Subject: You have won {letter.id}"]
    fields.append(f"Date: {formatdate()}")
    if letter.shape != "no-id":
        host = "home-postfix.test" if letter.shape in ("our-id", "relay-received", "relay-helo") else "pills.example"
        fields.append(f"Message-ID: <{_forged_id(letter)}@{host}>")
    if letter.shape == "token-garbage":
        fields.append("X-NDR-Token: k1-20779-t1o2k3-abcdefghijklmnopqrstuvwx")
    if letter.shape == "signature-garbage":
        garbage = base64.b64encode(bytes(range(256))).decode()
        fields.insert(
            0,
            "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=home-postfix.test;\r\n s=rsa2026; "
            f"h=from:date:message-id:subject; bh={garbage[:43]}=;\r\n b={garbage}",
        )
    if letter.shape == "relay-received":
        fields.insert(
            0,
            "Received: from laptop.home-postfix.test (laptop.home-postfix.test [192.0.2.10])\r\n"
            f"\tby mail.home-postfix.test (Postfix) with ESMTPSA id 4FxYz; {formatdate()}",
        )
    return _assembled(fields, *_content("multipart" if letter.shape == "multipart" else "plain"))


def _forged_id(letter: Letter) -> str:
    return f"{letter.id}.ndr-k1-20779-t1o2k3-abcdefghijklmnopqrstuvwx" if letter.shape == "token-garbage" else letter.id


def _forwarded(letter: Letter) -> bytes:
    """Carol's mail to Bob, who lets us forward his mail to another address."""
    fields = [
        "Received: from mx.partner.test (mx.partner.test [203.0.113.130])\r\n"
        f"\tby mail.home-postfix.test (Postfix) with ESMTP id 4FxYz\r\n\tfor <{BOB}>; {formatdate()}",
        "From: Carol Partner <carol@partner.test>", f"To: <{BOB}>", f"Subject: Hello Bob {letter.id}",
        f"Date: {formatdate()}", f"Message-ID: <{letter.id}@partner.test>",
    ]  # fmt: skip
    return _assembled(fields, *_content("plain"))


def _assembled(fields: list[str], content_type: str, body: str) -> bytes:
    fields += ["MIME-Version: 1.0", f"Content-Type: {content_type}", "Content-Transfer-Encoding: 8bit"]
    return "\r\n".join((*fields, "", body)).encode()
