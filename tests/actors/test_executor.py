"""The executor brings what is held to what is wanted: it crosses, sends, retries, and never trades too much."""

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.execution.rules import ShareRule
from actors.executor import BACK_OFF_NS, DUPLICATE, Executor
from messages import (
    ActorQuarantined,
    CancelOrder,
    CancelPlaced,
    CancelRejected,
    Fill,
    Kind,
    Liquidity,
    OrderAccepted,
    OrderEnded,
    OrderRefused,
    OrderRejected,
    OrderType,
    Outcome,
    PlaceOrder,
    PositionAdjusted,
    Quote,
    ReportPositions,
    Share,
    SubmitOrder,
    Subscribe,
    TargetShares,
    TickBlock,
    TradingState,
    TradingStateChanged,
    WakeAt,
    Woke,
)
from tests.builders import MONDAY, SECOND, a_block, a_fill, a_quote, a_target, a_tick, an_instrument


def an_executor(*names, **settings):
    rules = [ShareRule(strategy=name, symbols=("XBTUSD",)) for name in names or ("trend", "value")]
    return Executor("main", {"XBTUSD": an_instrument()}, "run000", rules, **settings)


def sent(messages):
    return [message.order for message in messages if isinstance(message, SubmitOrder)]


def owners(order):
    return {owner.strategy: owner.lots for owner in order.owners}


def crossed(messages):
    return {message.parts[0].strategy: message.lots for message in messages if isinstance(message, Fill)}


def ended(order, filled=0, *, outcome=None, ts=MONDAY):
    reached = Outcome.FILLED if filled == order.lots else Outcome.CANCELLED
    return OrderEnded(order, outcome or reached, filled, ts)


def fill_all(executor, order, price=100.0):
    parts = tuple((owner.strategy, owner.lots) for owner in order.owners)
    said = executor.on_fill(a_fill(order=order, parts=parts, price=price))
    return (*said, *executor.on_order_ended(ended(order, order.lots)))


def holding(lots_by_strategy):
    """An executor that holds what it wants."""
    executor = an_executor(*lots_by_strategy)
    for number, (strategy, lots) in enumerate(lots_by_strategy.items()):
        executor.on_fill(a_fill(parts=((strategy, lots),), execution_id=f"before-{number}"))
    executor.on_target_shares(a_target(tuple(lots_by_strategy.items())))
    return executor


def held(executor):
    (report,) = executor.on_report_positions(ReportPositions("main", 1))
    return {strategy: lots for strategy, _, lots in report.positions}


# Sending.


def test_sends_the_difference_as_one_market_order():
    (order,) = sent(an_executor().on_target_shares(a_target((("trend", 3),))))

    assert (order.lots, order.type, owners(order), order.client_id) == (
        3,
        OrderType.MARKET,
        {"trend": 3},
        "run000-trend-1",
    )
    assert (order.reference_price, order.ts) == (100.0, MONDAY)


def test_sends_nothing_when_what_is_wanted_is_held_or_on_its_way():
    executor = an_executor()
    (order,) = sent(executor.on_target_shares(a_target((("trend", 3),))))

    assert executor.on_target_shares(a_target((("trend", 3),))) == ()
    assert fill_all(executor, order) == ()
    assert executor.on_target_shares(a_target((("trend", 3),))) == ()


def test_one_order_carries_all_owners_of_a_side():
    (order,) = sent(an_executor().on_target_shares(a_target((("trend", 3), ("value", 2)))))

    assert (order.lots, owners(order), order.client_id) == (5, {"trend": 3, "value": 2}, "run000-net-1")


def test_slices_an_order_above_the_limit():
    orders = sent(an_executor(order_lots_max=2).on_target_shares(a_target((("trend", -3), ("value", -2)))))

    assert [owners(order) for order in orders] == [{"trend": -2}, {"trend": -1, "value": -1}, {"value": -1}]
    assert len({order.client_id for order in orders}) == 3


def test_sends_only_what_is_lacking_beyond_a_working_order():
    executor = an_executor()
    executor.on_target_shares(a_target((("trend", 3),)))

    (order,) = sent(executor.on_target_shares(a_target((("trend", 5),))))

    assert owners(order) == {"trend": 2}


def test_refuses_an_algorithm_that_does_not_exist():
    with pytest.raises(ValueError, match="no execution algorithm teleport"):
        ShareRule(strategy="a", symbols=(), execution="teleport")


# Crossing.


def test_opposite_wishes_cross_at_the_last_price_and_only_the_rest_is_sent():
    said = an_executor().on_target_shares(a_target((("trend", 5), ("value", -3)), price=100.5))
    (order,) = sent(said)

    assert (crossed(said), owners(order)) == ({"trend": 3, "value": -3}, {"trend": 2})
    assert {(m.price, m.liquidity, m.fee_minor) for m in said if isinstance(m, Fill)} == {
        (100.5, Liquidity.INTERNAL, 0)
    }


def test_crosses_at_the_mid_of_the_last_quote_on_the_grid():
    executor = holding({"trend": 1, "value": -1})
    assert executor.on_start() == (Subscribe(TickBlock, "XBTUSD"), Subscribe(Quote, "XBTUSD"))
    executor.on_quote(a_quote(110.0, 111.5))

    said = executor.on_target_shares(a_target((("trend", -1), ("value", 1)), price=None))

    assert {message.price for message in said} == {111.0}


def test_crosses_at_the_last_trade_in_a_block_whatever_a_signal_saw_before_it():
    executor = holding({"trend": 1, "value": -1})
    assert executor.on_tick_block(a_block(a_tick(120.0), a_tick(104.0, ts=MONDAY + 1))) == ()

    said = executor.on_target_shares(a_target((("trend", -1), ("value", 1)), price=99.0, ts=MONDAY + 2))

    assert {message.price for message in said} == {104.0}


def test_without_any_price_it_crosses_nothing_and_sends_both_sides():
    said = an_executor().on_target_shares(a_target((("trend", 5), ("value", -3)), price=None))

    assert crossed(said) == {}
    assert [owners(order) for order in sent(said)] == [{"trend": 5}, {"value": -3}]


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=6), st.sampled_from([100.5, 33.5, 7.0]))
def test_a_crossing_moves_lots_and_money_between_owners_and_makes_none(wishes, price):
    names = [f"s{number}" for number in range(len(wishes))]
    executor = an_executor(*names)
    said = executor.on_target_shares(a_target(tuple(zip(names, wishes, strict=True)), price=price))
    internal = [message for message in said if isinstance(message, Fill)]

    assert sum(fill.lots for fill in internal) == 0
    assert sum(fill.value_minor for fill in internal) == 0
    assert sum(fill.lots for fill in internal if fill.lots > 0) == min(
        sum(wish for wish in wishes if wish > 0), -sum(wish for wish in wishes if wish < 0)
    )
    assert sum(order.lots for order in sent(said)) == sum(wishes)
    assert len({fill.execution_id for fill in internal}) == len(internal)


# Changing its mind.


def test_takes_back_what_is_no_longer_wanted_and_waits_for_the_end():
    executor = an_executor()
    (order,) = sent(executor.on_target_shares(a_target((("trend", 3),))))

    said = executor.on_target_shares(a_target((("trend", -2),)))

    assert said == (CancelOrder(account="main", client_id=order.client_id, symbol="XBTUSD", ts=MONDAY),)
    assert [owners(each) for each in sent(executor.on_order_ended(ended(order)))] == [{"trend": -2}]


def test_a_fill_that_crosses_the_cancel_is_counted_before_the_next_order():
    executor = an_executor()
    (order,) = sent(executor.on_target_shares(a_target((("trend", 3),))))
    executor.on_target_shares(a_target((("trend", -2),)))

    (next_order,) = sent(fill_all(executor, order))

    assert owners(next_order) == {"trend": -5}


def test_an_end_that_tells_of_unheard_fills_is_no_end_until_they_are_heard():
    executor = an_executor()
    (order,) = sent(executor.on_target_shares(a_target((("trend", 3),))))
    executor.on_target_shares(a_target((("trend", 0),)))

    assert executor.on_order_ended(ended(order, 2)) == ()
    (next_order,) = sent(executor.on_fill(a_fill(2, order=order)))
    assert owners(next_order) == {"trend": -2}


def test_an_end_that_is_heard_before_its_fill_makes_nobody_send_again():
    executor = an_executor()
    (order,) = sent(executor.on_target_shares(a_target((("trend", 3),))))

    assert executor.on_order_ended(ended(order, 3)) == ()
    assert executor.on_fill(a_fill(3, order=order)) == ()
    assert held(executor) == {"trend": 3}


def test_an_order_that_is_wanted_again_while_its_cancel_is_on_the_way_is_not_sent_twice():
    executor = an_executor()
    (order,) = sent(executor.on_target_shares(a_target((("trend", 3),))))
    executor.on_target_shares(a_target((("trend", 0),)))

    assert executor.on_target_shares(a_target((("trend", 3),))) == ()
    assert [owners(each) for each in sent(executor.on_order_ended(ended(order)))] == [{"trend": 3}]


def test_a_fill_after_the_end_is_folded_and_answered():
    executor = an_executor()
    (order,) = sent(executor.on_target_shares(a_target((("trend", 3),))))
    executor.on_target_shares(a_target((("trend", 0),)))
    executor.on_order_ended(ended(order))

    (repair,) = sent(executor.on_fill(a_fill(1, order=order)))

    assert owners(repair) == {"trend": -1}


def test_a_fill_heard_twice_counts_once():
    executor = an_executor()
    (order,) = sent(executor.on_target_shares(a_target((("trend", 3),))))
    for _ in range(2):
        executor.on_fill(a_fill(3, order=order))

    assert held(executor) == {"trend": 3}


def test_a_working_order_is_taken_back_when_somebody_wants_the_other_side():
    executor = an_executor()
    (order,) = sent(executor.on_target_shares(a_target((("trend", 5),))))
    (cancel,) = executor.on_target_shares(a_target((("trend", 5), ("value", -3))))

    said = executor.on_order_ended(ended(order))

    assert isinstance(cancel, CancelOrder)
    assert (crossed(said), [owners(each) for each in sent(said)]) == ({"trend": 3, "value": -3}, [{"trend": 2}])


def test_a_rejected_cancel_is_asked_for_again():
    executor = an_executor()
    (order,) = sent(executor.on_target_shares(a_target((("trend", 5),))))
    executor.on_target_shares(a_target((("trend", 0),)))
    rejected = CancelRejected(account="main", client_id=order.client_id, symbol="XBTUSD", reason="unknown", ts=MONDAY)

    (wake,) = executor.on_cancel_rejected(rejected)

    assert executor.on_cancel_rejected(rejected) == ()
    (cancel,) = executor.on_woke(Woke(wake.at, wake.token))
    assert isinstance(cancel, CancelOrder)


# What is not taken.


def rejected(order, *, standing=False, reason="overload", ts=MONDAY):
    return OrderRejected(order=order, reason=reason, standing=standing, ts=ts)


def test_a_passing_rejection_is_retried_with_the_same_id_after_longer_and_longer_waits():
    executor = an_executor()
    (order,) = sent(executor.on_target_shares(a_target((("trend", 3),))))
    waits, now = [], MONDAY
    for _ in range(3):
        (wake,) = executor.on_order_rejected(rejected(order, ts=now))
        waits.append(wake.at - now)
        now = wake.at
        (again,) = sent(executor.on_woke(Woke(wake.at, wake.token)))
        assert (again.client_id, again.lots, again.ts) == (order.client_id, order.lots, now)

    assert waits == [BACK_OFF_NS, 2 * BACK_OFF_NS, 4 * BACK_OFF_NS]


def test_an_old_rejection_heard_again_is_not_the_answer_to_the_retry():
    executor = an_executor()
    (order,) = sent(executor.on_target_shares(a_target((("trend", 3),))))
    (wake,) = executor.on_order_rejected(rejected(order))
    executor.on_woke(Woke(wake.at, wake.token))

    assert executor.on_order_rejected(rejected(order)) == ()


def test_that_the_venue_has_it_already_is_no_rejection():
    executor = an_executor()
    (order,) = sent(executor.on_target_shares(a_target((("trend", 3),))))

    assert executor.on_order_rejected(rejected(order, reason=DUPLICATE, standing=True)) == ()
    (more,) = sent(executor.on_target_shares(a_target((("trend", 5),))))
    assert owners(more) == {"trend": 2}


def test_what_waits_for_its_retry_is_dropped_when_it_is_not_wanted_any_more():
    executor = an_executor()
    (order,) = sent(executor.on_target_shares(a_target((("trend", 3),))))
    (wake,) = executor.on_order_rejected(rejected(order))

    (other,) = sent(executor.on_target_shares(a_target((("trend", -1),))))

    assert owners(other) == {"trend": -1}
    assert executor.on_woke(Woke(wake.at, wake.token)) == ()


def test_retries_are_bounded_per_minute():
    executor = an_executor(order_lots_max=1)
    orders = sent(executor.on_target_shares(a_target((("trend", 200),))))

    wakes = [executor.on_order_rejected(rejected(order))[0].at for order in orders]

    windows = [sum(at <= other < at + 60 * SECOND for other in wakes) for at in wakes]
    assert max(windows) <= 30


@pytest.mark.parametrize("refused_by", ["venue", "guard"])
def test_what_is_refused_for_good_waits_until_something_changes(refused_by):
    def refuse(executor, order):
        if refused_by == "venue":
            return executor.on_order_rejected(rejected(order, standing=True, reason="margin"))
        return executor.on_order_refused(OrderRefused(order, "position-limit", MONDAY))

    executor = an_executor()
    target = a_target((("trend", 3),))
    (order,) = sent(executor.on_target_shares(target))
    assert refuse(executor, order) == ()
    assert executor.on_target_shares(target) == ()

    (by_target,) = sent(executor.on_target_shares(a_target((("trend", 2),))))
    refuse(executor, by_target)
    (by_state,) = sent(executor.on_trading_state_changed(a_state(TradingState.ACTIVE)))
    refuse(executor, by_state)
    (by_position,) = sent(executor.on_position_adjusted(an_adjustment(1)))

    assert [owners(each)["trend"] for each in (by_target, by_state, by_position)] == [2, 2, 1]


def test_too_many_orders_at_a_time_is_a_refusal_that_passes():
    executor = an_executor()
    (order,) = sent(executor.on_target_shares(a_target((("trend", 3),))))

    (wake,) = executor.on_order_refused(OrderRefused(order, "order-rate", MONDAY))

    assert [each.client_id for each in sent(executor.on_woke(Woke(wake.at, wake.token)))] == [order.client_id]


def test_a_venue_that_keeps_cancelling_is_not_asked_again_at_once():
    executor = an_executor()
    (order,) = sent(executor.on_target_shares(a_target((("trend", 3),))))
    (wake,) = executor.on_order_ended(ended(order))

    assert wake == WakeAt(MONDAY + BACK_OFF_NS, "plan:XBTUSD")
    assert [owners(each) for each in sent(executor.on_woke(Woke(wake.at, wake.token)))] == [{"trend": 3}]


# Trading states.


def a_state(state):
    return TradingStateChanged(account="main", state=state, reason="test", ts=MONDAY)


def an_adjustment(lots, name="a1"):
    return PositionAdjusted(
        account="main", symbol="XBTUSD", strategy="trend", adjustment_id=name, lots=lots, value_minor=0, ts=MONDAY
    )


def test_halted_it_takes_everything_back_and_sends_nothing():
    executor = an_executor()
    (order,) = sent(executor.on_target_shares(a_target((("trend", 3),))))

    (cancel,) = executor.on_trading_state_changed(a_state(TradingState.HALTED))

    assert isinstance(cancel, CancelOrder)
    assert executor.on_order_ended(ended(order)) == ()
    assert executor.on_target_shares(a_target((("trend", 9),))) == ()


def test_flattening_it_cancels_then_reduces_every_holder_to_nothing():
    executor = holding({"trend": 5, "value": -2})
    (order,) = sent(executor.on_target_shares(a_target((("trend", 7), ("value", -2)))))
    (cancel,) = executor.on_trading_state_changed(a_state(TradingState.FLATTENING))

    said = executor.on_order_ended(ended(order))
    (flat,) = sent(said)

    assert cancel.client_id == order.client_id
    assert crossed(said) == {"trend": -2, "value": 2}
    assert (owners(flat), flat.reduce_only) == ({"trend": -3}, True)


def test_flattening_it_asks_again_when_the_guard_takes_an_order_for_too_much():
    executor = holding({"trend": 5})
    (flat,) = sent(executor.on_trading_state_changed(a_state(TradingState.FLATTENING)))

    (wake,) = executor.on_order_refused(OrderRefused(flat, "halted", MONDAY))
    (again,) = sent(executor.on_woke(Woke(wake.at, wake.token)))

    assert (again.client_id, again.lots, again.reduce_only) == (flat.client_id, -5, True)


def test_active_again_it_goes_on_to_the_targets():
    executor = holding({"trend": 5})
    (flat,) = sent(executor.on_trading_state_changed(a_state(TradingState.FLATTENING)))
    fill_all(executor, flat)
    executor.on_target_shares(a_target((("trend", 4),)))

    (order,) = sent(executor.on_trading_state_changed(a_state(TradingState.ACTIVE)))

    assert owners(order) == {"trend": 4}


# Strategies' own orders.


def place(executor, lots=1, number=1, **fields):
    return executor.on_place_order(
        PlaceOrder(strategy="trend", symbol="XBTUSD", number=number, ts=MONDAY, lots=lots, **fields)
    )


def test_an_own_order_is_sent_as_it_is_and_never_crossed():
    executor = holding({"trend": 1, "value": 5})

    (order,) = sent(place(executor, -2, type=OrderType.STOP, stop_price=95.0))

    assert (owners(order), order.type, order.stop_price) == ({"trend": -2}, OrderType.STOP, 95.0)


def test_in_order_mode_a_share_that_was_on_its_way_is_passed_over():
    executor = holding({"trend": 1, "value": 5})
    place(executor)

    assert executor.on_target_shares(a_target((("trend", 9), ("value", 5)))) == ()


def test_an_own_order_is_cancelled_by_its_number():
    executor = an_executor()
    (first,) = sent(place(executor, number=1))
    place(executor, number=2)

    (cancel,) = executor.on_cancel_placed(CancelPlaced(strategy="trend", symbol="XBTUSD", ts=MONDAY, number=1))

    assert cancel.client_id == first.client_id


def test_a_target_waits_until_the_own_orders_are_over():
    executor = an_executor()
    (own,) = sent(place(executor, 2, type=OrderType.LIMIT, limit_price=90.0))
    (cancel,) = executor.on_cancel_placed(CancelPlaced(strategy="trend", symbol="XBTUSD", ts=MONDAY))

    assert cancel.client_id == own.client_id
    assert executor.on_target_shares(a_target((("trend", -1),))) == ()
    (order,) = sent(fill_all(executor, own))
    assert owners(order) == {"trend": -3}


def test_an_own_order_refused_for_good_stops_nobody_else():
    executor = an_executor()
    (own,) = sent(place(executor))
    executor.on_order_refused(OrderRefused(own, "order-size", MONDAY))

    assert [owners(each) for each in sent(executor.on_target_shares(a_target((("value", 2),))))] == [{"value": 2}]


def test_a_strategy_that_is_flattened_for_good_loses_its_own_orders():
    rules = [ShareRule(strategy="trend", symbols=("XBTUSD",), on_quarantine="flatten")]
    executor = Executor("main", {"XBTUSD": an_instrument()}, "run000", rules)
    (own,) = sent(place(executor, 2))

    (cancel,) = executor.on_actor_quarantined(ActorQuarantined("strategy:trend", "spent", MONDAY))
    executor.on_target_shares(a_target((("trend", 0),)))
    (order,) = sent(fill_all(executor, own))

    assert (cancel.client_id, owners(order)) == (own.client_id, {"trend": -2})


def test_an_acceptance_makes_a_retry_needless():
    executor = an_executor()
    (order,) = sent(executor.on_target_shares(a_target((("trend", 3),))))
    (wake,) = executor.on_order_rejected(rejected(order))
    executor.on_order_accepted(OrderAccepted(order, MONDAY))

    assert executor.on_woke(Woke(wake.at, wake.token)) == ()


def test_an_adjustment_heard_twice_counts_once():
    executor = an_executor()
    for _ in range(2):
        executor.on_position_adjusted(an_adjustment(3))

    assert held(executor) == {"trend": 3}


# Liquidated.


def test_after_a_liquidation_it_makes_up_for_nothing_and_crosses_nobody():
    executor = holding({"trend": 9, "value": -1})
    fill = a_fill(parts=(("trend", -9), ("value", 1)), execution_id="liquidation-1")

    said = executor.on_fill(attrs.evolve(fill, client_id="liquidation-1", liquidity=Liquidity.LIQUIDATION))

    assert said == ()
    assert held(executor) == {}


def test_nor_when_an_order_ends_that_a_liquidation_took_away():
    executor = holding({"trend": 9, "value": -1})
    (order,) = sent(executor.on_target_shares(a_target((("trend", 9), ("value", 3)))))
    executor.on_target_shares(a_target((("trend", 4), ("value", 3))))

    assert executor.on_order_ended(attrs.evolve(ended(order), reason="liquidated")) == ()


def test_a_shared_order_was_decided_at_the_mean_of_its_owners_prices_on_the_grid():
    executor = an_executor()
    shares = (Share("trend", 1, signal_price=100.0), Share("value", 2, signal_price=101.0))

    (order,) = sent(executor.on_target_shares(TargetShares(account="main", symbol="XBTUSD", ts=MONDAY, shares=shares)))

    # 100.67, and a tick is a half.
    assert order.decision_price == 100.5


# What cannot be traded is not crossed either.


def dealing_in(**terms):
    instrument = an_instrument(**terms)
    rules = [ShareRule(strategy=name, symbols=("XBTUSD",)) for name in ("trend", "value")]
    return Executor("main", {"XBTUSD": instrument}, "run000", rules)


def test_in_a_contract_that_has_expired_nothing_is_crossed_or_sent():
    executor = dealing_in(expiry=MONDAY + SECOND)
    opposite = (("trend", 3), ("value", -3))

    said = executor.on_target_shares(a_target(opposite, ts=MONDAY + SECOND))
    assert (crossed(said), sent(said)) == ({}, [])
    assert crossed(dealing_in(expiry=MONDAY + SECOND).on_target_shares(a_target(opposite))) == dict(opposite)


def test_of_spot_a_strategy_gets_nothing_from_one_that_has_nothing():
    said = dealing_in(kind=Kind.SPOT).on_target_shares(a_target((("trend", 3), ("value", -3))))

    assert crossed(said) == {}
    assert sorted(order.lots for order in sent(said)) == [-3, 3]


def test_of_spot_a_strategy_gets_what_another_one_has():
    executor = dealing_in(kind=Kind.SPOT)
    executor.on_fill(a_fill(parts=(("trend", 5),), execution_id="before"))

    said = executor.on_target_shares(a_target((("trend", 2), ("value", 3))))

    assert crossed(said) == {"trend": -3, "value": 3}
    assert sent(said) == []
