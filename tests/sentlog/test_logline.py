"""The beginnings of log lines: every spelling of the time, and the year that is not there."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ndrfilter.sentlog.logline import Clock, syslog_line


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.fixture(params=["UTC", "Europe/Berlin", "America/Los_Angeles"])
def zone(request, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield request.param
    time.tzset()


@pytest.mark.parametrize(
    ("latest", "stamp", "read"),
    [
        ("2027-01-01T00:00:05", "Dec 31 23:59:59", "2026-12-31T23:59:59"),
        ("2026-12-31T23:59:59", "Jan  1 00:00:01", "2027-01-01T00:00:01"),
        ("2027-01-01T00:00:05", "Jan  1 00:00:04", "2027-01-01T00:00:04"),
        ("2026-11-22T10:00:00", "Nov 22 10:00:01", "2026-11-22T10:00:01"),
        ("2026-11-22T10:00:00", "Nov 25 10:00:00", "2025-11-25T10:00:00"),
        ("2028-03-01T00:00:00", "Feb 29 12:00:00", "2028-02-29T12:00:00"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC"], indirect=True)
def test_the_year(zone, latest, stamp, read):
    assert Clock(at(latest)).read(stamp) == at(read)


def test_times_without_a_zone_are_local(zone):
    clock = Clock(at("2026-11-23T00:00:00"))
    written = datetime(2026, 11, 22, 9, 20, 45).astimezone().timestamp()
    assert clock.read("Nov 22 09:20:45") == clock.read("2026-11-22 09:20:45") == written


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-11-22T09:20:45Z",
        "2026-11-22T10:20:45+01:00",
        "2026-11-22T10:20:45+0100",
        "2026-11-22T09:20:45.000000+00:00",
        "2026-11-22 10:20:45+0100",
        "2026-11-22 10:20:45.000+0100",
    ],
)
def test_times_with_a_zone(zone, stamp):
    assert Clock(0.0).read(stamp) == at("2026-11-22T09:20:45")


@pytest.mark.parametrize("stamp", ["Nov 32 09:20:45", "Xyz 22 09:20:45", "Nov 22 25:20:45", "2026-13-22T09:20:45"])
def test_times_that_do_not_exist(stamp):
    assert Clock(at("2026-11-23T00:00:00")).read(stamp) is None


@given(st.text(max_size=80))
def test_any_line_is_a_line_or_none(text):
    for line in (text, f"Nov 22 09:20:45 {text}", f"Nov 22 09:20:45 mail postfix/smtp[1]: {text}"):
        found = syslog_line(line)
        assert found is None or found.text in line
