"""A strategy looks back on as many closed bars as it asks for, in every callback, on both runtimes, restarted or not.

The oracle is the data themselves: what of their rows had ended. Never is the open bar among them, and where there are
fewer than were asked for, that is said.
"""

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import Strategy, StrategyEntry, TradingSystem
from actors.look_back import NotEnoughBarsError
from actors.restored import Restored
from adapters.generated import generated_bars, generated_ticks
from tests.builders import MINUTE, MONDAY, SECOND, a_bar, an_instrument
from tests.system.poison import Poisoning, with_gaps
from tests.system.runs import on_threads

BARS = 40
KEPT = 7


def _replayed(system):
    return system.backtest()


RUNTIMES = pytest.mark.parametrize("run", [_replayed, on_threads])


class Witness(Strategy):
    """Asks in each callback for one bar, for two, and so on, of each of its symbols; notes what it was told."""

    warmup = KEPT
    dies_at = 0
    """At its so many-th bar, once; 0: never."""

    seen = heard = died = ()
    """Lists, in a class of each run's own: (callback, now, symbol, what bars(1), bars(2) ... gave); bars; those that it
    died on."""

    def on_bar(self, bar):
        self._look("bar again" if bar in self.heard else "bar")
        self.heard.append(bar)
        if len(self.heard) == self.dies_at:
            self.died.append(bar)
            raise ValueError("as told")
        self.wake_in(20, "inside")

    def on_bar_open(self, bar_open):
        self._look("open")

    def on_timer(self, name):
        self._look("timer")

    def _look(self, callback):
        for symbol in self.symbols:
            self.seen.append((callback, self.now, symbol, [self._asked(n, symbol) for n in range(1, KEPT + 2)]))

    def _asked(self, n, symbol):
        try:
            return self.bars(n, symbol)
        except NotEnoughBarsError as error:
            return error.there if (error.wanted, str(error)[:7]) == (n, f"bars({n})") else str(error)


class TickWitness(Witness):
    """Hears ticks as well."""

    def on_tick(self, tick):
        self._look("tick")


def _witness(base, dies_at=0):
    """A class of its own for each run: what it saw is kept on it, and outlives incarnations."""
    return type("Watching", (base,), {"seen": [], "died": [], "heard": [], "dies_at": dies_at})


def _system(columns, strategy, period=MINUTE):
    symbols = tuple(dict.fromkeys(series.symbol for series in columns))
    entry = StrategyEntry(id="witness", strategy=strategy, symbols=symbols, period=period)
    return TradingSystem(feed=columns, strategies=[entry])


def _closed(columns, period):
    """By symbol: (open_ts, close_ts, close) of each bar of the period, computed from the columns by numpy alone."""
    found = {}
    for series in columns:
        at = series.open_ts if hasattr(series, "open_ts") else series.ts
        price = series.close if hasattr(series, "close") else series.price
        begins = at - at % period
        last = np.flatnonzero(np.append(begins[1:] != begins[:-1], True))
        found[series.symbol] = [
            (int(begins[row]), int(begins[row]) + period, float(price[row])) for row in last.tolist()
        ]
    return found


def _assert_looked_back(strategy, columns, period, *, exact):
    """Everything noted is what the data say; `exact`: nothing that had ended before was missing."""
    rows = _closed(columns, period)
    for callback, now, symbol, told in strategy.seen:
        there = told[-1]
        assert isinstance(there, int), "more than is kept was not refused"
        longest = told[there - 1] if there else ()
        got = [(bar.open_ts, bar.close_ts, bar.close) for bar in longest]
        if not exact:
            # On threads the clock may close a long bar before its last short one came.
            closes = {row[0]: row for row in rows[symbol]}
            got = [closes[row[0]] for row in got]
        died = [bar for bar in strategy.died if bar.symbol == symbol]
        assert got in _possible(rows[symbol], now, died, some=not exact, few=callback == "bar again"), callback
        for n, bars in enumerate(told, 1):
            assert bars == (longest[there - n :] if n <= there else there), (callback, n)


def _possible(rows, now, died, *, some, few):
    """The last bars that had ended: all of them, or without those of this very instant, which may come after this.

    What a strategy died on is heard by none after it. `some`: threads may be behind by any number; `few`: not all that
    are kept were heard again yet.
    """
    possible = []
    for dead in ({bar.open_ts for bar in died}, set()):
        ended = [row for row in rows if row[1] <= now and row[0] not in dead]
        late = len(ended) if some else 1
        for missing in range(late + 1):
            whole = ended[: len(ended) - missing]
            possible += [whole[-n:] if n else [] for n in range(KEPT * (not few), KEPT + 1)]
    return possible


def _seldom(symbol, every):
    """Bars of a minute, of which only each so many-th minute has one."""
    bars = generated_bars(symbol, bars=BARS // every, period=every * MINUTE)
    return attrs.evolve(bars, period=MINUTE, close_ts=bars.open_ts + MINUTE)


WORLDS = {
    "bars": ([with_gaps(generated_bars("XBTUSD", bars=BARS))], Witness, MINUTE),
    "long bars built from short ones": ([with_gaps(generated_bars("XBTUSD", bars=4 * BARS))], Witness, 5 * MINUTE),
    "a symbol that is seldom traded": (
        [generated_bars("XBTUSD", bars=BARS), _seldom("ETHUSD", 4)], Witness, MINUTE,
    ),
    "ticks": ([generated_ticks("XBTUSD", ticks=300, mean_gap_ns=9 * SECOND)], TickWitness, MINUTE),
    "ticks that nobody hears": ([generated_ticks("XBTUSD", ticks=300, mean_gap_ns=9 * SECOND)], Witness, MINUTE),
}  # fmt: skip


@RUNTIMES
@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("dies_at", [0, 2 * KEPT])
def test_it_looks_back_on_closed_bars_and_no_others(run, world, dies_at):
    columns, base, period = WORLDS[world]
    strategy = _witness(base, dies_at)

    run(_system(columns, strategy, period))

    assert len(strategy.died) == (dies_at > 0)
    assert {callback for callback, *_ in strategy.seen} >= {"bar", "timer"}
    _assert_looked_back(strategy, columns, period, exact=run is _replayed)


@given(seed=st.integers(0, 10**6), dies_at=st.integers(0, 30), several=st.booleans(), period=st.sampled_from([1, 2, 5]))
@settings(max_examples=25, deadline=None)
def test_in_any_market_with_any_death(seed, dies_at, several, period):
    symbols = ("A", "B")[: 1 + several]
    columns = [with_gaps(generated_bars(symbol, bars=3 * BARS), seed + place) for place, symbol in enumerate(symbols)]
    strategy = _witness(Witness, dies_at)

    _system(columns, strategy, period * MINUTE).backtest()

    _assert_looked_back(strategy, columns, period * MINUTE, exact=True)


# Never the open one.


class Sums(Witness):
    """Decides on what it looks back on, in every callback."""

    def _look(self, callback):
        for symbol in self.symbols:
            there = len(self.history(KEPT, symbol))
            if there:
                bars = self.bars(there, symbol)
                self.mark(f"{callback} {bars}", symbol=symbol)
                self.target(float(sum(bar.close for bar in bars) % 5), symbol)


class TickSums(Sums):
    """The same at each tick."""

    def on_tick(self, tick):
        self._look("tick")


@pytest.mark.parametrize("poison", ["scale", "delete", "insert"])
@pytest.mark.parametrize("world", WORLDS)
def test_what_it_looks_back_on_does_not_depend_on_what_is_still_to_come(world, poison):
    columns, base, period = WORLDS[world]
    end = int(columns[0].close_ts[-1] if hasattr(columns[0], "close_ts") else columns[0].received[-1])
    strategy = Sums if base is Witness else TickSums
    instruments = [an_instrument(series.symbol) for series in columns]

    def system_of(series):
        symbols = tuple(each.symbol for each in series)
        entry = StrategyEntry(id="sums", strategy=_witness(strategy), symbols=symbols, period=period)
        return TradingSystem(feed=series, strategies=[entry], instruments=instruments, run_id="poison")

    poisoning = Poisoning(columns, system_of)
    half = MONDAY + (end - MONDAY) // 2 // MINUTE * MINUTE
    assert poisoning.decided(half) > 20
    for at in (half - 1, half, half + 20 * SECOND):
        assert poisoning.difference(at, poison) is None


# What is said.


class Asks(Strategy):
    """Asks once, without looking whether there are so many."""

    warmup = KEPT
    wants: int = 3

    def on_bar(self, bar):
        self.target(self.bars(self.wants)[0].close)


@pytest.mark.parametrize(
    ("wants", "words"),
    [
        (3, ("bars(3): 1 of XBTUSD has closed so far", "warm_up = true", "warmup (7)")),
        (KEPT + 1, ("bars(8): asks keeps the last 7 bars of a symbol; set warmup = 8 or more on the class",)),
        (0, ("bars(0): ask for one bar at least",)),
    ],
)
def test_asking_for_more_than_there_is_says_how_many_there_are_and_what_to_set(wants, words):
    entry = StrategyEntry(id="asks", strategy=Asks, symbols=("XBTUSD",), period=MINUTE, params={"wants": wants})

    result = TradingSystem(feed=generated_bars("XBTUSD", bars=2), strategies=[entry]).backtest()

    told = result.failures[0].error
    assert [word for word in words if word not in told] == []
    assert result.signals == ()


@RUNTIMES
def test_who_is_warm_looks_back_at_once_and_its_warming_up_is_no_failure(run):
    bars = generated_bars("XBTUSD", bars=20)
    system = _system([bars], Asks)
    before = [a_bar(open_ts=MONDAY - n * MINUTE, close=100.0 + n) for n in range(KEPT, 0, -1)]
    system.restore(Restored(kept={"strategy:witness": tuple(before)}))

    result = run(system)

    assert result.failures == ()
    # Of the first bar: itself, and the last two from before it.
    assert result.signals[0].target == before[-2].close


def test_a_parameter_that_is_called_bars_goes_on_working():
    class Old(Strategy):
        bars: int = 2

        def on_bar(self, bar):
            self.target(len(self.history(self.bars)))

    result = TradingSystem(feed=generated_bars("XBTUSD", bars=5), strategies=[Old]).backtest()

    assert [signal.target for signal in result.signals] == [1.0, 2.0]
