"""Rows written by hand: one of each, a rich mailbox, a small address book."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from ndrfilter.sweep.answer import Scope, SentScope
from ndrfilter.sweep.nouns import Failed, Key, Row

ROOT = Path(__file__).resolve().parents[3]
ZONE = UTC
NOW = datetime(2026, 3, 20, 9, 0, tzinfo=UTC)
START = datetime(2026, 3, 16, 7, 0, tzinfo=UTC)


class AddressBook:
    def __init__(self, used: dict[str, tuple[int, int]]) -> None:
        self.used = used

    def wrote_to(self, address: str) -> int:
        return self.used.get(address.casefold(), (0, 0))[0]

    def all(self):
        return ((address, *numbers) for address, numbers in self.used.items())


BOOK = AddressBook(
    {
        "bob@example.com": (14, 9),
        "bbo@example.com": (1, 0),
        "anna.schmidt@gmail.com": (30, 28),
        "carol@partner.example": (4, 4),
        "dave@gmial.com": (1, 0),
    }
)


def failed(address="bob@victim.example", reason="address_unknown", status="5.1.1", said="550 no such user"):
    return Failed(address, reason, "the address does not exist", status, said)


def row(number: int = 0, verdict: str = "genuine", when: datetime = START, **other) -> Row:
    made = Row(
        key=Key("INBOX", 1, str(number)),
        verdict=verdict,
        kind="failure",
        received=when.timestamp(),
        sender="MAILER-DAEMON@mx.victim.example",
        title="Undelivered Mail Returned to Sender",
        writer="Postfix",
        reporting_mta="mx.victim.example",
        evidence="trace",
        recorded=verdict == "genuine",
        through_us=verdict == "genuine",
        failed=(failed(),),
        author="you@example.org",
        to=("bob@victim.example",),
        subject="Minutes of Monday",
        written=(when - timedelta(minutes=3)).timestamp(),
        message_id="<1@example.org>",
        why="",
    )
    return made._replace(**other)


def wave() -> list[Row]:
    """Backscatter that swells for a day and dies away, by the hour."""
    rows = []
    for hour in range(80):
        number = int(60 * (hour + 1) / 10) if hour < 10 else int(60 * 0.93 ** (hour - 10))
        for index in range(number):
            host = ("mx.victim.example", "mail.university.example", "smtp.town.example")[(hour + index) % 3]
            when = START + timedelta(hours=hour, seconds=40 * index)
            rows.append(row(len(rows), "backscatter", when, reporting_mta=host))
    return rows


def rich() -> list[Row]:
    """A wave of backscatter, and among it what is to read, unclear and fake."""
    day = timedelta(days=1)
    mine = [
        row(9001, when=NOW - day, failed=(failed("bbo@example.com"),), to=("bbo@example.com",)),
        row(9002, when=NOW - 2 * day, subject="Holiday pictures", failed=(
            failed("anna.schmidt@gmial.com", "network", "5.4.4", "Host or domain name not found"),
            failed("carol@partner.example", "mailbox_full", "5.2.2", "552 quota exceeded"),
        )),
        row(9003, when=NOW - 3 * day, subject="", written=None, kind="delay", failed=(failed("carol@partner.example", "unknown", "4.4.1", "timed out"),)),
        row(9004, when=NOW - 3 * day, subject="Offer 2026/17 \x1b[31m<b>now</b> \u202egnp.exe", writer="", reporting_mta="", failed=(
            failed("office@firm.example", "policy", "5.7.1", "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.example"),
        )),
    ]  # fmt: skip
    open_ = [
        row(9100 + number, "undetermined", NOW - day - number * timedelta(hours=1), through_us=False, recorded=False,
            title="Returned mail: see transcript for details", author="", to=(), subject="", message_id="", written=None)
        for number in range(26)
    ]  # fmt: skip
    open_.append(
        row(
            9200,
            "undetermined",
            NOW - 2 * day,
            kind="autoreply",
            title="自動返信：不在のお知らせ",
            sender="山田 <yamada@company.example>",
        )
    )
    fake = [
        row(9300 + number, "fake", NOW - number * timedelta(hours=7), failed=(), title=f"[{number}] Mail delivery failed: click https://login.bank.example/ now")
        for number in range(12)
    ]  # fmt: skip
    old = [
        row(9400 + number, when=NOW - timedelta(days=400 + number), failed=(failed(f"old{number}@firm.example"),))
        for number in range(2)
    ]
    return [*wave(), *mine, *open_, *fake, *old]


SCOPE = Scope(
    place="imaps://you@mail.example.org",
    me=("you@example.org", "y.ou@example.org"),
    looked_at=3_000,
    counts={},
    sent=SentScope(840, (NOW - timedelta(days=700)).timestamp(), (NOW - timedelta(days=1)).timestamp(), False, 0),
    now=NOW.timestamp(),
    moved=0,
    into="",
)
