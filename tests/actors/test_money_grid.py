"""Prices go to whole ticks and back without losing a bit, and the grid of unknown data is found."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.money.grid import PriceGrid, infer_tick_size
from messages import Instrument, Kind

TICK_SIZES = [Decimal(text) for text in ("0.5", "0.2", "0.01", "0.05", "2.5", "1", "25", "0.00000001", "0.03125")]


def a_grid(tick_size="0.5"):
    return PriceGrid(
        Instrument(symbol="XBTUSD", kind=Kind.INVERSE, tick_size=Decimal(tick_size), currency="XBT"),
    )


@given(st.sampled_from(TICK_SIZES), st.integers(-(10**9), 10**12))
def test_a_price_on_the_grid_survives_the_way_to_ticks_and_back(tick_size, ticks):
    grid = a_grid(tick_size)
    price = float(str(tick_size * ticks))

    assert grid.to_ticks(price) == ticks
    assert grid.to_price(ticks) == price
    assert grid.on_grid(price)
    assert grid.round_nearest(price) == price
    assert grid.round_away(price, 1) == grid.round_away(price, -1) == price


@given(st.sampled_from(TICK_SIZES), st.floats(0.001, 1e6))
def test_any_price_goes_to_the_nearest_tick(tick_size, price):
    ticks = a_grid(tick_size).to_ticks(price)

    distance = abs(Fraction(price) / Fraction(tick_size) - ticks)
    # Where a tick is hardly more than floats of that size tell apart, their noise is counted in ticks too.
    noise = Fraction(math.ulp(price)) / Fraction(tick_size)
    assert distance <= Fraction(1, 2) + max(Fraction(1, 10**3), 2 * noise)


@given(st.sampled_from(TICK_SIZES), st.lists(st.floats(0.001, 1e6), max_size=30))
def test_a_column_of_prices_goes_to_the_same_ticks_as_each_price_alone(tick_size, prices):
    grid = a_grid(tick_size)

    assert grid.to_ticks_array(np.array(prices)).tolist() == [grid.to_ticks(price) for price in prices]


@given(st.sampled_from(TICK_SIZES[:7]), st.floats(1, 1e5))
def test_rounding_away_never_gives_a_trader_a_better_price_and_costs_less_than_a_tick(tick_size, price):
    grid = a_grid(tick_size)
    noise = 8 * math.ulp(price)

    assert price - noise <= grid.round_away(price, 3) <= price + float(tick_size) + noise
    assert price - float(tick_size) - noise <= grid.round_away(price, -3) <= price + noise
    assert grid.on_grid(grid.round_away(price, 3))


@pytest.mark.parametrize(("price", "buyer", "seller"), [(100.3, 100.5, 100.0), (100.2, 100.5, 100.0)])
def test_rounding_away_moves_up_for_a_buyer_and_down_for_a_seller(price, buyer, seller):
    assert (a_grid().round_away(price, 1), a_grid().round_away(price, -1)) == (buyer, seller)


@pytest.mark.parametrize("price", [100.25, 100.499, 100.5 + 1e-6, math.nan, math.inf])
def test_a_price_beside_the_grid_is_not_on_it(price):
    assert not a_grid().on_grid(price)


def test_the_noise_of_float_arithmetic_does_not_take_a_price_off_the_grid():
    assert 4039.6 + 0.2 + 0.2 + 0.2 != 4040.2
    assert a_grid("0.2").on_grid(4039.6 + 0.2 + 0.2 + 0.2)


@pytest.mark.parametrize("price", [math.nan, math.inf, 1e300])
def test_a_column_with_a_price_that_has_no_tick_is_refused(price):
    with pytest.raises(ValueError, match=r"finite and below 2\*\*63 ticks"):
        a_grid().to_ticks_array(np.array([1.0, price]))


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ("4039.8 4041.2 4038.0 4040.6", "0.2"),
        ("10000.5 10001 9999.5", "0.5"),
        ("0.00001234 0.00001235", "0.00000001"),
        ("237.45 237.05 236.08", "0.01"),
        ("17.5 20 22.5", "2.5"),
        ("1.25 1.5 2", "0.25"),
        ("7000 12000", "1000"),
        ("5000 10000", "5000"),
        ("123456.7 0.1", "0.1"),
        ("0.0000000001 0.0000000003", "0.0000000001"),
    ],
)
def test_the_coarsest_grid_that_fits_all_prices_is_found(texts, expected):
    assert infer_tick_size(np.array([float(text) for text in texts.split()])) == Decimal(expected)


@given(
    st.sampled_from(["0.00000001", "0.0005", "0.01", "0.025", "0.2", "0.5", "1", "25"]),
    st.lists(st.integers(1, 10**6), max_size=400),
)
def test_neighbouring_ticks_among_the_prices_give_the_grid_away(tick_size, ticks):
    prices = np.array([float(Decimal(tick_size) * n) for n in [*ticks, 999, 1000, 1001]])

    assert infer_tick_size(prices) == Decimal(tick_size)


def test_one_price_beside_the_grid_late_in_the_data_counts_as_much_as_any():
    prices = np.append(np.arange(1000, 3000, dtype=float), 1500.01)

    assert infer_tick_size(prices) == Decimal("0.01")


@pytest.mark.parametrize("prices", [[], [1.0, math.nan], [1 / 3, math.pi, math.e, 2**0.5], [1e6 / 3, 1e6 / 7, 1e6 / 9]])
def test_data_without_a_grid_is_an_error(prices):
    with pytest.raises(ValueError, match="no tick size can be inferred"):
        infer_tick_size(np.array(prices))
