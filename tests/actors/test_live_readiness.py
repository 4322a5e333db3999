"""At a real venue nothing is sent before account and venue are known to agree, and what waited is sent then."""

import pytest

from actors.execution.rules import ShareRule
from actors.executor import Executor
from actors.portfolio import Portfolio
from actors.risk.heritage import GuardHeritage
from actors.risk.limits import RiskLimits
from actors.risk_guard import RiskGuard
from adapters.journal.standing import STOPPED_BY, standing_of
from adapters.live.stopping import halted_by
from messages import (
    ApprovedCancel,
    ApprovedOrder,
    CancelAll,
    CancelOrder,
    CancelRejected,
    HaltTrading,
    Heartbeat,
    MarketFresh,
    MarketStale,
    OrderAccepted,
    OrderRefused,
    OrderRejected,
    PlaceOrder,
    SubmitOrder,
    TradingState,
    TradingStateChanged,
    VenueLost,
    VenueReady,
    WakeAt,
    Woke,
)
from tests.builders import MONDAY, SECOND, a_fill, a_target, an_instrument, an_order

READY = VenueReady(account="main", ts=MONDAY)
LOST = VenueLost(account="main", reason="line down", ts=MONDAY + SECOND)
FRESH = MarketFresh(symbol="XBTUSD", ts=MONDAY)
STALE = MarketStale(symbol="XBTUSD", reason="silent", ts=MONDAY)


def a_live_guard(heritage=None, **limits):
    guard = RiskGuard("main", {"XBTUSD": an_instrument()}, RiskLimits(**limits), heritage=heritage, live=True)
    guard.warmed_up()
    return guard


def a_ready_guard(**limits):
    guard = a_live_guard(**limits)
    guard.on_market_fresh(FRESH)
    guard.on_venue_ready(READY)
    return guard


def judged(guard, order):
    (answer,) = guard.on_submit_order(SubmitOrder(order))
    return answer.reason if isinstance(answer, OrderRefused) else answer.__class__.__name__


def states(said):
    return [each.state for each in said if isinstance(each, TradingStateChanged)]


def test_a_live_guard_lets_nothing_pass_but_cancels_before_the_venue_is_ready():
    guard = a_live_guard()
    guard.on_market_fresh(FRESH)
    cancel = CancelOrder(account="main", client_id="run000-net-1", symbol="XBTUSD", ts=MONDAY)

    assert guard.state is TradingState.RECOVERING
    assert judged(guard, an_order()) == "venue-not-ready"
    assert isinstance(guard.on_cancel_order(cancel)[0], ApprovedCancel)


def test_not_even_what_reduces_passes_while_the_venue_is_not_ready():
    guard = a_ready_guard()
    guard.on_fill(a_fill(5))
    guard.on_venue_lost(LOST)

    assert judged(guard, an_order(-5, reduce_only=True)) == "venue-not-ready"


def test_readiness_is_said_once_each_time_it_changes():
    guard = a_live_guard()

    assert states(guard.on_venue_ready(READY)) == [TradingState.ACTIVE]
    assert states(guard.on_venue_ready(READY)) == []
    assert states(guard.on_venue_lost(LOST)) == [TradingState.RECOVERING]
    assert states(guard.on_venue_lost(LOST)) == []


def test_losing_the_venue_takes_nothing_back():
    guard = a_ready_guard()

    assert not [each for each in guard.on_venue_lost(LOST) if isinstance(each, CancelAll)]


def test_a_halt_outlives_a_venue_that_is_ready_again():
    guard = a_ready_guard()
    guard.on_venue_lost(LOST)
    guard.on_halt_trading(HaltTrading(reason="told to"))

    assert states(guard.on_venue_ready(READY)) == []
    assert guard.state is TradingState.HALTED


def test_flattening_waits_for_the_venue():
    guard = a_ready_guard()
    guard.on_fill(a_fill(5))
    guard.on_venue_lost(LOST)
    guard.on_halt_trading(HaltTrading(reason="stop", flatten=True))

    assert guard.state is TradingState.RECOVERING
    assert states(guard.on_venue_ready(READY)) == [TradingState.FLATTENING]
    assert judged(guard, an_order(-5, reduce_only=True)) == "ApprovedOrder"


def test_a_stop_in_order_while_the_venue_is_lost_is_told_as_that_when_the_venue_is_ready_again():
    guard = a_ready_guard()
    guard.on_fill(a_fill(5))
    guard.on_venue_lost(LOST)
    halt = HaltTrading(reason=f"{STOPPED_BY}SIGTERM", ts=LOST.ts, flatten=True)
    said = (halt, *guard.on_halt_trading(halt), *guard.on_venue_ready(READY))

    assert states(said) == [TradingState.FLATTENING]
    # So the next life trades, and this one's exit code tells of no halt.
    assert standing_of("main", said) == (TradingState.ACTIVE, TradingState.ACTIVE)
    assert halted_by([each for each in said if isinstance(each, TradingStateChanged)]) is None


def test_what_raises_risk_in_a_stale_symbol_is_refused_and_what_reduces_it_is_not():
    guard = a_ready_guard()
    guard.on_fill(a_fill(5))
    guard.on_market_stale(STALE)

    assert judged(guard, an_order(1)) == "stale-data"
    assert judged(guard, an_order(-6, client_id="run000-trend-2")) == "stale-data"
    assert judged(guard, an_order(-5, client_id="run000-trend-3")) == "ApprovedOrder"
    guard.on_market_fresh(FRESH)
    assert judged(guard, an_order(1, client_id="run000-trend-4")) == "ApprovedOrder"


def test_a_live_guard_knows_no_fresh_market_before_it_is_told_of_one():
    guard = a_live_guard()
    guard.on_venue_ready(READY)

    assert judged(guard, an_order(1)) == "stale-data"


def test_a_backtest_awaits_nothing():
    guard = RiskGuard("main", {"XBTUSD": an_instrument()})

    assert judged(guard, an_order()) == "ApprovedOrder"


@pytest.mark.parametrize("ready", [True, False])
def test_readiness_is_inherited(ready):
    guard = a_ready_guard()
    guard.on_market_stale(STALE)
    if not ready:
        guard.on_venue_lost(LOST)
    heir = a_live_guard(guard.heritage())

    assert heir.state is guard.state
    assert judged(heir, an_order(1)) == ("stale-data" if ready else "venue-not-ready")


def test_what_an_earlier_life_left_does_not_make_the_venue_ready():
    guard = a_live_guard(GuardHeritage(standing=TradingState.HALTED))
    guard.on_venue_ready(READY)

    assert guard.state is TradingState.HALTED
    assert a_live_guard(GuardHeritage()).state is TradingState.RECOVERING


def a_live_executor(heritage=None):
    rules = [ShareRule(strategy="trend", symbols=("XBTUSD",))]
    return Executor("main", {"XBTUSD": an_instrument()}, "run000", rules, heritage=heritage, live=True)


def changed(state, ts=MONDAY):
    return TradingStateChanged(account="main", state=state, reason="test", ts=ts)


def sent(said):
    return [each.order for each in said if isinstance(each, SubmitOrder)]


def test_a_live_executor_sends_what_is_wanted_once_the_venue_is_ready():
    executor = a_live_executor()

    assert sent(executor.on_target_shares(a_target((("trend", 3),)))) == []
    assert [order.lots for order in sent(executor.on_trading_state_changed(changed(TradingState.ACTIVE)))] == [3]


def test_while_the_venue_is_lost_what_works_is_left_alone_and_nothing_is_sent():
    executor = a_live_executor()
    executor.on_trading_state_changed(changed(TradingState.ACTIVE))
    (order,) = sent(executor.on_target_shares(a_target((("trend", 3),))))
    executor.on_order_accepted(OrderAccepted(order, MONDAY))

    assert executor.on_trading_state_changed(changed(TradingState.RECOVERING, MONDAY + SECOND)) == ()
    assert executor.on_target_shares(a_target((("trend", 1),), ts=MONDAY + 2 * SECOND)) == ()
    after = executor.on_trading_state_changed(changed(TradingState.ACTIVE, MONDAY + 3 * SECOND))
    assert [type(each) for each in after] == [CancelOrder]


def test_an_order_refused_for_a_venue_that_was_not_ready_is_tried_again():
    executor = a_live_executor()
    executor.on_trading_state_changed(changed(TradingState.ACTIVE))
    (order,) = sent(executor.on_target_shares(a_target((("trend", 3),))))
    (wake,) = executor.on_order_refused(OrderRefused(order, "venue-not-ready", MONDAY))

    assert isinstance(wake, WakeAt)


def test_a_live_executor_hands_its_orders_over_and_gives_no_id_twice():
    executor = a_live_executor()
    executor.on_trading_state_changed(changed(TradingState.ACTIVE))
    (first,) = sent(executor.on_target_shares(a_target((("trend", 3),))))
    heir = a_live_executor(executor.heritage())
    heir.on_target_shares(a_target((("trend", 3),)))
    heir.warmed_up()

    assert heir.state is TradingState.ACTIVE
    assert sent(heir.on_target_shares(a_target((("trend", 3),), ts=MONDAY + SECOND))) == []
    more = sent(heir.on_target_shares(a_target((("trend", 5),), ts=MONDAY + 2 * SECOND)))
    assert [order.client_id for order in more] != [first.client_id]


def restarted(executor, *kept):
    """Its heir, with what that says before anything new is heard."""
    heir = a_live_executor(executor.heritage())
    said = tuple(heir.on_start())
    for message in kept:
        if isinstance(message, PlaceOrder):
            heir.on_place_order(message)
        else:
            heir.on_target_shares(message)
    heir.warmed_up()
    return heir, [each for each in said if isinstance(each, WakeAt)]


def test_what_waits_for_its_retry_at_a_restart_is_sent_though_it_was_decided_long_ago():
    executor = a_live_executor()
    executor.on_trading_state_changed(changed(TradingState.ACTIVE))
    target = a_target((("trend", 3),))
    (order,) = sent(executor.on_target_shares(target))
    for _ in range(5):
        (wake,) = executor.on_order_rejected(OrderRejected(order=order, reason="overload", standing=False, ts=order.ts))
        (order,) = sent(executor.on_woke(Woke(wake.at, wake.token)))
    executor.on_order_rejected(OrderRejected(order=order, reason="overload", standing=False, ts=order.ts))

    # Unlike those that it answers while everything is heard again, these are set although they are past.
    heir, wakes = restarted(executor, target)
    now = order.ts + SECOND

    assert [each.lots for wake in wakes for each in sent(heir.on_woke(Woke(now, wake.token)))] == [3]


def test_a_strategys_own_order_that_waits_for_its_retry_outlives_a_restart():
    executor = a_live_executor()
    executor.on_trading_state_changed(changed(TradingState.ACTIVE))
    placed = PlaceOrder(strategy="trend", symbol="XBTUSD", number=1, ts=MONDAY, lots=2)
    (order,) = sent(executor.on_place_order(placed))
    executor.on_order_rejected(OrderRejected(order=order, reason="overload", standing=False, ts=MONDAY))

    heir, wakes = restarted(executor, placed)
    again = [each for wake in wakes for each in sent(heir.on_woke(Woke(MONDAY + 2 * SECOND, wake.token)))]

    assert [(each.client_id, each.lots) for each in again] == [(order.client_id, 2)]


def test_a_cancel_that_waits_to_be_asked_again_at_a_restart_is_asked_again():
    executor = a_live_executor()
    executor.on_trading_state_changed(changed(TradingState.ACTIVE))
    (order,) = sent(executor.on_target_shares(a_target((("trend", 3),))))
    executor.on_order_accepted(OrderAccepted(order, MONDAY))
    none_wanted = a_target((("trend", 0),), ts=MONDAY + SECOND)
    (cancel,) = executor.on_target_shares(none_wanted)
    rejected = CancelRejected(
        account="main", client_id=order.client_id, symbol="XBTUSD", reason="unknown", ts=MONDAY + SECOND
    )
    executor.on_cancel_rejected(rejected)

    heir, wakes = restarted(executor, none_wanted)
    said = [each for wake in wakes for each in heir.on_woke(Woke(MONDAY + 60 * SECOND, wake.token))]

    assert [each.client_id for each in said if isinstance(each, CancelOrder)] == [cancel.client_id]


@pytest.mark.parametrize(
    "actor", [a_live_guard(), a_live_executor(), Portfolio("main", {"XBTUSD": an_instrument()}, [])]
)
def test_whoever_is_on_the_way_of_an_order_passes_the_heartbeat_on(actor):
    beat = Heartbeat(account="main", number=7, ts=MONDAY)

    assert tuple(actor.on_heartbeat(beat)) == (beat,)


def test_an_approved_order_is_a_proof_of_readiness():
    guard = a_ready_guard()

    assert isinstance(guard.on_submit_order(SubmitOrder(an_order()))[0], ApprovedOrder)
