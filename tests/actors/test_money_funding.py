"""Funding goes from longs to shorts when the rate is above zero, and its parts add up to the minor unit."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.money.funding import funding_of, funding_times
from actors.money.values import Arithmetic
from messages import FundingPart, Instrument, Kind, ValueRounding
from tests.builders import DAY, HOUR, MONDAY


def a_contract(kind=Kind.LINEAR, **changes):
    terms = {"symbol": "X", "kind": kind, "tick_size": Decimal("0.5"), "currency": "XBT"}
    return Arithmetic(Instrument(**terms | changes))


contracts = st.builds(
    a_contract,
    kind=st.sampled_from([Kind.LINEAR, Kind.INVERSE, Kind.QUANTO]),
    multiplier=st.sampled_from([Decimal(text) for text in ("1", "300", "0.000001")]),
    currency=st.sampled_from(["XBT", "USD", "JPY"]),
    value_rounding=st.sampled_from(ValueRounding),
)
holdings = st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(-(10**5), 10**5), max_size=6)
tick_counts = st.integers(1, 10**6)
rates = st.decimals(Decimal("-0.01"), Decimal("0.01"), places=8).map(float)


def exact_amount(contract, lots, ticks, rate):
    """What `lots` receive, unrounded: minus direction x value x rate."""
    terms = contract.instrument
    face = Fraction(terms.lot_size) * Fraction(terms.multiplier) * 10**terms.minor_digits
    price = Fraction(terms.tick_size) * ticks
    lot = face / price if terms.kind is Kind.INVERSE else face * price
    if terms.value_rounding is ValueRounding.PER_LOT:
        lot = Fraction(int(lot + Fraction(1, 2)))
    return -lots * lot * Fraction(Decimal(str(rate)))


@given(contracts, holdings, tick_counts, rates)
def test_the_account_pays_for_its_net_position_rounded_once(contract, held, ticks, rate):
    amount, _ = funding_of(contract, held, ticks / 2, rate)

    exact = exact_amount(contract, sum(held.values()), ticks, rate)
    assert abs(amount - exact) <= Fraction(1, 2)
    # Halves go away from zero.
    assert abs(amount - exact) != Fraction(1, 2) or abs(amount) > abs(exact)


@given(contracts, holdings, tick_counts, rates)
def test_parts_add_up_and_each_is_its_strategys_amount_to_a_minor_unit(contract, held, ticks, rate):
    amount, parts = funding_of(contract, held, ticks / 2, rate)

    assert sum(part.amount_minor for part in parts) == amount
    assert [(part.strategy, part.lots) for part in parts] == sorted(
        (strategy, lots) for strategy, lots in held.items() if lots
    )
    assert all(abs(part.amount_minor - exact_amount(contract, part.lots, ticks, rate)) <= 1 for part in parts)


@given(contracts, st.integers(1, 10**5), tick_counts, rates)
def test_a_long_pays_what_a_short_receives(contract, lots, ticks, rate):
    long, _ = funding_of(contract, {"a": lots}, ticks / 2, rate)
    short, _ = funding_of(contract, {"a": -lots}, ticks / 2, rate)
    both, parts = funding_of(contract, {"a": lots, "b": -lots}, ticks / 2, rate)

    assert long == -short
    assert long * rate <= 0
    assert both == 0
    assert [part.amount_minor for part in parts] == [long, short]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        # 10 lots at 10000.0 in yen are 100,000; 1,000 USD of an inverse one 0.1 XBT.
        (Kind.LINEAR, -10),
        (Kind.INVERSE, -1_000),
    ],
)
def test_funding_worked_out_by_hand(kind, expected):
    contract = a_contract(kind, currency="JPY" if kind is Kind.LINEAR else "XBT")
    lots = 10 if kind is Kind.LINEAR else 1_000

    assert funding_of(contract, {"a": lots, "b": 0}, 10_000.0, 0.0001) == (
        expected,
        (FundingPart("a", lots, expected),),
    )


@given(contracts, holdings, st.decimals("0.01", "100000", places=4).map(float), rates)
def test_a_mark_between_two_ticks_counts_as_it_is(contract, held, mark, rate):
    amount, _ = funding_of(contract, held, mark, rate)

    ticks = Fraction(str(mark)) / Fraction(contract.instrument.tick_size)
    assert abs(amount - exact_amount(contract, sum(held.values()), ticks, rate)) <= Fraction(1, 2)


def test_parts_are_cumulative_in_order_of_strategy():
    # A lot receives 0.5: 0.5 -> 1, 1.0 -> 1, 1.5 -> 2.
    contract = a_contract(currency="JPY")

    amount, parts = funding_of(contract, {"c": 1, "a": 1, "b": 1}, 50.0, -0.01)

    assert amount == 2
    assert parts == (FundingPart("a", 1, 1), FundingPart("b", 1, 0), FundingPart("c", 1, 1))


def test_the_rate_is_the_decimal_that_is_written_and_not_its_float():
    # 0.035 x 100 = 3.5 exactly; the float is a little above, the one of 0.285 (28.5) a little below.
    contract = a_contract(currency="JPY")

    assert funding_of(contract, {"a": 1}, 100.0, 0.285)[0] == -29
    assert funding_of(contract, {"a": 1}, 100.0, 0.035)[0] == -4


def test_who_holds_nothing_pays_nothing():
    assert funding_of(a_contract(), {"a": 0}, 100.0, 0.01) == (0, ())
    assert funding_of(a_contract(), {}, 100.0, 0.01) == (0, ())


def clock(times):
    return [datetime.fromtimestamp(ts / 1e9, UTC).strftime("%d %H:%M") for ts in times]


def test_eight_hours_from_four_are_the_times_of_bitmex():
    times = funding_times(8 * HOUR, 4 * HOUR, MONDAY, MONDAY + DAY + 4 * HOUR)

    assert clock(times) == ["01 04:00", "01 12:00", "01 20:00", "02 04:00"]


def test_the_start_is_before_the_first_and_the_end_is_the_last():
    at = MONDAY + 4 * HOUR

    assert list(funding_times(8 * HOUR, 4 * HOUR, at, at)) == []
    assert list(funding_times(8 * HOUR, 4 * HOUR, at - 1, at)) == [at]
    assert list(funding_times(8 * HOUR, 4 * HOUR, at, at + 8 * HOUR - 1)) == []


@given(st.sampled_from([1, 4, 8, 24]), st.integers(0, 23), st.integers(0, 10**6), st.integers(0, 10**4))
def test_funding_falls_where_a_table_of_minutes_says(interval, at, start, length):
    """In minutes since a midnight: those whose distance from the first time is a whole number of intervals."""
    minute = HOUR // 60
    table = [t for t in range(start + 1, start + length + 1) if (t - at * 60) % (interval * 60) == 0]

    times = funding_times(interval * HOUR, at * HOUR, MONDAY + start * minute, MONDAY + (start + length) * minute)

    assert [(ts - MONDAY) // minute for ts in times] == table
