"""An amend is judged anew, and until its end an order counts as the largest that it may have been."""

import pytest

from actors.risk_guard import RiskGuard, RiskLimits, ScopedLimits
from messages import (
    AmendOrder,
    AmendRejected,
    ApprovedAmend,
    CancelOrder,
    HaltTrading,
    OrderAmended,
    OrderEnded,
    OrderRefused,
    Outcome,
    SubmitOrder,
    TradingState,
)
from tests.builders import MONDAY, SECOND, a_bar, a_fill, an_instrument, an_order


def a_guard(scoped=(), **limits):
    instruments = {symbol: an_instrument(symbol) for symbol in ("XBTUSD", "ETHUSD")}
    return RiskGuard("main", instruments, RiskLimits(**limits), scoped=scoped)


def submitted(guard, order):
    answer, *_ = guard.on_submit_order(SubmitOrder(order))
    return answer.reason if isinstance(answer, OrderRefused) else None


def amended(guard, order, ts=MONDAY):
    """The reason that the guard gives, or None when the amend was approved."""
    answer, *_ = guard.on_amend_order(AmendOrder(order, ts))
    if isinstance(answer, AmendRejected):
        assert (answer.order, answer.ts) == (order, ts)
        return answer.reason
    assert answer == ApprovedAmend(order, ts)
    return None


def another(lots, number=2, **fields):
    return an_order(lots, client_id=f"run000-trend-{number}", **fields)


def test_an_amend_on_its_way_counts_as_the_larger_of_old_and_new():
    guard = a_guard(position_lots_max=100)
    submitted(guard, an_order(40))
    up = an_order(70)

    assert amended(guard, up) is None
    assert submitted(guard, another(31)) == "position-limit"
    guard.on_amend_rejected(AmendRejected(up, "overload", MONDAY + 1))
    assert submitted(guard, another(60)) is None


def test_what_an_amend_took_away_counts_until_the_end_tells_what_was_filled():
    """Ninety were filled before the amend to 50; the amend is heard of first."""
    guard = a_guard(position_lots_max=100)
    order, less = an_order(100), an_order(50)
    submitted(guard, order)
    amended(guard, less)
    guard.on_order_amended(OrderAmended(less, MONDAY + 1))

    before = submitted(guard, another(11))
    guard.on_order_ended(OrderEnded(less, Outcome.FILLED, 90, MONDAY + 1))
    told = [submitted(guard, another(11)), submitted(guard, another(10))]
    guard.on_fill(a_fill(90, order=order))

    assert (before, *told) == ("position-limit", "position-limit", None)
    assert guard.lots_in("XBTUSD") == 90


def test_a_strategys_part_counts_on_when_an_amend_gave_it_to_another():
    guard = a_guard(scoped=[ScopedLimits(strategy="one", position_lots_max=5)])
    submitted(guard, an_order(owners=(("one", 5), ("two", 1))))
    moved = an_order(owners=(("two", 6),))
    amended(guard, moved)
    guard.on_order_amended(OrderAmended(moved, MONDAY + 1))

    assert submitted(guard, another(1, owners=(("one", 1),))) == "position-limit"


def test_a_rejection_heard_again_is_not_the_answer_to_the_next_amend():
    guard = a_guard(position_lots_max=100)
    submitted(guard, an_order(40))
    up = an_order(70)
    rejected = AmendRejected(up, "overload", MONDAY + 1)
    amended(guard, up)
    guard.on_amend_rejected(rejected)
    amended(guard, up, MONDAY + 2)
    guard.on_amend_rejected(rejected)

    assert submitted(guard, another(31)) == "position-limit"


def test_an_amend_is_judged_by_what_is_left_of_the_order():
    guard = a_guard(position_lots_max=10)
    order = an_order(10, limit_price=100.0)
    submitted(guard, order)
    guard.on_fill(a_fill(6, order=order))

    assert amended(guard, an_order(10, limit_price=101.0)) is None
    assert amended(guard, an_order(11, limit_price=101.0)) == "position-limit"


def test_an_amend_of_its_price_has_band_grid_and_worth_judged_anew():
    guard = a_guard(price_band=0.1, order_notional_max=210)
    guard.on_bar(a_bar(100.0))
    submitted(guard, an_order(2, limit_price=100.0))

    said = [amended(guard, an_order(2, limit_price=price)) for price in (105.0, 105.5, 111.0, 100.25)]

    assert said == [None, "order-notional", "price-band", "off-grid"]


def test_an_amend_to_fewer_lots_passes_whatever_the_sizes_are():
    guard = a_guard(position_lots_max=100)
    submitted(guard, an_order(20))
    guard.on_fill(a_fill(150, order=another(1, "by-hand")))

    assert amended(guard, an_order(10)) is None
    assert amended(guard, an_order(10, limit_price=99.0)) == "position-limit"


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (an_order(5, client_id="nobody-knows-this"), "unknown-order"),
        (an_order(-5), "other-order"),
        (an_order(5, symbol="ETHUSD"), "other-order"),
    ],
)
def test_an_amend_must_be_of_an_order_that_is_there(order, reason):
    guard = a_guard()
    submitted(guard, an_order(5))

    assert amended(guard, order) == reason


def test_an_order_that_is_over_is_amended_no_more():
    guard = a_guard()
    submitted(guard, an_order(5))
    guard.on_order_ended(OrderEnded(an_order(5), Outcome.CANCELLED, 2, MONDAY))

    assert amended(guard, an_order(4)) == "unknown-order"


def test_a_client_id_cannot_name_a_second_order():
    guard = a_guard()
    submitted(guard, an_order(5))

    assert submitted(guard, an_order(-5)) == "other-order"
    assert submitted(guard, an_order(5, ts=MONDAY + 9)) is None


def test_amends_count_with_orders_and_cancels_and_are_refused_when_too_many():
    guard = a_guard(orders_per_second=3)
    submitted(guard, an_order(5))
    guard.on_cancel_order(CancelOrder(account="main", client_id="c", symbol="XBTUSD", ts=MONDAY))

    said = [amended(guard, an_order(lots), ts) for lots, ts in ((4, MONDAY), (3, MONDAY), (3, MONDAY + SECOND))]

    assert said == [None, "order-rate", None]


def test_no_amend_passes_a_halt_and_only_what_shrinks_passes_reduce_only():
    guard = a_guard(actions=(("order-size", "reduce-only"),), order_lots_max=50)
    guard.on_fill(a_fill(5, order=another(1, "by-hand")))
    submitted(guard, an_order(-3))
    submitted(guard, another(51))
    assert guard.state is TradingState.REDUCE_ONLY

    reducing = [amended(guard, an_order(lots)) for lots in (-5, -6)]
    guard.on_halt_trading(HaltTrading(reason="stop", ts=MONDAY))

    assert [*reducing, amended(guard, an_order(-1))] == [None, "reduce-only", "halted"]


def test_a_refused_amend_can_lead_to_a_state_too():
    guard = a_guard(actions=(("order-size", "halt"),), order_lots_max=5)
    submitted(guard, an_order(5))

    amended(guard, an_order(6))

    assert guard.state is TradingState.HALTED
