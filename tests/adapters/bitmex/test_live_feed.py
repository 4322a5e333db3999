"""The live feed says each trade once, whatever becomes of the line, and says when a market cannot be trusted."""

import json
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.live_routes import LIVE_ROUTES
from adapters.bitmex import trade_gap
from adapters.bitmex.codec import decoded
from adapters.bitmex.queries import HISTORY_PAGE, venue_time
from adapters.bitmex.trades import LastTrades, trade
from messages import (
    BookChange,
    FundingRate,
    Heartbeat,
    IndexPrice,
    Liquidation,
    MarketFresh,
    MarketStale,
    MarkPrice,
    OrderBook,
    Quarantined,
    Quote,
    SendRequest,
    Tick,
)
from tests.adapters.bitmex.frames import a_frame, a_level_row, a_partial
from tests.adapters.bitmex.venue_of_trades import MS, SYMBOL, Venue, a_feed, a_quote_row, trade_row
from tests.builders import HOUR, MONDAY, SECOND

OVERLOADED = json.dumps({"error": {"message": "The system is currently overloaded. Please try again later."}})


def a_live(**fields):
    venue = Venue(**fields)
    venue.connect()
    return venue


def last_of(*rows, since=None):
    """Where a history of these rows ends."""
    trades = trades_of(rows)
    first = min((each.tick.ts for each in trades), default=MONDAY)
    return {
        SYMBOL: LastTrades(
            symbol=SYMBOL, since=first if since is None else since, known=tuple(each.mark for each in trades)
        )
    }


def ticks(venue):
    return [(each.ts - MONDAY, each.price, each.size) for each in venue.kinds(Tick)]


def of_rows(rows):
    return [(each.ts - MONDAY, each.price, each.size) for each in (each.tick for each in trades_of(rows))]


def trades_of(rows):
    return [trade(row, MONDAY) for row in decoded(json.dumps(rows))]


def readiness(venue):
    return [type(each).__name__ for each in venue.said if isinstance(each, MarketFresh | MarketStale)]


# The line.


def test_it_opens_its_line_as_soon_as_it_knows_the_time_and_subscribes_the_contract_first():
    venue = Venue(books=[SYMBOL])
    venue.connect()

    asked = [json.loads(text)["args"][0] for text in venue.texts]
    assert asked == [f"{table}:{SYMBOL}" for table in ("instrument", "trade", "quote", "funding", "orderBook10")]


def test_each_connection_has_a_number_and_what_an_old_one_still_brings_is_dropped():
    venue = a_live()
    venue.cut()
    venue.connect()

    venue.text(a_frame("quote", "insert", a_quote_row(bidPrice=1.0)), number=1)

    assert venue.number == 2
    assert all(quote.bid > 1 for quote in venue.kinds(Quote))
    assert venue.feed.dropped["old connection"] == 1


def test_a_line_that_says_nothing_is_closed_and_opened_anew():
    venue = a_live()

    venue.wait(10.5)

    assert "ping" in venue.texts
    assert venue.number is None
    venue.wait(3)
    assert venue.number == 2


def test_an_ordered_stop_closes_the_line():
    venue = a_live()

    venue.hear(venue.feed.on_stop())

    assert venue.number is None


def test_market_messages_pass_as_they_are_and_what_nobody_hears_is_counted():
    venue = a_live()
    venue.text(
        a_frame("instrument", "update", {"symbol": SYMBOL, "markPrice": 42002.25, "timestamp": venue_time(MONDAY)})
    )
    paid = {"timestamp": venue_time(MONDAY), "symbol": SYMBOL, "fundingRate": 0.0001}
    venue.text(a_frame("funding", "insert", paid))
    venue.quote()

    assert [mark.price for mark in venue.kinds(MarkPrice)] == [42001.37, 42002.25]
    assert [rate.rate for rate in venue.kinds(FundingRate)] == [0.0001]
    assert len(venue.kinds(Quote)) == 2
    assert venue.feed.dropped["Instrument"] == 1
    assert venue.feed.dropped["UpcomingFunding"] == 1


def test_a_mark_or_index_that_cannot_be_is_set_aside_and_one_that_stays_is_believed():
    venue = a_live()
    for number, price in enumerate([42001.0] * 6 + [42_001_000.0, 42002.0] + [21_000.0] * 10):
        values = {"markPrice": price, "indicativeSettlePrice": price, "timestamp": venue_time(MONDAY + number * SECOND)}
        venue.text(a_frame("instrument", "update", {"symbol": SYMBOL, **values}))

    marks, indices = ([each.price for each in venue.kinds(kind)] for kind in (MarkPrice, IndexPrice))
    assert marks[1:] == indices[-8:] == [*[42001.0] * 6, 42002.0, 21_000.0]
    aside = [each.text for each in venue.kinds(Quarantined) if each.reason == "off-band"]
    assert aside[:2] == ["MarkPrice of 42001000.0", "IndexPrice of 42001000.0"]
    assert len(aside) == 2 + 2 * 9


def test_books_are_said_where_they_are_wanted():
    venue = a_live(books=[SYMBOL])
    book = {"symbol": SYMBOL, "timestamp": venue_time(MONDAY), "bids": [[42000.0, 5]], "asks": [[42000.5, 6]]}
    venue.text(a_partial("orderBook10", book))

    (said,) = venue.kinds(OrderBook)
    assert (said.bids, said.asks) == (((42000.0, 5.0),), ((42000.5, 6.0),))


def test_an_index_is_said_when_it_changes():
    venue = a_live()
    before = len(venue.kinds(IndexPrice))
    changed = {"symbol": SYMBOL, "indicativeSettlePrice": 42001.77, "timestamp": venue_time(MONDAY)}
    venue.text(a_frame("instrument", "update", changed))
    venue.text(a_frame("instrument", "update", {**changed, "indicativeSettlePrice": -1}))

    (said,) = venue.kinds(IndexPrice)[before:]
    assert (said.symbol, said.ts, said.price) == (SYMBOL, MONDAY, 42001.77)
    assert [each.reason for each in venue.kinds(Quarantined)] == ["malformed"]


def test_liquidations_are_said_where_they_are_wanted_until_they_are_gone():
    venue = a_live(liquidations=[SYMBOL])
    row = {"orderID": "l-1", "symbol": SYMBOL, "side": "Sell", "price": 41000, "leavesQty": 500}
    venue.text(a_partial("liquidation"))
    venue.text(a_frame("liquidation", "insert", row))
    venue.text(a_frame("liquidation", "update", {"orderID": "l-1", "symbol": SYMBOL, "leavesQty": 200}))
    venue.text(a_frame("liquidation", "delete", {"orderID": "l-1", "symbol": SYMBOL}))

    said = venue.kinds(Liquidation)
    assert [(each.order_id, each.side, each.size, each.price) for each in said] == [
        ("l-1", -1, 500.0, 41000.0), ("l-1", -1, 200.0, 41000.0), ("l-1", -1, 0.0, 41000.0),
    ]  # fmt: skip
    assert all(each.ts == each.received for each in said)


def test_a_books_changes_are_said_where_they_are_wanted_and_make_up_the_book():
    venue = a_live(changes=[SYMBOL])
    venue.text(a_partial("orderBookL2_25", a_level_row(1, "Buy", 5, 99), a_level_row(2, "Sell", 6, 100)))
    venue.text(a_frame("orderBookL2_25", "update", a_level_row(1, "Buy", 7)))
    venue.text(a_frame("orderBookL2_25", "insert", a_level_row(3, "Buy", 8, 98)))
    venue.text(a_frame("orderBookL2_25", "delete", a_level_row(2, "Sell")))
    venue.text(a_frame("orderBookL2_25", "update", a_level_row(3, "Buy", 9, 97)))

    said = venue.kinds(BookChange)
    assert [(each.is_snapshot, each.bids, each.asks) for each in said] == [
        (True, ((99.0, 5.0),), ((100.0, 6.0),)),
        (False, ((99.0, 7.0),), ()),
        (False, ((98.0, 8.0),), ()),
        (False, (), ((100.0, 0.0),)),
        (False, ((98.0, 0.0), (97.0, 9.0)), ()),
    ]
    assert venue.kinds(OrderBook) == []


def test_changes_that_cannot_be_trusted_are_followed_by_a_whole_book():
    venue = a_live(changes=[SYMBOL])
    venue.text(a_partial("orderBookL2_25", a_level_row(1, "Buy", 5, 99)))
    venue.text(a_frame("orderBookL2_25", "update", a_level_row(9, "Buy", 7)))
    venue.text(a_frame("orderBookL2_25", "update", a_level_row(1, "Buy", 8)))
    venue.wait(3)
    venue.text(a_partial("orderBookL2_25", a_level_row(1, "Buy", 6, 99)))

    assert [(each.is_snapshot, each.bids) for each in venue.kinds(BookChange)] == [
        (True, ((99.0, 5.0),)), (True, ((99.0, 6.0),)),
    ]  # fmt: skip


def test_a_heartbeat_is_passed_on():
    beat = Heartbeat(account="main", number=3, ts=MONDAY)

    assert a_feed().on_heartbeat(beat) == (beat,)


def test_everything_it_says_is_heard_by_somebody():
    venue = a_live(books=[SYMBOL])
    venue.trade()
    venue.deliver()
    venue.cut()
    routed = {row.message for row in LIVE_ROUTES if row.sender == "feed"}

    assert {type(each) for each in venue.said} <= routed


# Readiness.


def test_d12_a_market_is_fresh_when_trades_and_quotes_are_live_and_a_quote_was_heard():
    venue = Venue()
    venue.connect(quote=[])
    before = readiness(venue)

    venue.quote()

    assert before == []
    assert readiness(venue) == ["MarketFresh"]


def test_a_market_is_stale_with_its_line_and_fresh_again_when_its_gap_is_filled():
    venue = a_live()
    venue.trade()
    venue.deliver()
    venue.cut("socket closed")
    (stale,) = venue.kinds(MarketStale)
    venue.connect()
    waiting = readiness(venue)
    venue.answer()

    assert "socket closed" in stale.reason
    assert waiting == ["MarketFresh", "MarketStale"]
    assert readiness(venue) == ["MarketFresh", "MarketStale", "MarketFresh"]


def test_readiness_is_said_on_change_only():
    venue = a_live()
    for _ in range(5):
        venue.quote()
    venue.cut()
    for _ in range(3):
        venue.wait(1)

    assert readiness(venue) == ["MarketFresh", "MarketStale"]


@pytest.mark.parametrize("table", ["trade", "quote"])
def test_a_market_whose_trades_or_quotes_are_refused_is_not_fresh(table):
    venue = Venue(refuses=table)
    venue.connect()

    assert readiness(venue) == []


def test_a_contract_that_is_not_open_is_stale_until_it_is():
    venue = a_live()
    for state in ("Closed", "Open"):
        venue.instrument(state=state)

    (stale,) = venue.kinds(MarketStale)
    assert "Closed" in stale.reason
    assert readiness(venue)[-1] == "MarketFresh"


def test_quotes_that_fall_silent_are_stale_and_asked_for_again():
    venue = a_live(silence_s=20)
    for _ in range(6):
        venue.wait(4)
        venue.trade()
        venue.deliver()

    (stale,) = venue.kinds(MarketStale)
    assert stale.reason == "quote: silent"
    assert f"subscribe quote:{SYMBOL}" in [" ".join(_command(text)) for text in venue.texts if text != "ping"]


def _command(text):
    command = json.loads(text)
    return command["op"], command["args"][0]


def test_d10_a_market_that_lags_is_stale_until_it_does_not():
    venue = a_live()
    late = venue.now - 4 * SECOND
    for _ in range(4):
        venue.quote(timestamp=venue_time(late))
    before = readiness(venue)
    venue.quote(timestamp=venue_time(late))
    (stale,) = venue.kinds(MarketStale)
    venue.quote()

    assert before == ["MarketFresh"]
    assert stale.reason == "lag 4.0 s"
    assert readiness(venue)[-1] == "MarketFresh"


def test_a_clock_that_is_wrong_is_no_lag():
    venue = Venue(clock_error=-30 * SECOND)
    venue.connect()
    for _ in range(6):
        venue.quote()

    assert readiness(venue) == ["MarketFresh"]


@pytest.mark.parametrize("error", [75, 3_600])
def test_a_clock_so_far_behind_that_all_would_be_set_aside_is_told_and_nothing_is_fresh(error):
    venue = Venue(clock_error=error * SECOND)
    venue.connect()
    for _ in range(6):
        venue.quote()

    (stale,) = venue.kinds(MarketStale)
    assert readiness(venue) == ["MarketStale"]
    assert f"our clock is {error} s behind the venue's" in stale.reason


def test_a_clock_ahead_of_the_venues_sets_nothing_aside_and_is_no_trouble():
    venue = Venue(clock_error=-75 * SECOND)
    venue.connect()
    for _ in range(6):
        venue.quote()

    assert readiness(venue) == ["MarketFresh"]


# Gaps.


def test_what_was_traded_between_the_history_and_the_first_live_trade_is_said_first_and_once():
    known = [trade_row(MONDAY, 42000.0), trade_row(MONDAY + SECOND, 42000.5)]
    missed = [trade_row(MONDAY + SECOND, 42001.0), trade_row(MONDAY + 2 * SECOND, 42001.5)]
    venue = Venue(at=MONDAY + 3 * SECOND, last_trades=last_of(*known))
    venue.trades += [*known, *missed]
    venue.connect()
    venue.trade(trade_row(venue.now, 42002.0))
    venue.deliver()
    before = ticks(venue)

    asked = venue.answer()

    assert before == []
    assert f"startTime={venue_time(MONDAY)}" in unquote(asked.path)
    assert ticks(venue) == of_rows([*missed, venue.trades[-1]])
    assert venue.kinds(Quarantined) == []


def test_ticks_that_fill_a_gap_are_received_when_they_are_said_and_those_that_waited_too():
    venue = Venue(at=MONDAY + SECOND, last_trades=last_of(since=MONDAY))
    venue.trades.append(trade_row(MONDAY + MS))
    venue.connect()
    venue.trade(trade_row(venue.now))
    venue.deliver()
    venue.wait(2)
    venue.answer()

    assert [tick.received for tick in venue.kinds(Tick)] == [MONDAY + 3 * SECOND] * 2


def test_the_market_is_fresh_behind_the_trades_that_fill_its_gap():
    venue = Venue(at=MONDAY + SECOND, last_trades=last_of(since=MONDAY))
    venue.trades.append(trade_row(MONDAY + MS))
    venue.connect()
    venue.answer()

    kinds = [type(each) for each in venue.said if isinstance(each, Tick | MarketFresh)]
    assert kinds == [Tick, MarketFresh]


def test_a_trade_that_an_answer_told_of_is_not_said_again_when_the_socket_brings_it_later():
    venue = Venue(at=MONDAY + SECOND, last_trades=last_of(since=MONDAY))
    venue.connect()
    venue.trade(trade_row(venue.now))
    venue.answer()
    venue.deliver()
    venue.wait(2)
    venue.trade()
    venue.deliver()

    assert ticks(venue) == of_rows(venue.trades)


def test_equal_trades_of_one_instant_are_as_many_as_there_were():
    twins = [trade_row(MONDAY + SECOND, match_id="one")] * 3
    venue = Venue(at=MONDAY + 2 * SECOND, last_trades=last_of(twins[0]))
    venue.trades += twins
    venue.connect()
    venue.answer()

    assert len(ticks(venue)) == 2


def test_many_pages_are_asked_for_one_after_the_other():
    venue = Venue(at=MONDAY + HOUR, last_trades=last_of(since=MONDAY))
    venue.trades += [trade_row(MONDAY + number * MS, size=number + 1) for number in range(2 * HISTORY_PAGE + 10)]
    venue.connect()
    asked = [venue.answer().path for _ in range(3)]

    assert ["start=0" in asked[0], "start=1000" in asked[1], "start=2000" in asked[2]] == [True] * 3
    assert ticks(venue) == of_rows(venue.trades)
    assert readiness(venue) == ["MarketFresh"]


def test_an_answer_that_ends_before_the_live_trades_begin_is_asked_for_again():
    venue = Venue(at=MONDAY + SECOND, last_trades=last_of(since=MONDAY))
    venue.trades += [trade_row(MONDAY + MS), trade_row(MONDAY + 2 * MS)]
    venue.connect(trade=[])
    venue.trade(trade_row(venue.now))
    venue.deliver()
    venue.answer(until=venue_time(MONDAY + MS))
    short = readiness(venue)
    venue.wait(1.5)
    venue.answer()

    assert short == []
    assert ticks(venue) == of_rows(venue.trades)
    assert venue.kinds(Quarantined) == []


def test_an_answer_behind_the_socket_need_not_reach_beyond_the_last_trades_that_the_subscription_told_of():
    venue = Venue(at=MONDAY + SECOND, last_trades=last_of(since=MONDAY))
    venue.trades += [trade_row(MONDAY + number * MS) for number in range(8)]
    venue.connect()
    venue.answer(until=venue_time(MONDAY + 3 * MS))

    assert ticks(venue) == of_rows(venue.trades)
    assert readiness(venue) == ["MarketFresh"]


def test_a_query_that_fails_is_repeated_with_a_back_off():
    venue = Venue(at=MONDAY + SECOND, last_trades=last_of(since=MONDAY))
    venue.trades.append(trade_row(MONDAY + MS))
    venue.connect()
    venue.answer(status=503, body=OVERLOADED)
    at_once = len(venue.requests)
    venue.wait(1.5)
    venue.answer(status=None, body="", failure="time-out")
    venue.wait(2.5)
    venue.answer()

    assert at_once == 0
    assert ticks(venue) == of_rows(venue.trades)


def test_a_gap_that_cannot_be_filled_is_named_and_life_goes_on():
    venue = Venue(at=MONDAY + SECOND, last_trades=last_of(since=MONDAY))
    venue.connect()
    venue.trade(trade_row(venue.now))
    venue.deliver()
    for _ in range(trade_gap.TRIES_MAX):
        venue.answer(status=503, body=OVERLOADED)
        keep_alive(venue, 40)
    (gap,) = venue.kinds(Quarantined)

    assert (gap.reason, gap.symbol) == ("gap", SYMBOL)
    assert "from 2024-01-01T00:00:00Z to 2024-01-01T00:00:01Z" in gap.text
    assert ticks(venue) == of_rows(venue.trades)
    assert readiness(venue) == ["MarketFresh"]


def keep_alive(venue, seconds):
    for _ in range(seconds):
        if venue.requests:
            return
        venue.wait(1)
        venue.quote()
        venue.instrument()


def test_a_venue_that_does_not_remember_the_trade_before_the_gap_has_left_a_gap():
    known = trade_row(MONDAY, 42000.0)
    venue = Venue(at=MONDAY + HOUR, last_trades=last_of(known))
    venue.trades.append(trade_row(MONDAY + HOUR - SECOND))
    venue.connect()
    for _ in range(trade_gap.TRIES_MAX):
        venue.answer()
        keep_alive(venue, 40)

    (gap,) = venue.kinds(Quarantined)
    assert "does not tell of the trade before" in gap.text
    assert ticks(venue) == of_rows(venue.trades)


def test_a_gap_that_was_not_closed_before_the_line_was_cut_again_is_still_named():
    known = trade_row(MONDAY, 42000.0)
    venue = Venue(at=MONDAY + HOUR, last_trades=last_of(known))
    venue.trades.append(trade_row(MONDAY + HOUR - SECOND))
    venue.connect()
    venue.answer()
    venue.cut()
    venue.connect()
    for _ in range(trade_gap.TRIES_MAX):
        venue.answer()
        keep_alive(venue, 40)

    assert len(venue.kinds(Quarantined)) == 1
    assert ticks(venue) == of_rows(venue.trades)


def test_more_pages_than_are_worth_while_leave_a_gap(monkeypatch):
    monkeypatch.setattr(trade_gap, "PAGES_MAX", 2)
    venue = Venue(at=MONDAY + HOUR, last_trades=last_of(since=MONDAY))
    venue.trades += [trade_row(MONDAY + number * MS, size=number + 1) for number in range(2 * HISTORY_PAGE + 10)]
    venue.connect()
    venue.answer()
    venue.answer()

    (gap,) = venue.kinds(Quarantined)
    assert "more than 2 pages" in gap.text
    assert readiness(venue) == ["MarketFresh"]


def test_too_many_trades_that_wait_end_the_filling(monkeypatch):
    monkeypatch.setattr(trade_gap, "HELD_MAX", 3)
    venue = Venue(at=MONDAY + SECOND, last_trades=last_of(since=MONDAY))
    venue.connect()
    venue.trade(*[trade_row(venue.now, size=size) for size in (1, 2, 3, 4)])
    venue.deliver()

    assert "too many live trades" in venue.kinds(Quarantined)[0].text
    assert ticks(venue) == of_rows(venue.trades)
    assert readiness(venue) == ["MarketFresh"]
    venue.answer()
    assert ticks(venue) == of_rows(venue.trades)


def test_a_worker_that_never_answers_is_not_waited_for():
    venue = Venue(at=MONDAY + SECOND, last_trades=last_of(since=MONDAY))
    venue.connect()
    venue.requests.clear()
    keep_alive(venue, 60)

    assert len(venue.requests) == 1


def test_a_rate_limit_is_waited_for_and_is_no_failure():
    venue = Venue(at=MONDAY + SECOND, last_trades=last_of(since=MONDAY))
    venue.connect()
    for _ in range(trade_gap.TRIES_MAX + 1):
        venue.answer(status=429, body="", headers=(("retry-after", "5"),))
        assert venue.requests == []
        keep_alive(venue, 40)
    venue.answer()

    assert venue.kinds(Quarantined) == []
    assert readiness(venue) == ["MarketFresh"]


def test_no_more_is_asked_in_a_minute_than_the_venue_allows():
    venue = Venue(at=MONDAY + SECOND, last_trades=last_of(since=MONDAY))
    venue.connect()
    asked = 0
    end = venue.now + 60 * SECOND
    while venue.now < end:
        if venue.requests:
            asked += 1
            venue.answer(known=[trade_row(MONDAY + MS)] * HISTORY_PAGE)
            venue.cut()
            venue.connect()
        keep_alive(venue, 1)

    assert 5 < asked <= 30 + 30


def test_the_first_time_without_a_history_nothing_is_asked():
    venue = a_live()
    venue.trade()
    venue.deliver()

    assert venue.requests == []
    assert len(ticks(venue)) == 1


def test_a_symbol_that_nothing_is_wanted_of_does_no_harm():
    venue = a_live()
    venue.text(a_frame("trade", "insert", trade_row(symbol="ETHUSD")))

    assert ticks(venue) == []


# Restart.


def test_a_restarted_feed_fills_its_gap_and_says_that_nothing_is_fresh():
    venue = a_live()
    venue.trade()
    venue.deliver()
    heir = Venue(a_feed(heritage=venue.feed.heritage()), at=venue.now + 5 * SECOND)
    heir.trades = [*venue.trades, trade_row(venue.now + SECOND)]
    first = readiness(heir)
    heir.connect()
    heir.answer()

    assert first == ["MarketStale"]
    assert heir.number == 2
    assert ticks(heir) == of_rows(heir.trades[1:])
    assert readiness(heir) == ["MarketStale", "MarketFresh"]


def test_a_restarted_feed_still_says_what_its_predecessor_held_back():
    venue = Venue(at=MONDAY + SECOND, last_trades=last_of(since=MONDAY))
    venue.connect()
    venue.trade(trade_row(venue.now))
    venue.deliver()
    heir = Venue(a_feed(heritage=venue.feed.heritage()), at=venue.now + SECOND)
    heir.connect()
    for _ in range(trade_gap.TRIES_MAX):
        heir.answer(status=503, body=OVERLOADED)
        keep_alive(heir, 40)

    assert ticks(heir) == of_rows(venue.trades)


def test_request_numbers_go_on_after_a_restart():
    venue = Venue(at=MONDAY + SECOND, last_trades=last_of(since=MONDAY))
    venue.connect()
    heir = Venue(a_feed(heritage=venue.feed.heritage()), at=venue.now + SECOND)
    heir.connect()

    assert [request.number for request in (*venue.requests, *heir.requests)] == [1, 2]
    assert isinstance(heir.requests[0], SendRequest)


# The property.

ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("trade"), st.integers(1, 3), st.sampled_from([0, 1, 400, 1500])),
        st.tuples(st.just("deliver"), st.integers(1, 4), st.just(0)),
        st.tuples(st.just("cut"), st.just(0), st.integers(0, 3000)),
        st.tuples(st.just("answer"), st.integers(0, 4), st.just(0)),
        st.tuples(st.just("restart"), st.just(0), st.integers(0, 2000)),
        st.tuples(st.just("wait"), st.just(0), st.integers(0, 3000)),
    ),
    max_size=40,
)


@given(ACTS, st.integers(0, 3))
@settings(max_examples=200)
def test_every_trade_is_said_once_and_in_order_whatever_becomes_of_line_answers_and_feed(acts, history):
    before = [trade_row(MONDAY - number * 300 * MS, size=number + 1, match_id="h") for number in range(history, 0, -1)]
    venue = Venue(at=MONDAY, last_trades=last_of(*before) if before else None)
    venue.trades += before
    venue.connect()
    said = []
    for act, count, ms in acts:
        venue.now += ms * MS
        if act == "trade":
            # Fills of one taker: one id and time, at times one price and size.
            taker = f"taker-{len(venue.trades)}"
            venue.trade(*[trade_row(venue.now, 42000.0, size=1 + n // 2, match_id=taker) for n in range(count)])
        elif act == "deliver" and venue.number is not None:
            venue.deliver(count)
        elif act == "cut" and venue.number is not None:
            venue.cut()
            venue.connect()
        elif act == "answer" and venue.requests:
            venue.answer(known=venue.trades[: max(0, len(venue.trades) - count)])
        elif act == "restart":
            said += venue.said
            venue = heir_of(venue)
        elif act == "wait":
            venue.wait(0)
    venue.settle()
    said += venue.said

    assert [each for each in said if isinstance(each, Quarantined)] == []
    assert of_ticks(said) == of_rows(venue.trades[history:])


def heir_of(venue):
    heir = Venue(a_feed(heritage=venue.feed.heritage()), at=venue.now)
    heir.trades = venue.trades
    heir.connect()
    return heir


def of_ticks(said):
    return [(each.ts - MONDAY, each.price, each.size) for each in said if isinstance(each, Tick)]
