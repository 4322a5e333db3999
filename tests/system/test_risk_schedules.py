"""In whatever order threads could have delivered a run's messages, no limit is exceeded, by the fills' own fold."""

from decimal import Decimal

import pytest

from actors import Strategy, StrategyEntry, TradingSystem
from actors.risk_guard import RiskLimits
from actors.strategies import RandomPositions
from adapters.generated import generated_bars
from messages import Fill, Instrument, Kind, Liquidity, OrderRefused
from tests.builders import MINUTE

MOST = 4
XBTUSD = Instrument(symbol="XBTUSD", kind=Kind.LINEAR, tick_size=Decimal("0.5"), currency="USD")


class Bracket(Strategy):
    """Orders of its own, on both sides of the market, taken back now and then, and by a timer inside the bar."""

    def on_bar(self, bar):
        self.wake_in(30)
        if self.random.random() < 0.3:
            self.cancel(symbol=bar.symbol)
        self.buy(2, bar.symbol, limit=bar.close - 5)
        self.sell(2, bar.symbol, limit=bar.close + 5)

    def on_timer(self, name):
        self.buy(1) if self.random.random() < 0.5 else self.sell(1)


def _run(seed, **limits):
    """(fills at the venue, codes of refusals), in the order that they were said in."""
    fills, refused = [], []
    entries = [
        StrategyEntry(id=name, strategy=cls, symbols=("XBTUSD",), period=MINUTE, lots=3)
        for name, cls in (
            ("dice-a", RandomPositions), ("dice-b", RandomPositions), ("dice-c", RandomPositions), ("pair", Bracket),
        )
    ]  # fmt: skip
    system = TradingSystem(
        feed=generated_bars("XBTUSD", bars=80), strategies=entries, instruments=[XBTUSD], risk=RiskLimits(**limits),
        schedule_seed=seed,
    )  # fmt: skip
    system.subscribe(Fill, fills.append)
    system.subscribe(OrderRefused, refused.append)
    result = system.backtest()
    assert result.failures == ()
    return [fill for fill in fills if fill.liquidity is not Liquidity.INTERNAL], [each.reason for each in refused]


@pytest.mark.parametrize("seeds", [range(10), range(10, 20)], ids=str)
def test_no_interleaving_carries_the_position_past_its_limit(seeds):
    for seed in seeds:
        fills, reasons = _run(seed, position_lots_max=MOST)

        position, most = 0, 0
        for fill in fills:
            position += fill.lots
            most = max(most, abs(position))
        # The limit is reached, so that there is something to exceed.
        assert most == MOST
        assert "position-limit" in reasons
