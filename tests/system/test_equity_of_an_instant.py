"""An account of several symbols is judged by what all of them come to at an instant, never by half of them."""

from decimal import Decimal

import attrs

from actors import Strategy, StrategyEntry, TradingSystem
from actors.risk.limits import RiskLimits
from actors.sizing.sizing import Sizing
from actors.strategies import RandomPositions
from adapters.generated import generated_bars
from messages import EquityMarked, Instrument, Kind, ShareSized
from tests.builders import DAY, MINUTE

SYMBOLS = ("AAA", "BBB")
INSTRUMENTS = [
    Instrument(symbol=symbol, kind=Kind.LINEAR, tick_size=Decimal("0.5"), currency="USD") for symbol in SYMBOLS
]
BARS = generated_bars("AAA", bars=3_000)
TWINS = (BARS, attrs.evolve(BARS, symbol="BBB"))
CASH = 100_000_000


class Hedged(Strategy):
    """Long of one and short of the other of two that cost the same: it can neither win nor lose."""

    def on_bar(self, bar):
        self.target_lots(50 if bar.symbol == "AAA" else -50, bar.symbol)


def _system(strategy, feed, **settings):
    """(the system, the equities that its account will be said to have)."""
    heard = []
    entry = StrategyEntry(id="one", strategy=strategy, symbols=SYMBOLS, period=MINUTE, lots=20)
    system = TradingSystem(feed=feed, strategies=[entry], instruments=INSTRUMENTS, cash={"USD": CASH}, **settings)
    system.subscribe(EquityMarked, heard.append)
    return system, heard


def _trips(curve, fraction):
    """By days, from samples: how often an equity fell below what the day's first leaves when the fraction is lost."""
    opening, lost = {}, set()
    for ts, equity in zip(curve.ts.tolist(), curve.equity_minor.tolist(), strict=True):
        day = ts // DAY
        first = opening.setdefault(day, equity)
        if equity < first - first * fraction:
            lost.add(day)
    return len(lost)


def test_a_hedged_account_whose_equity_never_moves_loses_no_day():
    system, heard = _system(Hedged, TWINS, risk=RiskLimits(daily_loss_max=1e-9))
    result = system.backtest()

    assert {row.position_lots for row in result.strategies} == {50, -50}
    assert result.daily_loss_trips == 0
    assert [(each.ts, each.equity_minor) for each in heard] == [(ts, CASH) for ts in BARS.close_ts.tolist()]


def test_a_day_is_lost_where_the_equity_curve_of_both_symbols_says_so():
    """Without fees, and filled at the close that is marked, what is marked is the curve itself."""
    feed = [generated_bars(symbol, seed=seed, bars=10_000) for seed, symbol in enumerate(SYMBOLS)]
    system, heard = _system(RandomPositions, feed, fill="this-close", risk=RiskLimits(daily_loss_max=0.02))
    result = system.backtest()

    (curve,) = result.curves
    assert [(each.ts, each.equity_minor) for each in heard] == list(
        zip(curve.ts.tolist(), curve.equity_minor.tolist(), strict=True)
    )
    assert result.daily_loss_trips == _trips(curve, 0.02)
    assert 1 < result.daily_loss_trips < 7


def test_a_fraction_of_an_equity_that_never_moves_is_worth_the_same_at_every_close():
    weights = []
    sizing = Sizing(method="equity-fraction", rebalance_band=0.0)
    system, _ = _system(Hedged, TWINS, sizing=sizing)
    system.subscribe(ShareSized, weights.append)
    system.backtest()

    closes = dict(zip(BARS.close_ts.tolist(), BARS.close.tolist(), strict=True))
    assert len(weights) > 2_000
    assert all(abs(each.weight * closes[each.ts] - 20 * CASH / 100) < 1e-3 for each in weights)


def test_on_threads_the_equity_is_said_too_and_is_complete_at_the_end():
    system, heard = _system(Hedged, TWINS, live_marks=True)
    system.start(speed=200_000)
    try:
        assert system.wait_until_idle(60), system.status()
    finally:
        assert system.stop() == ()
    result = system.result()

    assert result.failures == ()
    assert {row.position_lots for row in result.strategies} == {50, -50}
    assert heard[-1].equity_minor == result.curves[0].equity_minor[-1]
    assert len(heard) <= 2 * len(BARS)
