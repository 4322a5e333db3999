"""Warm-up joins the live bars without gap or overlap, and says what it could not have."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.bar_builder import BarBuilder, BarWanted
from adapters.bitmex import past
from adapters.bitmex.codec import decoded
from adapters.bitmex.history import SETTLE, prime, warm_up
from adapters.bitmex.queries import HISTORY_PAGE, venue_time
from messages import Bar, FeedEnded, Quarantined, parse_period, period_name, period_start
from tests.adapters.bitmex.frames import a_trade_row
from tests.builders import DAY, HOUR, MINUTE, MONDAY, SECOND, a_tick, an_instrument

SYMBOL = "XBTUSD"
INSTRUMENTS = {SYMBOL: an_instrument()}
MS = SECOND // 1000
BINS = {"1m": MINUTE, "5m": 5 * MINUTE, "1h": HOUR, "1d": DAY}
START = MONDAY + 2 * DAY + 13 * HOUR
"""A Wednesday: day, hour and minute begin here, the week does not."""


class Venue:
    """A venue's history: trades, and bars made of them by a grouping of our own."""

    def __init__(self, trades, *, bins_late=0, trades_late=0, forgets_before=0):
        """`trades`: (ts, price, size). Bars and trades can be had so long after they are over."""
        self.trades = trades
        self.bins_late, self.trades_late, self.forgets_before = bins_late, trades_late, forgets_before
        self.now = 0
        self.pages = 0
        self.asked = []

    def get_all(self, pages):
        path = urlsplit(pages.request.path)
        asked = {name: values[0] for name, values in parse_qs(path.query).items()}
        self.asked.append((path.path.rpartition("/v1")[2], asked))
        assert asked["symbol"] == SYMBOL
        rows = self.bars(BINS[asked["binSize"]]) if path.path.endswith("bucketed") else self.trade_rows()
        since, until = asked["startTime"], asked.get("endTime", "9")
        found = [row for row in rows if since <= row["timestamp"] <= until]
        self.pages += 1 + len(found) // HISTORY_PAGE
        return decoded(json.dumps(found))

    def trade_rows(self):
        return [
            a_trade_row(price, size, timestamp=venue_time(ts), trdMatchID=f"id-{number}")
            for number, (ts, price, size) in enumerate(self.trades)
            if self.forgets_before <= ts <= self.now - self.trades_late
        ]

    def bars(self, length):
        if not self.trades:
            return []
        rows, before, begin = [], self.trades[0][1], period_start(self.trades[0][0], length)
        while begin + length + self.bins_late <= self.now:
            of_bar = [trade for trade in self.trades if begin <= trade[0] < begin + length]
            prices = [price for _, price, _ in of_bar] or [before]
            volume = sum(size for *_, size in of_bar)
            rows.append(
                {
                    "timestamp": venue_time(begin + length), "symbol": SYMBOL, "open": before, "high": max(prices),
                    "low": min(prices), "close": prices[-1], "trades": len(of_bar), "volume": volume,
                    "vwap": sum(price * size for _, price, size in of_bar) / volume if volume else None,
                }
            )  # fmt: skip
            before, begin = prices[-1], begin + length
        return rows


def warmed(venue, now, *wanted, **limits):
    venue.now = now
    return warm_up([(SYMBOL, period, bars) for period, bars in wanted], INSTRUMENTS, venue.get_all, now, **limits)


def ticks_of(trades):
    return [a_tick(float(price), float(size), ts=ts) for ts, price, size in trades]


def in_one_go(trades, periods, until):
    """All bars, by period."""
    builder = BarBuilder([BarWanted(SYMBOL, period) for period in periods])
    return by_period([m for tick in ticks_of(trades) for m in builder.on_tick(tick)], builder, periods, until)


def by_period(said, builder, periods, until):
    said = [*said, *builder.on_feed_ended(FeedEnded(until))]
    assert [each for each in said if isinstance(each, Quarantined)] == []
    return {period: [bar for bar in said if isinstance(bar, Bar) and bar.period == period] for period in periods}


def go_on(history, trades, periods, until):
    """Bars that are said live: after the warm-up, with every trade that it has not had."""
    builder = BarBuilder([BarWanted(SYMBOL, period) for period in periods])
    prime(builder, history)
    last = history.last_trades[SYMBOL]
    known = {mark[0] for mark in last.known}
    rest = [trade for number, trade in enumerate(trades) if trade[0] >= last.since and f"id-{number}" not in known]
    said = [m for tick in ticks_of(rest) for m in (*builder.on_tick(tick),)]
    return by_period(said, builder, periods, until)


def values(bars, *, is_exact):
    """What of bars must agree; a bar of the venue's opens at the close before."""
    return [
        (
            bar.open_ts,
            bar.high,
            bar.low,
            bar.close,
            bar.volume,
            bar.ticks,
            *((bar.open, bar.turnover) if is_exact else ()),
        )
        for bar in bars
    ]


def every(seconds, count, start=START - HOUR):
    """A trade every so many seconds, at prices that go round."""
    return [(start + number * seconds * SECOND, 100 + number % 7, 1 + number % 3) for number in range(count)]


# What is asked.


def test_the_last_bars_come_from_the_venue_s_longest_that_divide_the_period():
    venue = Venue(every(30, 120))

    history = warmed(venue, START, (10 * MINUTE, 3))

    assert [bar.open_ts for bar in history.bars[SYMBOL, 10 * MINUTE]] == [START - n * 10 * MINUTE for n in (3, 2, 1)]
    assert [asked["binSize"] for path, asked in venue.asked if path == "/trade/bucketed"] == ["5m"]
    assert history.notes == ()


def test_an_hour_that_is_under_way_is_made_of_shorter_bars_and_of_the_trades_of_the_running_minute():
    venue = Venue(every(20, 1000, START - 5 * HOUR))
    now = START + 42 * MINUTE + 30 * SECOND

    history = warmed(venue, now, (HOUR, 2))

    assert [asked.get("binSize") for _, asked in venue.asked] == ["1h", "5m", "1m", None]
    (so_far,) = history.so_far
    hour = [trade for trade in venue.trades if START <= trade[0] <= now]
    assert (so_far.open_ts, so_far.close_ts) == (START, START + HOUR)
    assert so_far.volume == sum(size for *_, size in hour)
    assert so_far.ticks == len(hour)


def test_a_week_is_made_of_days_hours_and_minutes():
    venue = Venue(every(600, 1000, START - 6 * DAY))

    history = warmed(venue, START + 70 * SECOND, (7 * DAY, 0))

    (so_far,) = history.so_far
    assert so_far.open_ts == MONDAY
    assert so_far.volume == sum(size for ts, _, size in venue.trades if MONDAY <= ts <= START + 70 * SECOND)


def test_bars_of_seconds_come_from_trades():
    venue = Venue(every(4, 900))

    history = warmed(venue, START + SETTLE, (15 * SECOND, 20))

    expected = in_one_go(venue.trades, [15 * SECOND], START)[15 * SECOND]
    assert values(history.bars[SYMBOL, 15 * SECOND], is_exact=True) == values(expected[-20:], is_exact=True)


def test_what_several_periods_need_is_asked_once():
    venue = Venue(every(20, 400))

    warmed(venue, START, (MINUTE, 50), (3 * MINUTE, 10), (2 * MINUTE, 5))

    assert [asked.get("binSize") for _, asked in venue.asked] == ["1m"]


def test_history_was_received_when_it_happened():
    history = warmed(Venue(every(4, 900)), START + 100 * MS, (15 * SECOND, 5), (MINUTE, 5))

    bars = [bar for series in history.bars.values() for bar in series]
    assert len(bars) == 10
    assert all(bar.received == bar.close_ts for bar in bars)


# What is open.


def test_an_interval_that_has_just_ended_stays_open_for_trades_that_are_still_under_way():
    trades = every(1, 3600)
    venue = Venue(trades, trades_late=2 * SECOND, bins_late=10 * SECOND)
    now = START + SECOND

    history = warmed(venue, now, (MINUTE, 2))
    (live,) = [bar for bar in go_on(history, trades, [MINUTE], START + MINUTE)[MINUTE] if bar.open_ts < START]

    assert history.bars[SYMBOL, MINUTE][-1].close_ts == START - MINUTE
    assert live.ticks == 60


def test_an_interval_that_has_ended_long_ago_without_a_word_is_closed():
    venue = Venue(every(20, 180), bins_late=HOUR)

    history = warmed(venue, START + SETTLE, (MINUTE, 1))

    assert history.bars[SYMBOL, MINUTE][-1].close_ts == START


def test_nothing_traded_yet_in_the_open_interval_is_known_to_be_nothing():
    venue = Venue(every(20, 180))
    history = warmed(venue, START + 10 * SECOND, (MINUTE, 1))
    (bar,) = go_on(history, [*venue.trades, (START + 30 * SECOND, 105, 7)], [MINUTE], START + MINUTE)[MINUTE]

    assert (bar.open_ts, bar.volume) == (START, 7)


def test_a_market_without_any_trade_has_no_history_and_a_live_future():
    venue = Venue([])
    history = warmed(venue, START + 10 * SECOND, (MINUTE, 3), (5 * SECOND, 3))
    live = go_on(history, [(START + 20 * SECOND, 100, 1)], [MINUTE], START + MINUTE)

    assert history.bars == {(SYMBOL, MINUTE): (), (SYMBOL, 5 * SECOND): ()}
    assert len(live[MINUTE]) == 1
    assert any("0 of 3 bars of 1m" in note for note in history.notes)


def test_the_live_feed_goes_on_a_little_before_the_last_trade_for_others_of_its_time_may_come_later():
    trades = every(1, 3600)
    last = warmed(Venue(trades), START, (15 * SECOND, 1)).last_trades[SYMBOL]

    assert last.since == trades[-1][0] - SECOND
    assert [mark[0] for mark in last.known] == ["id-3598", "id-3599"]


# What cannot be had.


def test_a_warm_up_that_would_take_too_long_gives_the_newest_and_says_so():
    venue = Venue(every(1, 10_000, START - 10_000 * SECOND))

    history = warmed(venue, START + SETTLE, (15 * SECOND, 600), pages_max=4)

    bars = history.bars[SYMBOL, 15 * SECOND]
    assert venue.pages <= 4 + 4
    assert 0 < len(bars) < 600
    assert bars[-1].close_ts == START
    assert all(bar.ticks == 15 for bar in bars)
    assert any("too many" in note for note in history.notes)
    assert any(f"{len(bars)} of 600 bars of 15s" in note for note in history.notes)


def test_a_venue_that_has_forgotten_gives_no_bar_that_lacks_its_beginning():
    venue = Venue(every(1, 3600), forgets_before=START - 100 * SECOND)

    history = warmed(venue, START + SETTLE, (15 * SECOND, 20))

    assert all(bar.ticks == 15 for bar in history.bars[SYMBOL, 15 * SECOND])
    assert any("4 of 20 bars" in note for note in history.notes)


def test_a_running_bar_whose_beginning_is_not_known_is_left_out_and_named():
    period = 97 * SECOND
    venue = Venue(every(1, 3600), forgets_before=START - 10 * SECOND)
    end = period_start(START, period) + period

    history = warmed(venue, START, (period, 1))
    live = go_on(history, [*venue.trades, *every(1, 300, START)], [period], end + period)

    assert any("the beginning of the running bar of 97s is not known" in note for note in history.notes)
    assert live[period][0].open_ts == end


@pytest.mark.parametrize("broken", [{"high": "x"}, {"vwap": None}, {"timestamp": "2024-01-03T12:58:00.000"}])
def test_a_bar_that_cannot_be_read_makes_no_bar_that_lacks_it(broken):
    venue = Venue(every(20, 180))
    whole = venue.bars

    def bars(length):
        rows = whole(length)
        rows[-3].update(broken)
        return rows

    venue.bars = bars
    history = warmed(venue, START, (2 * MINUTE, 4))

    bars = history.bars[SYMBOL, 2 * MINUTE]
    assert [START - bar.open_ts for bar in bars] == [10 * MINUTE, 8 * MINUTE, 6 * MINUTE, 2 * MINUTE]
    assert any("cannot be read" in note for note in history.notes)


def test_a_trade_that_cannot_be_read_is_named():
    venue = Venue([*every(20, 180), (START + SECOND, 100.25, 1)])

    history = warmed(venue, START + 2 * SECOND, (MINUTE, 1))

    assert any("a trade cannot be read: price" in note for note in history.notes)


def test_each_symbol_has_its_part_of_the_pages():
    asked = []

    def get_all(pages):
        asked.append(dict(pages.parameters)["symbol"])
        return decoded(json.dumps([a_trade_row(100, 1, symbol=asked[-1])] * 5000))

    history = warm_up([(name, SECOND, 5000) for name in ("A", "B", "C")], {}, get_all, START, pages_max=30)

    assert set(asked) == {"A", "B", "C"}
    assert len(asked) <= 9
    assert sum("too many" in note for note in history.notes) == 3


def test_what_a_query_raises_ends_it():
    def get_all(_pages):
        raise ConnectionError("no venue")

    with pytest.raises(ConnectionError):
        warm_up([(SYMBOL, MINUTE, 1)], INSTRUMENTS, get_all, START)


# The property.

TRADES = st.lists(
    st.tuples(st.sampled_from([0, 1, 900, 7_000, 29_000, 61_000, 400_000]), st.integers(100, 109), st.integers(1, 5)),
    min_size=1,
    max_size=80,
)
PERIODS = st.lists(
    st.tuples(st.sampled_from(["1s", "15s", "1m", "90s", "5m", "7m", "1h", "90m", "1d", "1w"]), st.integers(0, 12)),
    min_size=1,
    max_size=4,
    unique_by=lambda wanted: wanted[0],
)


@given(
    TRADES,
    PERIODS,
    st.integers(0, 80),
    st.sampled_from([0, 1, 500, 20_000, 70_000]),
    st.sampled_from([0, 0, 1_500, 70_000]),
    st.sampled_from([0, 0, 2_500]),
)
@settings(max_examples=150)
def test_warm_up_and_what_follows_are_the_bars_of_all_trades_in_one_go(
    steps, periods, split, after_ms, bins_late_ms, trades_late_ms
):
    trades, ts = [], START - 20 * MINUTE + 17 * MS
    for step, price, size in steps:
        ts += step * MS
        trades.append((ts, price, size))
    now = trades[min(split, len(trades) - 1)][0] + after_ms * MS
    lengths = {parse_period(name): bars for name, bars in periods}
    until = max(ts, now) + 8 * DAY
    venue = Venue(trades, bins_late=bins_late_ms * MS, trades_late=trades_late_ms * MS)

    history = warmed(venue, now, *lengths.items())
    live = go_on(history, trades, lengths, until)

    expected = in_one_go(trades, lengths, until)
    for period, bars in lengths.items():
        is_exact = period % MINUTE != 0
        if any(period_name(period) in note and "beginning" in note for note in history.notes):
            assert is_exact
            assert trades_late_ms
            continue
        joined = [*history.bars[SYMBOL, period], *live[period]]
        first = joined[0].open_ts if joined else until
        wanted_from = period_start(now, period) - bars * period
        tail = [bar for bar in expected[period] if bar.open_ts >= min(first, wanted_from)]
        assert values(joined, is_exact=is_exact) == values(tail, is_exact=is_exact)


def test_trades_are_asked_for_in_pieces_that_grow_where_little_is_traded(monkeypatch):
    monkeypatch.setattr(past, "_CHUNK", MINUTE)
    venue = Venue(every(60, 60 * 24, START - DAY))

    warmed(venue, START, (15 * SECOND, 1000))

    assert len(venue.asked) <= 8
