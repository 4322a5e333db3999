"""Nothing decided up to an instant depends on data after it; and whoever peeks is caught by the same comparison."""

from decimal import Decimal
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import Strategy, StrategyEntry, TradingSystem, feed
from adapters.generated import generated_bars, generated_quotes, generated_ticks
from messages import Annotated, Fill, Instrument, Kind, Signal, Step
from tests.builders import MINUTE, MONDAY, SECOND
from tests.market_house import an_index, cut, some_books
from tests.system.poison import POISONS, Poisoning, poisoned_after, with_gaps
from tests.system.probers import BookProber, Orders, Prober, TickProber

BARS = 80
END = MONDAY + BARS * MINUTE


def _instruments(*symbols):
    return [Instrument(symbol=s, kind=Kind.LINEAR, tick_size=Decimal("0.5"), currency="USD") for s in symbols]


def _system(strategies, fill="next-open"):
    """Makes systems that differ in nothing but their data; the run's id is fixed because client ids hold it."""

    def of(columns):
        symbols = tuple(dict.fromkeys(series.symbol for series in columns))
        entries = [
            StrategyEntry(
                id=f"{strategy.__name__.lower()}-{period // MINUTE}-{number}",
                strategy=strategy,
                symbols=symbols,
                period=period,
            )
            for number, (strategy, period) in enumerate(strategies)
        ]
        return TradingSystem(
            feed=columns, strategies=entries, instruments=_instruments(*symbols), fill=fill, run_id="poison"
        )

    return of


def _bars(symbol="XBTUSD", period=MINUTE, seed=3):
    count = BARS * MINUTE // period
    return with_gaps(generated_bars(symbol, seed=seed, bars=count, period=period, volatility_per_year=3.0), seed)


def _ticks(symbol="XBTUSD"):
    return generated_ticks(symbol, seed=5, ticks=400, mean_gap_ns=(END - MONDAY) // 400, volatility_per_year=3.0)


def _quotes():
    return generated_quotes("XBTUSD", seed=5, ticks=400, mean_gap_ns=(END - MONDAY) // 400, volatility_per_year=3.0)


def _books():
    return some_books(count=240, gap_ns=(END - MONDAY) // 240)


def _changes():
    return some_books("ETHUSD", count=240, gap_ns=(END - MONDAY) // 240, seed=6, changes=True)


def _index():
    return an_index(count=160, gap_ns=(END - MONDAY) // 160)


WORLDS = {
    "bars": ([_bars()], [(Prober, MINUTE), (Orders, MINUTE), (Prober, MINUTE)]),
    "bars of one symbol in two periods": (
        [_bars(), _bars(period=5 * MINUTE)],
        [(Prober, MINUTE), (Prober, 5 * MINUTE)],
    ),
    "long bars built from short ones": ([_bars()], [(Prober, MINUTE), (Prober, 5 * MINUTE), (Orders, 15 * MINUTE)]),
    "two symbols": ([_bars(), _bars("ETHUSD", seed=4)], [(Prober, MINUTE), (Orders, MINUTE)]),
    "ticks": ([_ticks()], [(TickProber, MINUTE), (Orders, MINUTE), (Prober, 5 * MINUTE)]),
    "ticks that only feed bars": ([_ticks()], [(Prober, MINUTE), (Prober, 5 * MINUTE)]),
    "ticks, quotes, books, changes of books and an index, in chunks": (
        [cut(series, 37) for series in (_ticks(), _quotes(), _books(), _changes(), _index())],
        [(BookProber, MINUTE), (Orders, MINUTE)],
    ),
}
EDGES = [
    MONDAY + 40 * MINUTE - 1, MONDAY + 40 * MINUTE, MONDAY + 40 * MINUTE + 1, MONDAY + 41 * MINUTE,
    MONDAY + 40 * MINUTE + 20 * SECOND, MONDAY + 43 * MINUTE + 35 * SECOND,
]  # fmt: skip


@cache
def _poisoning(world, fill):
    """Of a world, which is run clean once for all tests."""
    columns, strategies = WORLDS[world]
    return Poisoning(columns, _system(strategies, fill))


@pytest.mark.parametrize("fill", ["next-open", "this-close"])
@pytest.mark.parametrize("world", WORLDS)
def test_what_was_decided_up_to_an_instant_does_not_depend_on_later_data(world, fill):
    poisoning = _poisoning(world, fill)
    assert poisoning.decided(EDGES[0]) > 200

    for number, at in enumerate(EDGES):
        poison = POISONS[number % len(POISONS)]
        assert poisoning.difference(at, poison) is None, (at - MONDAY, poison)


@given(
    world=st.sampled_from(sorted(WORLDS)),
    fill=st.sampled_from(["next-open", "this-close"]),
    poison=st.sampled_from(POISONS),
    at=st.one_of(
        st.integers(MONDAY, END), st.integers(1, BARS).map(lambda n: MONDAY + n * MINUTE),
        st.integers(1, BARS).map(lambda n: MONDAY + n * MINUTE + 20 * SECOND),
    ),
)  # fmt: skip
@settings(max_examples=8, deadline=None, derandomize=True)
def test_nor_at_any_other_instant(world, fill, poison, at):
    assert _poisoning(world, fill).difference(at, poison) is None


def test_nothing_is_stamped_with_another_time_than_the_clocks():
    for world in WORLDS:
        said = _poisoning(world, "next-open").clean

        assert [
            message for now, message in said if isinstance(message, Signal | Fill | Annotated) and message.ts != now
        ] == []


@pytest.mark.parametrize("poison", POISONS)
def test_the_poison_leaves_what_is_known_and_changes_all_that_is_not(poison):
    bars, at = _bars(), MONDAY + 40 * MINUTE + 20 * SECOND

    bad = poisoned_after(bars, at, poison)

    known, bad_known = bars.close_ts <= at, bad.close_ts <= at
    opened, bad_opened = bars.open_ts <= at, bad.open_ts <= at
    assert bars.close[known].tolist() == bad.close[bad_known].tolist()
    assert bars.open[opened].tolist() == bad.open[bad_opened].tolist()
    assert not np.isin(bad.close[~bad_known], bars.close).all()
    assert bad.high[~bad_known].min() > bars.high.max() * 1.3
    assert poison == "scale" or len(bad) != len(bars)


# Whoever peeks is caught.


def _peeking(columns, peek):
    """A strategy that sees the columns themselves, past every message."""

    class Peeker(Strategy):
        def on_bar(self, bar):
            row = int(np.searchsorted(columns[0].close_ts, bar.close_ts))
            if peek == "next close" and row + 1 < len(columns[0]):
                self.target(1.0 if columns[0].close[row + 1] > bar.close else -1.0)
            if peek == "how many are left":
                self.target(float((len(columns[0]) - row) % 2))

        def on_bar_open(self, bar_open):
            row = int(np.searchsorted(columns[0].open_ts, bar_open.ts))
            if peek == "this bar's high":
                self.target(columns[0].high[row] * 2 % 7)

    return Peeker


_FUTURE = []


class Cheat(Strategy):
    """Reads a global that somebody has filled with the whole file."""

    def on_bar(self, bar):
        self.target(1.0 if max(_FUTURE) > bar.close * 1.2 else -1.0)


@pytest.mark.parametrize(
    ("peek", "poison"), [("next close", "scale"), ("this bar's high", "scale"), ("how many are left", "delete")]
)
def test_a_strategy_that_reads_the_columns_themselves_is_caught(peek, poison):
    columns = [_bars()]

    def system_of(poisoned):
        return _system([(_peeking(poisoned, peek), MINUTE)])(poisoned)

    poisoning = Poisoning(columns, system_of)
    assert any(poisoning.difference(at, poison) for at in EDGES[:4])


def test_a_strategy_that_reads_a_global_is_caught():
    def system_of(columns):
        _FUTURE[:] = columns[0].close.tolist()
        return _system([(Cheat, MINUTE)])(columns)

    assert Poisoning([_bars()], system_of).difference(EDGES[1], "scale") is not None


def _open_is_the_close(self, at):
    row = np.searchsorted(self._columns.open_ts, at)
    return feed.bulk_bar_open(*self.topic, at, at, float(self._columns.close[row]))


def _early(original):
    """Closes said a nanosecond after their opens."""

    def entries_until(self, cut):
        bars, opens = original(self, cut)
        return [(bars[0] - self.columns.period + 1, Step.OPENS, bars[2]), opens]

    return entries_until


@pytest.mark.parametrize("mistake", ["opens that hold the close", "bars said at their open"])
def test_a_feed_that_says_too_much_is_caught(mistake, monkeypatch):
    columns, strategies = WORLDS["two symbols"]
    if mistake == "opens that hold the close":
        monkeypatch.setattr(feed._Opens, "take", _open_is_the_close)
    else:
        monkeypatch.setattr(feed._BarSeries, "entries_until", _early(feed._BarSeries.entries_until))

    poisoning = Poisoning(columns, _system(strategies))
    assert any(poisoning.difference(at, "scale") for at in EDGES)
