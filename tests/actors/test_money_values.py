"""Values and fees are the exact formula, rounded once, for every kind and both roundings, alone and in columns."""

from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.money.values import Arithmetic
from messages import Instrument, Kind, ValueRounding


def an_instrument(**changes):
    return Instrument(
        **{"symbol": "XBTUSD", "kind": Kind.INVERSE, "tick_size": Decimal("0.5"), "currency": "XBT"} | changes
    )


instruments = st.builds(
    an_instrument,
    kind=st.sampled_from(Kind),
    tick_size=st.sampled_from([Decimal(text) for text in ("0.5", "0.2", "0.01", "2.5", "1", "0.00000001", "25")]),
    lot_size=st.sampled_from([Decimal(text) for text in ("1", "100", "0.001")]),
    multiplier=st.sampled_from([Decimal(text) for text in ("1", "300", "0.000001", "10", "0.3")]),
    currency=st.sampled_from(["XBT", "USD", "USDT", "ETH", "JPY"]),
    value_rounding=st.sampled_from(ValueRounding),
)
tick_counts = st.integers(1, 10**7)
lot_counts = st.integers(-(10**6), 10**6)
rates = st.decimals(Decimal("-0.01"), Decimal("0.01"), places=6)


def half_away(exact: Fraction) -> int:
    """By decimal's own ROUND_HALF_UP, in a context wide enough to tell a half from anything else."""
    with localcontext() as context:
        context.prec = 200
        return int((Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(Decimal(1), ROUND_HALF_UP))


def exact_value(instrument, lots, ticks):
    """The formula of the design, in fractions and minor units."""
    price = Fraction(instrument.tick_size) * ticks
    contracts = lots * Fraction(instrument.lot_size)
    face = contracts * Fraction(instrument.multiplier)
    value = -face / price if instrument.kind is Kind.INVERSE else face * price
    return value * Fraction(10) ** instrument.minor_digits


def oracle_value(instrument, lots, ticks):
    if instrument.value_rounding is ValueRounding.PER_LOT:
        return half_away(exact_value(instrument, 1, ticks)) * lots
    return half_away(exact_value(instrument, lots, ticks))


def oracle_fee(instrument, lots, ticks, rate):
    if instrument.value_rounding is ValueRounding.PER_LOT:
        return half_away(Fraction(rate) * abs(oracle_value(instrument, lots, ticks)))
    return half_away(Fraction(rate) * abs(exact_value(instrument, lots, ticks)))


def price_of(instrument, ticks):
    return float(str(instrument.tick_size * ticks))


@given(instruments, lot_counts, tick_counts)
def test_a_value_is_the_exact_formula_rounded_as_the_instrument_says(instrument, lots, ticks):
    value = Arithmetic(instrument).value_minor(lots, price_of(instrument, ticks))

    assert value == oracle_value(instrument, lots, ticks)


@given(instruments, lot_counts, tick_counts, rates)
def test_a_fee_is_the_rate_on_the_exact_value_rounded_once(instrument, lots, ticks, rate):
    arithmetic, price = Arithmetic(instrument), price_of(instrument, ticks)

    assert arithmetic.fee_minor(lots, price, rate) == oracle_fee(instrument, lots, ticks, rate)
    assert arithmetic.fee_minor(lots, price, Fraction(rate)) == oracle_fee(instrument, lots, ticks, rate)


@given(instruments, st.lists(st.tuples(lot_counts, tick_counts), max_size=20))
def test_columns_give_the_same_integers_as_single_values(instrument, pairs):
    lots = [lots for lots, _ in pairs]
    prices = [price_of(instrument, ticks) for _, ticks in pairs]
    expected = [oracle_value(instrument, lots, ticks) for lots, ticks in pairs]

    if all(abs(value) < 2**63 for value in expected):
        values = Arithmetic(instrument).values_minor(np.array(lots, dtype=np.int64), np.array(prices))

        assert values.dtype == np.int64
        assert values.tolist() == expected


def test_columns_whose_products_pass_64_bits_are_still_exact():
    instrument = an_instrument(multiplier=Decimal(100), tick_size=Decimal("0.1"), currency="BTC")
    lots = np.array([10**9, -(10**9), 10**9 + 1])

    values = Arithmetic(instrument).values_minor(lots, np.array([3.3, 7.7, 64321.1]))

    assert values.tolist() == [oracle_value(instrument, int(n), t) for n, t in zip(lots, (33, 77, 643211), strict=True)]


def test_a_value_beyond_64_bits_is_an_error_and_not_another_number():
    with pytest.raises(OverflowError, match="XBTUSD does not fit 64 bits"):
        Arithmetic(an_instrument(kind=Kind.LINEAR)).values_minor(np.array([10**12]), np.array([1e6]))


@pytest.mark.parametrize(
    ("changes", "lots", "price", "expected"),
    [
        # 1e8 / 10000.5 = 9999.50002... per contract.
        ({"value_rounding": ValueRounding.PER_LOT}, 100, 10000.5, -1_000_000),
        ({}, 100, 10000.5, -999_950),
        # 3 x 1e8 / 8 = 37500000; a short position's value is positive.
        ({}, -3, 8.0, 37_500_000),
        # 0.5 fen and 1.5 fen go away from zero on both sides.
        ({"kind": Kind.LINEAR, "currency": "CNY", "multiplier": Decimal("0.01")}, 1, 0.5, 1),
        ({"kind": Kind.LINEAR, "currency": "CNY", "multiplier": Decimal("0.01")}, -1, 1.5, -2),
        (
            {"kind": Kind.LINEAR, "currency": "CNY", "multiplier": Decimal(300), "tick_size": Decimal("0.2")},
            2, 4039.8, 242_388_000,
        ),
        # ETHUSD on BitMEX: 0.000001 XBT per USD of price = 100 satoshi.
        ({"kind": Kind.QUANTO, "multiplier": Decimal("0.000001"), "tick_size": Decimal("0.05")}, 7, 210.35, 147_245),
    ],
)  # fmt: skip
def test_values_worked_out_by_hand(changes, lots, price, expected):
    assert Arithmetic(an_instrument(**changes)).value_minor(lots, price) == expected


@given(instruments, st.integers(1, 1000), tick_counts, st.integers(1, 10**5))
def test_buying_low_and_selling_high_never_loses(instrument, lots, ticks, rise):
    arithmetic = Arithmetic(instrument)
    bought = arithmetic.value_minor(lots, price_of(instrument, ticks))
    sold = arithmetic.value_minor(-lots, price_of(instrument, ticks + rise))

    assert -(bought + sold) >= 0


def test_a_negative_rate_is_a_rebate():
    arithmetic = Arithmetic(an_instrument())

    assert arithmetic.fee_minor(-1000, 10000.0, Decimal("-0.00025")) == -2500


def test_the_fee_is_taken_from_the_value_before_rounding():
    # 3 lots of 0.5 minor each: the exact value is 1.5, rounded it is 2; half of it is 0.75 or 1.
    halves = {"kind": Kind.LINEAR, "currency": "JPY", "tick_size": Decimal("0.5")}
    exact = Arithmetic(an_instrument(**halves))
    per_lot = Arithmetic(an_instrument(**halves, value_rounding=ValueRounding.PER_LOT))

    assert exact.fee_minor(3, 0.5, Decimal("0.3")) == 0
    assert per_lot.fee_minor(3, 0.5, Decimal("0.3")) == 1


any_prices = st.decimals("0.0001", "1000000", places=4).map(float)


@given(instruments, lot_counts, any_prices, rates)
def test_a_price_between_two_ticks_can_be_valued_as_the_decimal_that_it_is(instrument, lots, price, rate):
    arithmetic, ticks = Arithmetic(instrument), Fraction(str(price)) / Fraction(instrument.tick_size)

    assert arithmetic.exact_value_minor(lots, price) == oracle_value(instrument, lots, ticks)
    assert arithmetic.exact_fee_minor(lots, price, rate) == oracle_fee(instrument, lots, ticks, rate)


@given(instruments, lot_counts, tick_counts, rates)
def test_on_the_grid_the_exact_price_gives_the_same_integers(instrument, lots, ticks, rate):
    arithmetic, price = Arithmetic(instrument), price_of(instrument, ticks)

    assert arithmetic.exact_value_minor(lots, price) == arithmetic.value_minor(lots, price)
    assert arithmetic.exact_fee_minor(lots, price, rate) == arithmetic.fee_minor(lots, price, rate)


def test_a_float_beside_the_grid_counts_as_its_nearest_tick():
    arithmetic = Arithmetic(an_instrument())

    assert arithmetic.value_minor(10, 10000.1) == arithmetic.value_minor(10, 10000.0)


def test_an_inverse_contract_has_no_value_at_no_price():
    arithmetic = Arithmetic(an_instrument())

    with pytest.raises(ValueError, match=r"XBTUSD is inverse and has no value at 0\.1"):
        arithmetic.value_minor(1, 0.1)
    with pytest.raises(ValueError, match=r"has no value at 0\.1"):
        arithmetic.fee_minor(1, 0.1, Decimal(0))
    with pytest.raises(ValueError, match=r"has no value at 0\.0"):
        arithmetic.values_minor(np.array([1, 1]), np.array([10.0, 0.1]))
    with pytest.raises(ValueError, match=r"has no value at 0\.0"):
        arithmetic.exact_value_minor(1, 0.0)


def test_the_value_of_a_point_is_constant_for_linear_and_the_slope_for_inverse():
    linear = Arithmetic(an_instrument(kind=Kind.LINEAR, currency="CNY", multiplier=Decimal(300)))
    inverse = Arithmetic(an_instrument())

    assert linear.point_value_minor(4000.0) == linear.point_value_minor(1.0) == 30_000
    assert inverse.point_value_minor(10_000.0) == pytest.approx(1.0)


def test_columns_of_no_length_have_no_values():
    assert Arithmetic(an_instrument()).values_minor(np.array([], dtype=np.int64), np.array([])).tolist() == []
