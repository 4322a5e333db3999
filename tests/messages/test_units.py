"""What is written of a time comes back as the same nanosecond, and what is no time says so."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from messages import NS_PER_DAY, NS_PER_SECOND, iso_utc, moment_ns


@given(st.integers(-100 * 365 * NS_PER_DAY, 250 * 365 * NS_PER_DAY))
@example(1_704_067_200_123_456_789)
@example(-1)
def test_a_time_that_is_written_out_comes_back_to_the_nanosecond(ts):
    assert moment_ns(iso_utc(ts)) == ts


@pytest.mark.parametrize(
    ("written", "ns"),
    [
        ("1970-01-02", NS_PER_DAY),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T01:00:00.123456789+01:00", 123_456_789),
        ("1970-01-01 00:00:01,5", NS_PER_SECOND + NS_PER_SECOND // 2),
    ],
)
def test_dates_zones_and_decimals_are_understood(written, ns):
    assert moment_ns(written) == ns


@pytest.mark.parametrize("written", ["", "soon", "1970-01-01T00:00:00.1234567890Z", "2024-13-01", "1500-01-01"])
def test_what_is_no_time_is_refused_by_name(written):
    with pytest.raises(ValueError, match=repr(written)):
        moment_ns(written)
