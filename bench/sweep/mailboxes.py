"""Mailboxes to sweep: many messages, mostly ordinary; and bounces to one person, half of their originals in Sent."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.speed.mails import mails
from ndrfilter import Filter

if TYPE_CHECKING:
    from ndrfilter.message.model import Headers

ALICE = "alice@example.com"
_BOUNCE_EVERY = 20  # message is a bounce
_PARTS = ("cur", "new", "tmp")
_BIGGEST = 200_000
_SAVED = ("From", "To", "Cc", "Message-ID", "Subject")


def many(number: int) -> tuple[Iterator[bytes], str]:
    """So many messages, one in twenty a bounce, and whose mail it is."""
    found = mails()
    bounces, ordinary = cycle(found.bounces), cycle(found.ordinary)
    mixed = (next(bounces if place % _BOUNCE_EVERY == 0 else ordinary) for place in range(number))
    return mixed, found.note


def maildir(root: Path, folders: dict[str, list[Path]]) -> Path:
    """A Maildir with links to these files; the folder "" is the inbox."""
    for name, files in folders.items():
        for part in _PARTS:
            (root / (f".{name}" if name else "") / part).mkdir(parents=True, exist_ok=True)
        place = root / (f".{name}" if name else "") / "cur"
        for number, file in enumerate(files):
            os.link(file, place / f"1790000000.M{number}.bench:2,S")
    return root


def files(folder: Path, raws: Iterator[bytes] | list[bytes]) -> list[Path]:
    """Each message as a file; those that are the same are one file, as often as it takes."""
    folder.mkdir(parents=True)
    written: dict[bytes, Path] = {}
    found = []
    for raw in raws:
        if raw not in written:
            written[raw] = folder / str(len(written))
            written[raw].write_bytes(raw)
        found.append(written[raw])
    return found


def to_alice() -> list[tuple[bytes, bytes]]:
    """Every real bounce as one to Alice, with what she would have in Sent; one for each Message-ID."""
    plain = Filter.from_config({"site": {"domains": ["example.com"]}})
    found: dict[str, tuple[bytes, bytes]] = {}
    for raw in mails().bounces:
        hers = _hers(raw, plain.facts(raw)) if len(raw) < _BIGGEST else None
        facts = plain.facts(hers) if hers else None
        author = facts.fact("original.author") if facts else None
        if hers and facts and author is not None and author.text == ALICE:
            headers = facts.fact("original").headers
            found.setdefault(headers.text("Message-ID"), (hers, saved(headers)))
    return list(found.values())


def _hers(raw: bytes, facts: Any) -> bytes | None:
    original, author = facts.fact("original"), facts.fact("original.author")
    if original is None or author is None or not original.headers.text("Message-ID"):
        return None
    lines = b"\r\n" if b"\r\n" in raw[:2000] else b"\n"
    top = f"Return-Path: <>\nDelivered-To: {ALICE}\n".encode().replace(b"\n", lines)
    hers = re.sub(re.escape(author.text.encode()), ALICE.encode(), raw, flags=re.IGNORECASE)
    return top + re.sub(rb"\AFrom .*?[\r\n]+", b"", hers)


def saved(headers: Headers) -> bytes:
    """The message as it stands in the Sent folder, of this month: what is ten years old is not remembered."""
    from email.utils import formatdate

    lines = [name.encode() + b":" + field.raw for name in _SAVED for field in headers.all(name)[:1]]
    return b"\n".join([*lines, b"Date: " + formatdate().encode()]) + b"\n\n"


def half(pairs: list[tuple[bytes, bytes]]) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """The bounces whose original is in Sent, the others, and Sent."""
    kept, rest = pairs[::2], pairs[1::2]
    return [one for one, _ in kept], [one for one, _ in rest], [sent for _, sent in kept]
