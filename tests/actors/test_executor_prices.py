"""Orders name only a price that is known to be the market's now, and the price that made their strategy decide."""

from actors.execution.rules import ShareRule
from actors.executor import Executor
from messages import (
    AmendOrder,
    AmendPlaced,
    OrderAccepted,
    OrderEnded,
    OrderRejected,
    OrderType,
    Outcome,
    PlaceOrder,
    SubmitOrder,
    TradingState,
    TradingStateChanged,
    WakeAt,
    Woke,
)
from tests.builders import HOUR, MONDAY, a_bar, a_fill, a_target, an_instrument

LATER = MONDAY + 500 * HOUR


def an_executor(*names, **settings):
    rules = [ShareRule(strategy=name, symbols=("XBTUSD",)) for name in names or ("trend",)]
    return Executor("main", {"XBTUSD": an_instrument()}, "run000", rules, **settings)


def sent(messages):
    return [message.order for message in messages if isinstance(message, SubmitOrder)]


def filled(executor, order, price=100.0):
    executor.on_fill(a_fill(order.lots, order=order, price=price))
    executor.on_order_ended(OrderEnded(order, Outcome.FILLED, order.lots, MONDAY))


def flattened(executor, ts=LATER):
    state = TradingStateChanged(account="main", state=TradingState.FLATTENING, reason="daily-loss", ts=ts)
    return sent(executor.on_trading_state_changed(state))


def place(executor, *, ts=LATER, number=1, **fields):
    (order,) = sent(
        executor.on_place_order(PlaceOrder(strategy="trend", symbol="XBTUSD", number=number, ts=ts, lots=2, **fields))
    )
    return order


def test_a_signal_is_answered_at_the_price_that_it_came_with():
    (order,) = sent(an_executor().on_target_shares(a_target(price=100.0, ts=LATER)))

    assert (order.reference_price, order.decision_price) == (100.0, 100.0)


def test_the_way_out_names_no_price_of_weeks_ago():
    executor = an_executor()
    (opening,) = sent(executor.on_target_shares(a_target(price=100.0)))
    filled(executor, opening)

    (closing,) = flattened(executor)

    assert (closing.lots, closing.reduce_only, closing.reference_price) == (-1, True, None)


def test_where_the_market_is_heard_the_way_out_names_its_last_price():
    executor = an_executor()
    (opening,) = sent(executor.on_target_shares(a_target(price=100.0)))
    filled(executor, opening)
    executor.on_bar(a_bar(250.0, open_ts=LATER - HOUR))

    (closing,) = flattened(executor)

    assert closing.reference_price == 250.0


def test_what_the_market_showed_last_is_more_than_what_a_signal_saw():
    executor = an_executor()
    executor.on_bar(a_bar(101.0))

    (order,) = sent(executor.on_target_shares(a_target(price=100.0)))

    assert (order.reference_price, order.decision_price) == (101.0, 100.0)


def test_what_a_fill_leaves_to_do_is_done_at_no_price_that_was_signalled_before():
    executor = an_executor()
    (order,) = sent(executor.on_target_shares(a_target((("trend", 3),))))
    executor.on_fill(a_fill(1, order=order, price=100.0, ts=LATER))
    said = executor.on_order_ended(OrderEnded(order, Outcome.CANCELLED, 1, LATER, "ioc"))

    (again,) = sent(said)

    assert (again.lots, again.reference_price) == (2, None)


def test_a_retry_names_no_price_from_when_it_was_first_sent():
    executor = an_executor()
    (order,) = sent(executor.on_target_shares(a_target(price=100.0)))
    (wake,) = executor.on_order_rejected(OrderRejected(order=order, reason="overload", standing=False, ts=MONDAY))

    (again,) = sent(executor.on_woke(Woke(wake.at, wake.token)))

    assert isinstance(wake, WakeAt)
    assert (again.client_id, again.reference_price, again.decision_price) == (order.client_id, None, 100.0)


def test_an_own_order_is_decided_at_the_price_that_its_strategy_had_seen():
    executor = an_executor()
    (opening,) = sent(executor.on_target_shares(a_target(price=100.0)))
    filled(executor, opening)

    order = place(executor, price=180.0)
    blind = place(executor, ts=LATER + HOUR, number=2)

    assert (order.decision_price, order.reference_price) == (180.0, 180.0)
    assert (blind.decision_price, blind.reference_price) == (None, None)


def test_an_own_amend_names_the_markets_last_price_or_none():
    def amended(executor):
        order = place(executor, price=180.0, limit_price=170.0, type=OrderType.LIMIT)
        executor.on_order_accepted(OrderAccepted(order, LATER))
        amend = AmendPlaced(strategy="trend", symbol="XBTUSD", number=1, ts=LATER + HOUR, limit_price=160.0)
        (change,) = executor.on_amend_placed(amend)
        assert isinstance(change, AmendOrder)
        return change.order

    hears = an_executor()
    hears.on_bar(a_bar(175.0))

    assert (amended(an_executor()).reference_price, amended(hears).reference_price) == (None, 175.0)
