"""A market is open when a clock on its wall says so, on the days the clock is changed too."""

import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.market_hours import Hours
from messages import Sessions
from tests.builders import DAY, HOUR, MINUTE, MONDAY

IF = Sessions(timezone="Asia/Shanghai", hours=((570, 690), (780, 900)))
NEW_YORK = Sessions(timezone="America/New_York", hours=((570, 960),))
NIGHTS = Sessions(timezone="America/New_York", hours=((0, 300), (1080, 1440)), weekdays=(0, 2, 5, 6))
"""Through the changes of the clock at 02:00 on a Sunday, and up to midnight."""
EVERY_HOUR_BUT_TWO = Sessions(timezone="Europe/London", hours=((0, 600), (720, 1440)), weekdays=(0, 1, 2, 3, 4, 5, 6))
MARKETS = [IF, NEW_YORK, NIGHTS, EVERY_HOUR_BUT_TWO]


def utc_ns(text):
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC).timestamp()) * 10**9


def on_the_wall(sessions, ts):
    """Whether the market is open, by the wall clock alone."""
    wall = datetime.datetime.fromtimestamp(ts // 10**9, ZoneInfo(sessions.timezone))
    minutes = wall.hour * 60 + wall.minute
    return wall.weekday() in sessions.weekdays and any(opens <= minutes < closes for opens, closes in sessions.hours)


def table(sessions, start, minutes):
    return [on_the_wall(sessions, start + n * MINUTE) for n in range(minutes)]


# New York's clock goes forward on 10 March and back on 3 November, London's back on 27 October.
WEEKS = [utc_ns("2024-03-07"), utc_ns("2024-10-31"), utc_ns("2024-10-25"), utc_ns("2024-07-01"), utc_ns("2023-12-29")]
LENGTH = 5 * 24 * 60


@pytest.mark.parametrize("sessions", MARKETS)
@pytest.mark.parametrize("start", WEEKS)
def test_it_is_open_in_the_minutes_that_the_wall_clock_says(sessions, start):
    hours = Hours(sessions)

    assert [hours.is_open(start + n * MINUTE) for n in range(LENGTH)] == table(sessions, start, LENGTH)


@pytest.mark.parametrize("sessions", MARKETS)
@pytest.mark.parametrize("start", WEEKS[:3])
def test_it_opens_next_in_the_first_minute_of_the_table_that_is_open(sessions, start):
    hours, opened = Hours(sessions), table(sessions, start, LENGTH + 4 * 24 * 60)
    expected, coming = [], None
    for n in reversed(range(len(opened))):
        coming = n if opened[n] else coming
        expected.append(coming)
    expected.reverse()

    found = [hours.next_open(start + n * MINUTE) for n in range(LENGTH)]

    assert found == [start + n * MINUTE for n in expected[:LENGTH]]


@settings(max_examples=60)
@given(
    st.sampled_from(MARKETS),
    st.sampled_from(WEEKS),
    st.lists(st.integers(0, LENGTH * 60), min_size=1, max_size=20),
)
def test_asked_in_any_order_it_answers_the_same(sessions, start, seconds):
    hours = Hours(sessions)

    for second in seconds:
        ts = start + second * 10**9 + 1
        assert hours.is_open(ts) == on_the_wall(sessions, ts)
        assert hours.next_open(ts) == Hours(sessions).next_open(ts)


@given(st.sampled_from(MARKETS), st.sampled_from(WEEKS), st.integers(0, LENGTH), st.integers(1, 600))
def test_a_bar_overlaps_a_session_when_one_of_its_minutes_is_open(sessions, start, first, length):
    at = start + first * MINUTE

    overlaps = Hours(sessions).overlaps(at, at + length * MINUTE)

    assert overlaps == any(table(sessions, at, length))


@pytest.mark.parametrize("sessions", MARKETS)
@pytest.mark.parametrize("start", WEEKS[:3])
def test_a_trading_day_ends_where_the_last_open_minute_of_its_date_does(sessions, start):
    """The end of each local date's last open minute, from the table."""
    ends = {}
    for n, opened in enumerate(table(sessions, start - 2 * DAY, LENGTH + 9 * 24 * 60)):
        ts = start - 2 * DAY + n * MINUTE
        if opened:
            ends[datetime.datetime.fromtimestamp(ts // 10**9, ZoneInfo(sessions.timezone)).date()] = ts + MINUTE
    hours = Hours(sessions)

    for ts in range(start, start + 5 * DAY, 30 * MINUTE):
        assert hours.day_ends_after(ts) == min(end for end in ends.values() if end > ts)


def test_the_day_of_a_market_that_never_closes_ends_at_midnight_utc():
    hours = Hours(None)

    assert hours.day_ends_after(MONDAY) == MONDAY + DAY
    assert hours.day_ends_after(MONDAY - 1) == MONDAY
    assert hours.day_ends_after(MONDAY + 23 * HOUR) == MONDAY + DAY


def test_a_market_without_sessions_is_always_open():
    hours = Hours(None)

    assert hours.is_open(MONDAY)
    assert hours.next_open(MONDAY + 7) == MONDAY + 7
    assert hours.overlaps(MONDAY, MONDAY + 1)


def test_the_hours_of_if():
    hours = Hours(IF)
    # Shanghai is eight hours ahead: 09:30 is 01:30 UTC.
    friday = utc_ns("2024-01-05")

    assert not hours.is_open(friday + 90 * MINUTE - 1)
    assert hours.is_open(friday + 90 * MINUTE)
    assert not hours.is_open(friday + 210 * MINUTE)
    assert hours.next_open(friday + 210 * MINUTE) == friday + 5 * HOUR
    assert hours.day_ends_after(friday) == hours.day_ends_after(friday + 6 * HOUR) == friday + 7 * HOUR
    assert hours.day_ends_after(friday + 7 * HOUR) == friday + 3 * DAY + 7 * HOUR
    assert hours.next_open(friday + 7 * HOUR) == friday + 3 * DAY + 90 * MINUTE
    assert not hours.overlaps(friday + 7 * HOUR, friday + 3 * DAY + 90 * MINUTE)


def test_the_session_of_new_york_moves_with_its_clock():
    hours = Hours(NEW_YORK)

    assert hours.next_open(utc_ns("2024-03-08")) == utc_ns("2024-03-08T14:30:00")
    assert hours.next_open(utc_ns("2024-03-11")) == utc_ns("2024-03-11T13:30:00")
    assert hours.next_open(utc_ns("2024-11-01")) == utc_ns("2024-11-01T13:30:00")
    assert hours.next_open(utc_ns("2024-11-04")) == utc_ns("2024-11-04T14:30:00")


def test_a_time_zone_that_does_not_exist_is_said():
    with pytest.raises(KeyError, match="Mars/Base"):
        Hours(Sessions(timezone="Mars/Base", hours=((0, 60),)))
