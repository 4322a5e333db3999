"""Liquidation and bankruptcy prices are where the fill's own integers say, for every kind and both roundings."""

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from actors.money.liquidation import (
    TICKS_MAX,
    bankruptcy_price,
    is_liquidated,
    isolated_inverse_prices,
    liquidation_price,
    price_of_value,
    watch_price,
)
from actors.money.margin import position_margin
from actors.money.values import Arithmetic
from messages import Instrument, Kind, ValueRounding


def a_contract(kind=Kind.LINEAR, **changes):
    terms = {"symbol": "X", "kind": kind, "tick_size": Decimal("0.5"), "currency": "XBT"}
    return Arithmetic(Instrument(**terms | changes))


contracts = st.builds(
    a_contract,
    kind=st.sampled_from(Kind),
    tick_size=st.sampled_from([Decimal(text) for text in ("0.5", "0.2", "0.01", "2.5", "0.00000001", "25")]),
    lot_size=st.sampled_from([Decimal(text) for text in ("1", "100", "0.001")]),
    multiplier=st.sampled_from([Decimal(text) for text in ("1", "300", "0.000001", "0.3")]),
    currency=st.sampled_from(["XBT", "USD", "USDT", "JPY"]),
    value_rounding=st.sampled_from(ValueRounding),
)
positions = st.integers(-(10**6), 10**6).filter(bool)
tick_counts = st.integers(1, 10**7)
balances = st.integers(-(10**14), 10**14)
fees = st.sampled_from([Decimal(text) for text in ("0", "0.00075", "0.0005", "-0.00025")])


def half_away(exact):
    return int(math.copysign(math.floor(abs(exact) + Fraction(1, 2)), exact))


def oracle_value(contract, lots, ticks):
    """The formula of the conventions, in fractions."""
    terms = contract.instrument
    point = Fraction(terms.lot_size) * Fraction(terms.multiplier) * 10**terms.minor_digits
    price = Fraction(terms.tick_size) * ticks
    lot = -point / price if terms.kind is Kind.INVERSE else point * price
    return lots * half_away(lot) if terms.value_rounding is ValueRounding.PER_LOT else half_away(lots * lot)


def left_after_closing(contract, lots, ticks, balance, rate):
    price = float(contract.instrument.tick_size * ticks)
    return balance + oracle_value(contract, lots, ticks) - contract.fee_minor(lots, price, rate)


def ticks_of(contract, price):
    return round(Fraction(price) / Fraction(contract.instrument.tick_size))


@given(contracts, positions, tick_counts)
def test_the_price_of_a_value_is_the_price_that_it_came_from(contract, lots, ticks):
    terms = contract.instrument
    point = Fraction(terms.lot_size) * Fraction(terms.multiplier) * 10**terms.minor_digits
    price = Fraction(terms.tick_size) * ticks
    value = -lots * point / price if terms.kind is Kind.INVERSE else lots * point * price

    assert price_of_value(contract, lots, float(value)) == pytest.approx(float(price), rel=1e-12)
    assert price_of_value(contract, -lots, float(value)) is None


@pytest.mark.parametrize("kind", Kind)
def test_nothing_has_no_price(kind):
    assert price_of_value(a_contract(kind), 5, 0) is None
    assert price_of_value(a_contract(kind), 0, 5) is None


@given(contracts, positions, balances, fees)
def test_closing_at_the_bankruptcy_price_leaves_enough_and_one_tick_further_does_not(contract, lots, balance, rate):
    price = bankruptcy_price(contract, lots, balance, rate)

    further = -1 if lots > 0 else 1
    if price is None:
        ends = [left_after_closing(contract, lots, ticks, balance, rate) >= 0 for ticks in (1, TICKS_MAX)]
        assert ends != [lots < 0, lots > 0]
    else:
        ticks = ticks_of(contract, price)
        assert left_after_closing(contract, lots, ticks, balance, rate) >= 0
        assert left_after_closing(contract, lots, ticks + further, balance, rate) < 0


@given(contracts, positions, st.integers(100, 10**6), st.floats(0.01, 0.9), fees)
def test_a_leveraged_position_goes_bankrupt_on_its_adverse_side_after_losing_its_margin(
    contract, lots, entry_ticks, share, rate
):
    """Bought or sold at an entry with a share of its value as cash: the closed form of each kind, without rounding."""
    entry = Fraction(contract.instrument.tick_size) * entry_ticks
    cost = oracle_value(contract, lots, entry_ticks)
    cash = int(abs(cost) * share)
    # Only where rounding is small against the value, which per lot it need not be.
    assume(abs(oracle_value(contract, 1, entry_ticks)) > 10**6)

    price = bankruptcy_price(contract, lots, cash - cost, rate)

    side, part = (1 if lots > 0 else -1), Fraction(cash, abs(cost))
    fee = Fraction(rate)
    if contract.instrument.kind is Kind.INVERSE:
        exact = entry * (1 + side * fee) / (1 + side * part)
    else:
        exact = entry * (1 - side * part) / (1 - side * fee)
    assert price is not None
    # Rounded to a tick, and rounding of values counts for a millionth.
    assert abs(Fraction(price) - exact) <= Fraction(contract.instrument.tick_size) + exact * Fraction(1, 10**4)


def test_a_long_that_is_paid_for_has_no_bankruptcy_price_and_neither_has_an_inverse_short_without_leverage():
    assert bankruptcy_price(a_contract(), 10, 0, Decimal(0)) is None
    assert bankruptcy_price(a_contract(Kind.INVERSE), -10, 0, Decimal("0.00075")) is None


def test_a_position_that_others_have_ruined_has_no_bankruptcy_price():
    assert bankruptcy_price(a_contract(), -10, -1, Decimal(0)) is None
    assert bankruptcy_price(a_contract(Kind.INVERSE), 10, -1, Decimal(0)) is None


def test_a_bankruptcy_price_worked_out_by_hand():
    # 2 lots bought for 200 with 20 of cash, in yen: 2 p - 0.01 x 2 p >= 180 from 90.909 on, 91.0 on the grid.
    yen = a_contract(currency="JPY")

    assert bankruptcy_price(yen, 2, 20 - 200, Decimal(0)) == 90.0
    assert bankruptcy_price(yen, 2, 20 - 200, Decimal("0.01")) == 91.0
    # Sold: 2 p + 0.02 p <= 220 up to 108.91, but at 109.0 the fee of 2.18 is 2, and exactly nothing is left.
    assert bankruptcy_price(yen, -2, 20 + 200, Decimal("0.01")) == 109.0


@pytest.mark.parametrize(
    ("left", "maintenance", "gone"),
    [(10, 11, True), (11, 11, False), (1, 0, False), (0, 0, True), (-5, 0, True), (-5, 3, True)],
)
def test_it_is_liquidated_below_its_maintenance_or_without_one_when_nothing_is_left(left, maintenance, gone):
    assert is_liquidated(left, maintenance) == gone


def test_the_liquidation_price_is_where_balance_and_value_are_the_maintenance():
    yen, inverse = a_contract(currency="JPY"), a_contract(Kind.INVERSE)

    # 2 p - 180 = 5; 220 - 2 p = 5.
    assert liquidation_price(yen, 2, -180, 5) == 92.5
    assert liquidation_price(yen, -2, 220, 5) == 107.5
    # 100 USD long from 10000 are -1,000,000; with 100,000 of cash and 5,000 to keep: 1e10 / 1,095,000.
    assert liquidation_price(inverse, 100, 1_100_000, 5_000) == pytest.approx(1e10 / 1_095_000)
    assert liquidation_price(inverse, -100, 0, 5_000) == pytest.approx(1e10 / 5_000)
    assert liquidation_price(yen, 2, 5, 5) is None


@given(contracts, positions, tick_counts, balances, st.integers(0, 10**9), st.floats(-0.5, 0.5))
def test_on_the_safe_side_of_the_watch_price_nobody_is_liquidated(
    contract, lots, ticks, balance, maintenance, beside_the_grid
):
    price = float(contract.instrument.tick_size) * (ticks + beside_the_grid)
    assume(price > float(contract.instrument.tick_size))

    watched = watch_price(contract, lots, balance, maintenance)

    if (price > watched) if lots > 0 else (price < watched):
        left = balance + oracle_value(contract, lots, round(Fraction(price) / Fraction(contract.instrument.tick_size)))
        assert left >= maintenance
        assert left > 0 or maintenance


@given(contracts, positions, tick_counts, st.integers(0, 10**9), st.integers(-4, 4))
def test_near_the_liquidation_price_the_watch_price_misses_nothing_and_is_near(
    contract, lots, ticks, maintenance, beside
):
    balance = maintenance - oracle_value(contract, lots, ticks)
    at = ticks + beside
    assume(at > 0)
    price = float(contract.instrument.tick_size * at)

    watched = watch_price(contract, lots, balance, maintenance)

    left = balance + oracle_value(contract, lots, at)
    if left < maintenance or (maintenance == 0 and left <= 0):
        assert price <= watched if lots > 0 else price >= watched


@pytest.mark.parametrize(
    ("kind", "lots", "balance", "watched"),
    [
        # Paid for: never. Ruined by others: always.
        (Kind.LINEAR, 10, 1000, 0.0),
        (Kind.LINEAR, -10, -1000, 0.0),
        (Kind.INVERSE, 10, -1000, math.inf),
        (Kind.INVERSE, -10, 1000, math.inf),
    ],
)
def test_where_no_price_is_to_be_watched_all_are_or_none_is(kind, lots, balance, watched):
    assert watch_price(a_contract(kind), lots, balance, 10) == watched


def test_the_watch_price_is_half_a_minor_unit_and_a_tick_before_the_liquidation_price():
    yen = a_contract(currency="JPY")

    assert watch_price(yen, 2, -180, 5) == 92.75 + 0.5
    assert watch_price(yen, -2, 220, 5) == 107.25 - 0.5


def isolated(lots, entry, leverage, maintenance, **changes):
    contract = a_contract(Kind.INVERSE, value_rounding=ValueRounding.PER_LOT)
    margin = position_margin(
        lots=lots,
        cost_minor=-lots * round(1e8 / entry),
        initial=1 / Fraction(leverage),
        maintenance=Decimal(maintenance),
        **{"taker_fee": Decimal(0)} | changes,
    )
    return isolated_inverse_prices(contract, margin)


def test_the_prices_of_a_recorded_short_of_bitmex_are_reproduced():
    prices = isolated(-20, 3349.5, 10, "0.005", taker_fee=Decimal("0.00075"), loss_minor=1042, funding_due_minor=2239)

    assert (prices.bankruptcy, prices.liquidation) == (3714.0, 3678.5)


@given(
    st.sampled_from([1, -1]),
    st.integers(10**3, 10**6),
    st.integers(2_000, 200_000),
    st.integers(2, 100),
    st.sampled_from(["0.005", "0.0035", "0"]),
)
def test_isolated_prices_are_the_closed_forms_rounded_away_from_danger(side, lots, entry_ticks, leverage, maintenance):
    entry, keep = entry_ticks / 2, float(maintenance)

    prices = isolated(side * lots, entry, leverage, maintenance)

    # One tick, and the satoshi of a lot's cost and of each floor, as parts of what a lot is worth.
    for price, closed in [
        (prices.bankruptcy, entry / (1 + side / leverage)),
        (prices.liquidation, entry / (1 + side * (1 / leverage - keep))),
    ]:
        assert abs(price - closed) <= 0.5 + 2.5 * closed * closed / 1e8


def test_a_short_that_is_backed_in_full_has_no_isolated_prices_and_a_long_has():
    short, long = isolated(-100, 5000.0, 1, "0.005"), isolated(100, 5000.0, 1, "0.005")

    assert (short.bankruptcy, long.bankruptcy) == (None, 2500.0)
    # 20,000 satoshi a contract, and 19,900 to lose: the price may fall to 1e8 / 39,900 = 2506.27, up to the tick.
    assert long.liquidation == 2506.5


def test_isolated_prices_are_of_inverse_contracts_only():
    margin = position_margin(
        lots=1, cost_minor=100, initial=Decimal("0.1"), maintenance=Decimal("0.005"), taker_fee=Decimal(0)
    )

    with pytest.raises(ValueError, match="X is not inverse"):
        isolated_inverse_prices(a_contract(), margin)
