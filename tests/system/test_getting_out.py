"""After a daily loss the account gets out, however far the market is from where its last order was made."""

from decimal import Decimal

import numpy as np
import pytest

from actors import Strategy, StrategyEntry, TradingSystem
from actors.columns import BarColumns
from actors.risk.limits import RiskLimits
from messages import Instrument, Kind, Liquidity
from tests.builders import MINUTE, MONDAY

XBTUSD = Instrument(symbol="XBTUSD", kind=Kind.LINEAR, tick_size=Decimal("0.5"), currency="USD")


OTHER = Instrument(symbol="ETHUSD", kind=Kind.LINEAR, tick_size=Decimal("0.5"), currency="EUR")


def a_feed(opens, closes, symbol="XBTUSD"):
    """Minutes that know only an opening and a close."""
    starts = MONDAY + MINUTE * np.arange(len(opens))
    return BarColumns(
        symbol=symbol, period=MINUTE, open_ts=starts, close_ts=starts + MINUTE, open=opens,
        high=np.maximum(opens, closes), low=np.minimum(opens, closes), close=closes, volume=np.ones(len(opens)),
    )  # fmt: skip


class Holds(Strategy):
    def on_bar(self, bar):
        self.target_lots(10)


def test_a_price_band_does_not_keep_a_lost_account_in_the_market():
    """Half a percent a minute, slowly enough for the band, to where what the buyer saw is far away."""
    closes = np.round(1_000 * 0.995 ** np.arange(60) * 2) / 2
    opens = np.concatenate([[1_000.0], closes[:-1]])
    feed = a_feed(opens, closes)
    entry = StrategyEntry(id="holds", strategy=Holds, symbols=("XBTUSD",), period=MINUTE)

    result = TradingSystem(
        feed=feed, strategies=[entry], instruments=[XBTUSD], cash={"USD": 1_000_000},
        risk=RiskLimits(daily_loss_max=0.1, price_band=0.02),
    ).backtest()  # fmt: skip

    assert result.daily_loss_trips == 1
    assert dict(result.refusals) == {}
    assert [row.position_lots for row in result.strategies] == [0]


class Opposes(Strategy):
    def on_bar(self, bar):
        self.target_lots(-4)


@pytest.mark.parametrize("symbols", [("XBTUSD",), ("XBTUSD", "ETHUSD")])
def test_what_a_lost_day_crosses_is_priced_at_the_close_that_lost_it(symbols):
    """Never at the bar before, which guard and executor have seen last when nobody makes them hear this one first."""
    closes = np.array([100.0] * 3 + [90.0] * 5)
    opens = np.concatenate([[100.0], closes[:-1]])
    entries = [
        StrategyEntry(id=name, strategy=kind, symbols=("XBTUSD",), period=MINUTE)
        for name, kind in (("holds", Holds), ("opposes", Opposes))
    ]

    result = TradingSystem(
        feed=[a_feed(opens, closes, symbol) for symbol in symbols], strategies=entries, instruments=[XBTUSD, OTHER],
        cash={"USD": 100_000, "EUR": 100_000}, risk=RiskLimits(daily_loss_max=0.05),
    ).backtest()  # fmt: skip

    lost_at = MONDAY + 4 * MINUTE
    assert result.daily_loss_trips == 1
    assert {
        (fill.lots, fill.price) for fill in result.fills if fill.liquidity is Liquidity.INTERNAL and fill.ts == lost_at
    } == {(4, 90.0), (-4, 90.0)}
    assert result.orders[-1].decision_price == 90.0
