"""Results with defaults, made by hand: for what writes and prints them."""

from decimal import Decimal

import numpy as np

from actors.money.rows import FillRow, LedgerEntry, LedgerKind
from actors.money.shortfall import AlgorithmRow
from actors.money.trades import Trade
from actors.result import AccountCurve, BacktestResult, Conventions, CurrencySummary, OrderRow, StrategyRow
from adapters.results import DataFact, RunFacts
from messages import Instrument, Kind, Liquidity, OrderType, Signal
from tests.builders import MINUTE, MONDAY


def an_instrument(**changes):
    return Instrument(
        **{"symbol": "XBTUSD", "kind": Kind.INVERSE, "tick_size": Decimal("0.5"), "currency": "XBT", **changes}
    )


def a_signal(target=1.0, **changes):
    return Signal(
        **{"strategy": "ema-cross", "symbol": "XBTUSD", "number": 1, "ts": MONDAY, "target": target, **changes}
    )


def an_order_row(lots=5, **changes):
    given = {
        "ts": MONDAY,
        "account": "main",
        "strategy": "ema-cross",
        "owners": (("ema-cross", lots),),
        "symbol": "XBTUSD",
        "client_id": "abc123-ema-cross-1",
        "type": OrderType.MARKET,
        "lots": lots,
        "price": None,
        "status": "filled",
        "lots_filled": lots,
    }
    return OrderRow(**{**given, **changes})


def a_fill_row(lots=5, price=100.5, **changes):
    given = {
        "ts": MONDAY + MINUTE,
        "account": "main",
        "currency": "XBT",
        "strategy": "ema-cross",
        "symbol": "XBTUSD",
        "client_id": "abc123-ema-cross-1",
        "execution_id": "e1",
        "lots": lots,
        "price": price,
        "liquidity": Liquidity.TAKER,
        "value_minor": -5,
        "fee_minor": 37,
        "realised_minor": 0,
        "position_lots": lots,
    }
    return FillRow(**{**given, **changes})


def a_ledger_entry(amount_minor=-37, **changes):
    given = {
        "ts": MONDAY + MINUTE,
        "account": "main",
        "currency": "XBT",
        "strategy": "ema-cross",
        "symbol": "XBTUSD",
        "kind": LedgerKind.FEE,
        "amount_minor": amount_minor,
        "ref": "e1",
    }
    return LedgerEntry(**{**given, **changes})


def a_curve(equity=(100_000_000, 100_000_100, 99_999_950), *, ts=None, currency="XBT", account="main", digits=8):
    values = np.array(equity, dtype=np.int64)
    return AccountCurve(
        account=account,
        currency=currency,
        minor_digits=digits,
        cash_start_minor=100_000_000,
        ts=MONDAY + MINUTE * np.arange(len(values)) if ts is None else np.array(ts),
        equity_minor=values,
        cash_minor=values - 7,
        position_value_minor=np.full(len(values), 7),
        drawdown=1.0 - values / np.maximum.accumulate(np.maximum(values, 1)),
    )


def a_summary(**changes):
    given = {
        "account": "main",
        "currency": "XBT",
        "cash_start_minor": 100_000_000,
        "cash_end_minor": 99_999_943,
        "equity_end_minor": 99_999_950,
        "pnl_minor": -50,
        "fees_minor": 37,
        "funding_minor": 0,
        "realised_minor": -20,
        "max_drawdown": 0.0000015,
        "max_drawdown_days": 0.5,
        "total_return": -5e-7,
        "annual_return": None,
        "volatility": None,
        "sharpe": 1.25,
        "sortino": None,
        "calmar": None,
        "hit_rate": 0.5,
        "profit_factor": None,
        "average_trade_minor": -20.0,
        "trades": 2,
        "average_mae_minor": -9.5,
        "average_mfe_minor": 4.0,
        "exposure": 0.25,
        "average_leverage": 0.5,
        "turnover": 3.0,
        "turnover_year": 900.0,
        "months": {"2024-01": -5e-7},
    }
    return CurrencySummary(**{**given, **changes})


def a_strategy_row(**changes):
    given = {
        "account": "main",
        "currency": "XBT",
        "strategy": "ema-cross",
        "symbol": "XBTUSD",
        "fills": 1,
        "fees_minor": 37,
        "funding_minor": 0,
        "realised_minor": -20,
        "unrealised_minor": 7,
        "pnl_minor": -50,
        "position_lots": 5,
    }
    return StrategyRow(**{**given, **changes})


def a_trade(**changes):
    given = {
        "account": "main",
        "currency": "XBT",
        "strategy": "ema-cross",
        "symbol": "XBTUSD",
        "entry_ts": MONDAY,
        "exit_ts": MONDAY + MINUTE,
        "lots": -5,
        "entry_price": 100.5,
        "exit_price": 99.0,
        "realised_minor": 75,
        "fees_minor": 4,
        "funding_minor": -1,
        "mae_minor": -20,
        "mfe_minor": 80,
    }
    return Trade(**{**given, **changes})


def an_algorithm_row(**changes):
    given = {
        "account": "main",
        "currency": "XBT",
        "algorithm": "chase",
        "orders": 3,
        "lots_wanted": 30,
        "lots_filled": 25,
        "shortfall_minor": 1234,
        "shortfall_bp": 2.5,
        "fees_minor": 17,
        "gave_up_lots": 5,
    }
    return AlgorithmRow(**{**given, **changes})


def conventions(**changes):
    given = {
        "fill": "next-open",
        "limit_fill": "through",
        "slippage_ticks": 0,
        "slippage_spread": 0.0,
        "half_spread_ticks": 0,
        "volume_cap": None,
        "margin": False,
        "value_rounding": {"XBTUSD": "exact"},
        "funding": "none",
        "ambiguous_fills": 0,
    }
    return Conventions(**{**given, **changes})


def a_result(**changes):
    given = {
        "bars": 3,
        "ticks": 0,
        "first_ts": MONDAY,
        "last_ts": MONDAY + 3 * MINUTE,
        "instruments": {"XBTUSD": an_instrument()},
        "signals": (a_signal(),),
        "orders": (an_order_row(),),
        "fills": (a_fill_row(),),
        "ledger": (a_ledger_entry(),),
        "curves": (a_curve(),),
        "summaries": (a_summary(),),
        "strategies": (a_strategy_row(),),
        "trades": (),
        "execution": (),
        "funding": (),
        "weights": (),
        "marks": (),
        "conventions": conventions(),
        "refusals": {},
        "venue_ends": {},
        "gave_up": (),
        "amends": 0,
        "amend_rejections": {},
        "restarts": {},
        "quarantined": {},
        "failures": (),
        "bad_items": (),
        "bad_item_counts": {},
        "daily_loss_stops": (),
        "halted": None,
        "unused_callbacks": {},
    }
    return BacktestResult(**{**given, **changes})


def a_data_fact(**changes):
    given = {
        "symbol": "XBTUSD",
        "file": "bitmex_XBTUSD_1m.csv.gz",
        "rows": 3,
        "used": 3,
        "sha256": "ab" * 32,
        "kind": "bars",
        "period": MINUTE,
        "stamps": "start (assumed)",
        "timezone": "UTC",
        "first_ts": MONDAY,
        "last_ts": MONDAY + 3 * MINUTE,
    }
    return DataFact(**{**given, **changes})


def run_facts(**changes):
    given = {
        "command": "backtest",
        "run_id": "abc123",
        "seed": 1,
        "data": (a_data_fact(),),
        "strategies": {"ema-cross": "ema-cross fast=10 slow=50, XBTUSD 1m"},
        "seconds": {"load": 0.1, "run": 0.2},
        "versions": {"python": "3.11"},
    }
    return RunFacts(**{**given, **changes})
