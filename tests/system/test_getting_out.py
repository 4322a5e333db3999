"""After a daily loss the account gets out, however far the market is from where its last order was made."""

from decimal import Decimal

import numpy as np

from actors import Strategy, StrategyEntry, TradingSystem
from actors.columns import BarColumns
from actors.risk.limits import RiskLimits
from messages import Instrument, Kind
from tests.builders import MINUTE, MONDAY

XBTUSD = Instrument(symbol="XBTUSD", kind=Kind.LINEAR, tick_size=Decimal("0.5"), currency="USD")


class Holds(Strategy):
    def on_bar(self, bar):
        self.target_lots(10)


def test_a_price_band_does_not_keep_a_lost_account_in_the_market():
    """Half a percent a minute, slowly enough for the band, to where what the buyer saw is far away."""
    closes = np.round(1_000 * 0.995 ** np.arange(60) * 2) / 2
    opens = np.concatenate([[1_000.0], closes[:-1]])
    starts = MONDAY + MINUTE * np.arange(60)
    feed = BarColumns(
        symbol="XBTUSD", period=MINUTE, open_ts=starts, close_ts=starts + MINUTE, open=opens, high=opens, low=closes,
        close=closes, volume=np.ones(60),
    )  # fmt: skip
    entry = StrategyEntry(id="holds", strategy=Holds, symbols=("XBTUSD",), period=MINUTE)

    result = TradingSystem(
        feed=feed, strategies=[entry], instruments=[XBTUSD], cash={"USD": 1_000_000},
        risk=RiskLimits(daily_loss_max=0.1, price_band=0.02),
    ).backtest()  # fmt: skip

    assert result.daily_loss_trips == 1
    assert dict(result.refusals) == {}
    assert [row.position_lots for row in result.strategies] == [0]
