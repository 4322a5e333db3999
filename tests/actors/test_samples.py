"""Prices of a result come from the finest there is, and nothing is taken from after the end of a run."""

from array import array

import attrs
import numpy as np
import pytest

from actors import Strategy, TradingSystem
from actors.columns import BarColumns, TickColumns
from actors.recorder import Record, Recorder
from actors.samples import closes_of, ranges_of, sample_times
from adapters.generated import generated_ticks
from messages import Quarantined, Tick
from tests.builders import HOUR, MINUTE, MONDAY, a_fill


def _bars(count, *, period=MINUTE, symbol="XBTUSD"):
    opens = MONDAY + period * np.arange(count)
    close = 100.0 + np.arange(count)
    return BarColumns(
        symbol=symbol, period=period, open_ts=opens, close_ts=opens + period, open=close, high=close + 2,
        low=close - 3, close=close, volume=np.ones(count),
    )  # fmt: skip


def _ticks(*prices):
    ts = MONDAY + np.arange(len(prices)) * 1_000
    return TickColumns(symbol="XBTUSD", ts=ts, received=ts, price=np.array(prices), size=np.ones(len(prices)))


def test_the_shortest_bars_come_before_ticks_and_longer_bars():
    columns = (_bars(2, period=HOUR), _bars(5), _ticks(1.0, 2.0))

    closes = closes_of(columns, Record())
    ends, highs, lows = ranges_of(columns, closes)["XBTUSD"]

    assert closes["XBTUSD"][1].tolist() == [100, 101, 102, 103, 104]
    assert highs.tolist() == [102, 103, 104, 105, 106]
    assert lows.tolist() == [97, 98, 99, 100, 101]
    assert ends.tolist() == closes["XBTUSD"][0].tolist()


def test_a_tick_is_its_own_high_and_low_and_so_is_the_close_of_a_bar_that_was_built():
    record = Record()
    record.closes["ETHUSD"] = array("q", [MONDAY]), array("d", [7.0])
    columns = (_ticks(1.0, 2.0),)

    found = ranges_of(columns, closes_of(columns, record))

    assert [column.tolist() for column in found["XBTUSD"][1:]] == [[1, 2], [1, 2]]
    assert [column.tolist() for column in found["ETHUSD"][1:]] == [[7], [7]]


def test_what_a_stopped_run_never_played_is_no_price_of_it():
    columns = (_bars(5),)

    ends, highs, _ = ranges_of(columns, closes_of(columns, Record(), until=MONDAY + 2 * MINUTE))["XBTUSD"]

    assert (len(ends), highs.tolist()) == (2, [102, 103])


def test_without_any_prices_those_of_the_fills_serve():
    record = Record()
    record.booked += [a_fill(1, price=100.0, ts=MONDAY + 5), a_fill(1, price=101.0, ts=MONDAY + 3)]

    times, prices = closes_of((), record)["XBTUSD"]

    assert (times.tolist(), prices.tolist()) == ([MONDAY + 3, MONDAY + 5], [101.0, 100.0])


def test_equity_is_sampled_at_each_close_and_once_more_after_a_later_fill():
    record = Record()
    record.booked.append(a_fill(1, ts=MONDAY + 10 * MINUTE))

    times = sample_times((_bars(2),), record, ["XBTUSD"])

    assert times.tolist() == [MONDAY + MINUTE, MONDAY + 2 * MINUTE, MONDAY + 10 * MINUTE]


def test_a_trade_that_was_set_aside_is_no_price_but_one_that_was_heard_is():
    ticks, record = _ticks(1.0, 2.0, 900.0, 3.0, float("nan")), Record()
    recorder = Recorder(record)
    for row, reason in ((2, "off-band"), (1, "duplicate"), (0, "late")):
        ts = int(ticks.ts[row])
        tick = Tick(symbol="XBTUSD", ts=ts, received=ts + 5, price=float(ticks.price[row]), size=1.0)
        recorder.on_quarantined(Quarantined(symbol="XBTUSD", received=ts + 5, reason=reason, item=tick))

    times, prices = closes_of((ticks,), record)["XBTUSD"]

    assert prices.tolist() == [1, 2, 3]
    assert times.tolist() == [int(ticks.received[row]) for row in (0, 1, 3)]


class Holder(Strategy):
    def on_bar(self, bar):
        self.target(1.0)


@pytest.mark.parametrize("hears_ticks", [False, True])
def test_a_bad_tick_in_the_data_changes_no_sample_of_equity_and_no_profit(hears_ticks):
    """One by one or in blocks, and at the very end too, where it would value what is held."""

    class Listener(Holder):
        def on_tick(self, tick):
            pass

    good = generated_ticks("XBTUSD", ticks=3_000)
    spoilt = np.array(good.price)
    spoilt[[100, 1_500, -1]] = spoilt[0] * 30
    results = [
        TradingSystem(feed=feed, strategies=[Listener if hears_ticks else Holder]).backtest()
        for feed in (good, attrs.evolve(good, price=spoilt))
    ]

    assert results[1].bad_item_counts == {"off-band": 3}
    (clean,), (curve,) = (result.curves for result in results)
    start = clean.cash_start_minor
    assert abs(curve.equity_minor - start).max() < 2 * abs(clean.equity_minor - start).max()
    assert curve.drawdown.max() <= 2 * clean.drawdown.max()
    assert results[1].trades[0].mfe_minor <= 2 * results[0].trades[0].mfe_minor + 100
