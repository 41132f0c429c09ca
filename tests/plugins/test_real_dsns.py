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


def judged(row, source, *, later=60.0, recipient=""):
    """What that source alone says of the DSN, so many seconds after the message was sent."""
    clock = FixedClock(float(row["time"]) + later)
    raw = (EVIDENCE / row["file"]).read_bytes()
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
    assert judged(row, source, recipient="bob@home-postfix.test").evidence not in ("proof", "record")


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
