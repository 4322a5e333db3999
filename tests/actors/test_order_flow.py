"""Order flow is what buyers took and sellers hit in each interval: every single trade counts once."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import Strategy, StrategyEntry, TradingSystem
from actors.columns import TickColumns
from actors.order_flow import FlowWanted, OrderFlowBuilder, flow_period
from messages import (
    FeedEnded,
    MarketFresh,
    MarketStale,
    OrderFlow,
    Quarantined,
    Subscribe,
    Tick,
    WakeAt,
    Woke,
    period_name,
)
from tests.builders import MINUTE, MONDAY, SECOND, a_tick
from tests.system.runs import on_threads

HALF = SECOND // 2
TENTH = SECOND // 10


def a_builder(period=HALF, symbol="XBTUSD", *, zeros=False, **how):
    return OrderFlowBuilder([FlowWanted(symbol, period, zeros)], **how)


def flows(said):
    return [each for each in said if isinstance(each, OrderFlow)]


def bought(size, at, **more):
    return a_tick(size=size, ts=MONDAY + at, aggressor=1, **more)


def sold(size, at, **more):
    return a_tick(size=size, ts=MONDAY + at, aggressor=-1, **more)


def sums(flow):
    return (flow.buy_volume, flow.sell_volume, flow.unknown_volume, flow.buys, flow.sells)


# What is counted.


def test_each_trade_counts_on_the_side_of_its_aggressor_and_on_neither_when_it_is_unknown():
    builder = a_builder()
    for tick in (bought(2, 0), sold(3, 1), bought(5, 2), a_tick(size=7, ts=MONDAY + 3)):
        assert flows(builder.on_tick(tick)) == []

    (flow,) = flows(builder.on_tick(bought(1, HALF)))

    assert sums(flow) == (7.0, 3.0, 7.0, 2, 1)
    assert (flow.open_ts, flow.close_ts, flow.period) == (MONDAY, MONDAY + HALF, HALF)
    assert flow.received == MONDAY + HALF


def test_a_trade_at_the_end_of_an_interval_belongs_to_the_next():
    builder = a_builder()
    builder.on_tick(bought(2, 0))

    (flow,) = flows(builder.on_tick(sold(9, HALF)))

    assert sums(flow) == (2.0, 0.0, 0.0, 1, 0)


def test_intervals_without_trades_say_nothing():
    builder = a_builder()
    builder.on_tick(bought(2, 0))

    closed = flows(builder.on_tick(bought(1, 10 * HALF)))

    assert [each.open_ts for each in closed] == [MONDAY]


def test_intervals_without_trades_are_said_with_zeros_where_they_are_wanted():
    builder = a_builder(zeros=True)
    builder.on_tick(bought(2, 0))

    closed = flows(builder.on_tick(bought(1, 3 * HALF)))

    assert [each.open_ts for each in closed] == [MONDAY, MONDAY + HALF, MONDAY + 2 * HALF]
    assert [sums(each) for each in closed[1:]] == [(0.0, 0.0, 0.0, 0, 0)] * 2


def test_nothing_is_said_before_the_first_trade():
    assert flows(a_builder(zeros=True).on_tick(bought(2, 7 * HALF))) == []


def test_a_trade_whose_interval_was_said_is_set_aside_by_name():
    builder = a_builder()
    builder.on_tick(bought(2, 0))
    builder.on_tick(bought(2, HALF))
    late = sold(4, 1, received=MONDAY + HALF + 1)

    (aside,) = builder.on_tick(late)

    assert isinstance(aside, Quarantined)
    assert (aside.reason, aside.item, aside.text) == ("late", late, "too late for the order flow of 500ms")
    assert sums(flows(builder.on_tick(bought(1, 2 * HALF)))[0]) == (2.0, 0.0, 0.0, 1, 0)


# When it closes.


def test_the_clock_closes_an_interval_the_grace_after_its_end():
    builder = a_builder(close_grace_ns=TENTH)
    (wake,) = builder.on_tick(bought(2, 0))
    assert isinstance(wake, WakeAt)
    assert wake.at == MONDAY + HALF + TENTH

    (flow,) = flows(builder.on_woke(Woke(wake.at, wake.token)))

    assert flow.received == wake.at
    assert builder.on_woke(Woke(wake.at, wake.token)) == ()


def test_zeros_go_on_by_the_clock():
    builder = a_builder(zeros=True)
    (wake,) = builder.on_tick(bought(2, 0))

    *_, wake = builder.on_woke(Woke(wake.at, wake.token))
    (zeros, _next) = builder.on_woke(Woke(wake.at, wake.token))

    assert sums(zeros) == (0.0, 0.0, 0.0, 0, 0)
    assert zeros.close_ts == MONDAY + 2 * HALF


def test_what_has_ended_closes_with_the_feed_and_what_has_not_stays_unsaid():
    builder = OrderFlowBuilder([FlowWanted("XBTUSD", HALF), FlowWanted("XBTUSD", MINUTE)])
    builder.on_tick(bought(2, 0))

    (flow,) = builder.on_feed_ended(FeedEnded(MONDAY + SECOND))

    assert flow.period == HALF


def test_a_live_clock_closes_nothing_of_a_stale_market_and_what_is_over_when_it_is_fresh():
    builder = a_builder(waits_for_fresh=True)
    assert {each.message for each in builder.on_start()} == {Tick, MarketStale, MarketFresh}
    (wake,) = builder.on_tick(bought(2, 0))

    assert builder.on_woke(Woke(wake.at, wake.token)) == ()
    assert flows(builder.on_tick(bought(3, 2, received=MONDAY + SECOND))) == []
    (flow,) = flows(builder.on_market_fresh(MarketFresh(symbol="XBTUSD", ts=MONDAY + 3 * SECOND)))

    assert sums(flow) == (5.0, 0.0, 0.0, 2, 0)


def test_a_successor_goes_on_where_the_one_before_had_come_to():
    builder = a_builder(zeros=True)
    builder.on_tick(bought(2, 0))
    successor = a_builder(zeros=True, heritage=builder.heritage())

    asked, wake = successor.on_start()

    assert asked == Subscribe(Tick, "XBTUSD")
    assert wake.at == MONDAY + HALF
    successor.on_tick(sold(1, 1))
    assert sums(flows(successor.on_woke(Woke(wake.at, wake.token)))[0]) == (2.0, 1.0, 0.0, 1, 1)


# Periods.


@pytest.mark.parametrize(("text", "ns"), [("100ms", TENTH), ("500ms", HALF), ("1s", SECOND), ("1500ms", 3 * HALF)])
def test_periods_below_a_second_have_a_name_that_is_read_again(text, ns):
    assert flow_period(text) == ns

    assert period_name(ns) == text


@pytest.mark.parametrize("text", ["99ms", "10ms", "0ms", "1.5s", "2w", "ms", ""])
def test_what_is_no_period_of_order_flow_is_refused(text):
    with pytest.raises(ValueError, match="period"):
        flow_period(text)


def test_bars_have_no_periods_below_a_second():
    from messages import parse_period  # noqa: PLC0415

    with pytest.raises(ValueError, match="'500ms' is shorter than 1s"):
        parse_period("500ms")


# Of any trades.

TRADES = st.lists(
    st.tuples(
        st.integers(0, 3 * SECOND), st.floats(0, 1e6, allow_subnormal=False), st.sampled_from([-1, 0, 1])
    ),
    max_size=60,
)  # fmt: skip


def _columns(trades):
    trades = sorted(trades, key=lambda trade: trade[0])
    times = np.array([MONDAY + at for at, _, _ in trades], dtype=np.int64)
    return TickColumns(
        symbol="XBTUSD", ts=times, received=times, price=np.full(len(trades), 100.0),
        size=np.array([size for _, size, _ in trades]),
        aggressor=np.array([side for *_, side in trades], dtype=np.int64),
    )  # fmt: skip


@given(TRADES, st.sampled_from([TENTH, HALF, SECOND]))
def test_the_sums_of_all_intervals_are_those_of_the_trades(trades, period):
    """Whatever order the trades come in: each is in one interval, or was set aside."""
    builder, said = a_builder(period), []
    for at, size, side in trades:
        said += builder.on_tick(a_tick(size=size, ts=MONDAY + at, aggressor=side))

    said += builder.on_feed_ended(FeedEnded(MONDAY + MINUTE))

    late = [each.item for each in said if isinstance(each, Quarantined)]
    for side, name in ((1, "buy_volume"), (-1, "sell_volume"), (0, "unknown_volume")):
        counted = sum(getattr(each, name) for each in flows(said)) + sum(t.size for t in late if t.aggressor == side)
        assert math.isclose(counted, sum(size for _, size, each in trades if each == side), abs_tol=1e-6)
    assert sum(each.buys for each in flows(said)) + sum(t.aggressor == 1 for t in late) == [
        s for *_, s in trades
    ].count(1)
    intervals = [each.open_ts for each in flows(said)]
    assert intervals == sorted(set(intervals))
    assert all(each.open_ts % TENTH == 0 and each.received >= each.close_ts for each in flows(said))


def _oracle(columns, period):
    """By arithmetic on columns: interval -> (bought, sold, unknown)."""
    starts = (columns.ts - MONDAY) // period * period + MONDAY
    found = {}
    for place in np.unique(starts):
        of = starts == place
        found[int(place)] = tuple(float(columns.size[of & (columns.aggressor == side)].sum()) for side in (1, -1, 0))
    return found


class Hears(Strategy):
    warmup = 0
    flow_period: str = "100ms"

    def on_flow(self, flow):
        self.mark(f"{flow.open_ts} {flow.buy_volume!r} {flow.sell_volume!r} {flow.unknown_volume!r} {self.now}")


class HearsZeros(Hears):
    flow_zeros = True


def _run(columns, run, *strategies, period="100ms"):
    entries = [
        StrategyEntry(id=f"s{number}", strategy=each, symbols="XBTUSD", period=MINUTE, params={"flow_period": period})
        for number, each in enumerate(strategies)
    ]
    system = TradingSystem(feed=columns, strategies=entries)
    said = []
    system.subscribe(OrderFlow, said.append)
    result = run(system)
    heard = {entry.id: [a.text.split() for a in result.marks if a.strategy == entry.id] for entry in entries}
    return said, heard, result


@pytest.mark.parametrize("run", [lambda system: system.backtest(), on_threads])
def test_in_both_runtimes_strategies_hear_what_arithmetic_on_the_columns_gives(run):
    dice = np.random.default_rng(4)
    trades = [(int(at), float(size), int(side)) for at, size, side in zip(
        dice.integers(0, 20 * SECOND, 400), dice.integers(1, 9, 400), dice.integers(-1, 2, 400), strict=True
    )]  # fmt: skip
    columns = _columns(trades)

    said, heard, result = _run(columns, run, Hears)

    expected = _oracle(columns, TENTH)
    # The last interval has not ended when the data do.
    expected.pop(max(expected))
    assert result.failures == ()
    assert {each.open_ts: sums(each)[:3] for each in said} == expected
    assert [int(words[0]) for words in heard["s0"]] == sorted(expected)
    assert all(int(words[4]) >= int(words[0]) + TENTH for words in heard["s0"])


def test_zeros_are_heard_by_who_wants_them_and_by_nobody_else():
    columns = _columns([(0, 2.0, 1), (SECOND, 3.0, -1), (2 * SECOND, 1.0, 1)])

    _said, heard, _result = _run(columns, lambda system: system.backtest(), Hears, HearsZeros, period="500ms")

    assert [float(words[1]) for words in heard["s0"]] == [2.0, 0.0]
    assert [words[1] for words in heard["s1"]] == ["2.0", "0.0", "0.0", "0.0"]


@given(TRADES, st.integers(0, 3 * SECOND))
def test_nothing_said_up_to_an_instant_depends_on_trades_after_it(trades, cut):
    def until(columns):
        said = _run(columns, lambda system: system.backtest(), Hears)[0]
        return [each for each in said if each.received <= MONDAY + cut]

    if not trades:
        return
    known = _columns(trades)
    changed = _columns([(at, size, side) if at <= cut else (at, size + 1e7, -side) for at, size, side in trades])

    assert until(known) == until(changed)


def test_bars_alone_have_no_order_flow():
    from adapters.generated import generated_bars  # noqa: PLC0415

    with pytest.raises(ValueError, match="wants the order flow of XBTUSD, and the feed has no trades of it"):
        TradingSystem(feed=[generated_bars("XBTUSD", bars=10)], strategies=[Hears])
