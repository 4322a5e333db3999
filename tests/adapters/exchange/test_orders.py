"""Orders do what BitMEX's rules say of their type, and what is wrong with one is said in BitMEX's words."""

import pytest

from adapters.exchange import order_commands
from adapters.exchange.refusals import Refusal
from tests.adapters.exchange.house import a_market, an_exchange, order, rows
from tests.builders import MINUTE, MONDAY, SECOND


@pytest.fixture
def exchange():
    return an_exchange()


@pytest.fixture
def account(exchange):
    a_market(exchange)
    return exchange.open_account()


def refusal(exchange, account, qty, price=None, **more):
    with pytest.raises(Refusal) as caught:
        order(exchange, account, qty, price, **more)
    return caught.value.status, caught.value.message


def place(exchange, account, fields):
    return order_commands.place(exchange.floor, account, fields)


def amend(exchange, account, fields):
    return order_commands.amend(exchange.floor, account, fields)


def cancel(exchange, account, fields):
    return order_commands.cancel(exchange.floor, account, fields)


def now(account, row):
    return account.orders[row["orderID"]].row()


def test_a_limit_order_that_meets_nobody_rests(exchange, account):
    row = order(exchange, account, 100, 49_000)

    assert (row["ordStatus"], row["workingIndicator"], row["leavesQty"], row["cumQty"]) == ("New", True, 100, 0)
    assert (row["ordType"], row["timeInForce"], row["avgPx"]) == ("Limit", "GoodTillCancel", None)
    assert row["text"] == "Submitted via API."
    assert exchange.markets["XBTUSD"].best(1) == 49_999.0


def test_a_market_order_fills_at_the_other_sides_best_and_then_has_that_price(exchange, account):
    row = order(exchange, account, 100)

    assert (row["ordStatus"], row["avgPx"], row["price"], row["leavesQty"]) == ("Filled", 50_001, 50_001, 0)
    assert row["timeInForce"] == "ImmediateOrCancel"


def test_one_fill_tells_the_topics_in_the_recorded_order(exchange, account):
    exchange.changes()

    order(exchange, account, 100, 50_001)

    told = [
        (change.table, change.action, row.get("execType"), row.get("ordStatus"), row.get("workingIndicator"))
        for change in exchange.changes()
        if change.account == account.number
        for row in change.rows
        if change.table in ("order", "execution")
    ]
    assert told == [
        ("order", "insert", None, "New", False),
        ("execution", "insert", "New", "New", True),
        ("order", "update", None, None, True),
        ("execution", "insert", "Trade", "Filled", False),
        ("order", "update", None, "Filled", False),
    ]


def test_an_update_repeats_the_keys_and_says_only_what_is_new(exchange, account):
    row = order(exchange, account, 100, 49_000, clOrdID="mine")
    exchange.changes()

    cancel(exchange, account, {"clOrdID": "mine"})

    ((action, news),) = rows(exchange, "order", account)
    assert action == "update"
    assert set(news) == {
        "orderID", "clOrdID", "account", "symbol", "timestamp", "ordStatus", "workingIndicator", "leavesQty", "text",
    }  # fmt: skip
    assert news["orderID"] == row["orderID"]


def test_what_nobody_wants_of_a_market_order_is_canceled(exchange, account):
    row = order(exchange, account, 200_000)

    assert (row["ordStatus"], row["cumQty"], row["leavesQty"]) == ("Canceled", 100_000, 0)


def test_a_post_only_order_that_would_match_is_taken_and_canceled(exchange, account):
    row = order(exchange, account, 100, 50_001, execInst="ParticipateDoNotInitiate")

    assert (row["ordStatus"], row["leavesQty"]) == ("Canceled", 0)
    assert row["text"] == "Canceled: Order had execInst of ParticipateDoNotInitiate\nSubmitted via API."


def test_immediate_or_cancel_takes_what_is_there(exchange, account):
    row = order(exchange, account, 150_000, 50_001, timeInForce="ImmediateOrCancel")

    assert (row["ordStatus"], row["cumQty"]) == ("Canceled", 100_000)


def test_fill_or_kill_takes_all_or_nothing(exchange, account):
    killed = order(exchange, account, 100_100, 50_001, timeInForce="FillOrKill")
    filled = order(exchange, account, 100_000, 50_001, timeInForce="FillOrKill")

    assert (killed["ordStatus"], killed["cumQty"]) == ("Canceled", 0)
    assert (filled["ordStatus"], filled["cumQty"]) == ("Filled", 100_000)


def test_a_day_order_ends_at_midnight(exchange, account):
    row = order(exchange, account, 100, 49_000, timeInForce="Day")

    exchange.advance(MONDAY + 1_439 * MINUTE)
    assert now(account, row)["ordStatus"] == "New"
    exchange.advance(MONDAY + 1_440 * MINUTE)
    assert now(account, row)["ordStatus"] == "Canceled"


# Stops.


def test_a_stop_waits_for_the_price_it_looks_at(exchange, account):
    row = order(exchange, account, 100, stopPx=50_500, execInst="MarkPrice")
    assert (row["ordType"], row["ordStatus"], row["workingIndicator"], row["triggered"]) == ("Stop", "New", False, "")

    exchange.set_prices("XBTUSD", index=50_400.0, premium=0.0)
    assert now(account, row)["triggered"] == ""
    exchange.set_prices("XBTUSD", index=50_600.0, premium=0.0)

    after = now(account, row)
    assert (after["triggered"], after["ordStatus"], after["avgPx"]) == ("StopOrderTriggered", "Filled", 50_001)


def test_a_stop_limit_rests_when_it_is_triggered(exchange, account):
    row = order(exchange, account, -100, 50_200, stopPx=49_500, execInst="IndexPrice")

    exchange.set_prices("XBTUSD", index=49_400.0, premium=0.0)

    after = now(account, row)
    assert (after["ordType"], after["workingIndicator"], after["leavesQty"]) == ("StopLimit", True, 100)


def test_touched_orders_trigger_the_other_way(exchange, account):
    row = order(exchange, account, 100, stopPx=49_500, ordType="MarketIfTouched", execInst="MarkPrice")

    exchange.set_prices("XBTUSD", index=51_000.0, premium=0.0)
    assert now(account, row)["triggered"] == ""
    exchange.set_prices("XBTUSD", index=49_000.0, premium=0.0)

    assert now(account, row)["ordStatus"] == "Filled"


def test_a_trailing_stop_follows_and_never_goes_back(exchange, account):
    row = order(exchange, account, -100, pegPriceType="TrailingStopPeg", pegOffsetValue=-200, execInst="IndexPrice")
    assert (row["ordType"], row["stopPx"]) == ("Stop", 49_800)

    exchange.advance(MONDAY + 2 * SECOND)
    exchange.set_prices("XBTUSD", index=50_300.0, premium=0.0)
    assert now(account, row)["stopPx"] == 50_100
    exchange.set_prices("XBTUSD", index=50_150.0, premium=0.0)
    assert now(account, row)["stopPx"] == 50_100
    exchange.set_prices("XBTUSD", index=50_100.0, premium=0.0)

    assert now(account, row)["ordStatus"] == "Filled"


def test_a_primary_peg_stands_at_the_near_touch(exchange, account):
    row = order(exchange, account, 100, pegPriceType="PrimaryPeg", pegOffsetValue=-5, execInst="Fixed")

    assert (row["ordType"], row["price"], row["ordStatus"]) == ("Pegged", 49_994, "New")


# Reduce-only and Close.


def test_reduce_only_needs_a_position_on_the_other_side(exchange, account):
    order(exchange, account, 100)

    assert refusal(exchange, account, 100, 49_000, execInst="ReduceOnly") == (
        400,
        "Order had execInst of ReduceOnly and side of Buy but current position is 100",
    )


def test_resting_reduce_only_orders_are_cut_when_the_position_shrinks(exchange, account):
    order(exchange, account, 1_000)
    near = order(exchange, account, -600, 51_000, execInst="ReduceOnly")
    far = order(exchange, account, -400, 52_000, execInst="ReduceOnly")

    order(exchange, account, -500)

    assert now(account, near)["leavesQty"] == 500
    assert now(account, far)["ordStatus"] == "Canceled"


def test_close_without_a_quantity_closes_all(exchange, account):
    order(exchange, account, 1_000)

    row = order_commands.place(
        exchange.floor, account, {"symbol": "XBTUSD", "side": "Sell", "ordType": "Market", "execInst": "Close"}
    )

    assert (row["orderQty"], row["ordStatus"], account.lots("XBTUSD")) == (1_000, "Filled", 0)


def test_close_position_is_a_close_order(exchange, account):
    order(exchange, account, -1_000)

    row = order_commands.close(exchange.floor, account, {"symbol": "XBTUSD"})

    assert (row["side"], row["execInst"], account.lots("XBTUSD")) == ("Buy", "Close", 0)


def test_one_cancels_the_other(exchange, account):
    linked = {"clOrdLinkID": "pair", "contingencyType": "OneCancelsTheOther"}
    first = order(exchange, account, 100, 49_000, **linked)

    order(exchange, account, 100, 50_001, **linked)

    assert now(account, first)["ordStatus"] == "Canceled"


# Amending and canceling.


def test_an_amend_changes_total_price_and_text(exchange, account):
    row = order(exchange, account, 100, 49_000, clOrdID="a")

    after = order_commands.amend(
        exchange.floor, account, {"origClOrdID": "a", "clOrdID": "b", "orderQty": 300, "price": 49_100}
    )

    assert (after["orderQty"], after["leavesQty"], after["price"], after["clOrdID"]) == (300, 300, 49_100, "b")
    assert after["text"] == "Amended orderQty price\nSubmitted via API."
    assert after["orderID"] == row["orderID"]


def test_an_amend_counts_what_was_filled(exchange, account):
    row = order(exchange, account, 150_000, 50_001)

    after = amend(exchange, account, {"orderID": row["orderID"], "orderQty": 120_000})
    assert (after["cumQty"], after["leavesQty"], after["ordStatus"]) == (100_000, 20_000, "PartiallyFilled")
    after = amend(exchange, account, {"orderID": row["orderID"], "leavesQty": 500})
    assert (after["orderQty"], after["leavesQty"]) == (100_500, 500)
    after = amend(exchange, account, {"orderID": row["orderID"], "orderQty": 50_000})
    assert (after["ordStatus"], after["leavesQty"]) == ("Canceled", 0)


def test_an_amend_that_reaches_the_market_trades(exchange, account):
    row = order(exchange, account, 100, 49_000)

    assert amend(exchange, account, {"orderID": row["orderID"], "price": 50_001})["ordStatus"] == "Filled"


def test_a_filled_order_comes_back_for_a_minute(exchange, account):
    row = order(exchange, account, 100, 50_001)

    after = amend(exchange, account, {"orderID": row["orderID"], "leavesQty": 100})
    assert (after["orderQty"], after["ordStatus"]) == (200, "Filled")
    exchange.advance(MONDAY + 2 * MINUTE)
    with pytest.raises(Refusal, match="Invalid ordStatus"):
        amend(exchange, account, {"orderID": row["orderID"], "leavesQty": 100})


def test_an_unknown_or_ended_order_is_not_amended(exchange, account):
    row = order(exchange, account, 100, 49_000)
    cancel(exchange, account, {"orderID": row["orderID"]})

    with pytest.raises(Refusal, match="Invalid ordStatus"):
        amend(exchange, account, {"orderID": row["orderID"], "orderQty": 200})
    with pytest.raises(Refusal, match="Invalid orderID"):
        amend(exchange, account, {"orderID": "nobody's", "orderQty": 200})


def test_a_cancel_that_fails_is_no_error_but_says_so_in_its_row(exchange, account):
    done = order(exchange, account, 100, 50_001)
    gone = order(exchange, account, 100, 49_000)
    cancel(exchange, account, {"orderID": gone["orderID"]})

    answers = cancel(exchange, account, {"orderID": [done["orderID"], gone["orderID"], "unknown"]})

    assert [answer["error"] for answer in answers] == [
        "Unable to cancel order due to existing state: Filled",
        "Unable to cancel order due to existing state: Canceled",
        "Unable to cancel order",
    ]
    with pytest.raises(Refusal, match="Not Found"):
        cancel(exchange, account, {"orderID": "unknown"})


def test_cancel_all_takes_a_symbol_and_a_filter(exchange, account):
    order(exchange, account, 100, 49_000)
    order(exchange, account, -100, 51_000)

    (canceled,) = order_commands.cancel_all(exchange.floor, account, {"symbol": "xbtusd"}, {"side": "Buy"})

    assert (canceled["side"], canceled["text"]) == ("Buy", "Canceled: Canceled via API.\nSubmitted via API.")
    assert len(account.open) == 1


def test_the_dead_mans_switch_strikes_unless_it_is_refreshed(exchange, account):
    order(exchange, account, 100, 49_000)
    order_commands.arm(exchange.floor, account, 5_000)
    exchange.advance(MONDAY + 4 * SECOND)
    told = order_commands.arm(exchange.floor, account, 5_000)
    assert told == {"now": "2024-01-01T00:00:04.000Z", "cancelTime": "2024-01-01T00:00:09.000Z"}

    exchange.advance(MONDAY + 8 * SECOND)
    assert len(account.open) == 1
    exchange.advance(MONDAY + 9 * SECOND)
    assert not account.open


def test_the_dead_mans_switch_is_taken_back_with_0(exchange, account):
    order(exchange, account, 100, 49_000)
    order_commands.arm(exchange.floor, account, 5_000)

    assert order_commands.arm(exchange.floor, account, 0)["cancelTime"] == 0
    exchange.advance(MONDAY + 9 * SECOND)
    assert len(account.open) == 1


# Refusals.


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"orderQty": 0, "price": 1}, "Invalid orderQty"),
        ({"orderQty": 150, "price": 49_000}, "Invalid orderQty"),
        ({"orderQty": 100, "price": -1}, "Invalid price"),
        ({"orderQty": 100, "price": 49_000.05}, "Invalid price tickSize"),
        ({"orderQty": 100, "price": 49_000, "ordType": "Limits"}, "Invalid ordType"),
        ({"orderQty": 100}, "Invalid ordType"),
        ({"orderQty": 100, "price": 49_000, "ordType": "StopLimit"}, "Invalid stopPx for ordType"),
        ({"orderQty": 100, "stopPx": 49_000, "ordType": "Market"}, "Invalid stopPx for ordType"),
        ({"orderQty": 100, "price": 49_000, "side": "buy"}, "Invalid side"),
        ({"orderQty": 100, "price": 49_000, "execInst": "Hidden"}, "Invalid execInst"),
        ({"orderQty": 100, "price": 49_000, "timeInForce": "GTC"}, "Invalid timeInForce"),
        ({"orderQty": 100, "price": 49_000, "clOrdID": "x" * 37}, "Invalid clOrdID"),
        ({"orderQty": 100, "price": 49_000, "symbol": "XBTEUR"}, "Invalid symbol"),
        ({"orderQty": "many", "price": 49_000}, "Invalid orderQty"),
        ({"orderQty": 100, "price": [49_000]}, "Invalid price"),
        ({"orderQty": 100, "price": "nan"}, "Invalid price"),
        ({"orderQty": 100, "price": "1e400"}, "Invalid price"),
        ({"orderQty": True, "price": 49_000}, "Invalid orderQty"),
    ],
)
def test_what_is_wrong_with_an_order_is_said_in_bitmexs_words(exchange, account, fields, message):
    with pytest.raises(Refusal) as caught:
        place(exchange, account, {"symbol": "XBTUSD", **fields})

    assert (caught.value.status, caught.value.message) == (400, message)
    assert not account.orders


def test_side_and_type_follow_from_what_is_given(exchange, account):
    sold = place(exchange, account, {"symbol": "XBTUSD", "orderQty": -100, "price": 51_000})
    stop = order_commands.place(
        exchange.floor, account, {"symbol": "XBTUSD", "side": "Sell", "orderQty": -100, "stopPx": 40_000}
    )

    assert (sold["side"], sold["orderQty"], sold["ordType"]) == ("Sell", 100, "Limit")
    assert (stop["side"], stop["orderQty"], stop["ordType"]) == ("Sell", 100, "Stop")


def test_a_client_id_is_used_once(exchange, account):
    order(exchange, account, 100, 49_000, clOrdID="mm_bitmex_1a/oemUeQ4CAJZgP3fjHsA")

    assert refusal(exchange, account, 100, 49_000, clOrdID="mm_bitmex_1a/oemUeQ4CAJZgP3fjHsA") == (
        400,
        "Duplicate clOrdID",
    )


def test_open_orders_and_stops_are_capped(exchange, account):
    for number in range(10):
        order(exchange, account, 100, stopPx=60_000 + number)
    assert refusal(exchange, account, 100, stopPx=61_000) == (400, "Too many stop orders")
    for number in range(190):
        order(exchange, account, 100, 40_000 + number)
    assert refusal(exchange, account, 100, 39_000) == (400, "Too many open orders")
