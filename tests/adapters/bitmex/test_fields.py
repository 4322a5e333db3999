"""A field is read exactly, or is missing, or is refused by its name."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.bitmex import fields
from adapters.bitmex.codec import decoded
from adapters.bitmex.fields import FieldError
from adapters.bitmex.queries import venue_time
from tests.builders import DAY, HOUR, MONDAY

READERS = [
    fields.word, fields.number, fields.whole, fields.price, fields.size, fields.flag, fields.moment, fields.interval,
]  # fmt: skip


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("row", [{}, {"x": None}])
def test_missing_and_null_are_nothing(read, row):
    assert read(row, "x") is None


@pytest.mark.parametrize("read", [reader for reader in READERS if reader is not fields.flag])
def test_an_empty_text_is_nothing(read):
    assert read({"x": ""}, "x") is None


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("value", [[], {}, [1], "x\x00y" * 1000, Decimal("NaN"), Decimal("Infinity"), 1.5, b"x"])
def test_what_is_of_no_right_type_is_refused_by_name_in_one_short_line(read, value):
    with pytest.raises(FieldError, match=r"^x must be") as refused:
        read({"x": value}, "x")

    assert len(str(refused.value)) < 200
    assert str(refused.value).isprintable()


@given(st.integers(0, 10**9 - 1), st.integers(0, 8))
def test_a_price_is_the_float_nearest_to_its_decimal(digits, places):
    text = str(Decimal(digits).scaleb(-places))
    value = decoded(text) if digits else Decimal(0)

    if digits == 0:
        with pytest.raises(FieldError):
            fields.price({"x": value}, "x")
    else:
        assert fields.price({"x": value}, "x") == float(text)


@pytest.mark.parametrize("value", [0, -1, Decimal("-0.5"), 10**9, Decimal("1e12"), True, "42000.5"])
def test_f23_a_price_that_cannot_be_is_refused(value):
    with pytest.raises(FieldError, match=r"^x must be"):
        fields.price({"x": value}, "x")


def test_a_whole_number_may_be_written_with_a_fraction_of_nothing():
    assert fields.whole({"x": Decimal("5.0")}, "x") == 5
    assert fields.whole({"x": Decimal("5e2")}, "x") == 500
    with pytest.raises(FieldError, match="whole number"):
        fields.whole({"x": Decimal("5.5")}, "x")
    with pytest.raises(FieldError, match="below"):
        fields.whole({"x": 10**18}, "x")


@given(st.integers(0, 8_000_000_000_000))
def test_a_time_goes_to_the_venue_s_text_and_back(milliseconds):
    ts = 946_684_800_000_000_000 + milliseconds * 1_000_000

    assert fields.moment({"x": venue_time(ts)}, "x") == ts


@pytest.mark.parametrize(
    ("text", "ts"),
    [
        ("2024-01-01T00:00:00Z", MONDAY),
        ("2024-01-01T00:00:00.5Z", MONDAY + 500_000_000),
        ("2024-01-01T00:00:00.123456789Z", MONDAY + 123_456_789),
        ("2023-12-31T23:59:59.999Z", MONDAY - 1_000_000),
    ],
)
def test_a_time_is_read_to_the_nanosecond(text, ts):
    assert fields.moment({"x": text}, "x") == ts


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-01T00:00:00.000", "2024-01-01T00:00:00.000+01:00", "2024-01-01 00:00:00Z", "1704067200000",
        "2024-02-30T00:00:00.000Z", "2016-12-31T23:59:60.000Z", "1970-01-01T00:00:00.000Z", "9999-01-01T00:00:00.000Z",
        "2024-01-01T25:00:00.000Z", "\uff12\uff1024-01-01T00:00:00Z", "2024-01-01T00:00:00.0000000000Z",
    ],
)  # fmt: skip
def test_f25_no_time_is_guessed(text):
    with pytest.raises(FieldError, match=r"^x must be a time"):
        fields.moment({"x": text}, "x")


def test_an_interval_is_a_time_on_the_first_day_of_2000():
    assert fields.interval({"x": "2000-01-01T08:00:00.000Z"}, "x") == 8 * HOUR
    assert fields.interval({"x": "2000-01-02T00:00:00.000Z"}, "x") == DAY
    with pytest.raises(FieldError, match="above zero"):
        fields.interval({"x": "2000-01-01T00:00:00.000Z"}, "x")
