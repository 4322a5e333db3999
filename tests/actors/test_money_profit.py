"""Profits, returns, average prices and slippage are differences of values, for every kind of contract."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.money.ledger import Book
from actors.money.profit import average_price, profit_minor, return_on_entry, slippage_minor
from actors.money.values import Arithmetic
from messages import Instrument, Kind, ValueRounding


def a_contract(kind=Kind.LINEAR, **changes):
    terms = {"symbol": "X", "kind": kind, "tick_size": Decimal("0.5"), "currency": "XBT"}
    return Arithmetic(Instrument(**terms | changes))


contracts = st.builds(
    a_contract,
    kind=st.sampled_from(Kind),
    multiplier=st.sampled_from([Decimal(text) for text in ("1", "300", "0.000001")]),
    currency=st.sampled_from(["XBT", "USD", "JPY"]),
    value_rounding=st.sampled_from(ValueRounding),
)
positions = st.integers(-(10**5), 10**5).filter(bool)
tick_counts = st.integers(1, 10**6)


def a_book(*fills):
    book = Book("main", "XBT", "a", "X")
    for lots, value in fills:
        book.apply(lots, value)
    return book


@given(contracts, positions, tick_counts, tick_counts)
def test_a_round_trip_makes_what_the_books_say_it_made(contract, lots, entry, out):
    book = a_book(
        (lots, contract.value_minor(lots, entry / 2)),
        (-lots, contract.value_minor(-lots, out / 2)),
    )

    assert profit_minor(contract, lots, entry / 2, out / 2) == book.realised_minor


@given(contracts, positions, tick_counts, tick_counts)
def test_a_long_gains_when_the_price_rises_and_a_short_gains_as_much_when_it_falls(contract, lots, entry, out):
    profit = profit_minor(contract, lots, entry / 2, out / 2)

    assert profit * lots * (out - entry) >= 0
    assert profit == -profit_minor(contract, -lots, entry / 2, out / 2)
    assert profit == -profit_minor(contract, lots, out / 2, entry / 2)


@pytest.mark.parametrize(
    ("kind", "lots", "profit", "share"),
    [
        # In yen: 10 x (120 - 100). In XBT: 1e8 x 10 x (1/100 - 1/120).
        (Kind.LINEAR, 10, 200, 0.2),
        (Kind.LINEAR, -10, -200, -0.2),
        (Kind.INVERSE, 10, 1_666_667, 1_666_667 / 1e7),
    ],
)
def test_profits_worked_out_by_hand(kind, lots, profit, share):
    contract = a_contract(kind, currency="XBT" if kind is Kind.INVERSE else "JPY")

    assert profit_minor(contract, lots, 100.0, 120.0) == profit
    assert return_on_entry(contract, lots, 100.0, 120.0) == pytest.approx(share)


def test_what_was_worth_nothing_has_no_return():
    contract = a_contract(currency="JPY", multiplier=Decimal("0.0001"))

    assert return_on_entry(contract, 1, 100.0, 120.0) is None


@pytest.mark.parametrize(
    ("kind", "average"),
    [
        # 10 lots at 100 and 30 at 200: the mean is 175, the harmonic one 40 / (10/100 + 30/200) = 160.
        (Kind.LINEAR, 175.0),
        (Kind.SPOT, 175.0),
        (Kind.INVERSE, 160.0),
    ],
)
def test_the_average_price_is_the_mean_and_for_inverse_the_harmonic_one(kind, average):
    contract = a_contract(kind)
    book = a_book((10, contract.value_minor(10, 100.0)), (30, contract.value_minor(30, 200.0)))

    assert average_price(contract, book) == pytest.approx(average)


@given(contracts, positions, tick_counts)
def test_a_position_of_one_fill_has_that_fills_price(contract, lots, ticks):
    value = contract.value_minor(lots, ticks / 2)
    rounding = abs(lots) if contract.instrument.value_rounding is ValueRounding.PER_LOT else 1

    average = average_price(contract, a_book((lots, value)))

    # As near as half a minor unit of each rounding allows, and a float.
    assert average is None if value == 0 else average == pytest.approx(ticks / 2, rel=max(rounding / abs(value), 1e-15))


def test_no_position_has_no_average_price():
    assert average_price(a_contract(), a_book()) is None


@given(contracts, positions, tick_counts, tick_counts)
def test_slippage_is_a_cost_where_the_fill_was_worse_for_its_side(contract, lots, decided, filled):
    slippage = slippage_minor(contract, lots, decided / 2, filled / 2)

    assert slippage * lots * (filled - decided) >= 0


def test_slippage_worked_out_by_hand():
    yen = a_contract(currency="JPY")

    assert slippage_minor(yen, 10, 100.0, 100.5) == 5
    assert slippage_minor(yen, -10, 100.0, 100.5) == -5
    # Bought 100 USD higher than decided: 1e10 / 10000 - 1e10 / 10050, the cost in satoshi.
    assert slippage_minor(a_contract(Kind.INVERSE), 100, 10_000.0, 10_050.0) == 1_000_000 - 995_025
