"""Whoever asked a guard that failed over it is answered by the next one: what nobody let through did not pass."""

import pytest

from actors.risk.gate import Gate
from actors.risk.heritage import GuardHeritage
from actors.risk_guard import RiskGuard, RiskLimits
from messages import (
    AmendOrder,
    AmendRejected,
    ApprovedCancel,
    ApprovedOrder,
    CancelAll,
    CancelOrder,
    HaltTrading,
    MarketFresh,
    MarketStale,
    OrderRefused,
    SubmitOrder,
    TradingState,
    TradingStateChanged,
    VenueLost,
    VenueReady,
)
from tests.builders import MONDAY, an_instrument, an_order

LIMITS = RiskLimits(position_lots_max=5)


def a_guard(heritage=None):
    return RiskGuard("main", {"XBTUSD": an_instrument()}, LIMITS, heritage=heritage)


def failing_over(monkeypatch, guard, hear, asked):
    """The guard after it failed inside its judgement."""

    def fails(*_arguments, **_keywords):
        raise RuntimeError("crashed as told")

    with monkeypatch.context() as broken:
        broken.setattr(Gate, "judge", fails)
        with pytest.raises(RuntimeError):
            getattr(guard, hear)(asked)
    return guard


def test_an_order_that_it_failed_over_is_refused_for_the_time_being_and_takes_no_room(monkeypatch):
    order = an_order(5)
    failed = failing_over(monkeypatch, a_guard(), "on_submit_order", SubmitOrder(order))

    heir = a_guard(failed.heritage())
    said = heir.on_start()
    heir.warmed_up()

    assert said == (OrderRefused(order, "guard-failed", MONDAY),)
    assert heir.on_submit_order(SubmitOrder(order)) == (ApprovedOrder(order),)


def test_an_amend_that_it_failed_over_is_rejected(monkeypatch):
    guard = a_guard()
    submit = SubmitOrder(an_order(2, limit_price=90.0))
    guard.on_submit_order(submit)
    new = an_order(3, limit_price=90.0)
    failing_over(monkeypatch, guard, "on_amend_order", AmendOrder(new, MONDAY))

    heir = a_guard(guard.heritage())

    assert heir.on_start() == (AmendRejected(new, "guard-failed", MONDAY),)


def test_an_heir_that_fails_half_way_leaves_the_answer_to_the_next(monkeypatch):
    failed = failing_over(monkeypatch, a_guard(), "on_submit_order", SubmitOrder(an_order(5)))

    heir = a_guard(failed.heritage())
    heir.on_start()

    assert a_guard(heir.heritage()).on_start() == heir.on_start()


def test_who_failed_over_something_else_owes_no_answer():
    guard = a_guard()
    guard.on_submit_order(SubmitOrder(an_order(5)))
    guard.on_submit_order(SubmitOrder(an_order(6, client_id="run000-trend-2")))

    assert a_guard(guard.heritage()).on_start() == ()


def test_what_it_failed_on_before_it_had_looked_at_it_is_answered_once(monkeypatch):
    order = an_order(5)
    unaware, aware = a_guard(), a_guard()
    failing_over(monkeypatch, aware, "on_submit_order", SubmitOrder(order))

    said = []
    for failed in (unaware, aware):
        heir = a_guard(failed.heritage())
        started = heir.on_start()
        heir.warmed_up()
        said.append((*started, *heir.died_on(SubmitOrder(order))))

    assert said == [(OrderRefused(order, "guard-failed", MONDAY),)] * 2


def test_that_the_venue_is_ready_or_lost_counts_though_it_failed_on_it():
    waiting = GuardHeritage(awaits_venue=True)
    for said, state in (
        (VenueReady(account="main", ts=MONDAY), TradingState.ACTIVE),
        (VenueLost(account="main", reason="the line is down", ts=MONDAY), TradingState.RECOVERING),
    ):
        heir = a_guard(waiting if state is TradingState.ACTIVE else a_guard().heritage())
        heir.on_start()
        heir.warmed_up()

        (changed,) = heir.died_on(said)

        assert isinstance(changed, TradingStateChanged)
        assert (changed.state, heir.state) == (state, state)


def test_a_stale_market_is_stale_though_it_failed_on_the_word_and_fresh_again_when_that_is_said():
    heir = RiskGuard("main", {"XBTUSD": an_instrument()}, LIMITS, {"XBTUSD": None}, a_guard().heritage())
    heir.on_start()
    heir.warmed_up()
    order = an_order(1)

    heir.died_on(MarketStale(symbol="XBTUSD", reason="silent", ts=MONDAY))
    (refused,) = heir.on_submit_order(SubmitOrder(order))
    heir.died_on(MarketFresh(symbol="XBTUSD", ts=MONDAY))
    (approved,) = heir.on_submit_order(SubmitOrder(order))

    assert refused == OrderRefused(order, "stale-data", MONDAY)
    assert approved == ApprovedOrder(order)


def test_a_halt_that_it_failed_on_halts_and_a_cancel_passes():
    heir = a_guard(a_guard().heritage())
    heir.on_start()
    heir.warmed_up()

    cancelled = heir.died_on(CancelOrder(account="main", client_id="run000-trend-1", symbol="XBTUSD", ts=MONDAY))
    halted = heir.died_on(HaltTrading(reason="somebody saw something", ts=MONDAY))

    assert [type(each) for each in cancelled] == [ApprovedCancel]
    assert [type(each) for each in halted] == [CancelAll, TradingStateChanged]
    assert heir.on_submit_order(SubmitOrder(an_order(1)))[0].reason == "halted"
