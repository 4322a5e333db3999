"""Where trading stops and goes on, the executor neither deals with what is over nor measures from what is long past."""

import attrs

from actors.execution.rules import ShareRule
from actors.execution.slices import LargestOrder, largest
from actors.executor import Executor
from messages import (
    AmendOrder,
    Fill,
    GaveUp,
    Liquidity,
    OrderAccepted,
    OrderEnded,
    Outcome,
    Owner,
    SubmitOrder,
    Subscribe,
    TradingState,
    TradingStateChanged,
)
from tests.builders import HOUR, MINUTE, MONDAY, a_bar, a_fill, a_quote, a_target, an_instrument

NAMES = ("trend", "value", "carry")


def an_executor(*executions, instrument=None, **settings):
    rules = [
        ShareRule(strategy=name, symbols=("XBTUSD",), execution=each)
        for name, each in zip(NAMES, executions, strict=False)
    ]
    return Executor("main", {"XBTUSD": instrument or an_instrument()}, "run000", rules, **settings)


def of(kind, messages):
    return [message for message in messages if isinstance(message, kind)]


def sent(messages):
    return [message.order for message in of(SubmitOrder, messages)]


def filled(executor, order, price=100.0):
    parts = tuple((owner.strategy, owner.lots) for owner in order.owners)
    said = executor.on_fill(a_fill(order=order, parts=parts, price=price))
    return (*said, *executor.on_order_ended(OrderEnded(order, Outcome.FILLED, order.lots, order.ts)))


def state(executor, which, ts):
    return executor.on_trading_state_changed(TradingStateChanged(account="main", state=which, reason="a test", ts=ts))


def test_after_a_liquidation_nothing_is_dealt_before_the_guard_has_halted():
    executor = an_executor("market", "market")
    (order,) = sent(executor.on_target_shares(a_target((("trend", 5),))))
    filled(executor, order)
    lost = attrs.evolve(a_fill(parts=(("trend", -5),), execution_id="lost-1"), liquidity=Liquidity.LIQUIDATION)

    assert tuple(executor.on_fill(lost)) == ()
    assert executor.lots_in("XBTUSD") == {"trend": 0}


def test_a_contract_that_has_expired_is_given_up_once_for_each_target_and_not_crossed():
    executor = an_executor("market", "market", instrument=an_instrument(expiry=MONDAY + HOUR))
    late = MONDAY + HOUR

    first = executor.on_target_shares(a_target((("trend", 3), ("value", -3)), ts=late))
    again = executor.on_target_shares(a_target((("trend", 3), ("value", -3)), ts=late + MINUTE))

    assert [(given.strategy, given.lots) for given in of(GaveUp, first)] == [("trend", 3), ("value", -3)]
    assert of(Fill, first) == of(SubmitOrder, first) == []
    assert sent(again) == []


def test_an_order_that_is_filled_is_not_repriced_while_its_end_is_on_its_way():
    executor = an_executor("opponent")
    executor.on_quote(a_quote(99.5, 100.5))
    (order,) = sent(executor.on_target_shares(a_target((("trend", 5),))))
    executor.on_order_accepted(OrderAccepted(order, MONDAY))
    executor.on_fill(a_fill(5, order=order, price=100.5))

    assert of(AmendOrder, executor.on_quote(a_quote(101.5, 102.5, ts=MONDAY + MINUTE))) == []


def test_what_is_flattened_or_taken_up_again_was_decided_then_and_not_at_the_signal():
    executor = an_executor("market", "market", feeds={"XBTUSD": MINUTE})
    (order,) = sent(executor.on_target_shares(a_target((("trend", 5),), price=100.0)))
    filled(executor, order)
    executor.on_bar(a_bar(80.0, open_ts=MONDAY))

    (out,) = sent(state(executor, TradingState.FLATTENING, MONDAY + MINUTE))
    filled(executor, out, 79.0)
    executor.on_bar(a_bar(60.0, open_ts=MONDAY + MINUTE))
    (again,) = sent(state(executor, TradingState.ACTIVE, MONDAY + 2 * MINUTE))

    assert (order.decision_price, out.decision_price, again.decision_price) == (100.0, 80.0, 60.0)


def test_where_the_market_is_not_heard_the_price_of_such_a_decision_is_unknown():
    executor = an_executor("market")
    (order,) = sent(executor.on_target_shares(a_target((("trend", 5),), price=100.0)))
    filled(executor, order)

    (out,) = sent(state(executor, TradingState.FLATTENING, MONDAY + MINUTE))

    assert out.decision_price is None


def test_strategies_that_share_a_symbol_cross_at_its_last_close():
    executor = an_executor("market", "market", feeds={"XBTUSD": MINUTE})
    assert Subscribe(type(a_bar()), "XBTUSD", MINUTE) in executor.on_start()
    state(executor, TradingState.HALTED, MONDAY)
    executor.on_target_shares(a_target((("trend", 3), ("value", -3)), price=100.0))
    executor.on_bar(a_bar(70.0))

    crossed = of(Fill, state(executor, TradingState.ACTIVE, MONDAY + MINUTE))

    assert [(fill.lots, fill.price) for fill in crossed] == [(3, 70.0), (-3, 70.0)]


def test_a_second_account_has_ids_of_its_own_for_what_several_strategies_share():
    executor = an_executor("market", "market", label="2")

    (shared,) = sent(executor.on_target_shares(a_target((("trend", 3), ("value", 2)))))
    crossed = of(
        Fill, an_executor("market", "market", label="2").on_target_shares(a_target((("trend", 1), ("value", -1))))
    )

    assert shared.client_id == "run000-net2-1"
    assert [fill.execution_id for fill in crossed] == ["run000-x2-1", "run000-x2-2"]


def test_the_smallest_limit_of_a_strategy_or_symbol_cuts_the_orders_that_it_is_about():
    limits = (LargestOrder(10), LargestOrder(4, "trend"), LargestOrder(3, None, "ETHUSD"))
    executor = an_executor("market", "market", largest_orders=limits)

    orders = sent(executor.on_target_shares(a_target((("trend", 9),))))
    others = sent(executor.on_target_shares(a_target((("trend", 9), ("value", 9)))))

    assert [order.lots for order in orders] == [4, 4, 1]
    assert [order.lots for order in others] == [9]
    assert largest(limits, "ETHUSD", [Owner("value", 1)]) == 3
    assert largest((), "ETHUSD", [Owner("value", 1)]) is None
