"""Bars hold each trade once, close on time with or without a next trade, and never change afterwards."""

import csv
import gzip
from collections import defaultdict
from datetime import UTC, datetime
from itertools import islice, pairwise
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.bar_builder import BarBuilder, BarWanted
from messages import WEEK, Bar, BarOpen, FeedEnded, Quarantined, Step, Subscribe, WakeAt, Woke, parse_period
from tests.builders import DAY, HOUR, MINUTE, MONDAY, SECOND, a_bar, a_block, a_tick

SYMBOL = "XBTUSD"
NEVER = MONDAY + 1000 * WEEK


def a_builder(*periods, source="ticks", opens=False, **conventions):
    """Builds bars of the periods (or of a minute)."""
    return BarBuilder([BarWanted(SYMBOL, p, source, opens) for p in periods or (MINUTE,)], **conventions)


def at(seconds, price=100.0, size=1.0, received=None):
    """A trade so many seconds after MONDAY, heard then or at `received` seconds."""
    ts = MONDAY + int(seconds * SECOND)
    return a_tick(price, size, ts=ts, received=ts if received is None else MONDAY + int(received * SECOND))


def only(kind, answers):
    return [answer for answer in answers if isinstance(answer, kind)]


def wake(builder, answers_with_timer, when=None):
    """Let the (only) timer among the answers go off."""
    (timer,) = only(WakeAt, answers_with_timer)
    return builder.on_woke(Woke(timer.at if when is None else when, timer.token))


def on_a_clock(builder, items, until=NEVER):
    """Play ticks, blocks or bars as a replay does, each after the timers that are due by its time; all answers."""
    timers, said = [], []

    def hear(answers):
        said.extend(answers)
        timers.extend((timer.at, timer.token) for timer in only(WakeAt, answers))

    def clock(now):
        while timers and min(timers)[0] <= now:
            due = min(timers)
            timers.remove(due)
            hear(builder.on_woke(Woke(*due)))

    handlers = {"Tick": builder.on_tick, "TickBlock": builder.on_tick_block, "Bar": builder.on_bar}
    for item in items:
        clock(item.received)
        hear(handlers[type(item).__name__](item))
    if items and until == NEVER:
        until = items[-1].received
    clock(until)
    return said


def test_a_bar_has_the_first_highest_lowest_and_last_price_and_the_sums_of_its_trades():
    builder = a_builder()
    for tick in (at(1, 10.0, 1.0), at(2, 12.0, 2.0), at(3, 9.0, 3.0), at(4, 11.0, 4.0)):
        builder.on_tick(tick)

    (bar,) = only(Bar, builder.on_tick(at(60)))

    assert bar == a_bar(11.0, open=10.0, high=12.0, low=9.0, volume=10.0, turnover=105.0, ticks=4)
    assert bar.vwap == 10.5


def test_a_trade_at_the_end_of_a_bar_belongs_to_the_next():
    builder = a_builder()
    builder.on_tick(at(59.999999999, 1.0))
    first = only(Bar, builder.on_tick(at(60, 2.0)))
    second = only(Bar, builder.on_tick(at(120, 3.0)))

    assert [(bar.open_ts, bar.close, bar.ticks) for bar in first + second] == [
        (MONDAY, 1.0, 1),
        (MONDAY + MINUTE, 2.0, 1),
    ]


def test_the_clock_closes_a_bar_without_a_next_trade():
    builder = a_builder()
    opening = builder.on_tick(at(1))

    assert opening == (WakeAt(MONDAY + MINUTE, opening[0].token, Step.VENUE_BARS),)
    assert wake(builder, opening) == (a_bar(turnover=100.0, ticks=1),)


def test_the_clock_waits_for_the_grace_and_a_trade_does_not():
    builder = a_builder(close_grace_ns=SECOND)
    opening = builder.on_tick(at(1))
    builder.on_tick(at(59))
    (by_clock,) = wake(builder, opening)
    builder.on_tick(at(61))
    (by_trade,) = only(Bar, builder.on_tick(at(120.25)))

    assert (by_clock.ticks, by_clock.received) == (2, MONDAY + 61 * SECOND)
    assert by_trade.received == MONDAY + int(120.25 * SECOND)


def test_a_bar_is_never_received_before_its_end():
    builder = a_builder()
    builder.on_tick(at(1))

    (bar,) = only(Bar, builder.on_tick(at(61, received=59)))

    assert bar.received == bar.close_ts


def test_one_timer_is_set_for_each_open_bar():
    builder = a_builder(MINUTE, HOUR)
    answers = [builder.on_tick(at(second)) for second in (1, 2, 59, 60, 61, 119)]

    assert [len(only(WakeAt, each)) for each in answers] == [2, 0, 0, 1, 0, 0]


def test_a_timer_that_was_set_for_a_flat_bar_is_not_set_again_for_a_bar_of_that_interval():
    builder = a_builder(empty_bars="flat")
    assert len(only(WakeAt, wake(builder, builder.on_tick(at(1))))) == 1

    assert builder.on_tick(at(61)) == ()


def test_a_trade_at_the_instant_at_which_the_clock_has_closed_a_bar_opens_the_next():
    builder = a_builder()
    wake(builder, builder.on_tick(at(1)))

    assert only(Quarantined, builder.on_tick(at(60))) == []
    assert len(only(Bar, builder.on_tick(at(120)))) == 1


def test_a_clock_that_strikes_late_closes_what_the_grace_is_over_for():
    builder = a_builder(close_grace_ns=SECOND, empty_bars="flat")
    said = wake(builder, builder.on_tick(at(1)), MONDAY + 2 * MINUTE)

    assert [bar.open_ts for bar in only(Bar, said)] == [MONDAY]
    assert len(only(Bar, wake(builder, said))) == 1


def test_the_timer_of_a_bar_that_a_trade_has_closed_does_nothing():
    builder = a_builder()
    opening = builder.on_tick(at(1))
    builder.on_tick(at(60))

    assert wake(builder, opening) == ()


def test_an_interval_without_trades_gives_no_bar():
    bars = only(Bar, on_a_clock(a_builder(), [at(1), at(301)], MONDAY + HOUR))

    assert [bar.open_ts for bar in bars] == [MONDAY, MONDAY + 5 * MINUTE]


def test_flat_bars_come_on_the_clock_one_after_the_other():
    said = on_a_clock(a_builder(empty_bars="flat"), [at(1, 7.0)], MONDAY + 3 * MINUTE)

    assert only(Bar, said) == [
        a_bar(7.0, turnover=7.0, ticks=1),
        a_bar(7.0, volume=0, turnover=0, ticks=0, open_ts=MONDAY + MINUTE),
        a_bar(7.0, volume=0, turnover=0, ticks=0, open_ts=MONDAY + 2 * MINUTE),
    ]


def test_a_trade_after_a_silence_brings_the_flat_bars_before_its_own():
    builder = a_builder(empty_bars="flat", opens=True)
    builder.on_tick(at(1, 7.0))
    said = builder.on_tick(at(181, 8.0))

    assert [(bar.open_ts - MONDAY, bar.volume) for bar in only(Bar, said)] == [(0, 1.0), (MINUTE, 0), (2 * MINUTE, 0)]
    assert [type(each) for each in said] == [Bar, Bar, Bar, BarOpen, WakeAt]


def test_there_is_no_flat_bar_before_the_first_trade():
    builder = a_builder(empty_bars="flat")

    assert only(Bar, builder.on_tick(at(301))) == []
    assert builder.on_feed_ended(FeedEnded(MONDAY + 301 * SECOND)) == ()


def test_a_wrong_time_stamp_does_not_make_flat_bars_without_end():
    builder = a_builder(SECOND, empty_bars="flat")
    builder.on_tick(at(0))

    assert len(only(Bar, builder.on_tick(at(10**9)))) == 1


@pytest.mark.parametrize("closed_by", ["trade", "clock"])
def test_a_late_trade_is_quarantined_and_does_not_widen_the_newest_bar(closed_by):
    builder = a_builder()
    opening = builder.on_tick(at(1))
    if closed_by == "clock":
        wake(builder, opening)
    builder.on_tick(at(61))
    late = at(59, 999.0, received=62)
    said = builder.on_tick(late)
    (bar,) = only(Bar, builder.on_tick(at(120)))

    assert said == (
        Quarantined(symbol=SYMBOL, received=late.received, reason="late", item=late, text="too late for 1m"),
    )
    assert (bar.high, bar.volume, bar.ticks) == (100.0, 1.0, 1)


def test_a_trade_late_for_one_period_counts_in_the_others():
    builder = a_builder(MINUTE, 5 * MINUTE, HOUR)
    builder.on_tick(at(1))
    builder.on_tick(at(301))
    (aside,) = builder.on_tick(at(299, 50.0))
    (hour,) = [bar for bar in only(Bar, builder.on_tick(at(3600))) if bar.period == HOUR]

    assert aside.text == "too late for 1m, 5m"
    assert (hour.low, hour.ticks) == (50.0, 3)


def test_a_trade_out_of_order_inside_the_running_bar_is_an_ordinary_one():
    builder = a_builder()
    builder.on_tick(at(30, 10.0))
    builder.on_tick(at(20, 11.0))

    (bar,) = only(Bar, builder.on_tick(at(60)))

    assert (bar.open, bar.close, bar.ticks) == (10.0, 11.0, 2)


def test_late_trades_can_count_into_the_running_bar_without_touching_its_prices():
    builder = a_builder(late="next")
    builder.on_tick(at(1))
    builder.on_tick(at(61, 100.0))

    assert builder.on_tick(at(59, 999.0, 5.0)) == ()
    (bar,) = only(Bar, builder.on_tick(at(120)))
    assert bar == a_bar(100.0, open_ts=MONDAY + MINUTE, volume=6.0, turnover=100.0 + 5 * 999.0, ticks=2)


def test_late_trades_wait_for_the_next_bar_when_none_is_running():
    builder = a_builder(late="next")
    wake(builder, builder.on_tick(at(1)))
    builder.on_tick(at(59, 999.0, 5.0, received=61))
    builder.on_tick(at(62, 100.0))

    (bar,) = only(Bar, builder.on_tick(at(120)))

    assert (bar.open, bar.high, bar.volume, bar.ticks) == (100.0, 100.0, 6.0, 2)


def test_at_a_boundary_bars_close_before_bars_open():
    builder = a_builder(MINUTE, 5 * MINUTE, opens=True)
    builder.on_tick(at(1))
    said = builder.on_tick(at(300, 7.0, received=301))

    assert [(type(each), each.period) for each in said[:4]] == [
        (Bar, MINUTE),
        (Bar, 5 * MINUTE),
        (BarOpen, MINUTE),
        (BarOpen, 5 * MINUTE),
    ]
    assert said[2] == BarOpen(
        symbol=SYMBOL, period=MINUTE, ts=MONDAY + 300 * SECOND, received=MONDAY + 301 * SECOND, price=7.0
    )


def test_an_open_is_said_once_and_only_where_asked_for():
    builder = BarBuilder([BarWanted(SYMBOL, MINUTE, opens=True), BarWanted(SYMBOL, HOUR)])
    said = on_a_clock(builder, [at(1), at(2), at(61)])

    assert [(each.period, each.ts) for each in only(BarOpen, said)] == [(MINUTE, MONDAY), (MINUTE, MONDAY + MINUTE)]


def test_the_end_of_the_feed_closes_what_is_over_and_leaves_the_rest_unsaid():
    builder = a_builder(MINUTE, HOUR, close_grace_ns=SECOND)
    timers = only(WakeAt, builder.on_tick(at(1)))
    said = builder.on_feed_ended(FeedEnded(MONDAY + MINUTE))

    assert [bar.period for bar in said] == [MINUTE]
    assert [builder.on_woke(Woke(timer.at, timer.token)) for timer in timers] == [(), ()]


def test_weeks_start_on_monday_at_midnight():
    builder = a_builder(WEEK)
    builder.on_tick(at(-1))
    builder.on_tick(at(0))

    (bar,) = only(Bar, builder.on_tick(at(WEEK // SECOND)))

    start = datetime.fromtimestamp(bar.open_ts / SECOND, UTC)
    assert (start.weekday(), start.hour, start.minute) == (0, 0, 0)
    assert bar.ticks == 1


def test_symbols_have_bars_of_their_own():
    builder = BarBuilder([BarWanted(SYMBOL, MINUTE), BarWanted("ETHUSD", MINUTE)])
    builder.on_tick(at(1))

    assert only(Bar, builder.on_tick(a_tick(symbol="ETHUSD", ts=MONDAY + 2 * MINUTE))) == []
    assert builder.on_tick(a_tick(symbol="unknown")) == ()
    assert builder.on_tick_block(a_block(a_tick(symbol="unknown"))) == ()


def test_a_block_is_cut_where_a_bar_ends():
    builder = a_builder()
    said = builder.on_tick_block(a_block(at(0), at(1), at(59), at(60), at(61), at(120), at(179)))

    assert [(bar.open_ts - MONDAY, bar.ticks) for bar in only(Bar, said)] == [(0, 3), (MINUTE, 2)]


# From shorter bars.


def minutes(*closes, start=0, **fields):
    return [a_bar(close, open_ts=MONDAY + (start + n) * MINUTE, **fields) for n, close in enumerate(closes)]


def test_the_feed_is_asked_for_the_shorter_bars():
    builder = BarBuilder([BarWanted(SYMBOL, 5 * MINUTE, MINUTE), BarWanted(SYMBOL, HOUR, MINUTE)])

    assert builder.on_start() == (Subscribe(Bar, SYMBOL, MINUTE),)


def test_a_long_bar_closes_with_the_short_bar_that_ends_where_it_ends():
    builder = a_builder(5 * MINUTE, source=MINUTE)
    *before, last = minutes(1.0, 5.0, 2.0, 3.0, 4.0, volume=2, turnover=3.0, ticks=4)
    for bar in before:
        assert only(Bar, builder.on_bar(bar)) == []

    said = builder.on_bar(last)

    assert said == (a_bar(4.0, open=1.0, high=5.0, low=1.0, volume=10, turnover=15.0, ticks=20, period=5 * MINUTE),)
    assert type(said[0].volume) is int


def test_an_open_outside_its_own_bar_makes_no_high_and_no_low():
    builder = a_builder(2 * MINUTE, source=MINUTE)
    builder.on_bar(a_bar(10.0, open=99.0))

    (bar,) = builder.on_bar(a_bar(11.0, open=1.0, open_ts=MONDAY + MINUTE))

    assert (bar.open, bar.high, bar.low, bar.close) == (99.0, 11.0, 10.0, 11.0)


def test_turnover_and_count_are_unknown_when_a_part_is():
    builder = a_builder(2 * MINUTE, source=MINUTE)
    builder.on_bar(minutes(1.0, turnover=1.0, ticks=1)[0])
    (unknown,) = builder.on_bar(minutes(1.0, start=1)[0])
    builder.on_bar(minutes(1.0, start=2, turnover=1.0, ticks=1)[0])
    (known,) = builder.on_bar(minutes(1.0, start=3, turnover=1.0, ticks=1)[0])

    assert (unknown.turnover, unknown.ticks) == (None, None)
    assert (known.turnover, known.ticks) == (2.0, 2)


@pytest.mark.parametrize("closed_by", ["clock", "bar"])
def test_a_long_bar_whose_last_short_bar_is_missing_closes_on_the_clock_or_with_the_next(closed_by):
    builder = a_builder(5 * MINUTE, source=MINUTE)
    opening = builder.on_bar(minutes(1.0)[0])
    if closed_by == "clock":
        (bar,) = wake(builder, opening)
        assert bar.received == MONDAY + 5 * MINUTE
    else:
        (bar,) = only(Bar, builder.on_bar(minutes(2.0, start=6)[0]))
        assert bar.received == MONDAY + 7 * MINUTE
    assert (bar.open_ts, bar.close_ts, bar.volume) == (MONDAY, MONDAY + 5 * MINUTE, 1.0)


def test_the_clock_of_long_bars_strikes_after_the_short_bars_of_the_instant_and_before_strategies_hear_closes():
    builder = a_builder(2 * MINUTE, source=MINUTE)
    opening = builder.on_bar(minutes(1.0)[0])
    (timer,) = opening

    assert timer == WakeAt(MONDAY + 2 * MINUTE, timer.token, Step.MARKS)
    assert Step.VENUE_BARS < timer.step < Step.CLOSES
    assert len(builder.on_bar(minutes(2.0, start=1)[0])) == 1
    assert wake(builder, opening) == ()


def test_one_timer_is_set_for_each_long_bar():
    said = on_a_clock(a_builder(5 * MINUTE, source=MINUTE), minutes(*[1.0] * 10))

    assert len(only(WakeAt, said)) == 2


def test_a_short_bar_that_comes_twice_counts_once():
    builder = a_builder(2 * MINUTE, source=MINUTE, late="next")
    first, second = minutes(1.0, 2.0)
    builder.on_bar(first)
    (aside,) = builder.on_bar(first)
    (bar,) = builder.on_bar(second)
    (late,) = builder.on_bar(second)

    assert aside.reason == late.reason == "late"
    assert aside.text == "bar of 1m from 2024-01-01T00:00:00Z; too late for 2m"
    assert bar.volume == 2.0


def test_long_bars_are_flat_where_short_ones_are_missing():
    said = on_a_clock(a_builder(2 * MINUTE, source=MINUTE, empty_bars="flat"), minutes(7.0), MONDAY + 6 * MINUTE)

    assert [(bar.open_ts - MONDAY, bar.volume) for bar in only(Bar, said)] == [
        (0, 1.0),
        (2 * MINUTE, 0),
        (4 * MINUTE, 0),
    ]


def test_the_open_of_a_long_bar_comes_with_its_first_short_bar():
    builder = a_builder(2 * MINUTE, source=MINUTE, opens=True)
    said = [*builder.on_bar(minutes(7.0)[0]), *builder.on_bar(minutes(8.0, start=1)[0])]

    assert [(each.ts, each.received, each.price) for each in only(BarOpen, said)] == [(MONDAY, MONDAY + MINUTE, 7.0)]


# Wanted bars.


@pytest.mark.parametrize(("period", "source"), [(SECOND - 1, "ticks"), (WEEK + 1, "ticks")])
def test_periods_outside_a_second_to_a_week_are_refused(period, source):
    with pytest.raises(ValueError, match="from 1s to 1w"):
        BarWanted(SYMBOL, period, source)


@pytest.mark.parametrize("source", [7 * SECOND, MINUTE, HOUR, 0, "trades"])
def test_a_source_that_the_period_is_no_multiple_of_is_refused(source):
    with pytest.raises(ValueError, match="1m bars cannot be built from"):
        BarWanted(SYMBOL, MINUTE, source)


def test_bars_of_one_period_from_two_sources_are_refused():
    with pytest.raises(ValueError, match="two sources"):
        BarBuilder([BarWanted(SYMBOL, HOUR), BarWanted(SYMBOL, HOUR, MINUTE)])


@pytest.mark.parametrize("wrong", [{"empty_bars": "full"}, {"late": "never"}, {"close_grace_ns": -1}])
def test_conventions_that_do_not_exist_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        BarBuilder([], **wrong)


def test_a_wish_before_the_data_gives_every_bar():
    builder = a_builder(HOUR)
    builder.on_subscribe(Subscribe(Bar, SYMBOL, MINUTE))

    assert [bar.period for bar in only(Bar, on_a_clock(builder, [at(1), at(60)]))] == [MINUTE]


@pytest.mark.parametrize("symbol_known", [True, False])
def test_a_wish_in_the_middle_of_the_data_gives_no_bar_whose_beginning_was_missed(symbol_known):
    builder = a_builder() if symbol_known else BarBuilder([])
    builder.on_tick(at(1))
    builder.on_subscribe(Subscribe(Bar, SYMBOL, 2 * MINUTE))
    said = on_a_clock(builder, [at(2), at(119), at(121), at(241)])

    assert [bar.open_ts - MONDAY for bar in only(Bar, said) if bar.period == 2 * MINUTE] == [2 * MINUTE]
    assert only(Quarantined, said) == []


def test_a_wish_is_built_from_the_feeds_bars_where_the_symbol_has_them():
    builder = a_builder(HOUR, source=MINUTE)
    builder.on_subscribe(Subscribe(Bar, SYMBOL, 2 * MINUTE))
    builder.on_subscribe(Subscribe(Bar, SYMBOL, MINUTE))
    said = on_a_clock(builder, minutes(1.0, 2.0, 3.0, 4.0, start=1))

    assert [(bar.open_ts - MONDAY, bar.period) for bar in only(Bar, said)] == [(2 * MINUTE, 2 * MINUTE)]


def test_a_wish_for_opens_of_bars_that_are_built_already_adds_the_opens():
    builder = a_builder()
    for wish in (Subscribe(BarOpen, SYMBOL, MINUTE), Subscribe(Bar, SYMBOL, MINUTE), Subscribe(Bar, None, None)):
        assert builder.on_subscribe(wish) == ()

    assert len(only(BarOpen, builder.on_tick(at(1)))) == 1


# Properties.

TRADES = st.lists(
    st.tuples(st.sampled_from([-70, -2, -1, 0, 0, 1, 1, 5, 20, 61, 200]), st.integers(1, 9), st.integers(0, 9)),
    min_size=1,
    max_size=60,
)
"""(seconds after the one before, price, size): in order mostly, late at times."""
CUTS = st.lists(st.integers(1, 25), max_size=20)
CONVENTIONS = st.fixed_dictionaries(
    {
        "close_grace_ns": st.sampled_from([0, 3 * SECOND]),
        "empty_bars": st.sampled_from(["none", "flat"]),
        "late": st.sampled_from(["quarantine", "next"]),
    }
)


def ticks_of(trades, tenths=False):
    """Heard in the order given; the clock never goes back."""
    ts = now = MONDAY
    ticks = []
    for step, price, size in trades:
        ts += step * SECOND
        now = max(now, ts)
        ticks.append(a_tick(float(price), size / 10 if tenths else size, ts=ts, received=now))
    return ticks


def cut(ticks, lengths):
    first = 0
    for length in [*lengths, *[7] * len(ticks)]:
        if part := ticks[first : first + length]:
            yield part
        first += length


@given(TRADES, CONVENTIONS, st.booleans())
@settings(max_examples=150, deadline=None)
def test_no_volume_is_lost_or_counted_twice(trades, conventions, has_clock):
    ticks = ticks_of(trades)
    builder = a_builder(MINUTE, 5 * MINUTE, **conventions)
    said = on_a_clock(builder, ticks) if has_clock else [m for tick in ticks for m in builder.on_tick(tick)]
    # What is open or waits for a next bar shows itself when two more trades of no size come, in later intervals.
    end = max(tick.ts for tick in ticks)
    said += builder.on_tick(a_tick(1.0, 0, ts=end + 5 * MINUTE))
    said += builder.on_tick(a_tick(1.0, 0, ts=end + 10 * MINUTE))
    aside = only(Quarantined, said)

    for period, name in ((MINUTE, "1m"), (5 * MINUTE, "5m")):
        bars = [bar for bar in only(Bar, said) if bar.period == period]
        late = [each.item for each in aside if name in each.text.removeprefix("too late for ").split(", ")]
        assert sum(bar.volume for bar in bars) + sum(t.size for t in late) == sum(t.size for t in ticks)
        assert sum(bar.turnover for bar in bars) == sum(t.size * t.price for t in ticks) - sum(
            t.size * t.price for t in late
        )
        assert sum(bar.ticks for bar in bars) + len(late) == len(ticks) + 1
        assert len({bar.open_ts for bar in bars}) == len(bars)


@given(TRADES, CONVENTIONS)
@settings(max_examples=100, deadline=None)
def test_bars_follow_one_another_and_are_heard_in_order(trades, conventions):
    bars = only(Bar, on_a_clock(a_builder(**conventions), ticks_of(trades)))

    assert all(before.close_ts <= after.open_ts for before, after in pairwise(bars))
    assert all(before.received <= after.received for before, after in pairwise(bars))
    if conventions["empty_bars"] == "flat":
        assert all(before.close_ts == after.open_ts for before, after in pairwise(bars))


@given(TRADES, CUTS, CONVENTIONS)
@settings(max_examples=200, deadline=None)
def test_blocks_say_what_single_ticks_say_wherever_they_are_cut(trades, cuts, conventions):
    parts = list(cut(ticks_of(trades, tenths=True), cuts))
    by_blocks, one_by_one = (a_builder(MINUTE, 5 * MINUTE, opens=True, **conventions) for _ in range(2))

    for part in parts:
        received = part[-1].received
        singles = [a_tick(t.price, t.size, ts=t.ts, received=received) for t in part]
        expected = tuple(answer for tick in singles for answer in one_by_one.on_tick(tick))
        assert by_blocks.on_tick_block(a_block(*part)) == expected
        # What they hold must agree too, and the clock shows it.
        now = Woke(received, f"{SYMBOL} {MINUTE}")
        assert by_blocks.on_woke(now) == one_by_one.on_woke(now)
    end = FeedEnded(received + 10 * MINUTE)
    assert by_blocks.on_feed_ended(end) == one_by_one.on_feed_ended(end)


@given(TRADES, CONVENTIONS)
@settings(max_examples=100, deadline=None)
def test_a_period_is_built_the_same_alone_and_among_others(trades, conventions):
    ticks = ticks_of(trades, tenths=True)
    together = only(Bar, on_a_clock(a_builder(SECOND, MINUTE, 5 * MINUTE, **conventions), ticks))
    alone = only(Bar, on_a_clock(a_builder(5 * MINUTE, **conventions), ticks))

    assert [bar for bar in together if bar.period == 5 * MINUTE] == alone


# An independent oracle: a group-by in a database.

GROUPED = """
    select (ts - $first) // $period as number, first(open order by row), max(high), min(low), last(close order by row),
           sum(volume), sum(turnover), sum(ticks)
    from rows group by number order by number
"""


def grouped(rows, period):
    """OHLCV by interval since a Monday, from columns ts, open, high, low, close, volume, turnover, ticks."""
    first = MONDAY - 1000 * WEEK
    names = ("ts", "open", "high", "low", "close", "volume", "turnover", "ticks")
    rows = dict(zip(names, (np.asarray(column) for column in rows), strict=True))
    rows["row"] = np.arange(len(rows["ts"]))
    with duckdb.connect() as database:
        database.register("rows", rows)
        answer = database.execute(GROUPED, {"first": first, "period": period}).fetchall()
    return {first + number * period: values for number, *values in answer}


def values_of(bars):
    return {b.open_ts: [b.open, b.high, b.low, b.close, b.volume, b.turnover, b.ticks] for b in bars}


def a_walk(count, mean_gap_s):
    """Random trades: times (ns), prices on a grid of 0.5, whole sizes."""
    rng = np.random.default_rng(20240101)
    ts = MONDAY + np.cumsum(rng.exponential(mean_gap_s * SECOND, count).astype(np.int64))
    prices = 10_000 + 0.5 * np.cumsum(rng.integers(-3, 4, count))
    return ts.tolist(), prices.tolist(), rng.integers(1, 100, count).astype(float).tolist()


@pytest.mark.parametrize("in_blocks", [False, True])
def test_bars_from_generated_ticks_equal_a_group_by(in_blocks):
    ts, prices, sizes = a_walk(6_000, 40)
    periods = [parse_period(name) for name in ("1s", "1m", "5m", "1h", "1d", "1w")]
    items = [a_tick(price, size, ts=t) for t, price, size in zip(ts, prices, sizes, strict=True)]
    builder = a_builder(*periods)
    if in_blocks:
        said = [m for part in cut(items, []) for m in builder.on_tick_block(a_block(*part))]
        said += builder.on_feed_ended(FeedEnded(MONDAY + 4 * WEEK))
    else:
        said = on_a_clock(builder, items, MONDAY + 4 * WEEK)

    turnovers = [price * size for price, size in zip(prices, sizes, strict=True)]
    for period in periods:
        expected = grouped((ts, prices, prices, prices, prices, sizes, turnovers, [1] * len(ts)), period)
        assert values_of(bar for bar in only(Bar, said) if bar.period == period) == expected


def assert_rolled_as_grouped(bars, periods):
    builder = a_builder(*periods, source=MINUTE)
    said = [m for bar in bars for m in builder.on_bar(bar)]
    said += builder.on_feed_ended(FeedEnded(bars[-1].close_ts + WEEK))
    columns = [
        [getattr(bar, name) for bar in bars] for name in ("open_ts", "open", "high", "low", "close", "volume", "volume")
    ]
    for period in periods:
        built = values_of(bar for bar in only(Bar, said) if bar.period == period)
        expected = grouped((*columns, [0] * len(bars)), period)
        assert {start: row[:5] for start, row in built.items()} == {start: row[:5] for start, row in expected.items()}


def test_bars_from_generated_bars_with_gaps_equal_a_group_by():
    ts, prices, sizes = a_walk(20_000, 3)
    rows = defaultdict(list)
    for t, price, size in zip(ts, prices, sizes, strict=True):
        if t // MINUTE % 7:
            rows[t // MINUTE * MINUTE].append((price, size))
    bars = [
        a_bar(
            trades[-1][0],
            open=trades[0][0],
            high=max(price for price, _ in trades),
            low=min(price for price, _ in trades),
            volume=sum(size for _, size in trades),
            open_ts=start,
        )
        for start, trades in rows.items()
    ]

    assert_rolled_as_grouped(bars, (5 * MINUTE, HOUR, DAY, WEEK))


def test_recorded_minutes_rolled_up_equal_a_group_by():
    path = Path(__file__).parents[3] / "shared" / "data" / "bitmex_XBTUSD_1m.csv.gz"
    if not path.exists():
        pytest.skip(f"the recorded bars are not here: {path.name}")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        bars = [
            a_bar(
                float(row["close"]),
                open=float(row["open"]),
                high=float(row["high"]),
                low=float(row["low"]),
                volume=float(row["volume"]),
                open_ts=int(datetime.fromisoformat(row["timestamp"]).timestamp()) * SECOND,
            )
            for row in islice(csv.DictReader(file), 40_000)
        ]

    assert len(bars) == 40_000
    assert_rolled_as_grouped(bars, (5 * MINUTE, HOUR, DAY))
