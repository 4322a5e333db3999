"""Margins are the rate on the value, rounded up, and BitMEX's position rows are reproduced to the satoshi."""

from decimal import ROUND_CEILING, Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from actors.money.margin import (
    initial_margin_minor,
    maintenance_margin_minor,
    position_cross_minor,
    position_margin,
)

amounts = st.integers(-(10**15), 10**15)
rates = st.decimals(Decimal(0), Decimal(1), places=6)
fees = st.decimals(Decimal("-0.01"), Decimal("0.01"), places=6)


def rounded_up(exact):
    """By decimal's own ROUND_CEILING: amounts of 15 digits and rates of 6 places are exact in 28."""
    return int(exact.to_integral_value(ROUND_CEILING))


@given(amounts, rates)
def test_initial_margin_is_the_rate_on_the_size_of_the_value_rounded_up(value, rate):
    margin = initial_margin_minor(value, rate)

    assert margin == rounded_up(abs(Decimal(value)) * rate)
    assert margin == initial_margin_minor(-value, Fraction(rate))


@given(amounts, rates, fees)
def test_maintenance_is_its_rate_and_the_fee_of_closing_each_rounded_up_and_no_rebate(cost, rate, fee):
    size = abs(Decimal(cost))

    assert maintenance_margin_minor(cost, rate, fee) == rounded_up(size * rate) + max(0, rounded_up(size * fee))


@given(amounts, st.integers(0, 10**12), rates, rates)
def test_more_value_or_a_higher_rate_never_takes_less_margin(value, more, one, other):
    larger = abs(value) + more
    low, high = sorted((one, other))

    assert initial_margin_minor(value, low) <= initial_margin_minor(larger, low) <= initial_margin_minor(larger, high)
    assert maintenance_margin_minor(value, low, low) <= maintenance_margin_minor(larger, low, high)


def test_a_recorded_short_of_bitmex_is_reproduced():
    # Short 20 at 3349.5 with 10x. Of its posMaint 493 are the fee, 2986 are 0.5 % of the cost, and the rest is what
    # funding at its cap of 0.375 % comes to.
    margin = position_margin(
        lots=-20,
        cost_minor=597_100,
        initial=Fraction(1, 10),
        maintenance=Decimal("0.005"),
        taker_fee=Decimal("0.00075"),
        loss_minor=1042,
        funding_due_minor=2239,
    )

    assert (margin.init_minor, margin.comm_minor) == (59_710, 493)
    assert (margin.margin_minor, margin.maint_minor) == (59_161, 5_718)


def test_what_was_transferred_to_a_position_backs_it_and_raises_the_fee_kept():
    terms = {"lots": 10, "cost_minor": -1_000_000, "initial": Decimal("0.1"), "maintenance": Decimal("0.005")}
    margin = position_margin(**terms, taker_fee=Decimal("0.001"), cross_minor=50_000)

    assert (margin.comm_minor, margin.margin_minor, margin.maint_minor) == (1_150, 151_150, 6_150)


def test_a_cross_position_draws_what_it_has_lost_and_nothing_when_it_gains():
    assert position_cross_minor(1042, -300) == 1342
    assert position_cross_minor(1042, 5000) == 0
