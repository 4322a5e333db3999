"""A backtest that begins warm: its strategies know what was before, say nothing for it, and its first bar is whole.

What they hear is judged by a run over all the data: the same bars, from the same rows.
"""

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import Strategy, StrategyEntry, TradingSystem
from actors.columns import TickColumns
from adapters.generated import generated_bars, generated_ticks
from adapters.warming import warmed
from messages import Fill, SubmitOrder
from tests.builders import MINUTE, MONDAY, SECOND
from tests.system.poison import with_gaps

BARS = generated_bars("XBTUSD", bars=100)
TICKS = generated_ticks("XBTUSD", ticks=3_000, mean_gap_ns=2 * SECOND)


class Looks(Strategy):
    """Notes what it knows at each bar that counts, and at which time."""

    warmup = 10
    seen = ()

    def on_bar(self, bar):
        self.seen.append((bar, self.history(self.warmup, bar.symbol)))
        self.target(float(len(self.seen) % 3 - 1), bar.symbol)


def _looks(warmup=10):
    return type("Looking", (Looks,), {"seen": [], "warmup": warmup})


def _system(columns, strategy, period):
    symbols = tuple(dict.fromkeys(series.symbol for series in columns))
    entry = StrategyEntry(id="looks", strategy=strategy, symbols=symbols, period=period)
    return TradingSystem(feed=columns, strategies=[entry])


def _cut(series, at):
    """(what lies wholly before, what lies wholly behind)"""
    if isinstance(series, TickColumns):
        before = after = series.received
        split = int(np.searchsorted(before, at)), int(np.searchsorted(after, at))
    else:
        split = int(np.searchsorted(series.close_ts, at, side="right")), int(np.searchsorted(series.open_ts, at))
    return _rows(series, slice(None, split[0])), _rows(series, slice(split[1], None))


def _rows(series, rows):
    names = [field.name for field in attrs.fields(type(series)) if isinstance(getattr(series, field.name), np.ndarray)]
    return attrs.evolve(series, **{name: getattr(series, name)[rows] for name in names})


def _begun_warm(columns, strategy, period, at):
    """A run of what is behind `at`, begun warm with what is before: (system, result, what warmed it)."""
    parts = [_cut(series, at) for series in columns]
    system = _system([after for _, after in parts], strategy, period)
    warm = warmed(system.setup, [before for before, _ in parts if len(before)], at)
    system.restore(warm.restored)
    return system, system.backtest(), warm


def _of(seen, at):
    """What was seen from then on, without when it was heard: that is another question."""
    return [(_plain(bar), tuple(map(_plain, known))) for bar, known in seen if bar.close_ts > at]


def _plain(bar):
    return attrs.evolve(bar, received=bar.close_ts)


WORLDS = {
    "bars": ([BARS], MINUTE),
    "bars with gaps": ([with_gaps(BARS)], MINUTE),
    "long bars built from short ones": ([with_gaps(BARS)], 5 * MINUTE),
    "ticks": ([TICKS], MINUTE),
    "ticks in long bars": ([TICKS], 15 * MINUTE),
    "two symbols": ([BARS, with_gaps(generated_bars("ETHUSD", bars=100))], MINUTE),
}


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("offset", [0, 20 * SECOND, 1, -1])
def test_who_begins_warm_knows_what_a_run_over_everything_would_have_known(world, offset):
    columns, period = WORLDS[world]
    at = MONDAY + 60 * MINUTE + offset
    cold, warm = _looks(), _looks()
    _system(columns, cold, period).backtest()

    _begun_warm(columns, warm, period, at)

    behind = _of(warm.seen, at)
    if offset and world not in {"ticks", "ticks in long bars"}:
        # The bar of the file that lies across the beginning is in neither part, and what it belongs to lacks it.
        across = at - at % MINUTE
        whole = {(bar.symbol, bar.open_ts): _plain(bar) for bar, _ in cold.seen}
        known = {each for _, bars in behind for each in bars if not each.open_ts <= across < each.close_ts}
        assert len(known) > 10
        assert {each for each in known if whole[each.symbol, each.open_ts] != each} == set()
    else:
        assert behind == _of(cold.seen, at)
    assert behind


@given(
    minutes=st.integers(1, 95),
    seconds=st.integers(0, 59),
    warmup=st.integers(1, 30),
    period=st.sampled_from([1, 2, 5, 15]),
)
@settings(max_examples=25, deadline=None)
def test_wherever_it_begins_and_however_much_it_wants(minutes, seconds, warmup, period):
    at = MONDAY + minutes * MINUTE + seconds * SECOND
    cold, warm = _looks(warmup), _looks(warmup)
    _system([TICKS], cold, period * MINUTE).backtest()

    _, _, begun = _begun_warm([TICKS], warm, period * MINUTE, at)

    assert _of(warm.seen, at) == _of(cold.seen, at)
    heard = begun.restored.kept.get("strategy:looks", ())
    assert len(heard) <= warmup
    assert all(bar.close_ts <= at for bar in heard)


def test_nothing_is_said_for_what_was_before():
    at = MONDAY + 60 * MINUTE
    said = []
    parts = _cut(BARS, at)
    system = _system([parts[1]], _looks(), MINUTE)
    system.restore(warmed(system.setup, [parts[0]], at).restored)
    for message_class in (SubmitOrder, Fill):
        system.subscribe(message_class, said.append)

    result = system.backtest()

    assert said
    assert min(signal.ts for signal in result.signals) == at + MINUTE
    assert [each for each in said if (each.ts if isinstance(each, Fill) else each.order.ts) <= at] == []
    assert result.signals[0].number == 1


def test_data_behind_the_beginning_change_nothing_of_the_warm_up():
    at = MONDAY + 60 * MINUTE + 20 * SECOND
    before, after = _cut(TICKS, at)
    poisoned = attrs.evolve(after, price=after.price * 2)

    warm = [warmed(_system([each], _looks(), MINUTE).setup, [before], at) for each in (after, poisoned)]

    assert warm[0] == warm[1]
    assert warm[0].restored.kept["strategy:looks"]


def test_it_says_how_much_there_was():
    at = MONDAY + 4 * MINUTE

    _, _, warm = _begun_warm([BARS], _looks(), MINUTE, at)

    assert warm.notes == ("warm-up: bars from before 2024-01-01T00:04:00Z, heard with no word said: looks 4 of 10",)


def test_what_a_strategy_asks_for_at_its_start_is_said_with_the_first_bar_that_counts():
    class Begins(Strategy):
        def on_start(self):
            self.number = self.buy(3)
            self.mark("begun")

        def on_bar(self, bar):
            if bar.close_ts == MONDAY + 62 * MINUTE:
                assert self.buy(1) == self.number + 1

    _, result, _ = _begun_warm([BARS], Begins, MINUTE, MONDAY + 60 * MINUTE)

    assert [order.lots for order in result.orders] == [3, 1]
    assert [mark.ts for mark in result.marks] == [MONDAY + 61 * MINUTE]
