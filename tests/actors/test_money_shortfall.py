"""Execution is measured from the price of the decision: what was paid more, or received less, is a cost."""

import attrs
import pytest

from actors.money.shortfall import execution_rows
from messages import GaveUp, Kind, Liquidity
from tests.builders import MONDAY, a_fill, an_instrument, an_order

LINEAR = {"XBTUSD": an_instrument()}


def _rows(orders, fills=(), gave_up=(), instruments=LINEAR):
    return execution_rows(orders, fills, gave_up, instruments)


@pytest.mark.parametrize(
    ("lots", "price", "cost"), [(3, 101.0, 300), (3, 99.0, -300), (-3, 101.0, -300), (-3, 99.0, 300)]
)
def test_paying_more_or_receiving_less_than_at_the_decision_is_a_cost(lots, price, cost):
    order = an_order(lots, decision_price=100.0, algorithm="chase")

    (row,) = _rows([order], [a_fill(lots, order=order, price=price)])

    assert (row.algorithm, row.orders, row.lots_wanted, row.lots_filled) == ("chase", 1, 3, 3)
    assert row.shortfall_minor == cost
    assert row.shortfall_bp == pytest.approx(cost / 30_000 * 10_000)


def test_an_inverse_buy_at_a_higher_price_is_a_cost_too():
    """10 lots of 1 USD in XBT: 10/100 - 10/200 = 0.05 XBT."""
    order = an_order(10, decision_price=100.0)
    contract = an_instrument(kind=Kind.INVERSE, currency="XBT")
    fill = attrs.evolve(
        a_fill(10, order=order, price=200.0), currency="XBT", value_minor=-5_000_000,
        parts=(attrs.evolve(a_fill(10).parts[0], value_minor=-5_000_000),),
    )  # fmt: skip

    (row,) = _rows([order], [fill], instruments={"XBTUSD": contract})

    assert row.shortfall_minor == 5_000_000
    assert row.shortfall_bp == pytest.approx(5000)


def test_partial_fills_add_up_and_fees_stand_beside():
    order = an_order(5, decision_price=100.0)
    fills = [
        a_fill(2, order=order, price=101.0, execution_id="a", fee_minor=7),
        a_fill(1, order=order, price=99.0, execution_id="b", fee_minor=-2),
    ]

    (row,) = _rows([order], fills)

    assert (row.lots_wanted, row.lots_filled, row.shortfall_minor, row.fees_minor) == (5, 3, 100, 5)


def test_algorithms_are_told_apart():
    twap, own = an_order(1, client_id="a-1", algorithm="twap"), an_order(1, client_id="a-2", algorithm="own")

    assert [row.algorithm for row in _rows([twap, own])] == ["own", "twap"]


def test_without_a_price_of_decision_nothing_is_claimed():
    order = an_order(1)

    (row,) = _rows([order], [a_fill(1, order=order)])

    assert (row.shortfall_minor, row.shortfall_bp, row.lots_filled) == (None, None, 1)


def test_crossings_stand_under_their_own_name_with_both_sides():
    buy = attrs.evolve(a_fill(3, execution_id="i1"), client_id="x", liquidity=Liquidity.INTERNAL)
    sell = attrs.evolve(a_fill(-3, execution_id="i2"), client_id="x", liquidity=Liquidity.INTERNAL)

    (row,) = _rows([], [buy, sell])

    assert (row.algorithm, row.orders, row.lots_wanted, row.lots_filled, row.fees_minor) == ("internal", 0, 6, 6, 0)
    assert row.shortfall_minor is None


@pytest.mark.parametrize("liquidity", [Liquidity.LIQUIDATION, Liquidity.SETTLEMENT])
def test_what_nobody_decided_is_no_execution(liquidity):
    fill = attrs.evolve(a_fill(3), client_id="liquidation-1", liquidity=liquidity)

    assert _rows([], [fill]) == ()


def test_a_fill_of_an_order_that_nobody_asked_for_is_not_lost():
    (row,) = _rows([], [a_fill(3, fee_minor=4)])

    assert (row.algorithm, row.orders, row.lots_filled, row.fees_minor) == ("unknown", 0, 3, 4)


def test_lots_that_were_given_up_are_counted_without_signs():
    given = [
        GaveUp(account="main", strategy="trend", symbol="XBTUSD", algorithm="chase", lots=lots, ts=MONDAY)
        for lots in (-2, 5)
    ]

    (row,) = _rows([], gave_up=given)

    assert (row.algorithm, row.orders, row.gave_up_lots) == ("chase", 0, 7)
