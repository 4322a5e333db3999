"""The hot loop of single ticks does what the slow way does: who hears, what is said, what fails, in which order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import Strategy, StrategyEntry, TradingSystem
from actors.columns import TickColumns
from actors.event_streams import ExternalColumns
from actors.runtime.tick_run import TickRun
from adapters.generated import generated_quotes, generated_ticks
from tests.builders import MINUTE, SECOND, an_instrument

MARKET = {"seed": 11, "ticks": 1_500, "mean_gap_ns": SECOND, "tick_size": 0.5, "volatility_per_year": 4.0}
TICKS = generated_ticks("XBTUSD", **MARKET)
QUOTES = generated_quotes("XBTUSD", **MARKET)
OTHERS = generated_ticks("ETHUSD", **{**MARKET, "seed": 12})


class Turning(Strategy):
    """Turns its position now and then."""

    def on_start(self):
        self.count = 0

    def on_tick(self, tick):
        self.count += 1
        if self.count % 23 == 0:
            self.target(tick.price // 0.5 % 5 - 2, tick.symbol)


class Resting(Turning):
    """Lets limits and stops rest, and sets timers between the ticks."""

    def on_tick(self, tick):
        self.count += 1
        if self.count % 31 == 0:
            self.cancel(symbol=tick.symbol)
            self.buy(2, tick.symbol, limit=tick.price - 3.0)
            self.sell(2, tick.symbol, stop=tick.price - 9.0)
        if self.count % 17 == 0:
            self.wake_in(0.3, tick.symbol)

    def on_timer(self, name):
        self.target(self.count % 3 - 1, name)


class Frail(Turning):
    """Fails now and then, and in the end for good."""

    def on_tick(self, tick):
        super().on_tick(tick)
        if self.count % 90 == 0 or tick.price > 50_080.0:
            raise ValueError("too high")


class Late(Strategy):
    """Hears bars alone, and works its orders by an algorithm that looks at single ticks."""

    def on_bar(self, bar):
        self.target(bar.close // 0.5 % 7 - 3, bar.symbol)


def outcome(columns, strategies, **settings_):
    symbols = tuple({c.symbol: 0 for c in columns if not isinstance(c, ExternalColumns)})
    entries = [
        StrategyEntry(
            id=f"{each.__name__.lower()}-{number}", strategy=each, symbols=symbols,
            period=MINUTE, execution="chase" if each is Late else "market",
        )
        for number, each in enumerate(strategies)
    ]  # fmt: skip
    instruments = [an_instrument(symbol) for symbol in symbols]
    system = TradingSystem(
        feed=columns, strategies=entries, instruments=instruments, run_id="ticks", cash={"USD": 10**10}, **settings_
    )
    runtime = system.make_replay()
    runtime.run()
    result = system.result()
    failures = [(each.actor, each.epoch, each.at, each.handled) for each in result.failures]
    statuses = [(each.address, each.handled, each.epoch) for each in system.status()]
    return result.signals, result.orders, result.fills, result.bad_item_counts, failures, result.quarantined, statuses


def slowly(monkeypatch, *arguments, **settings_):
    with monkeypatch.context() as patched:
        patched.setattr(TickRun, "run", lambda run: False)
        return outcome(*arguments, **settings_)


WORLDS = {
    "one": ([TICKS], [Turning]),
    "one with orders and timers": ([TICKS], [Resting]),
    "several of one account": ([TICKS], [Turning, Resting, Late, Turning]),
    "failing": ([TICKS], [Frail, Turning, Frail]),
    "two symbols and quotes": ([TICKS, QUOTES, OTHERS], [Resting, Turning]),
    "only orders hear ticks": ([TICKS], [Late]),
}


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("live_marks", [False, True])
def test_it_comes_to_the_same_as_the_slow_way(world, live_marks, monkeypatch):
    columns, strategies = WORLDS[world]

    fast = outcome(columns, strategies, live_marks=live_marks)

    assert len(fast[2]) > 5
    assert fast == slowly(monkeypatch, columns, strategies, live_marks=live_marks)


@given(
    jumps=st.lists(st.tuples(st.integers(0, 299), st.sampled_from([0.2, 0.97, 1.02, 1.4, 5.0])), max_size=6),
    back=st.lists(st.tuples(st.integers(0, 299), st.integers(0, 3 * SECOND)), max_size=6),
)
@settings(max_examples=15, deadline=None)
def test_whatever_the_filter_and_the_builder_have_to_set_aside(jumps, back):
    price, ts = TICKS.price[:300].copy(), TICKS.ts[:300].copy()
    for row, factor in jumps:
        price[row] *= factor
    for row, by in back:
        ts[row] -= by
    columns = TickColumns(
        symbol="XBTUSD", ts=ts, received=TICKS.received[:300], price=price // 0.5 * 0.5, size=TICKS.size[:300]
    )
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert outcome([columns], [Turning, Resting]) == slowly(monkeypatch, [columns], [Turning, Resting])
