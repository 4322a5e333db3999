"""A result tells each account by itself, and by which conventions it was computed."""

from decimal import Decimal

import numpy as np
import pytest

from actors import TradingSystem
from actors.columns import BarColumns
from actors.recorder import Recorder
from actors.strategies import BuyAndHold
from actors.strategy_entry import StrategyEntry
from messages import PositionAdjusted, TradingState, TradingStateChanged
from tests.builders import MINUTE, MONDAY, an_instrument


def _bars(symbol, count=5):
    opens = MONDAY + MINUTE * np.arange(count)
    prices = 100.0 + np.arange(count)
    return BarColumns(
        symbol=symbol, period=MINUTE, open_ts=opens, close_ts=opens + MINUTE, open=prices, high=prices, low=prices,
        close=prices, volume=np.ones(count),
    )  # fmt: skip


def _system(*entries, **settings):
    return TradingSystem(
        feed=[_bars("AAA"), _bars("BBB")],
        instruments=[an_instrument("AAA"), an_instrument("BBB", currency="EUR", initial_margin=Decimal("0.1"))],
        strategies=entries,
        **settings,
    )


def _entry(identity, symbol, account="main"):
    return StrategyEntry(id=identity, strategy=BuyAndHold, symbols=(symbol,), period=MINUTE, account=account)


def _purses(result):
    return [(curve.account, curve.currency) for curve in result.curves]


def test_one_account_alone_has_every_currency():
    assert _purses(_system(_entry("a", "AAA")).backtest()) == [("main", "EUR"), ("main", "USD")]


def test_of_several_accounts_each_has_the_currencies_that_it_trades_in():
    result = _system(_entry("a", "AAA"), _entry("b", "BBB", "paper:b"), cash={"USD": 10**6, "EUR": 10**6}).backtest()

    assert _purses(result) == [("main", "USD"), ("paper:b", "EUR")]
    assert [summary.is_paper for summary in result.summaries] == [False, True]
    assert [summary.pnl_minor for summary in result.summaries] == [300, 300]
    assert {row.account for row in result.fills} == {"main", "paper:b"}


@pytest.mark.parametrize(
    ("words", "said"), [({}, "none"), ({"AAA": "0.01 % each 8h"}, "AAA 0.01 % each 8h, BBB none"),
                        ({"AAA": "rates.csv", "BBB": "rates.csv"}, "rates.csv")]
)  # fmt: skip
def test_funding_is_told_by_symbol_where_it_differs(words, said):
    assert _system(_entry("a", "AAA"), funding_words=words).backtest().conventions.funding == said


def test_margin_is_a_convention_where_any_instrument_asks_for_it():
    assert _system(_entry("a", "AAA")).backtest().conventions.margin


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (TradingState.HALTED, "why"),
        (TradingState.FLATTENING, "why"),
        (TradingState.REDUCE_ONLY, None),
        (TradingState.ACTIVE, None),
    ],
)
def test_a_run_ended_halted_when_orders_were_not_let_through_any_more(state, told):
    system = _system(_entry("a", "AAA"))
    system.backtest()
    system.record.states.append(TradingStateChanged(account="main", state=state, reason="why", ts=MONDAY))

    assert system.result().halted == told


def test_an_adjustment_before_the_first_price_is_part_of_the_result():
    system = TradingSystem(instruments=[an_instrument("AAA")], strategies=[_entry("a", "AAA")], cash={"USD": 100})
    recorder = Recorder(system.record)
    for number, (lots, value) in enumerate([(2, 100), (-1, -80)]):
        recorder.on_position_adjusted(
            PositionAdjusted(account="main", symbol="AAA", strategy="a", adjustment_id=f"{number}", lots=lots,
                             value_minor=value, ts=MONDAY + number)
        )  # fmt: skip

    result = system.result()

    (summary,) = result.summaries
    assert [(row.kind, row.amount_minor) for row in result.ledger] == [("adjustment", 0), ("adjustment", 30)]
    assert (summary.cash_end_minor, summary.equity_end_minor) == (130, 130)
    assert [(row.position_lots, row.realised_minor) for row in result.strategies] == [(1, 30)]
    assert result.fills == ()
