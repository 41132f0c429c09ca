"""Each source of evidence alone on DSNs that real servers wrote: the cases of tests/cases/evidence, on any machine."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from ndrfilter import Envelope, Filter
from ndrfilter.adapters.clock import FixedClock
from ndrfilter.adapters.store import SqliteStore
from ndrfilter.adapters.zone import ZoneResolver
from ndrfilter.message import parse
from ndrfilter.sentlog import Entry, covered, record

EVIDENCE = Path(__file__).resolve().parents[1] / "cases" / "evidence"
DAY = 86_400.0
BOB = "bob@home-postfix.test"
OURS = b"Reporting-MTA: dns; mail.home-postfix.test"
LURES = b"""Return-Path: <SRS0=abcd=JL=home-postfix.test=alice@elsewhere.example>
Received: from mail.home-postfix.test (unknown [203.0.113.66])
	by mx.partner.example (Postfix) with ESMTP id 4FxYz; Sun, 22 Nov 2026 10:00:00 +0000
References: <an.older.one@home-postfix.test>
"""
ALONE = {
    "token": ("genuine", "proof"),
    "dkim": ("genuine", "proof"),
    "batv": ("genuine", "proof"),
    "sent_log": ("genuine", "record"),
    "trace": ("genuine", "trace"),
}
SOURCES = (*ALONE, "srs", "relays", "all", "none")


def rows(*kinds):
    """The manifest's lines of those kinds."""
    with (EVIDENCE / "manifest.tsv").open(encoding="utf-8", newline="") as file:
        found = [row for row in csv.DictReader(file, delimiter="\t") if row["kind"] in kinds]
    return [pytest.param(row, id=row["file"].removesuffix(".eml")) for row in found]


def sent_log(clock):
    """A store whose sent log has all that really left through us, and was kept long enough for absence to count."""
    store = SqliteStore(None, clock)
    left = [param.values[0] for param in rows("own", "forwarded")]
    entries = [Entry(row["message_id"], (row["recipient"],), row["sender"], float(row["time"])) for row in left]
    record(store, entries, clock.now())
    covered(store, clock.now() - 7 * DAY, clock.now())
    return store


def judged(row, source, *, later=60.0, recipient="", raw=b""):
    """What that source alone says of the DSN (or of `raw`), so many seconds after the message was sent."""
    clock = FixedClock(float(row["time"]) + later)
    raw = raw or (EVIDENCE / row["file"]).read_bytes()
    zone = ZoneResolver((EVIDENCE / "keys.zone").read_text(encoding="utf-8"))
    judge = Filter.from_config(
        EVIDENCE / "sources" / f"{source}.yml", resolver=zone, clock=clock, store=sent_log(clock)
    )
    told = recipient or parse(raw).headers.text("X-Original-To")
    result = judge.check(raw, envelope=Envelope(sender="", recipients=(told,)))
    assert result.errors == ()
    return result


@pytest.mark.parametrize("row", rows("own"))
@pytest.mark.parametrize("source", ALONE)
def test_our_own_mail_is_known_by_each_source_alone(row, source):
    result = judged(row, source)
    assert (result.verdict, result.evidence) == ALONE[source]


@pytest.mark.parametrize("row", rows("own"))
@pytest.mark.parametrize("source", ["relays", "all"])
def test_our_own_mail_is_known_where_absence_counts(row, source):
    assert judged(row, source).verdict == "genuine"


@pytest.mark.parametrize("row", rows("own"))
@pytest.mark.parametrize("source", ["token", "dkim", "batv", "sent_log"])
def test_months_later_the_same_dsn_proves_nothing(row, source):
    assert judged(row, source, later=100 * DAY).verdict == "undetermined"


@pytest.mark.parametrize("row", rows("own"))
@pytest.mark.parametrize("source", ["token", "dkim", "batv", "sent_log"])
def test_the_same_dsn_to_another_of_our_users_proves_nothing(row, source):
    assert judged(row, source, recipient=BOB).verdict == "undetermined"


def embellished(row):
    """A bounce of a forger's own making: a header of ours that he once received, unharmed, and our names around it."""
    raw = (EVIDENCE / row["file"]).read_bytes()
    place = raw.rindex(b"\n\n", 0, raw.index(b"DKIM-Signature")) + 2
    reporting = f"Reporting-MTA: dns; mx.{row['server']}.test".encode()
    return raw[:place].replace(reporting, OURS) + LURES + raw[raw.index(b"DKIM-Signature") :]


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("row", [param for param in rows("own") if param.values[0]["server"] != "own"])
def test_a_replayed_header_is_no_proof_to_another_user_whatever_stands_around_it(row, source):
    raw = embellished(row)
    assert OURS in raw
    assert judged(row, source, recipient=BOB, raw=raw).verdict in ("undetermined", "backscatter")


@pytest.mark.parametrize("row", rows("forwarded"))
def test_what_we_forwarded_is_known_and_said_so(row):
    result = judged(row, "srs")
    assert (result.verdict, result.evidence) == ("genuine", "proof")
    assert any(hit.text.startswith("we forwarded it") for hit in result.hits)


@pytest.mark.parametrize("row", rows("forged", "disguised", "replayed"))
@pytest.mark.parametrize("source", SOURCES)
def test_nothing_forged_is_ever_genuine(row, source):
    assert judged(row, source).verdict in ("undetermined", "backscatter")


@pytest.mark.parametrize("row", rows("forged"))
@pytest.mark.parametrize("source", ["relays", "all"])
def test_forged_mail_is_backscatter(row, source):
    assert judged(row, source).verdict == "backscatter"


@pytest.mark.parametrize("row", rows("own", "forwarded", "forged", "disguised", "replayed"))
def test_without_any_source_or_site_nothing_is_said(row):
    assert judged(row, "none").verdict == "undetermined"
