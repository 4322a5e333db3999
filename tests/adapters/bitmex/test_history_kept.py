"""Warm-up from what was recorded before: fewer questions, and the very same bars, whatever the recording lacks."""

from collections import Counter

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.bar_builder import BarBuilder, BarWanted
from adapters.bitmex.history import SETTLE, warm_up
from adapters.live.kept_history import KeptHistory
from adapters.store import Store
from adapters.store.rows import rows_of
from messages import Bar, FeedEnded, parse_period, period_start
from tests.adapters.bitmex.test_history import (
    INSTRUMENTS,
    MS,
    PERIODS,
    START,
    SYMBOL,
    TRADES,
    Venue,
    every,
    go_on,
    in_one_go,
    ticks_of,
    values,
)
from tests.builders import DAY, HOUR, MINUTE, SECOND


class Recorded:
    """What was kept, without a store: some of the trades, and bars that a builder made of all of them."""

    def __init__(self, ticks, bars=()):
        self._ticks, self._bars = ticks, bars

    def ticks(self, symbol, since, until):
        return [tick for tick in self._ticks if since <= tick.ts < until]

    def bars(self, symbol, length, since, until):
        return [bar for bar in self._bars if bar.period == length and since <= bar.open_ts and bar.close_ts <= until]


def _warmed(venue, now, lengths, kept=None):
    venue.now = now
    wanted = [(SYMBOL, period, bars) for period, bars in lengths.items()]
    return warm_up(wanted, INSTRUMENTS, venue.get_all, now, kept=kept)


@given(
    TRADES, PERIODS, st.integers(0, 80), st.sampled_from([0, 1, 500, 20_000, 70_000]), st.sampled_from([0, 70_000]),
    st.sampled_from([0, 2_500]), st.lists(st.integers(0, 80), max_size=6), st.integers(0, 40),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_what_is_kept_changes_no_bar_whatever_of_it_is_missing(
    steps, periods, split, after_ms, bins_late_ms, trades_late_ms, lost, twice
):
    trades, ts = [], START - 20 * MINUTE + 17 * MS
    for step, price, size in steps:
        ts += step * MS
        trades.append((ts, price, size))
    now = trades[min(split, len(trades) - 1)][0] + after_ms * MS
    lengths = {parse_period(name): bars for name, bars in periods}
    recording = [tick for number, tick in enumerate(ticks_of(trades)) if tick.ts <= now and number not in lost]
    if not lost:
        recording += recording[twice : twice + 1]
    recording.sort(key=lambda tick: tick.ts)
    late = {"bins_late": bins_late_ms * MS, "trades_late": trades_late_ms * MS}

    plain = _warmed(Venue(trades, **late), now, lengths)
    kept = _warmed(Venue(trades, **late), now, lengths, Recorded(recording))

    assert kept.bars == plain.bars
    assert kept.so_far == plain.so_far
    assert kept.notes == plain.notes
    until = max(ts, now) + 8 * DAY
    assert go_on(kept, trades, lengths, until) == go_on(plain, trades, lengths, until)


def test_trades_that_were_recorded_whole_are_not_asked_for():
    trades = every(2, 3_600 * 2)
    now, lengths = trades[-1][0] + SECOND, {SECOND * 15: 200}
    asking, resting = Venue(trades), Venue(trades)

    plain = _warmed(asking, now, lengths)
    kept = _warmed(resting, now, lengths, Recorded(ticks_of(trades)))

    def rows_since(venue):
        return min(asked["startTime"] for path, asked in venue.asked if path == "/trade")

    assert kept.bars == plain.bars
    assert kept.from_kept > 1_000
    assert plain.from_kept == 0
    assert rows_since(resting) > rows_since(asking)
    assert Counter(path for path, _ in resting.asked)["/trade"] == 1


def test_bars_that_are_kept_are_not_asked_for_and_the_rest_is():
    trades = every(7, 3_600 * 2, START - 10 * HOUR)
    now = START
    bars = in_one_go(trades, [MINUTE], START)[MINUTE]
    older = [bar for bar in bars if bar.close_ts <= now - 2 * HOUR]
    asking, resting = Venue(trades), Venue(trades)

    plain = _warmed(asking, now, {MINUTE: 500})
    kept = _warmed(resting, now, {MINUTE: 500}, Recorded([], older))

    # The venue's own open at the close before; a builder's, at their first trade.
    assert values(kept.bars[SYMBOL, MINUTE], is_exact=False) == values(plain.bars[SYMBOL, MINUTE], is_exact=False)
    # The newest that is kept ends two hours before; the oldest that is wanted begins an interval earlier than it must.
    assert kept.from_kept == 501 - 120
    asked = [told["startTime"] for path, told in resting.asked if path == "/trade/bucketed"]
    assert min(asked) > min(told["startTime"] for path, told in asking.asked if path == "/trade/bucketed")


def test_a_bar_behind_a_hole_or_of_unknown_worth_is_asked_for():
    trades = every(7, 3_600 * 2, START - 10 * HOUR)
    bars = in_one_go(trades, [MINUTE], START)[MINUTE]
    begins = period_start(START - SETTLE, MINUTE) - 500 * MINUTE
    mine = [bar for bar in bars if bar.open_ts >= begins]
    holed = [*mine[:10], *mine[11:]]
    unknown = [*mine[:10], attrs.evolve(mine[10], turnover=None), *mine[11:]]

    assert [
        _warmed(Venue(trades), START, {MINUTE: 500}, Recorded([], kept)).from_kept for kept in (holed, unknown)
    ] == [10, 10]


# Out of a store.


def test_a_store_gives_what_was_recorded_by_its_own_time(tmp_path):
    trades = every(2, 3_600)
    ticks = [
        attrs.evolve(tick, received=tick.ts + (30 * SECOND if number % 9 == 0 else 5 * MS))
        for number, tick in enumerate(ticks_of(trades))
    ]
    builder = BarBuilder([BarWanted(SYMBOL, MINUTE)])
    bars = [each for tick in ticks for each in (*builder.on_tick(tick),) if isinstance(each, Bar)]
    bars += builder.on_feed_ended(FeedEnded(ticks[-1].ts))
    store = Store(tmp_path / "store")
    by_arrival = sorted(ticks, key=lambda tick: tick.received)
    store.write("bitmex", SYMBOL, "ticks", rows_of("ticks", by_arrival))
    store.write("bitmex", SYMBOL, "bars-1m", rows_of("bars-1m", bars))
    kept = KeptHistory(store.root, "bitmex")
    since, until = ticks[600].ts, ticks[1200].ts

    assert kept.ticks(SYMBOL, since, until) == ticks[600:1200]
    assert list(kept.bars(SYMBOL, MINUTE, since, until)) == [
        b for b in bars if b.open_ts >= since and b.close_ts <= until
    ]
    assert KeptHistory(store.root, "other").ticks(SYMBOL, since, until) == []
    assert KeptHistory(tmp_path / "nowhere", "bitmex").bars(SYMBOL, MINUTE, since, until) == ()


def test_a_store_that_cannot_be_read_gives_nothing_and_says_why(tmp_path):
    store = Store(tmp_path / "store")
    store.write("bitmex", SYMBOL, "ticks", rows_of("ticks", ticks_of(every(2, 10))))
    (day,) = (tmp_path / "store").rglob("*.parquet")
    day.write_bytes(b"not a table")
    kept = KeptHistory(store.root, "bitmex")

    assert kept.ticks(SYMBOL, START - DAY, START) == ()
    assert day.name in kept.trouble
    assert kept.bars(SYMBOL, MINUTE, START - DAY, START) == ()
