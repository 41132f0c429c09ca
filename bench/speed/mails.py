"""The mail that is measured: of the archive that $NDRFILTER_SHARED names, else of the project's own."""

from __future__ import annotations

import csv
import os
import random
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "docs" / "demo"
BOUNCE = DEMO / "mail" / "05-postfix-parcel.eml"
LETTER = DEMO / "mail" / "11-letter.eml"
_ENOUGH = 200  # of each kind, repeated, so that a round is long enough to be measured
_WORDS = tuple(
    """the meeting was moved to next week please find attached our offer for the new order we have received your
    payment many thanks and kind regards see you on Monday""".split()  # noqa: SIM905
)


class Mails(NamedTuple):
    """Bounces, and ordinary mail; `others` is what else there is. `note` says where they are from."""

    bounces: list[bytes]
    ordinary: list[bytes]
    others: list[bytes]
    note: str = ""


def mails(limit: int = 0) -> Mails:
    """All of the archive, or so many of each kind; the project's own where there is none."""
    if os.environ.get("NDRFILTER_SHARED"):
        found, note = archive(), "Mail: the archive that $NDRFILTER_SHARED names"
    else:
        few = own()
        found = Mails(*(list(islice(cycle(kind), _ENOUGH)) for kind in few[:2]), [])
        note = "Mail: the project's own, repeated, for $NDRFILTER_SHARED names no archive; it is smaller than real mail"
    bounces, ordinary, others = (kind[:limit] if limit else kind for kind in found[:3])
    return Mails(bounces, ordinary, others, f"{note}: {len(bounces)} bounces, {len(ordinary)} ordinary.")


def archive() -> Mails:
    """All messages of the archive, by the kinds that its index names. Raises OSError, KeyError where there is none."""
    index = Path(os.environ["NDRFILTER_SHARED"], "corpus", "INDEX.tsv")
    kinds: dict[str, list[bytes]] = {"bounce": [], "ham": [], "": []}
    with index.open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows, delimiter="\t", quoting=csv.QUOTE_NONE):
            kinds[row["kind"] if row["kind"] in kinds else ""].append((index.parent / row["path"]).read_bytes())
    return Mails(*kinds.values())


def own() -> Mails:
    """The demonstration's mail and the DSNs that real servers wrote, and letters of several sizes."""
    demo = sorted((DEMO / "mail").glob("*.eml"))
    returned_ones = [path for path in demo if path not in (LETTER, DEMO / "mail" / "12-on-holiday.eml")]
    bounces = [path.read_bytes() for path in [*returned_ones, *sorted((ROOT / "tests/cases/dsn").glob("*.eml"))]]
    letters = [LETTER.read_bytes(), *(letter(size, size) for size in range(1_000, 16_000, 1_000))]
    return Mails(bounces, letters, [(DEMO / "mail" / "12-on-holiday.eml").read_bytes()])


def letter(size: int, seed: int = 0) -> bytes:
    """An ordinary mail of about so many bytes: text and HTML up to some ten thousand, and the rest an attachment."""
    chance = random.Random(seed)
    head = _HEAD % (seed, seed)
    text = b"\n".join(_lines(chance, min(size // 3, 10_000)))
    html = b"<html><body><p>" + b"</p>\n<p>".join(_lines(chance, min(size // 3, 20_000))) + b"</p></body></html>\n"
    kinds = ((b"plain", text), (b"html", html))
    parts = [b"Content-Type: text/%b; charset=utf-8\n\n%b" % one for one in kinds]
    left = size - len(head) - len(text) - len(html) - 400
    if left > 1_000:
        line = bytes(chance.choices(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", k=76)) + b"\n"
        parts.append(_ATTACHED + line * (left // len(line)))
    return head + b"".join(b"--=_b0undary\n" + part + b"\n" for part in parts) + b"--=_b0undary--\n"


def returned(size: int) -> bytes:
    """A bounce that brings back an original of about so many bytes."""
    raw = BOUNCE.read_bytes().replace(b"\r\n", b"\n")
    place = raw.rindex(b"\n--")
    filling = b"\n".join(_lines(random.Random(size), max(0, size - len(raw))))
    return raw[:place] + b"\n" + filling + raw[place:]


def _lines(chance: random.Random, size: int) -> Iterator[bytes]:
    made = 0
    while made < size:
        line = " ".join(chance.choices(_WORDS, k=11)).encode()
        made += len(line) + 1
        yield line


_HEAD = b"""\
Return-Path: <carol@remote.test>
Received: from mail.remote.test (mail.remote.test [203.0.113.7])
\tby mail.home-postfix.test (Postfix) with ESMTPS id 4T%07d
\tfor <alice@home-postfix.test>; Sun, 22 Nov 2026 10:00:00 +0000 (UTC)
Received: from [192.168.1.20] (pool-7.isp.test [198.51.100.7])
\tby mail.remote.test (Postfix) with ESMTPSA id 3C2; Sun, 22 Nov 2026 09:59:58 +0000 (UTC)
From: Carol <carol@remote.test>
To: Alice <alice@home-postfix.test>
Subject: The offer, as promised
Date: Sun, 22 Nov 2026 10:59:57 +0100
Message-ID: <%d.7.carol@remote.test>
MIME-Version: 1.0
User-Agent: Mozilla Thunderbird
Content-Type: multipart/mixed; boundary="=_b0undary"

"""
_ATTACHED = b"""\
Content-Type: application/pdf; name="offer.pdf"
Content-Disposition: attachment; filename="offer.pdf"
Content-Transfer-Encoding: base64

"""
