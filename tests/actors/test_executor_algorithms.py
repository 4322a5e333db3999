"""The executor works each strategy's share with its algorithm, amends where it can, and counts the larger of both."""

import itertools

import attrs
import pytest

from actors.execution.rules import ShareRule
from actors.execution.states import EDGES, OrderState
from actors.executor import BACK_OFF_NS, Executor
from messages import (
    AmendOrder,
    AmendPlaced,
    AmendRejected,
    Bar,
    CancelOrder,
    GaveUp,
    Liquidity,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderType,
    Outcome,
    PlaceOrder,
    Quote,
    SubmitOrder,
    Subscribe,
    Tick,
    TimeInForce,
    TradingState,
    TradingStateChanged,
    WakeAt,
    Woke,
)
from tests.builders import DAY, MINUTE, MONDAY, SECOND, a_bar, a_fill, a_quote, a_target, a_tick, an_instrument


def an_executor(execution="join", *others, **settings):
    names = ("trend", "value", "carry")
    rules = [
        ShareRule(strategy=name, symbols=("XBTUSD",), execution=each)
        for name, each in zip(names, (execution, *others), strict=False)
    ]
    return Executor("main", {"XBTUSD": an_instrument()}, "run000", rules, **settings)


def of(kind, messages):
    return [message for message in messages if isinstance(message, kind)]


def sent(messages):
    return [message.order for message in of(SubmitOrder, messages)]


def amended(messages):
    return [message.order for message in of(AmendOrder, messages)]


def working(executor, lots=5, *others):
    """The one order of a new target, accepted by the venue, after a quote of 99.5 to 100.5."""
    executor.on_quote(a_quote())
    pairs = tuple(zip(("trend", "value", "carry"), (lots, *others), strict=False))
    (order,) = sent(executor.on_target_shares(a_target(pairs)))
    executor.on_order_accepted(OrderAccepted(order, MONDAY))
    return order


def ended(order, filled=0, reason="", *, ts=MONDAY):
    return OrderEnded(order, Outcome.FILLED if filled == order.lots else Outcome.CANCELLED, filled, ts, reason)


def a_state(state):
    return TradingStateChanged(account="main", state=state, reason="test", ts=MONDAY)


# The market.


def test_a_run_of_market_orders_hears_no_market():
    assert an_executor("market").on_start() == ()


def test_hears_the_bars_of_the_feed_or_else_ticks_and_quotes_where_an_algorithm_needs_prices():
    on_bars = an_executor("join", feeds={"XBTUSD": MINUTE})
    on_ticks = an_executor("join", feeds={"XBTUSD": None})

    assert on_bars.on_start() == (Subscribe(Bar, "XBTUSD", MINUTE),)
    assert on_ticks.on_start() == (Subscribe(Tick, "XBTUSD"), Subscribe(Quote, "XBTUSD"))


def test_on_bars_the_best_prices_are_the_close_and_half_the_spread():
    executor = an_executor("opponent", half_spread_ticks=3)
    executor.on_bar(a_bar(200.0))

    (order,) = sent(executor.on_target_shares(a_target((("trend", 2),))))

    assert (order.type, order.limit_price, order.algorithm) == (OrderType.LIMIT, 201.5, "opponent")


def test_on_ticks_without_quotes_the_best_prices_are_the_last_one_and_half_the_spread():
    executor = an_executor("join", half_spread_ticks=1)
    executor.on_tick(a_tick(200.0))

    (order,) = sent(executor.on_target_shares(a_target((("trend", 2),))))

    assert (order.limit_price, order.post_only) == (199.5, True)


def test_where_quotes_are_heard_a_trade_does_not_change_the_best_prices():
    executor = an_executor("join")
    executor.on_quote(a_quote(99.5, 100.5))
    executor.on_tick(a_tick(100.5))

    (order,) = sent(executor.on_target_shares(a_target((("trend", 2),))))

    assert order.limit_price == 99.5


def test_an_order_carries_the_price_when_the_change_was_decided():
    executor = an_executor("market")
    (first,) = sent(executor.on_target_shares(a_target((("trend", 2),), price=100.0)))
    executor.on_fill(a_fill(2, order=first, price=101.0))
    executor.on_order_ended(ended(first, 2))

    (second,) = sent(executor.on_target_shares(a_target((("trend", 5),), price=None)))

    assert (first.decision_price, first.algorithm) == (100.0, "market")
    assert second.decision_price == 101.0


def test_each_algorithm_with_its_parameters_works_its_own_orders():
    executor = an_executor("market", {"algorithm": "chase", "seconds": 5}, {"algorithm": "chase", "seconds": 9})
    executor.on_quote(a_quote())

    orders = sent(executor.on_target_shares(a_target((("trend", 1), ("value", 2), ("carry", 3)))))

    assert sorted((order.algorithm, order.lots) for order in orders) == [
        ("chase seconds=5", 2),
        ("chase seconds=9", 3),
        ("market", 1),
    ]


# Amending.


def test_a_price_that_moved_away_is_followed_with_an_amend():
    executor = an_executor("join")
    order = working(executor)

    (change,) = executor.on_quote(a_quote(100.5, 101.5, ts=MONDAY + 1))

    assert isinstance(change, AmendOrder)
    assert (change.order.client_id, change.order.lots, change.order.limit_price) == (order.client_id, 5, 100.5)


def test_an_order_of_several_owners_is_repriced_where_it_stands():
    executor = an_executor("join", "join")
    order = working(executor, 5, 2)

    (change,) = amended(executor.on_quote(a_quote(100.5, 101.5, ts=MONDAY + 1)))

    assert (change.owners, change.limit_price) == (order.owners, 100.5)


def test_an_order_that_is_not_known_to_be_at_the_venue_is_not_amended_before_it_is():
    executor = an_executor("join")
    executor.on_quote(a_quote())
    (order,) = sent(executor.on_target_shares(a_target((("trend", 5),))))

    assert executor.on_quote(a_quote(100.5, 101.5, ts=MONDAY + 1)) == ()
    assert len(amended(executor.on_order_accepted(OrderAccepted(order, MONDAY + 2)))) == 1


def test_nothing_else_is_asked_of_an_order_before_an_amend_is_answered():
    executor = an_executor("join")
    working(executor)
    (first,) = amended(executor.on_quote(a_quote(100.5, 101.5, ts=MONDAY + 1)))

    assert executor.on_quote(a_quote(101.5, 102.5, ts=MONDAY + 2)) == ()
    (second,) = amended(executor.on_order_amended(OrderAmended(first, MONDAY + 3)))
    assert second.limit_price == 101.5


def test_the_answer_to_an_earlier_amend_heard_again_is_not_the_answer_to_the_next():
    executor = an_executor("join")
    working(executor)
    (first,) = amended(executor.on_quote(a_quote(100.5, 101.5, ts=MONDAY + 1)))
    executor.on_order_amended(OrderAmended(first, MONDAY + 2))
    executor.on_quote(a_quote(101.5, 102.5, ts=MONDAY + 3))

    assert executor.on_order_amended(OrderAmended(first, MONDAY + 2)) == ()
    assert executor.on_quote(a_quote(102.5, 103.5, ts=MONDAY + 4)) == ()


def test_a_rejected_price_is_asked_for_again_when_the_market_moved_or_after_a_while():
    executor = an_executor("join")
    working(executor)
    (first,) = amended(executor.on_quote(a_quote(100.5, 101.5, ts=MONDAY + 1)))
    (wake,) = executor.on_amend_rejected(AmendRejected(first, "overload", MONDAY + 2))

    assert wake.at == MONDAY + 2 + BACK_OFF_NS
    assert executor.on_quote(a_quote(100.5, 101.5, ts=MONDAY + 3)) == ()
    (by_market,) = amended(executor.on_quote(a_quote(101.5, 102.5, ts=MONDAY + 4)))
    executor.on_amend_rejected(AmendRejected(by_market, "overload", MONDAY + 5))
    (by_time,) = amended(executor.on_woke(Woke(MONDAY + 10 * SECOND, wake.token)))
    assert (by_market.limit_price, by_time.limit_price) == (101.5, 101.5)


def test_a_limit_of_one_owner_is_made_smaller_when_less_is_wanted():
    executor = an_executor("join")
    order = working(executor)
    executor.on_fill(a_fill(2, order=order, price=99.5))

    said = executor.on_target_shares(a_target((("trend", 3),)))

    (smaller,) = amended(said)
    assert len(said) == 1
    assert (smaller.client_id, smaller.lots, smaller.owners[0].lots) == (order.client_id, 3, 3)


def test_until_it_is_smaller_an_order_counts_in_full_and_nothing_is_sent():
    executor = an_executor("join")
    working(executor)
    (smaller,) = amended(executor.on_target_shares(a_target((("trend", 3),))))

    assert executor.on_target_shares(a_target((("trend", 4),))) == ()
    (rest,) = sent(executor.on_order_amended(OrderAmended(smaller, MONDAY + 1)))
    assert rest.lots == 1


def test_an_order_that_was_filled_past_its_smaller_size_leaves_nothing_to_come():
    executor = an_executor("join")
    order = working(executor)
    (smaller,) = amended(executor.on_target_shares(a_target((("trend", 3),))))
    executor.on_order_amended(OrderAmended(smaller, MONDAY + 1))

    (back,) = sent(executor.on_fill(a_fill(4, order=order)))

    assert executor.desks["XBTUSD"].working[order.client_id].left == {"trend": 0}
    assert back.lots == -1


def test_an_order_that_cannot_be_made_smaller_is_cancelled():
    executor = an_executor("join")
    working(executor)
    (smaller,) = amended(executor.on_target_shares(a_target((("trend", 3),))))

    said = executor.on_amend_rejected(AmendRejected(smaller, "overload", MONDAY + 1))

    assert len(of(CancelOrder, said)) == 1
    assert amended(said) == []


def test_an_order_of_several_owners_is_cancelled_and_replaced_when_one_wants_less():
    executor = an_executor("join", "join")
    order = working(executor, 5, 2)

    said = executor.on_target_shares(a_target((("trend", 5), ("value", 1))))
    (next_order,) = sent(executor.on_order_ended(ended(order)))

    assert isinstance(said[0], CancelOrder)
    assert next_order.lots == 6


def test_a_slice_waits_for_its_time_whatever_of_the_earlier_ones_still_works():
    executor = an_executor({"algorithm": "twap", "minutes": 2, "slices": 2, "child": "opponent"})
    executor.on_quote(a_quote())
    said = executor.on_target_shares(a_target((("trend", 10),)))
    (order,), (wake,) = sent(said), of(WakeAt, said)
    executor.on_order_accepted(OrderAccepted(order, MONDAY))

    assert (order.lots, wake.at) == (5, MONDAY + MINUTE)
    assert sent(executor.on_quote(a_quote(ts=MONDAY + 30 * SECOND))) == []
    assert [each.lots for each in sent(executor.on_woke(Woke(wake.at, wake.token)))] == [5]


def test_a_vwap_keeps_to_the_volumes_that_were_known_when_it_began_whatever_is_learned_meanwhile():
    executor = an_executor({"algorithm": "vwap", "minutes": 20, "slices": 4}, feeds={"XBTUSD": MINUTE})
    for number, volume in enumerate((10.0, 20.0, 30.0, 41.0)):
        yesterday = MONDAY - DAY + number * 5 * MINUTE
        executor.on_bar(a_bar(volume=volume, open_ts=yesterday, period=5 * MINUTE))
    sends = []

    def hear(at, said):
        for order in sent(said):
            sends.append(((at - MONDAY) // MINUTE, order.lots))
            executor.on_fill(a_fill(order=order, ts=at))
            executor.on_order_ended(ended(order, order.lots, ts=at))
        return of(WakeAt, said)

    wakes = hear(MONDAY, executor.on_target_shares(a_target((("trend", 50),))))
    for minute in range(1, 30):
        at = MONDAY + minute * MINUTE
        # Each of today's minutes tells another story than yesterday's.
        wakes += hear(at, executor.on_bar(a_bar(volume=7.0**minute, open_ts=at - MINUTE)))
        for wake in [each for each in wakes if each.at == at]:
            wakes += hear(at, executor.on_woke(Woke(at, wake.token)))

    # Of 101 together, 10, 30 and 60 come before the second, third and fourth slice: 4.95, 14.85 and 29.70 lots of 50.
    assert sends == [(0, 5), (5, 10), (10, 15), (15, 20)]


# Giving up.


def test_what_is_given_up_is_said_and_left_until_the_target_changes():
    executor = an_executor({"algorithm": "signal-limit", "seconds": 60})
    order = working(executor)
    (cancel,) = executor.on_woke(Woke(MONDAY + MINUTE, "look:XBTUSD"))
    executor.on_fill(a_fill(2, order=order, price=100.0))

    said = executor.on_order_ended(ended(order, 2, ts=MONDAY + MINUTE))

    assert isinstance(cancel, CancelOrder)
    assert said == (
        GaveUp(
            account="main",
            strategy="trend",
            symbol="XBTUSD",
            algorithm="signal-limit seconds=60",
            lots=3,
            ts=MONDAY + MINUTE,
        ),
    )
    assert executor.on_quote(a_quote(ts=MONDAY + 2 * MINUTE)) == ()
    later = a_target((("trend", 4),), ts=MONDAY + 3 * MINUTE)
    assert [each.lots for each in sent(executor.on_target_shares(later))] == [2]


# Ends.


@pytest.mark.parametrize("reason", ["post-only", "ioc", "fok", "day", "reduce-only"])
def test_an_end_that_passes_is_answered_at_the_new_best_price_after_a_while(reason):
    executor = an_executor("join")
    order = working(executor)

    (wake,) = executor.on_order_ended(ended(order, reason=reason))
    assert executor.on_quote(a_quote(100.0, 101.0, ts=MONDAY + 1)) == ()
    (again,) = sent(executor.on_woke(Woke(wake.at, wake.token)))

    assert wake.at == MONDAY + BACK_OFF_NS
    assert (again.limit_price, again.lots) == (100.0, 5)


@pytest.mark.parametrize("reason", ["insufficient-margin", "expired", "liquidated"])
def test_an_end_for_good_waits_until_target_position_or_state_change(reason):
    executor = an_executor("join")
    order = working(executor)

    assert executor.on_order_ended(ended(order, reason=reason)) == ()
    assert executor.on_quote(a_quote(100.0, 101.0, ts=MONDAY + 1)) == ()
    assert len(sent(executor.on_trading_state_changed(a_state(TradingState.ACTIVE)))) == 1


def test_what_one_strategy_waits_for_holds_up_no_other():
    executor = an_executor("join", "market")
    order = working(executor, 5)
    executor.on_order_ended(ended(order, reason="post-only"))

    said = executor.on_target_shares(a_target((("trend", 5), ("value", 2))))

    assert [(each.algorithm, each.lots) for each in sent(said)] == [("market", 2)]


# Trading states and foreign fills.


def holding(executor, **lots):
    for name, held in lots.items():
        executor.on_fill(a_fill(parts=((name, held),), execution_id=f"before-{name}"))
    return executor


def test_reduce_only_sends_what_reduces_as_reduce_only_and_lets_the_rest_wait():
    executor = holding(an_executor("market", "market"), trend=5, value=2)
    executor.on_target_shares(a_target((("trend", 5), ("value", 2))))
    executor.on_trading_state_changed(a_state(TradingState.REDUCE_ONLY))

    (order,) = sent(executor.on_target_shares(a_target((("trend", -3), ("value", 2)))))
    assert (order.lots, order.reduce_only) == (-5, True)
    assert sent(executor.on_target_shares(a_target((("trend", -3), ("value", 6))))) == []
    executor.on_fill(a_fill(-5, order=order))
    executor.on_order_ended(ended(order, -5))
    (rest,) = sent(executor.on_trading_state_changed(a_state(TradingState.ACTIVE)))

    assert (rest.lots, rest.reduce_only) == (1, False)


def test_reduce_only_takes_back_what_opens():
    executor = holding(an_executor("join"), trend=-2)
    order = working(executor, 5)

    said = executor.on_trading_state_changed(a_state(TradingState.REDUCE_ONLY))

    (smaller,) = amended(said)
    assert (smaller.client_id, smaller.lots) == (order.client_id, 2)


def test_reduce_only_never_turns_the_net_although_a_strategy_reduces():
    executor = holding(an_executor("market", "market"), trend=5, value=-4)
    executor.on_target_shares(a_target((("trend", 5), ("value", -4)), price=None))
    executor.on_trading_state_changed(a_state(TradingState.REDUCE_ONLY))

    said = executor.on_target_shares(a_target((("trend", 2), ("value", -4)), price=None))
    (order,) = sent(said)

    assert order.lots == -1


@pytest.mark.parametrize("liquidity", [Liquidity.LIQUIDATION, Liquidity.SETTLEMENT])
def test_a_liquidation_or_settlement_of_both_sides_is_folded_and_shows_no_price(liquidity):
    executor = holding(an_executor("market", "market"), trend=5, value=-2)
    executor.on_target_shares(a_target((("trend", 5), ("value", -2))))
    executor.on_trading_state_changed(a_state(TradingState.HALTED))
    fill = a_fill(parts=(("trend", -5), ("value", 2)), price=1.0, execution_id="liquidation-1")

    assert executor.on_fill(attrs.evolve(fill, client_id="liquidation-1", liquidity=liquidity)) == ()
    assert dict(executor.lots_in("XBTUSD")) == {"trend": 0, "value": 0}
    assert executor.desks["XBTUSD"].last_price == 100.0


# Strategies' own orders.


def place(executor, lots=3, **fields):
    placed = PlaceOrder(strategy="trend", symbol="XBTUSD", number=1, ts=MONDAY, lots=lots, **fields)
    (order,) = sent(executor.on_place_order(placed))
    return order


def amend(executor, **fields):
    return executor.on_amend_placed(AmendPlaced(strategy="trend", symbol="XBTUSD", number=1, ts=MONDAY + 1, **fields))


def test_an_own_order_has_all_the_terms_that_its_strategy_gave_it():
    executor = an_executor("market")
    limit = place(
        executor,
        type=OrderType.LIMIT,
        limit_price=90.0,
        time_in_force=TimeInForce.DAY,
        post_only=True,
        reduce_only=True,
    )
    trailing = place(executor, type=OrderType.TRAILING_STOP, trail=5.0)

    assert (limit.time_in_force, limit.post_only, limit.reduce_only) == (TimeInForce.DAY, True, True)
    assert (trailing.type, trailing.trail, trailing.algorithm) == (OrderType.TRAILING_STOP, 5.0, "own")


def test_an_own_order_is_amended_once_the_venue_has_it():
    executor = an_executor("market")
    order = place(executor, type=OrderType.LIMIT, limit_price=90.0)
    assert amend(executor, lots=4, limit_price=91.0) == ()

    (change,) = amended(executor.on_order_accepted(OrderAccepted(order, MONDAY)))

    assert (change.client_id, change.lots, change.limit_price) == (order.client_id, 4, 91.0)


def test_a_second_amend_waits_for_the_answer_to_the_first_and_keeps_what_that_said():
    executor = an_executor("market")
    order = place(executor, type=OrderType.LIMIT, limit_price=90.0)
    executor.on_order_accepted(OrderAccepted(order, MONDAY))
    (first,) = amended(amend(executor, lots=4))
    assert amend(executor, limit_price=92.0) == ()

    (second,) = amended(executor.on_order_amended(OrderAmended(first, MONDAY + 2)))

    assert (second.lots, second.limit_price) == (4, 92.0)


def test_an_amend_that_says_nothing_new_or_does_not_belong_is_not_sent():
    executor = an_executor("market")
    order = place(executor, type=OrderType.LIMIT, limit_price=90.0)
    executor.on_order_accepted(OrderAccepted(order, MONDAY))

    assert amend(executor, lots=3) == amend(executor, stop_price=80.0) == amend(executor, lots=-3) == ()


def test_a_target_waits_for_all_that_an_amended_own_order_may_still_bring():
    executor = an_executor("market")
    order = place(executor, type=OrderType.LIMIT, limit_price=90.0)
    executor.on_order_accepted(OrderAccepted(order, MONDAY))
    amend(executor, lots=8)

    assert executor.desks["XBTUSD"].working[order.client_id].left == {"trend": 8}


# States and memory.


def test_every_order_ends_and_nothing_leads_back_from_its_end():
    reached = {OrderState.UNKNOWN}
    for _ in OrderState:
        reached |= {after for before in reached for after in EDGES[before]}

    assert reached == set(OrderState)
    assert EDGES[OrderState.OVER] == frozenset()
    assert all(OrderState.OVER in after for before, after in EDGES.items() if before is not OrderState.OVER)


@pytest.mark.parametrize("execution", ["market", "opponent"])
def test_nothing_grows_with_the_number_of_orders(execution):
    executor = an_executor(execution)
    executor.on_quote(a_quote())
    targets = itertools.cycle([5, -5])
    for number in range(300):
        target = a_target((("trend", next(targets)),), ts=MONDAY + number)
        (order,) = sent(executor.on_target_shares(target))
        executor.on_order_accepted(OrderAccepted(order, MONDAY + number))
        executor.on_fill(a_fill(order.lots, order=order, ts=MONDAY + number))
        executor.on_order_ended(ended(order, order.lots))

    desk = executor.desks["XBTUSD"]
    assert [len(each) for each in (desk.working, desk.waits, desk.strikes, desk.held, desk.shares)] == [0, 0, 0, 1, 1]
    assert len(desk.tasks) <= 1
    assert len(desk.unsettled) <= 1
