"""When it came: units, waves, whether it is over, and bounded memory."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_rows import BOOK, NOW, SCOPE, ZONE, row

from ndrfilter import limits
from ndrfilter.sweep.answer import answer_of
from ndrfilter.sweep.answer.timeline import MOST_BARS, UNITS, Buckets, floor, following, timeline

BEGIN = datetime(2026, 3, 2, 6, 30)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2040, 1, 1))


def made(*times: datetime, verdict: str = "backscatter") -> Buckets:
    buckets = Buckets()
    for time in times:
        buckets.add(time, verdict)
    return buckets


def told(now: datetime, *times: datetime):
    found = timeline(made(*times), "backscatter", now)
    assert found is not None
    return found


@given(moments, st.sampled_from(UNITS))
def test_a_moment_lies_in_its_unit(when, unit):
    start = floor(when, unit)
    assert start <= when < following(start, unit)
    assert floor(start, unit) == start


@given(st.lists(moments, min_size=1, max_size=60))
def test_all_that_came_is_in_the_picture_or_counted_beside_it(times):
    line = told(datetime(2040, 1, 2), *times)
    assert sum(sum(bar.counts) for bar in line.bars) + line.outside == len(times)
    assert len(line.bars) <= MOST_BARS
    starts = [bar.start for bar in line.bars]
    assert starts == sorted(set(starts))


def test_nothing_came():
    assert timeline(Buckets(), "backscatter", BEGIN) is None


@pytest.mark.parametrize(
    ("length", "unit"),
    [
        (2 * DAY, "hour"),
        (10 * DAY, "quarter"),
        (40 * DAY, "day"),
        (300 * DAY, "week"),
        (1500 * DAY, "month"),
        (9000 * DAY, "year"),
    ],
)
def test_the_unit_is_as_fine_as_can_be_read(length, unit):
    assert told(BEGIN + length, BEGIN, BEGIN + length).unit == unit


def test_a_wave_that_is_over():
    line = told(BEGIN + 10 * DAY, *[BEGIN + number * HOUR / 4 for number in range(40)])
    wave = line.wave
    assert (wave.state, wave.ends, wave.number) == ("over", None, 40)
    assert (wave.began, wave.last) == (datetime(2026, 3, 2, 6), datetime(2026, 3, 2, 16))


def test_a_wave_that_fades_ends_when_queues_give_up():
    burst = [BEGIN + number * timedelta(minutes=1) for number in range(100)]
    line = told(BEGIN + 2 * DAY, *burst, BEGIN + 40 * HOUR)
    assert (line.wave.state, line.wave.ends) == ("fading", datetime(2026, 3, 7))


def test_a_wave_that_goes_on():
    line = told(BEGIN + 10 * HOUR, *[BEGIN + number * HOUR / 4 for number in range(40)])
    assert (line.wave.state, line.wave.ends) == ("going", None)


def test_the_peak_is_told():
    times = [BEGIN + number * HOUR for number in range(6)] + [BEGIN + 3 * HOUR] * 9
    wave = told(BEGIN + 10 * DAY, *times).wave
    assert (wave.peak, wave.peak_unit, wave.peak_number) == (datetime(2026, 3, 2, 9), "hour", 10)


def test_few_are_no_wave():
    assert told(BEGIN + DAY, BEGIN, BEGIN + HOUR).wave is None


def test_the_picture_shows_the_greatest_wave_and_counts_the_rest():
    years_ago = [BEGIN - 900 * DAY, BEGIN - 800 * DAY]
    line = told(BEGIN + 9 * DAY, *years_ago, *[BEGIN + number * HOUR / 10 for number in range(200)])
    assert (line.unit, line.outside, line.wave.number) == ("hour", 2, 200)
    assert (line.first, line.wave.began) == (floor(years_ago[0], "hour"), floor(BEGIN, "hour"))


def test_waves_of_one_size_are_all_in_the_picture():
    waves = [BEGIN + start * DAY + number * HOUR for start in (0, 200, 400) for number in range(10)]
    line = told(BEGIN + 500 * DAY, *waves)
    assert (line.unit, line.outside) == ("week", 0)


def test_hours_without_end_take_bounded_memory():
    buckets = Buckets()
    for number in range(limits.ANSWER_BUCKETS * 3):
        buckets.add(BEGIN - number * 3 * HOUR, "fake")
    assert len(buckets.counts) <= limits.ANSWER_BUCKETS
    assert sum(buckets.of("fake").values()) == limits.ANSWER_BUCKETS * 3
    assert timeline(buckets, "fake", BEGIN) is not None


@pytest.mark.parametrize("received", [0.0, -1.0, float("nan"), float("inf"), 1e300, NOW.timestamp() + 9e6])
def test_a_date_that_cannot_be_is_none(received):
    answer = answer_of([row()._replace(received=received, written=received)], SCOPE, BOOK, ZONE)
    assert answer.timeline is None
    assert (answer.read[0].time, answer.read[0].written) == (None, None)
