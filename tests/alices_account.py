"""Alice's whole mailbox, for a sweep from outside: what she sent, her friends' answers, bounces by real servers, fakes.

All of it is moved in time by whole days so that it came until yesterday: how a sweep judges depends on today.
"""

from __future__ import annotations

import csv
import re
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import alices_mail
from alices_mail import NOW, answer, to_self, written

from ndrfilter import Filter

ROOT = Path(__file__).resolve().parents[1]
ALICE = "alice@home-postfix.test"
DSN, DEMO = ROOT / "tests" / "cases" / "dsn", ROOT / "docs" / "demo"
GENUINE, BACKSCATTER, FAKE, UNDETERMINED, ORDINARY = "genuine", "backscatter", "fake", "undetermined", "ordinary"
_SHIFT = timedelta(days=int((time.time() - NOW) // 86_400))
_DATE = re.compile(rb"[A-Z][a-z]{2}, +\d{1,2} [A-Z][a-z]{2} \d{4}(?= \d\d:\d\d:\d\d)")
_SAVED = ("From", "To", "Cc", "Message-ID", "Subject", "Date")
_AS_OURS = (
    (b"mx.example.com", b"mail.home-postfix.test"),
    (b"example.com", b"home-postfix.test"),
    (b"192.0.2.10", b"192.0.2.25"),
)


def lately(raw: bytes) -> bytes:
    """The message with all its dates moved."""
    return _DATE.sub(lambda date: _moved(date[0]), raw)


def _moved(date: bytes) -> bytes:
    day = datetime.strptime(" ".join(date.decode().split()), "%a, %d %b %Y").replace(tzinfo=UTC) + _SHIFT
    return day.strftime("%a, %d %b %Y").encode()


def hers(raw: bytes) -> bytes:
    """A message of `alices_mail` as if she were the Alice to whom the real servers wrote."""
    for old, new in _AS_OURS:
        raw = raw.replace(old, new)
    return lately(raw)


def received_at(raw: bytes) -> float:
    """When it came: its Date."""
    match = re.search(rb"^Date: (.*)$", raw, re.M)
    return parsedate_to_datetime(match[1].strip().decode()).timestamp() if match else time.time() - 86_400


def as_saved(raw: bytes) -> bytes:
    """What she sent, which that bounce returns, as it stands in her Sent folder."""
    headers = _PLAIN.facts(raw).fact("original").headers
    lines = [name.encode() + b":" + field.raw for name in _SAVED for field in headers.all(name)[:1]]
    return b"\n".join(lines).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + b"\r\n\r\nAs you know.\r\n"


_PLAIN = Filter.from_config({"site": {"domains": ["home-postfix.test"]}})


def real_bounces() -> dict[str, list[bytes]]:
    """What real servers wrote to her, by what became of it: hers, or a forger's."""
    with (DSN / "manifest.tsv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table, delimiter="\t"))
    found: dict[str, list[bytes]] = {}
    for row in rows:
        kind = GENUINE if row["file"].startswith("genuine") else "forged"
        found.setdefault(kind, []).append(lately((DSN / row["file"]).read_bytes()))
    return found


def demonstration(verdict: str) -> list[bytes]:
    """The messages of the demonstration that get this verdict."""
    rows = [line.split("\t") for line in (DEMO / "expected.tsv").read_text().splitlines()[1:]]
    return [lately((DEMO / "mail" / name).read_bytes()) for name, found, _ in rows if found == verdict]


def lived(days: int = 6) -> tuple[list[bytes], list[bytes]]:
    """What she sent and what came in these days, her Sent folder having everything."""
    sent: list[bytes] = []
    came: list[bytes] = []
    for day in range(days):
        own, back = to_self(f"self{day}", day + 0.02)
        sent += [own, written(f"m{day}", day + 0.04)]
        came += [back, answer(f"m{day}", day + 0.03)]
    return [hers(raw) for raw in sent], [hers(raw) for raw in came]


def bounce(name: str, days_ago: float = 0.01, **more: object) -> bytes:
    """A bounce of a message of that name; forged, unless it is in her Sent folder."""
    return hers(alices_mail.bounce(name, days_ago, **({"client": alices_mail.EVE} | more)))
