"""Frames become messages: history is not news, nothing is heard twice, no bad row stops a good one."""

import json

from adapters.bitmex.codec import parse
from adapters.bitmex.market import InstrumentState, LiquidationOrder, UpcomingFunding
from adapters.bitmex.reports import Execution, ExecutionKind, MarginReport, OrderReport, PositionReport
from adapters.bitmex.stream import SEEN_MAX, Stream
from messages import Bar, FundingRate, Instrument, MarkPrice, OrderBook, Quarantined, Quote, Tick
from tests.adapters.bitmex.frames import (
    STAMP,
    a_frame,
    a_level_row,
    a_margin_row,
    a_partial,
    a_position_row,
    a_trade_row,
    an_execution_row,
    an_instrument_row,
    an_order_row,
)
from tests.builders import MONDAY

NOW = MONDAY + 9
BIN = {"timestamp": STAMP, "symbol": "XBTUSD", "open": 1, "high": 2, "low": 1, "close": 2, "volume": 5, "trades": 2}
QUOTE = {"timestamp": STAMP, "symbol": "XBTUSD", "bidSize": 5, "bidPrice": 99, "askPrice": 100, "askSize": 6}


def told(stream, *texts):
    """What the last frame brought."""
    taken = None
    for text in texts:
        taken = stream.take(parse(text), NOW)
    return taken


def kinds(taken):
    return [type(said) for said in taken.said]


def test_the_last_trades_bars_and_funding_of_a_partial_are_history():
    funding = {"timestamp": STAMP, "symbol": "XBTUSD", "fundingRate": 0.0001}
    for table, row, kind in (
        ("trade", a_trade_row(), Tick),
        ("tradeBin1m", BIN, Bar),
        ("funding", funding, FundingRate),
    ):
        stream = Stream()
        later = {**row, "timestamp": "2024-01-01T00:01:00.000Z"}

        assert told(stream, a_partial(table, row)).said == ()
        assert kinds(told(stream, a_frame(table, "insert", later))) == [kind]


def test_the_quote_and_the_account_of_a_partial_are_news():
    stream = Stream()

    assert kinds(told(stream, a_partial("quote", QUOTE))) == [Quote]
    for table, row, kind in (
        ("order", an_order_row(), OrderReport),
        ("position", a_position_row(), PositionReport),
        ("margin", a_margin_row(), MarginReport),
        ("execution", an_execution_row(), Execution),
    ):
        assert kinds(told(stream, a_partial(table, row, symbol=None, account=7))) == [kind]


def test_f20_a_trade_frame_that_comes_twice_is_heard_once():
    stream = Stream()
    frame = a_frame("trade", "insert", a_trade_row(), a_trade_row(trdMatchID="b", price=42000))
    told(stream, a_partial("trade"))

    assert kinds(told(stream, frame)) == [Tick, Tick]
    assert told(stream, frame).said == ()


def test_trades_of_one_frame_are_all_different_trades_even_with_one_id():
    stream = Stream()
    told(stream, a_partial("trade"))

    assert len(told(stream, a_frame("trade", "insert", a_trade_row(), a_trade_row())).said) == 2
    nameless = [a_trade_row(trdMatchID=None), a_trade_row(trdMatchID="00000000-0000-0000-0000-000000000000")]
    for row in nameless:
        assert len(told(stream, a_frame("trade", "insert", row), a_frame("trade", "insert", row)).said) == 1


def test_a_trade_of_the_partial_of_before_a_reconnect_is_not_heard_again():
    stream = Stream()
    told(stream, a_partial("trade"), a_frame("trade", "insert", a_trade_row()))
    stream.reset()

    assert told(stream, a_partial("trade"), a_frame("trade", "insert", a_trade_row())).said == ()


def test_the_memory_of_trades_has_a_limit():
    stream = Stream()
    told(stream, a_partial("trade"))
    for number in range(SEEN_MAX + 10):
        told(stream, a_frame("trade", "insert", a_trade_row(trdMatchID=f"t{number}")))

    assert len(stream._seen) == SEEN_MAX


def test_an_instrument_is_said_when_its_terms_change_and_its_mark_when_that_does():
    stream = Stream()
    first = kinds(told(stream, a_partial("instrument", an_instrument_row())))
    mark = told(stream, a_frame("instrument", "update", {"symbol": "XBTUSD", "markPrice": 42002, "timestamp": STAMP}))
    same = told(stream, a_frame("instrument", "update", {"symbol": "XBTUSD", "tickSize": 0.1}))
    tick = told(stream, a_frame("instrument", "update", {"symbol": "XBTUSD", "tickSize": 0.5}))

    assert first == [Instrument, InstrumentState, MarkPrice, UpcomingFunding]
    assert [said.price for said in mark.said] == [42002.0]
    assert same.said == ()
    assert kinds(tick) == [Instrument]
    assert stream.instruments["XBTUSD"].tick_size * 2 == 1


def test_an_odd_funding_rate_does_not_hide_the_mark():
    stream = Stream()
    taken = told(stream, a_partial("instrument", an_instrument_row(fundingRate=5)))

    assert kinds(taken) == [Instrument, InstrumentState, MarkPrice, Quarantined]
    assert "fundingRate" in taken.said[3].text


def test_a_bad_row_is_set_aside_and_its_neighbours_are_heard():
    stream = Stream()
    told(stream, a_partial("trade"))
    rows = (a_trade_row(trdMatchID="a"), a_trade_row(price=0, trdMatchID="b"), a_trade_row(trdMatchID="c"))

    taken = told(stream, a_frame("trade", "insert", *rows))

    assert kinds(taken) == [Tick, Quarantined, Tick]
    assert taken.said[1] == Quarantined(
        symbol="XBTUSD", received=NOW, reason="malformed", text="trade: price must be a price above zero, not 0"
    )


# Books.


def a_book_stream(*levels):
    stream = Stream()
    rows = levels or (a_level_row(1, "Buy", 5, 99), a_level_row(2, "Sell", 6, 100))
    return stream, told(stream, a_partial("orderBookL2_25", *rows))


def test_a_book_is_said_once_a_frame():
    stream, partial = a_book_stream()
    update = a_frame("orderBookL2_25", "update", a_level_row(1, "Buy", 7), a_level_row(2, "Sell", 8, timestamp=STAMP))

    assert partial.said == (
        OrderBook(symbol="XBTUSD", ts=NOW, received=NOW, bids=((99.0, 5.0),), asks=((100.0, 6.0),)),
    )
    assert told(stream, update).said == (
        OrderBook(symbol="XBTUSD", ts=MONDAY, received=NOW, bids=((99.0, 7.0),), asks=((100.0, 8.0),)),
    )


def test_f22_a_crossed_book_is_not_said_and_known_until_it_is_mended():
    stream, _ = a_book_stream()

    crossed = told(stream, a_frame("orderBookL2_25", "insert", a_level_row(3, "Buy", 1, 101)))
    since = stream.crossed_since()
    mended = told(stream, a_frame("orderBookL2_25", "delete", a_level_row(2, "Sell")))

    assert crossed.said == ()
    assert since == {("orderBookL2_25", "XBTUSD"): NOW}
    assert stream.crossed_since() == {}
    assert mended.said[0].asks == ()


def test_f22_an_empty_side_is_said_as_it_is():
    _, partial = a_book_stream(a_level_row(1, "Buy", 5, 99))

    assert partial.said[0].asks == ()


def test_a_lost_delta_costs_the_book_until_its_next_partial():
    stream, partial = a_book_stream()

    lost = told(stream, a_frame("orderBookL2_25", "update", a_level_row(9, "Buy", 1)))
    late = told(stream, a_frame("orderBookL2_25", "update", a_level_row(1, "Buy", 1)))
    again = told(stream, a_partial("orderBookL2_25", a_level_row(1, "Buy", 5, 99), a_level_row(2, "Sell", 6, 100)))

    assert lost.lost == ((("symbol", "XBTUSD"),),)
    assert kinds(lost) == [Quarantined]
    assert (late.said, late.dropped) == ((), 1)
    assert again.said == partial.said


def test_a_level_that_cannot_be_costs_the_book():
    stream, _ = a_book_stream()

    taken = told(stream, a_frame("orderBookL2_25", "insert", a_level_row(3, "Buy", 1, -5)))

    assert kinds(taken) == [Quarantined]
    assert taken.lost == ((("symbol", "XBTUSD"),),)


# Liquidations.


def test_a_liquidation_comes_and_goes():
    stream = Stream()
    row = {"orderID": "l-1", "symbol": "XBTUSD", "side": "Sell", "price": 41000, "leavesQty": 500}
    told(stream, a_partial("liquidation"))

    (came,) = told(stream, a_frame("liquidation", "insert", row)).said
    (gone,) = told(stream, a_frame("liquidation", "delete", {"orderID": "l-1", "symbol": "XBTUSD"})).said

    assert came == LiquidationOrder(
        symbol="XBTUSD", order_id="l-1", side=-1, contracts=-500, price=41000.0, received=NOW
    )
    assert (gone.contracts, gone.side) == (0, -1)


# What forces a comparison with the venue.


def an_account_stream(table, *rows):
    stream = Stream()
    told(stream, a_partial(table, *rows, symbol=None, account=7))
    return stream


def test_f13_a_fill_that_cannot_be_read_or_has_an_unknown_name_forces_an_audit():
    stream = an_account_stream("execution")

    unread = told(stream, a_frame("execution", "insert", an_execution_row(lastPx=None)))
    unknown = told(stream, a_frame("execution", "insert", an_execution_row(execType="Frobnicated")))
    changed = told(stream, a_frame("execution", "update", an_execution_row()))
    sound = told(stream, a_frame("execution", "insert", an_execution_row()))

    assert "lastPx is missing" in unread.audit
    assert "Frobnicated" in unknown.audit
    assert unknown.said[0].kind is ExecutionKind.UNKNOWN
    assert "update" in changed.audit
    assert sound.audit == ""
    assert not any(taken.lost for taken in (unread, unknown, changed, sound))


def test_an_order_that_is_deleted_or_unreadable_is_asked_for_again():
    stream = an_account_stream("order", an_order_row())
    key = {"orderID": an_order_row()["orderID"], "account": 7, "symbol": "XBTUSD"}

    unread = told(stream, a_frame("order", "update", {**key, "leavesQty": "many"}))

    assert "leavesQty" in unread.audit
    assert unread.lost == ((("account", 7),),)
    deleted = told(an_account_stream("order", an_order_row()), a_frame("order", "delete", key))
    assert "deleted" in deleted.audit


def test_a_report_is_of_the_whole_row_and_not_of_what_an_update_says():
    stream = an_account_stream("order", an_order_row())
    key = {"orderID": an_order_row()["orderID"], "account": 7, "symbol": "XBTUSD"}

    (report,) = told(stream, a_frame("order", "update", {**key, "cumQty": 100, "leavesQty": 200})).said

    assert (report.contracts, report.filled, report.price, report.client_id) == (300, 100, 42000.5, "run000-trend-1")


def test_rows_are_given_as_copies():
    stream = an_account_stream("order", an_order_row())
    stream.rows("order")[0]["symbol"] = "changed"

    assert stream.rows("order")[0]["symbol"] == "XBTUSD"
    assert stream.rows("nothing") == ()
    assert json.dumps(stream.rows("order")[0]["orderQty"]) == "300"
