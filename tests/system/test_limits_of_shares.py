"""In a whole run no share is more than its strategy may hold: never short of spot, never past a row of its own."""

from collections import defaultdict
from decimal import Decimal
from itertools import accumulate

import pytest

from actors import Strategy, StrategyEntry, TradingSystem
from actors.risk.limits import ScopedLimits
from actors.strategies import EmaCross, RandomPositions
from adapters.generated import generated_bars
from messages import Fill, Instrument, Kind
from tests.builders import MINUTE

COIN = Instrument(symbol="COIN", kind=Kind.SPOT, tick_size=Decimal("0.5"), currency="USD")


class Saver(Strategy):
    """Has coins that another one could sell."""

    def on_bar(self, bar):
        self.target_lots(5)


def _entry(name, strategy, *symbols, **fields):
    return StrategyEntry(id=name, strategy=strategy, symbols=symbols, period=MINUTE, **fields)


def _run(entries, symbols, **settings):
    """(result, every position that a strategy came to have, by (strategy, symbol), in order)."""
    fills = []
    system = TradingSystem(
        feed=[generated_bars(symbol, bars=600) for symbol in symbols], strategies=entries, cash={"USD": 10**10},
        **settings,
    )  # fmt: skip
    system.subscribe(Fill, fills.append)
    result = system.backtest()
    assert result.failures == ()
    lots = defaultdict(list)
    for fill in fills:
        for part in fill.parts:
            lots[part.strategy, fill.symbol].append(part.lots)
    return result, {key: list(accumulate(each)) for key, each in lots.items()}


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "beside a saver"])
def test_a_trend_follower_on_spot_sells_what_it_has_where_it_wants_to_be_short(alone):
    entries = [
        _entry("trend", EmaCross, "COIN", lots=3, params={"fast": 3, "slow": 9}),
        _entry("dice", RandomPositions, "COIN", lots=4),
        _entry("saver", Saver, "COIN"),
    ]
    result, held = _run(entries[:1] if alone else entries, ("COIN",), instruments=[COIN])

    trend = held["trend", "COIN"]
    assert set(trend) == {0, 3}
    assert len(trend) > 10
    assert all(each >= 0 for lots in held.values() for each in lots)
    # Nothing was sent to the venue only to be rejected: the portfolio says it, and the venue has nothing to say.
    assert result.refusals.keys() == {"no-short"}
    assert result.refusals["no-short"] >= trend.count(0)
    assert not any(order.reason for order in result.orders)


def test_a_row_for_one_symbol_clips_a_strategy_of_several_there_and_nowhere_else():
    entries = [_entry(name, RandomPositions, "XBTUSD", "ETHUSD", lots=7) for name in ("one", "two")]
    rows = [
        ScopedLimits(strategy="one", symbol="ETHUSD", position_lots_max=2),
        ScopedLimits(strategy="one", position_lots_max=5),
    ]

    _, held = _run(entries, ("XBTUSD", "ETHUSD"), scoped_limits=rows)

    most = {key: max(map(abs, lots)) for key, lots in held.items()}
    assert most["one", "ETHUSD"] == 2
    assert most["one", "XBTUSD"] == 5
    assert most["two", "ETHUSD"] == most["two", "XBTUSD"] == 7
