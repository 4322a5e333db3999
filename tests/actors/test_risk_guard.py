"""The risk guard refuses what would breach a limit, and says why; it stops trading, and counts what is on its way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.risk_guard import RiskGuard, RiskLimits
from messages import (
    NS_PER_SECOND,
    ApprovedCancel,
    ApprovedOrder,
    Bar,
    CancelAll,
    CancelOrder,
    EquityMarked,
    HaltTrading,
    OrderEnded,
    OrderRefused,
    OrderRejected,
    Outcome,
    PositionAdjusted,
    ReportPositions,
    SubmitOrder,
    Subscribe,
    Tick,
    TradingState,
    TradingStateChanged,
)
from tests.builders import DAY, HOUR, MINUTE, MONDAY, a_bar, a_fill, a_tick, an_instrument, an_order


def a_guard(feeds=None, **limits):
    return RiskGuard("main", {"XBTUSD": an_instrument()}, RiskLimits(**limits), feeds)


def judged(guard, order):
    """The refusal's reason, or None when the order was approved."""
    (answer,) = guard.on_submit_order(SubmitOrder(order))
    if isinstance(answer, OrderRefused):
        return answer.reason
    assert answer == ApprovedOrder(order)
    return None


def orders(*lots, **fields):
    return [an_order(each, client_id=f"run000-trend-{n}", **fields) for n, each in enumerate(lots, 1)]


def test_approves_without_limits():
    assert judged(a_guard(), an_order(1_000_000)) is None


@pytest.mark.parametrize(("lots", "reason"), [(10, None), (-10, None), (11, "order-size"), (-11, "order-size")])
def test_refuses_an_order_above_the_size_limit(lots, reason):
    assert judged(a_guard(order_lots_max=10), an_order(lots)) == reason


def test_refuses_a_symbol_without_an_instrument():
    assert judged(a_guard(), an_order(symbol="ETHUSD")) == "unknown-symbol"


@pytest.mark.parametrize("field", ["limit_price", "stop_price"])
def test_refuses_a_price_off_the_grid(field):
    assert judged(a_guard(), an_order(**{field: 100.25})) == "off-grid"
    assert judged(a_guard(), an_order(**{field: 100.5})) is None


def test_refuses_an_order_that_would_carry_the_position_past_its_limit():
    guard = a_guard(position_lots_max=100)
    guard.on_fill(a_fill(60))

    assert judged(guard, an_order(41)) == "position-limit"
    assert judged(guard, an_order(40)) is None


def test_counts_orders_on_their_way_as_if_they_were_filled():
    guard = a_guard(position_lots_max=100)
    first, second, other_side = orders(60, 41, -100)

    assert [judged(guard, each) for each in (first, second, other_side)] == [None, "position-limit", None]


def test_lets_a_position_past_its_limit_be_reduced():
    guard = a_guard(position_lots_max=100)
    guard.on_fill(a_fill(150))

    assert judged(guard, an_order(-200)) is None
    assert judged(guard, an_order(1, client_id="run000-trend-2")) == "position-limit"


def test_an_order_that_ended_counts_no_more():
    guard = a_guard(position_lots_max=100)
    first, second = orders(60, 100)
    judged(guard, first)

    guard.on_order_ended(OrderEnded(first, Outcome.CANCELLED, 0, MONDAY))

    assert judged(guard, second) is None


def test_fills_that_an_end_told_of_count_until_they_are_heard():
    guard = a_guard(position_lots_max=100)
    first, second, third = orders(60, 61, 60)
    judged(guard, first)
    guard.on_order_ended(OrderEnded(first, Outcome.CANCELLED, 40, MONDAY))

    before = judged(guard, second)
    guard.on_fill(a_fill(40, order=first))
    after = judged(guard, third)

    assert (before, after) == ("position-limit", None)
    assert guard.exposure.position == {"XBTUSD": 40}


def test_an_order_that_is_approved_again_counts_once():
    guard = a_guard(position_lots_max=100)

    assert [judged(guard, an_order(60)) for _ in range(2)] == [None, None]


def test_a_rejected_order_counts_no_more_but_an_old_rejection_heard_again_changes_nothing():
    guard = a_guard(position_lots_max=100)
    order, again, other = an_order(60), an_order(60, ts=MONDAY + 9), an_order(60, client_id="run000-trend-2")
    rejected = OrderRejected(order=order, reason="overload", standing=False, ts=MONDAY + 1)
    judged(guard, order)
    guard.on_order_rejected(rejected)
    judged(guard, again)
    guard.on_order_rejected(rejected)

    assert judged(guard, other) == "position-limit"


@given(st.lists(st.tuples(st.integers(-9, 9).filter(bool), st.sampled_from(["work", "fill", "cancel"])), max_size=30))
def test_no_outcome_of_the_approved_orders_breaches_the_position_limit(moves):
    """Whatever is filled or not of what was approved: both extremes stay within the limit."""
    guard = a_guard(position_lots_max=10)
    position, working = 0, []
    for number, (lots, fate) in enumerate(moves):
        order = an_order(lots, client_id=f"run000-trend-{number}")
        if judged(guard, order) is not None:
            continue
        if fate == "work":
            working.append(lots)
        else:
            filled = lots if fate == "fill" else 0
            if filled:
                guard.on_fill(a_fill(lots, order=order))
            guard.on_order_ended(OrderEnded(order, Outcome.CANCELLED, filled, MONDAY))
            position += filled

        assert position + sum(each for each in working if each > 0) <= 10
        assert position + sum(each for each in working if each < 0) >= -10


def test_hears_prices_only_when_there_is_a_band():
    assert a_guard({"XBTUSD": MINUTE}).on_start() == ()
    assert a_guard({"XBTUSD": MINUTE}, price_band=0.1).on_start() == (Subscribe(Bar, "XBTUSD", MINUTE),)
    assert a_guard(price_band=0.1).on_start() == (Subscribe(Tick, "XBTUSD"),)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"limit_price": 110.0}, None),
        ({"limit_price": 110.5}, "price-band"),
        ({"stop_price": 89.5}, "price-band"),
        ({"reference_price": 120.0}, "price-band"),
    ],
)
def test_refuses_prices_far_from_the_last_one(fields, reason):
    by_bar, by_tick = a_guard(price_band=0.1), a_guard(price_band=0.1)
    by_bar.on_bar(a_bar(100.0))
    by_tick.on_tick(a_tick(100.0))

    assert [judged(guard, an_order(**fields)) for guard in (by_bar, by_tick)] == [reason, reason]


def test_before_the_market_is_heard_the_makers_own_price_has_to_do():
    assert judged(a_guard(price_band=0.1), an_order(limit_price=150.0, reference_price=100.0)) == "price-band"
    assert judged(a_guard(price_band=0.1), an_order(limit_price=150.0)) is None


def test_refuses_too_many_orders_within_a_second_and_counts_cancels():
    guard = a_guard(orders_per_second=3)
    cancel = CancelOrder(account="main", client_id="c", symbol="XBTUSD", ts=MONDAY)
    first, second, third, fourth = orders(1, 1, 1, 1)
    said = [judged(guard, first), judged(guard, second)]

    assert guard.on_cancel_order(cancel) == (ApprovedCancel(account="main", client_id="c", symbol="XBTUSD", ts=MONDAY),)
    assert [*said, judged(guard, third)] == [None, None, "order-rate"]
    assert judged(guard, an_order(1, client_id=fourth.client_id, ts=MONDAY + NS_PER_SECOND)) is None


def test_refuses_too_many_orders_within_a_minute():
    guard = a_guard(orders_per_minute=2)
    at = [MONDAY, MONDAY + 59 * NS_PER_SECOND, MONDAY + 59 * NS_PER_SECOND, MONDAY + MINUTE]

    said = [judged(guard, an_order(client_id=f"run000-trend-{n}", ts=ts)) for n, ts in enumerate(at)]

    assert said == [None, None, "order-rate", None]


def test_a_halt_takes_everything_back_and_lets_only_cancels_pass():
    guard = a_guard()

    said = guard.on_halt_trading(HaltTrading(reason="books differ", account="main", ts=MONDAY))

    assert said == (
        CancelAll(account="main", ts=MONDAY),
        TradingStateChanged(account="main", state=TradingState.HALTED, reason="books differ", ts=MONDAY),
    )
    assert judged(guard, an_order(ts=MONDAY)) == "halted"
    assert guard.on_cancel_order(CancelOrder(account="main", client_id="c", symbol="XBTUSD", ts=MONDAY))
    assert guard.on_halt_trading(HaltTrading(reason="again", ts=MONDAY)) == ()


def a_mark(equity, ts):
    return EquityMarked(account="main", currency="USD", ts=ts, equity_minor=equity)


def states(messages):
    return [message.state for message in messages if isinstance(message, TradingStateChanged)]


def test_a_daily_loss_flattens_and_the_next_day_trades_again():
    guard = a_guard(daily_loss_max=0.05)

    said = [
        states(guard.on_equity_marked(a_mark(equity, ts)))
        for equity, ts in [
            (1000, MONDAY + MINUTE),
            (950, MONDAY + 2 * MINUTE),
            (949, MONDAY + 3 * MINUTE),
            (900, MONDAY + 4 * MINUTE),
            (900, MONDAY + DAY),
            (860, MONDAY + DAY + MINUTE),
        ]
    ]

    assert said == [[], [], [TradingState.FLATTENING], [], [TradingState.ACTIVE], []]


def test_a_daily_loss_cancels_everything_and_says_why():
    guard = a_guard(daily_loss_max=0.05)
    guard.on_equity_marked(a_mark(1000, MONDAY))

    cancel, state = guard.on_equity_marked(a_mark(900, MONDAY + MINUTE))

    assert cancel == CancelAll(account="main", ts=MONDAY + MINUTE)
    assert state.reason.startswith("daily loss")


def test_after_a_daily_loss_with_action_halt_nobody_starts_again():
    guard = a_guard(daily_loss_max=0.05, daily_loss_action="halt")
    guard.on_equity_marked(a_mark(1000, MONDAY))
    guard.on_equity_marked(a_mark(900, MONDAY + 1))

    assert guard.on_equity_marked(a_mark(900, MONDAY + 2 * DAY)) == ()
    assert guard.state is TradingState.FLATTENING


def test_a_day_begins_when_the_limits_say():
    guard = a_guard(daily_loss_max=0.05, day_starts_ns=8 * HOUR)
    guard.on_equity_marked(a_mark(1000, MONDAY + 7 * HOUR))
    guard.on_equity_marked(a_mark(960, MONDAY + 8 * HOUR))

    assert guard.on_equity_marked(a_mark(915, MONDAY + 9 * HOUR)) == ()


@pytest.mark.parametrize(
    ("lots", "reduce_only", "reason"),
    [(-5, True, None), (-6, True, "halted"), (-5, False, "halted"), (1, True, "halted")],
)
def test_while_flattening_only_what_reduces_passes(lots, reduce_only, reason):
    guard = a_guard(daily_loss_max=0.05)
    guard.on_fill(a_fill(5))
    guard.on_equity_marked(a_mark(1000, MONDAY))
    guard.on_equity_marked(a_mark(1, MONDAY + 1))

    assert judged(guard, an_order(lots, reduce_only=reduce_only, client_id="run000-trend-2")) == reason


def test_while_flattening_two_orders_cannot_reduce_the_same_lots():
    guard = a_guard(daily_loss_max=0.05)
    guard.on_fill(a_fill(5))
    guard.on_equity_marked(a_mark(1000, MONDAY))
    guard.on_equity_marked(a_mark(1, MONDAY + 1))
    first, second = (an_order(-3, reduce_only=True, client_id=f"run000-trend-{n}") for n in (2, 3))

    assert [judged(guard, first), judged(guard, second)] == [None, "halted"]


def test_the_next_incarnation_still_knows_that_the_day_was_lost():
    guard = a_guard(daily_loss_max=0.05)
    guard.on_equity_marked(a_mark(1000, MONDAY))
    guard.on_equity_marked(a_mark(900, MONDAY + 1))

    heir = RiskGuard(
        "main", {"XBTUSD": an_instrument()}, RiskLimits(daily_loss_max=0.05), None, heritage=guard.heritage()
    )
    heir.warmed_up()

    assert judged(heir, an_order()) == "halted"
    assert states(heir.on_equity_marked(a_mark(900, MONDAY + DAY))) == [TradingState.ACTIVE]


def test_reports_nets_and_counts_a_fill_heard_twice_once():
    guard = a_guard()
    adjusted = PositionAdjusted(
        account="main", symbol="XBTUSD", strategy="trend", adjustment_id="a1", lots=2, value_minor=0, ts=MONDAY
    )
    for _ in range(2):
        guard.on_fill(a_fill(parts=(("one", 3), ("two", 2))))
        guard.on_position_adjusted(adjusted)

    (report,) = guard.on_report_positions(ReportPositions("main", 3))

    assert (report.role, report.number, report.positions) == ("risk-guard", 3, (("", "XBTUSD", 7),))
