"""A gap in the trades that is filled later leaves the bars as they would have been, and builders hand bars over."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.bar_builder import BarSoFar, BarWanted
from actors.bars.running import RunningBar
from actors.bars.wanted import Conventions
from actors.live_bars import LiveBarBuilder
from messages import Bar, FeedEnded, Heartbeat, MarketFresh, MarketStale, Quarantined, Tick, WakeAt, Woke, period_start
from tests.actors.test_bar_builder import SYMBOL, a_builder, at, only, ticks_of, wake
from tests.builders import HOUR, MINUTE, MONDAY, SECOND, a_tick

GRACE = SECOND // 4


def a_live_builder(*periods, is_fresh=True, **fields):
    builder = LiveBarBuilder([BarWanted(SYMBOL, period) for period in periods or (MINUTE,)], **fields)
    if is_fresh:
        builder.on_market_fresh(fresh(0))
    return builder


def stale(seconds):
    return MarketStale(symbol=SYMBOL, reason="line down", ts=MONDAY + int(seconds * SECOND))


def fresh(seconds):
    return MarketFresh(symbol=SYMBOL, ts=MONDAY + int(seconds * SECOND))


# Late trades put the clock off.


def test_a_bar_closes_the_grace_after_a_trade_that_came_after_its_end():
    builder = a_builder(close_grace_ns=SECOND)
    opening = builder.on_tick(at(1))
    builder.on_tick(at(59, received=60.5))

    again = wake(builder, opening)
    (bar,) = only(Bar, wake(builder, again))

    assert only(Bar, again) == []
    assert (bar.ticks, bar.received) == (2, MONDAY + int(61.5 * SECOND))


def test_a_bar_that_is_begun_after_its_end_waits_for_more_of_its_trades():
    builder = a_builder(close_grace_ns=GRACE)

    (timer,) = only(WakeAt, builder.on_tick(at(1, received=600)))

    assert timer.at == MONDAY + 600 * SECOND + GRACE


def test_a_timer_that_strikes_too_early_twice_is_asked_for_once():
    builder = a_builder(close_grace_ns=SECOND)
    (timer,) = only(WakeAt, builder.on_tick(at(1)))
    builder.on_tick(at(59, received=60.5))

    assert len(builder.on_woke(Woke(timer.at, timer.token))) == 1
    assert builder.on_woke(Woke(timer.at, timer.token)) == ()


def test_a_bar_after_one_that_was_put_off_closes_on_the_clock_too():
    builder = a_builder(SECOND, close_grace_ns=SECOND)
    opening = builder.on_tick(at(0.5, received=9))
    wake(builder, opening)

    again = builder.on_tick(at(1.5, received=10))
    (bar,) = only(Bar, wake(builder, again))

    assert bar.open_ts == MONDAY + SECOND


def test_a_bar_is_not_received_before_one_that_the_clock_closed_while_its_trades_still_waited():
    builder = a_builder(SECOND, close_grace_ns=GRACE)
    opening = builder.on_tick(at(0.5))
    (timer,) = only(WakeAt, opening)

    (first,) = only(Bar, builder.on_woke(Woke(MONDAY + 9 * SECOND, timer.token)))
    builder.on_tick(at(1.5))
    (second,) = only(Bar, builder.on_tick(at(2.1)))

    assert (first.received, second.received) == (MONDAY + 9 * SECOND, MONDAY + 9 * SECOND)


# A stale market stops the clock.


def test_in_a_stale_market_no_bar_closes_by_the_clock_and_when_it_is_fresh_again_what_is_over_does():
    builder = a_live_builder()
    opening = builder.on_tick(at(58))
    builder.on_market_stale(stale(59))

    by_clock = wake(builder, opening)
    filled = builder.on_tick(at(59, received=63))
    (bar,) = only(Bar, builder.on_market_fresh(fresh(63.5)))

    assert by_clock == filled == ()
    assert (bar.ticks, bar.received) == (2, MONDAY + int(63.5 * SECOND))


def test_a_market_that_is_fresh_again_within_the_bar_sets_its_timer_anew():
    builder = a_live_builder()
    builder.on_tick(at(1))
    builder.on_market_stale(stale(2))

    (timer,) = builder.on_market_fresh(fresh(3))

    assert timer.at == MONDAY + MINUTE + GRACE
    assert only(Bar, builder.on_woke(Woke(timer.at, timer.token)))


def test_a_live_builder_waits_for_the_market_s_first_word():
    builder = a_live_builder(is_fresh=False)
    opening = builder.on_tick(at(1))

    assert wake(builder, opening) == ()
    assert only(Bar, builder.on_market_fresh(fresh(61)))


def test_a_live_clock_is_as_far_behind_ours_as_the_trades_are():
    builder = a_live_builder(is_fresh=False)
    builder.on_tick(at(1, received=1.75))
    (timer,) = builder.on_market_fresh(fresh(2))
    builder.on_tick(at(58, received=59.5))

    early = builder.on_woke(Woke(timer.at, timer.token))
    last = builder.on_tick(at(59.9, received=61.4))
    (bar,) = only(Bar, wake(builder, early))

    assert timer.at == MONDAY + MINUTE + int(0.75 * SECOND) + GRACE
    assert (only(Bar, early), last) == ([], ())
    assert (bar.ticks, bar.received) == (3, MONDAY + int(61.5 * SECOND) + GRACE)


def test_a_trade_that_fills_a_gap_does_not_make_the_clock_wait_for_as_long():
    builder = a_live_builder(is_fresh=False)
    builder.on_tick(at(1, received=200))

    assert only(Bar, builder.on_market_fresh(fresh(201)))


def test_another_symbol_s_trouble_stops_no_clock():
    builder = a_live_builder()
    opening = builder.on_tick(at(1))
    builder.on_market_stale(MarketStale(symbol="ETHUSD", reason="line down", ts=MONDAY))

    assert only(Bar, wake(builder, opening))


def test_a_heartbeat_is_passed_on():
    beat = Heartbeat(account="main", number=3, ts=MONDAY)

    assert a_builder().on_heartbeat(beat) == (beat,)


# The property.

STEPS = st.lists(
    st.tuples(st.sampled_from([0, 0, 1, 1, 5, 20, 61, 200]), st.integers(1, 9), st.integers(0, 9)),
    min_size=2,
    max_size=60,
)


def play(builder, items, until):
    """All answers. Timers that are due strike between any two items, also of one burst, as they may on threads."""
    timers, said = [], []

    def hear(answers):
        said.extend(answers)
        timers.extend(timer for timer in answers if isinstance(timer, WakeAt))

    def clock(last, now):
        while due := sorted((timer for timer in timers if timer.at <= now), key=lambda timer: timer.at):
            timers.remove(due[0])
            hear(builder.on_woke(Woke(max(due[0].at, last), due[0].token)))

    hear(builder.on_start())
    handlers = {Tick: builder.on_tick, MarketStale: builder.on_market_stale, MarketFresh: builder.on_market_fresh}
    last = MONDAY
    for item in items:
        now = item.received if isinstance(item, Tick) else item.ts
        clock(last, now)
        hear(handlers[type(item)](item))
        last = now
        clock(last, now)
    clock(last, until)
    return said


def values(bars):
    return sorted((b.period, b.open_ts, b.open, b.high, b.low, b.close, b.volume, b.turnover, b.ticks) for b in bars)


@given(STEPS, st.integers(0, 60), st.integers(0, 60), st.integers(0, 3000), st.sampled_from(["none", "flat"]))
@settings(max_examples=200)
def test_bars_from_trades_that_fill_a_gap_in_a_burst_equal_bars_from_the_same_trades_heard_in_time(
    steps, first, length, delay, empty_bars
):
    ticks, conventions = ticks_of(steps), {"close_grace_ns": GRACE, "empty_bars": empty_bars}
    before, missed, later = ticks[:first], ticks[first : first + length], ticks[first + length :]
    lost_at = before[-1].ts if before else MONDAY
    back_at = max([tick.ts for tick in missed], default=lost_at) + delay * SECOND // 10
    until = max(ticks[-1].ts, back_at) + 5 * MINUTE
    burst = [a_tick(t.price, t.size, ts=t.ts, received=back_at) for t in (*missed, *later) if t.ts <= back_at]
    lost = MarketStale(symbol=SYMBOL, reason="line down", ts=lost_at)
    back = MarketFresh(symbol=SYMBOL, ts=back_at)
    afterwards = ticks[len(before) + len(burst) :]

    said = play(a_live_builder(SECOND, MINUTE, **conventions), [*before, lost, *burst, back, *afterwards], until)
    in_time = play(a_live_builder(SECOND, MINUTE, **conventions), ticks, until)

    assert only(Quarantined, said) == []
    # A clock that follows the trades' lag may be a little behind at the end of the test.
    over = until - MINUTE
    assert values(each for each in only(Bar, said) if each.close_ts <= over) == values(
        each for each in only(Bar, in_time) if each.close_ts <= over
    )


@given(STEPS, st.integers(1, 60))
@settings(max_examples=100)
def test_a_burst_that_nobody_announced_loses_no_trade_to_timers_between_its_trades(steps, delay):
    ticks = ticks_of(steps)
    heard_at = ticks[-1].ts + delay * SECOND
    builder, said = a_builder(SECOND, MINUTE, close_grace_ns=GRACE), []
    said += builder.on_tick(ticks[0])
    for tick in ticks[1:]:
        said += builder.on_tick(a_tick(tick.price, tick.size, ts=tick.ts, received=heard_at))
        due = [timer for timer in only(WakeAt, said) if timer.at <= heard_at]
        said += [answer for timer in due for answer in builder.on_woke(Woke(heard_at, timer.token))]
    said += builder.on_feed_ended(FeedEnded(heard_at + HOUR))

    assert only(Quarantined, said) == []
    assert sum(bar.ticks for bar in only(Bar, said) if bar.period == MINUTE) == len(ticks)


# Handing over.


@given(STEPS, st.integers(0, 60))
@settings(max_examples=100)
def test_a_builder_goes_on_where_the_one_before_it_had_come_to(steps, cut):
    ticks, periods = ticks_of(steps), (SECOND, MINUTE, 5 * MINUTE)
    before, after = ticks[:cut], ticks[cut:]
    until = ticks[-1].ts + HOUR
    first = a_live_builder(*periods)

    said = play(first, before, before[-1].received if before else MONDAY)
    heir = LiveBarBuilder(
        [BarWanted(SYMBOL, each) for each in periods], close_grace_ns=GRACE, heritage=first.heritage()
    )
    said += play(heir, after, until)

    assert values(only(Bar, said)) == values(only(Bar, play(a_live_builder(*periods), ticks, until)))


def test_a_builder_inherits_which_markets_are_fresh():
    first = a_live_builder(is_fresh=False)
    first.on_market_fresh(fresh(0))
    second = LiveBarBuilder([BarWanted(SYMBOL, MINUTE)], heritage=first.heritage())
    opening = second.on_tick(at(1))

    assert only(Bar, wake(second, opening))


def test_a_bar_that_was_begun_by_history_is_said_whole_and_on_time():
    builder = a_builder()
    builder.take_up([so_far(at(1, 10.0), at(2, 12.0))])

    (timer,) = builder.on_start()
    builder.on_tick(at(3, 11.0))
    (bar,) = builder.on_woke(Woke(timer.at, timer.token))

    assert timer.at == MONDAY + MINUTE
    assert (bar.open, bar.high, bar.close, bar.ticks) == (10.0, 12.0, 11.0, 3)


def test_a_bar_whose_beginning_is_not_known_is_left_out():
    builder = a_builder()
    builder.take_up([BarSoFar(symbol=SYMBOL, period=MINUTE, open_ts=MONDAY, close_ts=MONDAY, skip_to=MONDAY + MINUTE)])

    assert builder.on_tick(at(30)) == ()
    builder.on_tick(at(61))
    (bar,) = only(Bar, builder.on_tick(at(121)))
    assert bar.open_ts == MONDAY + MINUTE


def test_a_trade_before_what_was_taken_up_is_late():
    builder = a_builder()
    builder.take_up([BarSoFar(symbol=SYMBOL, period=MINUTE, open_ts=MONDAY, close_ts=MONDAY, close=9.0)])

    assert only(Quarantined, builder.on_tick(at(-1)))


def test_a_bar_so_far_that_nobody_wanted_is_built_all_the_same():
    builder = a_builder(5 * MINUTE)
    builder.take_up([so_far(at(1))])

    (bar,) = only(Bar, builder.on_tick(at(60)))
    assert bar.period == MINUTE


def test_a_bar_whose_turnover_is_unknown_takes_no_trades():
    so = BarSoFar(symbol=SYMBOL, period=MINUTE, open_ts=MONDAY, close_ts=MONDAY + MINUTE, turnover=None)

    with pytest.raises(ValueError, match="turnover so far is unknown"):
        a_builder().take_up([so])


def so_far(*ticks):
    bar = RunningBar(BarWanted(SYMBOL, MINUTE), Conventions())
    bar.begin(period_start(ticks[0].ts, MINUTE), ticks[0].price)
    for tick in ticks:
        bar.add_tick(tick.price, tick.size)
    return bar.so_far
