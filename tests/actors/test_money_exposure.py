"""Exposure, leverage and turnover agree with tables worked out by hand and with a plain walk over the samples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.money.exposure import exposure_of
from actors.money.rows import FillRow
from messages import Liquidity
from tests.builders import DAY, MONDAY, an_instrument

LINEAR = {"XBTUSD": an_instrument(), "ETHUSD": an_instrument("ETHUSD")}


def _row(day, lots, price=100.0, *, symbol="XBTUSD", strategy="trend", liquidity=Liquidity.TAKER):
    return FillRow(
        ts=MONDAY + day * DAY, account="main", currency="USD", strategy=strategy, symbol=symbol, client_id="c",
        execution_id="e", lots=lots, price=price, liquidity=liquidity, value_minor=round(lots * price * 100),
        fee_minor=0, realised_minor=0, position_lots=0,
    )  # fmt: skip


def _closes(**prices):
    return {
        symbol: (MONDAY + DAY * np.arange(1, len(its) + 1), np.array(its, dtype=float))
        for symbol, its in prices.items()
    }


def _days(count):
    return MONDAY + DAY * np.arange(1, count + 1)


def test_a_table_worked_out_by_hand():
    """Long 2 on days 1 and 2, short 1 on day 4, of 1,000 USD each day."""
    rows = [_row(0, 2), _row(2.5, -2), _row(3.5, -1)]
    equity = np.full(5, 100_000)

    found = exposure_of(_days(5), equity, rows, _closes(XBTUSD=(100, 110, 90, 80, 70)), LINEAR)

    assert found.exposure == 4 / 5
    assert found.average_leverage == pytest.approx((200 + 220 + 0 + 80 + 70) / 1000 / 5)
    assert found.turnover == pytest.approx(500 / 1000)
    assert found.turnover_year == pytest.approx(0.5 * 365 / 4)


def test_strategies_that_offset_each_other_are_no_position_and_their_crossing_no_turnover():
    rows = [_row(0, 1, liquidity=Liquidity.INTERNAL), _row(0, -1, strategy="other", liquidity=Liquidity.INTERNAL)]

    found = exposure_of(_days(2), np.full(2, 100), rows, _closes(XBTUSD=(100, 100)), LINEAR)

    assert (found.exposure, found.average_leverage, found.turnover) == (0, 0, 0)


def test_opposite_positions_in_two_symbols_do_not_offset():
    rows = [_row(0, 1), _row(0, -1, symbol="ETHUSD")]

    found = exposure_of(_days(1), np.array([10_000]), rows, _closes(XBTUSD=(100,), ETHUSD=(50,)), LINEAR)

    assert found.average_leverage == pytest.approx(1.5)
    assert found.turnover_year is None


def test_without_samples_or_equity_nothing_is_claimed():
    nothing = exposure_of(np.zeros(0, np.int64), np.zeros(0, np.int64), [], {}, LINEAR)
    broke = exposure_of(_days(2), np.array([-5, 0]), [_row(0, 1)], _closes(XBTUSD=(100, 100)), LINEAR)

    assert (nothing.exposure, nothing.turnover) == (None, None)
    assert (broke.exposure, broke.average_leverage, broke.turnover) == (1, None, None)


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(-3, 3).filter(bool)), max_size=12),
    st.lists(st.integers(-100, 100), min_size=1, max_size=10),
)
def test_it_is_what_a_plain_walk_finds(fills, levels):
    rows = [_row(day, lots) for day, lots in sorted(fills)]
    closes = [100 + day for day in range(len(levels))]
    open_days, ratios = 0, []
    for day, level in enumerate(levels, start=1):
        net = sum(lots for when, lots in fills if when <= day)
        open_days += net != 0
        if level > 0:
            ratios.append(abs(net) * closes[day - 1] * 100 / level)

    found = exposure_of(_days(len(levels)), np.array(levels), rows, _closes(XBTUSD=closes), LINEAR)

    assert found.exposure == open_days / len(levels)
    assert found.average_leverage == (pytest.approx(sum(ratios) / len(ratios)) if ratios else None)
