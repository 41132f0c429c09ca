"""Real bounces in one person's mailbox, and a Sent folder with half of their originals: none of these may be lost."""

from __future__ import annotations

import csv
import os
import re
from collections import Counter
from pathlib import Path

import pytest
from alices_mail import ALICE, DAY, NOW, hop

from ndrfilter import Envelope, Filter
from ndrfilter.adapters.clock import FixedClock
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.sweep.evidence import config_of

pytestmark = pytest.mark.shared("corpus")
_BIGGEST = 200_000
OLD = 1_230_000_000.0  # at the end of 2008: some of it is from 1999, and after ten years nothing is remembered


def of_kind(kind: str):
    corpus = Path(os.environ["NDRFILTER_SHARED"]) / "corpus"
    with (corpus / "INDEX.tsv").open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table, delimiter="\t"):
            if row["kind"] == kind and "dup=" not in row["flags"] and int(row["size"]) < _BIGGEST:
                yield (corpus / row["path"]).read_bytes()


def to_alice(raw: bytes, facts) -> bytes | None:
    """The bounce as if she had written what came back; None where that cannot be."""
    original, author = facts.fact("original"), facts.fact("original.author")
    if original is None or author is None or not original.headers.text("Message-ID"):
        return None
    days_ago = (NOW - min(facts.fact("original.date") or OLD, OLD) - 3600) / DAY
    noted = hop("mx (mx.else.example [198.51.100.9])", "mx.example.com", days_ago)
    top = f"Return-Path: <>\r\nDelivered-To: {ALICE}\r\n{noted}"
    hers = re.sub(re.escape(author.text.encode()), ALICE.encode(), raw, flags=re.I)
    lines = b"\r\n" if b"\r\n" in raw[:2000] else b"\r" if b"\n" not in raw else b"\n"
    return top.encode().replace(b"\r\n", lines) + re.sub(rb"\AFrom .*?[\r\n]+", b"", hers)


def as_saved(original) -> bytes:
    """What she sent, as it stands in her Sent folder."""
    headers = original.headers
    names = ("From", "To", "Cc", "Message-ID", "Subject", "Date")
    lines = [name.encode() + b":" + field.raw for name in names for field in headers.all(name)[:1]]
    return b"\n".join(lines).replace(b"\n", b"\r\n") + b"\r\n\r\n"


@pytest.fixture
def bounces():
    """Every real bounce, as one to Alice, and its original; of those with one id a single one."""
    plain = Filter.from_config({"site": {"domains": ["example.com"]}})
    found = {}
    for raw in of_kind("bounce"):
        hers = to_alice(raw, plain.facts(raw))
        facts = plain.facts(hers) if hers else None
        author = facts.fact("original.author") if facts else None
        if author is not None and author.text == ALICE:
            original = facts.fact("original")
            found.setdefault(original.headers.text("Message-ID"), (hers, original))
    return list(found.values())


@pytest.fixture
def store(account):
    made = SqliteStore(account, FixedClock(OLD))
    yield made
    made.close()


def test_a_bounce_whose_original_is_in_sent_is_never_lost(mail, account, store, proposed, bounces, capsys):
    kept, rest = bounces[::2], bounces[1::2]
    mail.put(*(raw for raw, _ in bounces), *of_kind("ham"))
    mail.sent(*(as_saved(original) for _, original in kept))
    proposal = proposed(now=OLD)
    judge = Filter(config_of(proposal.profile, account), clock=FixedClock(OLD), store=store)
    told = Envelope(sender="", recipients=(ALICE,))
    verdicts = Counter(judge.check(raw, envelope=told).verdict for raw, _ in kept)
    others = Counter(judge.check(raw, envelope=told).verdict for raw, _ in rest)
    with capsys.disabled():
        print(f"\n{len(kept)} bounces with the original in Sent: {dict(verdicts)}; {len(rest)} without: {dict(others)}")
    assert len(kept) > 200
    assert proposal.sent_messages == len(kept)
    assert set(verdicts) <= {"genuine", "undetermined"}
    assert verdicts["genuine"] > 0.8 * len(kept)
    assert set(others) == {"undetermined"}
