"""Limits of worth, leverage, open orders and scopes, what a refusal sets off, and what the next incarnation knows."""

import attrs
import pytest

from actors.risk_guard import RiskGuard, RiskLimits, ScopedLimits
from actors.runtime.router import Router
from messages import (
    AmendOrder,
    Bar,
    CancelAll,
    CancelOrder,
    EquityMarked,
    Fill,
    HaltTrading,
    Liquidity,
    OrderEnded,
    OrderRefused,
    Outcome,
    PositionAdjusted,
    Quote,
    SubmitOrder,
    Subscribe,
    Tick,
    TradingState,
    TradingStateChanged,
)
from tests.builders import DAY, MINUTE, MONDAY, SECOND, a_bar, a_fill, a_quote, an_instrument, an_order

SYMBOLS = ("ETHUSD", "XBTEUR", "XBTUSD")
INSTRUMENTS = {symbol: an_instrument(symbol, currency=symbol[3:]) for symbol in SYMBOLS}


def a_guard(scoped=(), feeds=None, heritage=None, **limits):
    return RiskGuard("main", INSTRUMENTS, RiskLimits(**limits), feeds, heritage, scoped=scoped)


def judged(guard, lots=1, number=1, **fields):
    """The refusal's reason, or None when the order was approved."""
    answer, *_ = guard.on_submit_order(SubmitOrder(an_order(lots, client_id=f"run000-trend-{number}", **fields)))
    return answer.reason if isinstance(answer, OrderRefused) else None


def marked(guard, equity, ts=MONDAY, currency="USD"):
    return guard.on_equity_marked(EquityMarked(account="main", currency=currency, ts=ts, equity_minor=equity))


def ended(guard, number, lots=0):
    guard.on_order_ended(OrderEnded(an_order(1, client_id=f"run000-trend-{number}"), Outcome.CANCELLED, lots, MONDAY))


# Worth, leverage, number.


def test_hears_prices_where_something_is_judged_by_worth():
    feeds = dict.fromkeys(SYMBOLS, MINUTE)

    assert a_guard(feeds=feeds, order_notional_max=1).on_start() == tuple(Subscribe(Bar, s, MINUTE) for s in SYMBOLS)
    assert a_guard(feeds={**feeds, "XBTUSD": None}, leverage_max=3).on_start()[2:] == (
        Subscribe(Tick, "XBTUSD"),
        Subscribe(Quote, "XBTUSD"),
    )
    assert a_guard(feeds=feeds, open_orders_max=1, order_lots_max=1, daily_loss_max=0.1).on_start() == ()
    assert len(a_guard(feeds=feeds, scoped=[ScopedLimits(order_notional_max=1)]).on_start()) == 3


def test_what_a_guard_subscribes_to_is_brought_to_it():
    guard = a_guard([ScopedLimits(strategy="trend", position_notional_max=1)], {"XBTUSD": MINUTE})

    classes = {each.message for each in guard.on_start()}

    assert classes == {Bar, Tick, Quote, Fill}
    assert all(Router().is_subscribable("risk-guard", each) for each in classes)


def test_an_order_is_worth_what_the_last_price_says():
    guard = a_guard(order_notional_max=1000)
    guard.on_quote(a_quote(99.5, 100.5))

    assert [judged(guard, 10), judged(guard, 11, 2)] == [None, "order-notional"]


def test_leverage_adds_up_longs_and_shorts_of_a_currency_and_what_is_on_its_way():
    guard = a_guard(leverage_max=2)
    for symbol in SYMBOLS:
        guard.on_bar(a_bar(100.0, symbol=symbol))
    assert judged(guard, 1) == "equity-unknown"
    marked(guard, 500_00)
    guard.on_fill(a_fill(-3, symbol="ETHUSD"))
    guard.on_fill(a_fill(70, symbol="XBTEUR", execution_id="other-currency"))

    said = [judged(guard, lots, number) for number, lots in enumerate((5, 3, 2, -2, -7, -8))]

    # 3 are short in ETHUSD, so 7 of either side can be held in XBTUSD.
    assert said == [None, "leverage", None, None, "leverage", "leverage"]
    assert judged(guard, -5, 9) is None


def test_what_rests_on_the_other_side_is_no_room_for_leverage():
    """A far buy that would turn nine short lots into eleven long ones was worth less when it was let through."""
    guard = a_guard(leverage_max=2)
    guard.on_bar(a_bar(90.0))
    marked(guard, 500_00)
    guard.on_fill(a_fill(-9))
    assert judged(guard, 20, 1, limit_price=45.0) is None
    guard.on_bar(a_bar(100.0))

    said = [judged(guard, lots, number) for number, lots in enumerate((-2, -1, -1), start=2)]

    assert said == ["leverage", None, "leverage"]


def test_what_can_only_shrink_a_position_beyond_its_leverage_passes():
    guard = a_guard(leverage_max=2)
    guard.on_bar(a_bar(100.0))
    marked(guard, 100_00)
    guard.on_fill(a_fill(-9))

    # Nine back, one of them twice: two may be long by then, three may not.
    assert [judged(guard, lots, number) for number, lots in enumerate((9, 3, 2, -1))] == [
        None, "leverage", None, "leverage",
    ]  # fmt: skip


def test_without_a_price_of_what_is_held_leverage_cannot_be_judged():
    guard = a_guard(leverage_max=2)
    guard.on_bar(a_bar(100.0))
    marked(guard, 500_00)
    guard.on_fill(a_fill(1, symbol="ETHUSD"))

    assert judged(guard) == "price-unknown"


def test_no_more_orders_work_at_a_time_than_may():
    guard = a_guard(open_orders_max=2)
    said = [judged(guard, 1, number) for number in (1, 2, 3)]
    again = judged(guard, 1, 2, ts=MONDAY + 9)
    ended(guard, 1)

    assert [*said, again, judged(guard, 1, 4)] == [None, None, "open-orders", None, None]


# Scopes.


def test_a_row_is_about_orders_that_match_all_its_scopes():
    rows = [
        ScopedLimits(account="second", order_lots_max=1),
        ScopedLimits(account="main", symbol="ETHUSD", order_lots_max=2),
        ScopedLimits(strategy="trend", symbol="XBTUSD", order_lots_max=3),
    ]
    guard = a_guard(rows)

    assert [judged(guard, lots, lots) for lots in (3, 4)] == [None, "order-size"]
    assert [judged(guard, lots, lots, symbol="ETHUSD") for lots in (2, 5)] == [None, "order-size"]
    assert judged(guard, 99, 6, symbol="XBTEUR") is None
    assert judged(guard, 99, 7, owners=(("other", 99),)) is None


def test_each_owner_of_a_shared_order_is_judged_by_its_own_row():
    guard = a_guard([ScopedLimits(strategy=name, position_lots_max=most) for name, most in (("one", 5), ("two", 2))])

    assert judged(guard, 0, 1, owners=(("one", 5), ("two", 2))) is None
    assert judged(guard, 0, 2, owners=(("three", 50), ("two", 1))) == "position-limit"
    assert judged(guard, 0, 3, owners=(("one", -10), ("three", -1), ("two", -4))) == "position-limit"
    assert judged(guard, 0, 4, owners=(("one", -5), ("three", -1), ("two", -2))) is None


def test_a_strategys_position_is_that_of_its_own_parts_crossings_and_adjustments():
    guard = a_guard([ScopedLimits(strategy="one", position_lots_max=10)])
    assert Subscribe(Fill, "XBTUSD") in guard.on_start()
    guard.on_fill(a_fill(parts=(("one", 4), ("two", 20))))
    for _ in range(2):
        guard.on_fill(a_crossing("x1", 3))
        guard.on_fill(a_crossing("x2", 5, account="second"))
    guard.on_position_adjusted(
        PositionAdjusted(
            account="main", symbol="XBTUSD", strategy="one", adjustment_id="a", lots=1, value_minor=0, ts=MONDAY
        )
    )

    assert guard.lots_in("XBTUSD") == 25
    assert judged(guard, 0, 2, owners=(("one", 3),)) == "position-limit"
    assert judged(guard, 0, 3, owners=(("one", 2),)) is None


def a_crossing(execution_id, lots, account="main"):
    fill = a_fill(parts=(("one", lots),), execution_id=execution_id)
    return attrs.evolve(fill, liquidity=Liquidity.INTERNAL, account=account)


def test_reduce_only_keeps_the_accounts_position_from_growing_but_not_a_strategys():
    guard = a_guard([ScopedLimits(strategy="one", position_lots_max=5)], position_notional_max=500)
    guard.on_bar(a_bar(100.0))
    guard.on_fill(a_fill(parts=(("one", -5), ("two", 20))))

    assert judged(guard, 0, 1, owners=(("two", -60),), reduce_only=True) is None
    assert judged(guard, 0, 2, owners=(("one", -1),), reduce_only=True) == "position-limit"


def test_several_exits_of_one_position_are_no_way_past_its_limit():
    guard = a_guard(position_lots_max=10)
    guard.on_fill(a_fill(10))

    said = [judged(guard, -10, number, reduce_only=True) for number in (1, 2, 3)]
    entries = [judged(guard, -20, 4), judged(guard, -1, 5)]

    assert said == [None, None, None]
    assert entries == ["position-limit", "position-limit"]


def test_open_orders_and_rates_are_counted_by_scope():
    rows = [ScopedLimits(strategy="trend", open_orders_max=1), ScopedLimits(symbol="ETHUSD", orders_per_minute=2)]
    guard = a_guard(rows)

    assert [judged(guard, 1, 1), judged(guard, 1, 2), judged(guard, 0, 3, owners=(("other", 1),))] == [
        None,
        "open-orders",
        None,
    ]
    ended(guard, 1)
    other = {"symbol": "ETHUSD", "owners": (("other", 1),)}
    guard.on_cancel_order(CancelOrder(account="main", client_id="run000-trend-3", symbol="XBTUSD", ts=MONDAY))
    assert [judged(guard, 0, number, **other) for number in (4, 5, 6)] == [None, None, "order-rate"]
    assert judged(guard, 0, 7, **other, ts=MONDAY + 60 * SECOND) is None


def test_a_cancel_counts_with_the_rows_of_its_order():
    guard = a_guard([ScopedLimits(strategy="trend", orders_per_minute=2)])
    judged(guard, 1, 1)
    guard.on_cancel_order(CancelOrder(account="main", client_id="run000-trend-1", symbol="XBTUSD", ts=MONDAY))

    assert judged(guard, 1, 2) == "order-rate"
    assert judged(guard, 0, 3, owners=(("other", 1),)) is None


# States.


@pytest.mark.parametrize(
    ("action", "state", "cancels"),
    [
        ("refuse", TradingState.ACTIVE, 0),
        ("reduce-only", TradingState.REDUCE_ONLY, 0),
        ("flatten", TradingState.FLATTENING, 1),
        ("halt", TradingState.HALTED, 1),
    ],
)
def test_a_refusal_sets_off_what_the_limits_say(action, state, cancels):
    guard = a_guard(order_lots_max=5, actions=(("order-size", action),))
    order = an_order(6)

    refused, *rest = guard.on_submit_order(SubmitOrder(order))

    assert refused == OrderRefused(order, "order-size", MONDAY)
    assert sum(isinstance(each, CancelAll) for each in rest) == cancels
    assert [each.state for each in rest if isinstance(each, TradingStateChanged)] == [state] * (action != "refuse")
    assert guard.state is state


def test_a_state_becomes_stricter_and_never_looser():
    guard = a_guard(order_lots_max=5, actions=(("order-size", "flatten"), ("halted", "reduce-only")))
    judged(guard, 6)
    first = guard.state
    assert judged(guard, 1) == "halted"
    guard.on_halt_trading(HaltTrading(reason="stop", ts=MONDAY))
    judged(guard, 6)

    assert (first, guard.state) == (TradingState.FLATTENING, TradingState.HALTED)


def test_a_day_lost_under_reduce_only_goes_back_to_reduce_only():
    guard = a_guard(order_lots_max=5, actions=(("order-size", "reduce-only"),), daily_loss_max=0.05)
    marked(guard, 1000)
    judged(guard, 6)
    marked(guard, 900, MONDAY + 1)
    lost = guard.state
    (changed,) = marked(guard, 900, MONDAY + DAY)

    assert (lost, changed.state) == (TradingState.FLATTENING, TradingState.REDUCE_ONLY)


def test_getting_out_is_not_kept_by_worth_number_or_scope():
    guard = a_guard(
        [ScopedLimits(symbol="XBTUSD", order_lots_max=1)], order_lots_max=50, order_notional_max=1, open_orders_max=1,
        actions=(("order-size", "flatten"),),
    )  # fmt: skip
    guard.on_fill(a_fill(50))
    judged(guard, 51, 1)

    said = [judged(guard, -25, number, reduce_only=True) for number in (2, 3, 4)]

    assert said == [None, None, "halted"]


@pytest.mark.parametrize("state", ["flatten", "reduce-only"])
def test_getting_out_is_not_kept_by_what_the_market_showed_when_the_order_was_made(state):
    """Who makes the order may have heard no price for long: the band is about the prices that an order names."""
    guard = a_guard(price_band=0.1, daily_loss_max=0.05, daily_loss_state=state)
    guard.on_bar(a_bar(100.0))
    guard.on_fill(a_fill(5))
    marked(guard, 100_000)
    assert judged(guard, -1, 1, reduce_only=True, reference_price=150.0) is None
    marked(guard, 90_000, MONDAY + 1)

    said = [
        judged(guard, -1, 2, reduce_only=True, reference_price=150.0),
        judged(guard, -1, 3, reduce_only=True),
        judged(guard, -1, 4, reduce_only=True, limit_price=150.0),
    ]

    assert said == [None, None, "price-band"]


def test_a_liquidation_halts_the_account_once():
    guard = a_guard()
    guard.on_fill(a_fill(5))
    liquidation = [a_liquidation(-3, "liquidation-1"), a_liquidation(-2, "liquidation-2")]

    said = [guard.on_fill(each) for each in (liquidation[0], *liquidation)]

    cancel, changed = said[0]
    assert cancel == CancelAll(account="main", ts=MONDAY)
    assert (changed.state, changed.reason) == (TradingState.HALTED, "liquidated: -3 lots of XBTUSD at 100.0")
    assert said[1:] == [(), ()]
    assert guard.lots_in("XBTUSD") == 0


def a_liquidation(lots, execution_id):
    return attrs.evolve(a_fill(lots, execution_id=execution_id), liquidity=Liquidity.LIQUIDATION)


# The next incarnation.


def test_the_next_incarnation_counts_what_was_approved_whatever_prices_it_knows():
    """It hears orders again without the prices that they were judged by, and must not judge them anew."""
    limits = {"position_lots_max": 100, "order_notional_max": 5000, "orders_per_minute": 4, "leverage_max": 3}
    rows = [ScopedLimits(strategy="trend", orders_per_minute=9)]
    first = a_guard(rows, **limits)
    first.on_bar(a_bar(100.0))
    marked(first, 5000_00)
    facts = [SubmitOrder(an_order(lots, client_id=f"run000-trend-{n}")) for n, lots in enumerate((40, 60, 30))]
    more = AmendOrder(an_order(50, client_id="run000-trend-0"), MONDAY)
    said = [type(each) for fact in facts for each in first.on_submit_order(fact)]
    first.on_amend_order(more)

    heir = a_guard(rows, heritage=first.heritage(), **limits)
    half_way = heir.heritage()
    again = [heir.on_submit_order(fact) for fact in facts]
    heir.on_amend_order(more)
    heir.warmed_up()

    assert [each.__name__ for each in said] == ["ApprovedOrder", "OrderRefused", "ApprovedOrder"]
    assert again == [(), (), ()]
    assert half_way == first.heritage() == heir.heritage()
    assert heir.exposure.buying == first.exposure.buying == {"XBTUSD": 80}
    assert [judged(heir, 21, 8), judged(heir, 20, 9), judged(heir, -1, 10)] == ["position-limit", None, "order-rate"]


def test_a_halt_is_inherited():
    first = a_guard()
    first.on_halt_trading(HaltTrading(reason="stop", ts=MONDAY))

    assert a_guard(heritage=first.heritage()).state is TradingState.HALTED
