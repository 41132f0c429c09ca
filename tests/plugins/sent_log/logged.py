"""A sent log with one message in it, the mail about it, and what is looked at in a result."""

from __future__ import annotations

from pathlib import Path

from ndrfilter.sentlog import Entry, record

MAIL = Path(__file__).resolve().parents[3] / "rules" / "record" / "mail"
SENT, UNSENT, FORWARDED, ANSWER = (
    (MAIL / f"{name}.eml").read_bytes() for name in ("sent", "unsent", "forwarded", "answer")
)
NOW = 1_795_348_800.0  # 2026-11-22T12:00:00Z
DAY = 86_400.0
ID, ALICE, NOBODY = "<4711.abc@example.com>", "alice@example.com", "nobody@receiver.example"
SITE = {
    "domains": ["example.com"],
    "relays": ["mail.example.com"],
    "receivers": ["mx.example.com"],
    "complete": ["relays", "log"],
}
CONFIG = {"site": SITE, "plugins": ["sent_log"]}


def put(store, message_id=ID, sender=ALICE, recipients=(NOBODY,), time=NOW - 7200):
    record(store, [Entry(message_id, recipients, sender, time)], NOW)


_RULES = {"SENT_LOG_KNOWS", "SENT_LOG_KNOWS_MESSAGE", "SENT_LOG_KNOWS_SOMEBODY", "NOT_IN_SENT_LOG"}


def hits(result) -> set[str]:
    return {hit.name for hit in result.hits} & _RULES


def causes(result) -> dict[str, str]:
    return {one.name: one.cause for one in result.undecided}
