"""Local times become UTC as the standard library's own zone arithmetic says, which is the oracle here."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.files.stamps import AMBIGUOUS, NO_TIME, SKIPPED, form_of, to_utc

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 local on purpose
ZONES = [
    "Asia/Shanghai",
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
]


def expected(local: datetime, zone: ZoneInfo) -> tuple[int | None, int]:
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    instants = {
        side.astimezone(UTC)
        for side in (first, second)
        if side.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local
    }
    if len(instants) != 1:
        return None, AMBIGUOUS if instants else SKIPPED
    return int((instants.pop() - EPOCH.replace(tzinfo=UTC)) / timedelta(seconds=1)), 0


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.lists(st.integers(0, 2 * 365 * 96), min_size=1, max_size=30),
    st.integers(1975, 2030),
)
def test_agrees_with_the_standard_library_at_every_quarter_of_an_hour(name, quarters, year):
    zone = ZoneInfo(name)
    moments = [datetime(year, 1, 1) + timedelta(minutes=15 * quarter) for quarter in quarters]  # noqa: DTZ001
    local = np.array([int((moment - EPOCH) / timedelta(seconds=1)) * 10**9 for moment in moments])

    utc, faults = to_utc(local, zone)

    for moment, instant, fault in zip(moments, utc.tolist(), faults.tolist(), strict=True):
        seconds, expected_fault = expected(moment, zone)
        assert fault == expected_fault
        if seconds is not None:
            assert instant == seconds * 10**9


@pytest.mark.parametrize(
    ("name", "day"),
    [("Australia/Lord_Howe", (2024, 4, 7)), ("Australia/Lord_Howe", (2024, 10, 6)), ("Europe/London", (2024, 10, 27))],
)
def test_agrees_at_every_minute_of_a_day_on_which_the_clock_changes(name, day):
    zone = ZoneInfo(name)
    moments = [datetime(*day) + timedelta(minutes=minute) for minute in range(1440)]  # noqa: DTZ001
    local = np.array([int((moment - EPOCH) / timedelta(seconds=1)) * 10**9 for moment in moments])

    utc, faults = to_utc(local, zone)

    answers = [
        (None if fault else instant // 10**9, fault)
        for instant, fault in zip(utc.tolist(), faults.tolist(), strict=True)
    ]
    assert answers == [expected(moment, zone) for moment in moments]
    assert any(fault for _, fault in answers)


def test_an_unreadable_time_stays_unreadable():
    utc, faults = to_utc(np.array([NO_TIME, 1_704_067_200 * 10**9]), ZoneInfo("Asia/Shanghai"))

    assert utc.tolist() == [NO_TIME, (1_704_067_200 - 8 * 3600) * 10**9]
    assert faults.tolist() == [0, 0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "12:30",
        "7",
        "1.5e9",
        "-1704067200",
        "2024",
        "2024-01",
        "20240101123000",
        "2024-01-01T00:00:00Z0",
        "99999999999",
    ],
)
def test_what_is_no_time_has_no_form(text):
    assert form_of(text) is None
