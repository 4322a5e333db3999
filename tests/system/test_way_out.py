"""However long ago a position was opened, and wherever the market has gone since, a daily loss closes it."""

import numpy as np

from actors import Strategy, TradingSystem
from actors.columns import BarColumns
from actors.risk.limits import RiskLimits
from tests.builders import HOUR, MONDAY, an_instrument


class Once(Strategy):
    """Buys at the first close, and never thinks of it again."""

    def on_bar(self, bar):
        self.target_lots(100)


def test_a_price_band_does_not_keep_a_position_of_weeks_ago_from_being_closed():
    # Four weeks of one point an hour upwards, then one hour of a fall by a third of that.
    closes = 1000.0 + np.concatenate([np.arange(672.0), np.full(24, 450.0)])
    opens = MONDAY + np.arange(len(closes)) * HOUR
    bars = BarColumns(
        symbol="XBTUSD",
        period=HOUR,
        open_ts=opens,
        close_ts=opens + HOUR,
        open=closes,
        high=closes,
        low=closes,
        close=closes,
        volume=np.ones(len(closes)),
    )
    limits = RiskLimits(price_band=0.05, daily_loss_max=0.10)

    result = TradingSystem(
        feed=bars, strategies=[Once], instruments=[an_instrument()], cash={"USD": 10_000_000}, risk=limits
    ).backtest()

    assert (len(result.daily_loss_stops), dict(result.refusals)) == (1, {})
    assert [row.position_lots for row in result.strategies] == [0]
