"""Strategies that share a symbol cross at the market's last price, on ticks too."""

import numpy as np
import pytest

from actors import Strategy, StrategyEntry, TradingSystem
from actors.columns import TickColumns
from tests.builders import MINUTE, MONDAY, SECOND, an_instrument

TICKS = 600
"""One a second; the price of the n-th is 1000 and n ticks of half a unit."""


class Late(Strategy):
    """Wants something in the middle of a bar, and has heard of closes alone."""

    side = 1

    def on_bar(self, bar):
        self.wake_in(90.5)

    def on_timer(self, name):
        self.target_lots(-self.position() or self.side)


class Against(Late):
    """As much of the other side."""

    side = -1


class Ears(Strategy):
    """Has every tick told by itself, and does nothing."""

    def on_tick(self, tick):
        pass


class Idle(Strategy):
    """Hears bars."""

    def on_bar(self, bar):
        pass


def the_ticks():
    seconds = np.arange(TICKS)
    ts = MONDAY + seconds * SECOND
    return TickColumns(symbol="XBTUSD", ts=ts, received=ts, price=price_of(seconds), size=np.ones(TICKS))


def crossings(*strategies):
    entries = [
        StrategyEntry(id=strategy.__name__.lower(), strategy=strategy, symbols=("XBTUSD",), period=period)
        for strategy, period in strategies
    ]
    system = TradingSystem(feed=the_ticks(), strategies=entries, instruments=[an_instrument()])
    return [(fill.ts, fill.price) for fill in system.backtest().fills if fill.liquidity == "internal"]


def price_of(second):
    return 1000.0 + second * 0.5


@pytest.mark.parametrize(
    ("other", "period"),
    [
        (Ears, 5 * MINUTE),
        # Nobody hears single ticks: they come in blocks, of which a timer hears what lies before it.
        (Idle, MINUTE),
    ],
)
def test_on_ticks_a_crossing_is_at_the_last_price_heard_and_not_at_the_close_that_its_strategies_saw(other, period):
    at, price = MONDAY + 390 * SECOND + SECOND // 2, price_of(390)

    assert crossings((Late, 5 * MINUTE), (Against, 5 * MINUTE), (other, period)) == [(at, price)] * 2
