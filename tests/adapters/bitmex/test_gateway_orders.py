"""The gateway places, amends and cancels each order once, and says what became of it when that is known."""

import json

import attrs
import pytest

from adapters.bitmex.rest import why_held
from messages import (
    AmendRejected,
    ApprovedCancel,
    ApprovedOrder,
    CancelAll,
    CancelRejected,
    Fill,
    FillPart,
    ForeignActivity,
    HaltTrading,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderRejected,
    OrderTimed,
    OrderUnknown,
    Outcome,
    SendRequest,
)
from tests.adapters.bitmex.gateway_rig import MS, WORKERS, Fate, Rig, a_fill_told, order, ready
from tests.adapters.bitmex.model_venue import SYMBOL
from tests.builders import SECOND

POST, PUT, DELETE, LOOK = ("POST", "/order"), ("PUT", "/order"), ("DELETE", "/order"), ("GET", "/order")
OVERLOADED = json.dumps({"error": {"message": "The system is currently overloaded. Please try again later."}})
EXPIRED = "This request has expired - `expires` is in the past. Current time: 1704067300"


def an_error(text):
    return json.dumps({"error": {"message": text, "name": "HTTPError"}})


def posts(rig):
    return [each for each in rig.requests if (each.verb, each.path) == ("POST", "/api/v1/order")]


def about_orders(said):
    return [each for each in said if isinstance(each, (OrderAccepted, OrderRejected, OrderEnded, Fill))]


def a_resting(rig, lots=4, **fields):
    """An order of ours that the venue works."""
    resting = order(lots, limit_price=99.5, ts=rig.at, **fields)
    rig.approve(resting)
    rig.run(1)
    return resting


# Placing.


def test_an_order_goes_to_its_own_worker_and_comes_back_accepted_filled_and_ended():
    rig = ready()
    bought = order(3, ts=rig.at)

    rig.approve(bought)
    said = about_orders(rig.run(1))

    (request,) = posts(rig)
    assert (request.to, request.opens, request.reply_to) == ("rest:orders@main", True, "venue@main")
    assert request.not_after > rig.at - SECOND
    fill = next(each for each in said if isinstance(each, Fill))
    assert (fill.lots, fill.price, fill.value_minor, fill.fee_minor) == (3, 100.0, 300, 4)
    assert fill.parts == (FillPart("trend", 3, 300, 4),)
    assert [type(each) for each in said if not isinstance(each, Fill)] == [OrderAccepted, OrderEnded]
    assert rig.of(OrderEnded)[0].lots_filled == 3


def test_the_times_of_an_order_are_those_of_its_worker():
    rig = ready()
    rig.run(1)
    at = rig.at

    rig.approve(order(1, ts=at - MS))
    rig.run(1)

    (timed,) = rig.of(OrderTimed)
    assert (timed.decided, timed.handed, timed.sent, timed.acknowledged) == (at - MS, at, at + MS, at + 2 * MS)


def test_the_parts_of_a_fill_follow_what_each_owner_still_lacks():
    rig = ready()
    a_resting(rig, owners=(("trend", 4), ("mean", 2)))
    resting = rig.venue.open()[0]

    rig.venue.fill(resting, 3)
    rig.venue.fill(resting, 3)
    rig.run(1)

    first, second = rig.of(Fill)
    assert [(part.strategy, part.lots) for part in first.parts] == [("trend", 2), ("mean", 1)]
    assert [(part.strategy, part.lots) for part in second.parts] == [("trend", 2), ("mean", 1)]
    assert sum(part.value_minor for part in first.parts) == first.value_minor == 300
    assert sum(part.fee_minor for part in first.parts) == first.fee_minor == 4


def test_the_same_approval_twice_is_sent_once():
    rig = ready()
    twice = order(1, ts=rig.at, limit_price=99.5)

    rig.approve(twice)
    rig.approve(twice)
    rig.run(1)

    assert len(posts(rig)) == 1


def test_before_the_venue_is_ready_orders_are_rejected_for_the_time_being():
    rig = ready()
    rig.cut()
    rig.run(0.01)

    (rejected,) = [each for each in rig.approve(order(1, ts=rig.at)) if isinstance(each, OrderRejected)]

    assert (rejected.reason, rejected.standing) == ("venue-not-ready", False)
    assert posts(rig) == []


@pytest.mark.parametrize(
    ("status", "text", "reason", "standing"),
    [
        (503, OVERLOADED, "venue-overloaded", False),
        (429, an_error("Rate limit exceeded, retry in 1 seconds."), "rate-limited", False),
        (400, an_error("Account has insufficient Available Balance, 5 XBt required"), "insufficient-margin", True),
        (400, an_error("Too many open orders"), "too-many-orders", False),
        (400, an_error(EXPIRED), "clock-skew", False),
        (401, an_error("Invalid API Key."), "login-failed", True),
    ],
)
def test_a_refusal_is_a_rejection_with_its_reason(status, text, reason, standing):
    rig = ready()
    rig.fates[POST] = Fate(status=status, text=text)

    rig.approve(order(1, ts=rig.at))
    rig.run(0.5)

    (rejected,) = rig.of(OrderRejected)
    assert (rejected.reason, rejected.standing) == (reason, standing)
    assert [each.reason for each in rig.of(HaltTrading)] == (
        ["the venue does not take our keys: Invalid API Key."] if status == 401 else []
    )


def test_an_expired_signature_measures_the_clock():
    rig = ready()
    rig.fates[POST] = Fate(status=401, text=an_error(EXPIRED))

    rig.approve(order(1, ts=rig.at))
    rig.run(1)
    rig.approve(order(1, ts=rig.at))

    assert not rig.of(HaltTrading)
    assert 98 * SECOND < posts(rig)[-1].clock_offset < 101 * SECOND


def test_after_a_passing_rejection_the_same_id_may_be_sent_again():
    rig = ready()
    rig.fates[POST] = Fate(status=503, text=OVERLOADED)
    rig.approve(order(1, ts=rig.at))
    rig.run(1)

    rig.approve(order(1, ts=rig.at))
    rig.run(1)

    assert len(posts(rig)) == 2
    assert [each.outcome for each in rig.of(OrderEnded)] == [Outcome.FILLED]


def test_orders_that_wait_too_long_for_the_budget_are_given_back():
    rig = ready()

    for number in range(100):
        rig.approve(order(1, f"run000-trend-{number}", ts=rig.at, limit_price=99.5))
    rig.run(3)

    given_back = rig.of(OrderRejected)
    assert given_back
    assert {(each.reason, each.standing) for each in given_back} == {("rate-limited", False)}
    assert len(posts(rig)) + len(given_back) == 100


def test_cancels_pass_what_waits_for_the_budget():
    rig = ready()
    a_resting(rig)
    for number in range(100, 140):
        rig.approve(order(1, f"run000-trend-{number}", ts=rig.at, limit_price=99.5))

    rig.cancel()

    assert rig.requests[-1].verb == "DELETE"
    assert rig.requests[-1].to == "rest:cancels@main"


# Unknown is a state.


def test_an_order_whose_fill_was_told_is_known_although_its_answer_was_lost():
    rig = ready()
    rig.frame_fate = lambda table, text: [(MS, text)] if table == "execution" else []
    rig.fates[POST] = Fate(lost="after", back=3 * SECOND)

    rig.approve(order(1, ts=rig.at))
    rig.run(10)

    assert len(rig.of(Fill)) == 1
    assert rig.of(OrderUnknown) == []
    assert len(rig.of(OrderEnded)) == 1


@pytest.mark.parametrize("lost", ["after", "late"])
def test_an_order_whose_answer_was_lost_is_looked_up_and_found(lost):
    rig = ready()
    rig.frame_fate = lambda table, text: []
    rig.fates[POST] = Fate(lost=lost, effect=3 * SECOND)

    rig.approve(order(1, ts=rig.at, limit_price=99.5))
    rig.run(10)

    assert len(posts(rig)) == 1
    assert len(rig.of(OrderUnknown)) == 1
    assert len(rig.of(OrderAccepted)) == 1
    assert not rig.of(OrderRejected)


def test_an_order_that_never_arrived_is_rejected_beyond_the_horizon_and_not_before():
    rig = ready()
    rig.fates[POST] = Fate(lost="before")

    rig.approve(order(1, ts=rig.at))
    rig.run(59)
    before = rig.of(OrderRejected)
    rig.run(30)

    assert before == []
    (rejected,) = rig.of(OrderRejected)
    assert (rejected.reason, rejected.standing) == ("not-at-venue", False)
    assert rig.venue.cancels == ["run000-trend-1"]
    assert len(posts(rig)) == 1


def test_while_look_ups_and_cancels_are_not_answered_an_order_stays_unknown():
    rig = ready()
    rig.fates[POST] = Fate(lost="before")
    rig.fate_of = lambda request: Fate(lost="before") if request.path.startswith("/api/v1/order") else Fate()

    rig.approve(order(1, ts=rig.at))
    rig.run(300)

    assert not rig.of(OrderRejected)
    assert "run000-trend-1" in rig.gateway._desk.unsettled


def test_an_order_that_the_venue_has_forgotten_ends_at_last_with_what_its_fills_told():
    rig = ready()
    a_resting(rig)
    rig.venue.fill(rig.venue.open()[0], 3)
    rig.run(1)
    rig.venue.orders.clear()

    rig.run(50)
    before = rig.of(OrderEnded)
    rig.run(150)

    assert before == []
    assert [(each.lots_filled, each.reason) for each in rig.of(OrderEnded)] == [(3, "forgotten")]


def test_before_the_first_read_orders_are_rejected_too():
    rig = Rig(reads=False)
    rig.run(1)

    early = rig.approve(order(1, ts=rig.at))
    rig.read()
    rig.approve(order(1, ts=rig.at))
    rig.run(1)

    assert [each.reason for each in early if isinstance(each, OrderRejected)] == ["venue-not-ready"]
    assert len(posts(rig)) == 1


def test_a_request_that_a_worker_forgot_counts_as_lost():
    rig = Rig(reads=False)
    rig.run(1)
    rig.read()
    rig.fates[POST] = Fate(back=10_000 * SECOND)
    rig.frame_fate = lambda table, text: []

    rig.approve(order(1, ts=rig.at, limit_price=99.5))
    rig.run(30)

    assert len(rig.of(OrderAccepted)) == 1


def test_a_cancel_that_a_worker_forgot_may_be_asked_again_soon():
    rig = ready()
    a_resting(rig)
    rig.fates[DELETE] = Fate(effect=10_000 * SECOND)

    rig.cancel()
    rig.run(11)
    first = [each.reason for each in rig.of(CancelRejected)]
    rig.cancel()
    rig.run(1)

    assert first == ["venue-silent"]
    assert rig.of(OrderEnded)


def test_what_never_left_is_rejected_at_once():
    rig = ready()
    rig.fates[POST] = Fate(lost="never")

    rig.approve(order(1, ts=rig.at))
    rig.run(1)

    assert [each.reason for each in rig.of(OrderRejected)] == ["venue-overloaded"]


def test_a_duplicate_id_is_looked_up_and_not_a_rejection():
    rig = ready()
    rig.frame_fate = lambda table, text: []
    rig.venue.rest_order("run000-trend-1", 1, 99.5)

    rig.approve(order(1, ts=rig.at, limit_price=99.5))
    rig.run(2)

    assert len(rig.of(OrderAccepted)) == 1
    assert not rig.of(OrderRejected)


# What comes out other than approved.


@pytest.mark.parametrize("wrong", [{"orderQty": 7, "leavesQty": 7}, {"price": 120.0}])
def test_f89_an_order_that_stands_at_the_venue_other_than_approved_is_cancelled_and_named(wrong):
    rig = ready()
    a_resting(rig)
    changed = rig.venue.open()[0]
    rig.run(1)

    changed.update(wrong)
    rig.venue._tell("order", "update", changed)
    rig.run(1)

    (named,) = rig.of(ForeignActivity)
    assert named.kind == "order"
    assert "not as approved" in named.text
    assert rig.venue.cancels == ["run000-trend-1"]
    assert [each.outcome for each in rig.of(OrderEnded)] == [Outcome.CANCELLED]


def test_a_reduce_only_order_that_the_venue_cuts_is_as_approved():
    rig = ready()
    a_resting(rig, reduce_only=True)
    cut = rig.venue.open()[0]

    cut.update(orderQty=2, leavesQty=2)
    rig.venue._tell("order", "update", cut)
    rig.run(1)

    assert not rig.of(ForeignActivity)
    assert rig.venue.open()


# Amending.


def test_an_amend_is_said_when_the_venue_shows_it():
    rig = ready()
    a_resting(rig)
    wanted = order(6, ts=rig.at, limit_price=98.0)

    rig.amend(wanted)
    rig.run(1)

    assert [each.order for each in rig.of(OrderAmended)] == [wanted]
    assert rig.venue.open()[0]["orderQty"] == 6


def test_an_amend_that_is_refused_leaves_the_order_as_it_was():
    rig = ready()
    a_resting(rig)
    rig.venue.fill(rig.venue.open()[0], 3)
    rig.run(1)

    rig.amend(order(2, ts=rig.at, limit_price=99.5))
    rig.run(1)

    assert [each.reason for each in rig.of(AmendRejected)] == ["invalid"]
    assert not rig.of(OrderAmended, OrderEnded)


@pytest.mark.parametrize("lost", ["before", "after"])
def test_an_amend_whose_answer_was_lost_is_found_out(lost):
    rig = ready()
    a_resting(rig)
    rig.frame_fate = lambda table, text: []
    rig.fates[PUT] = Fate(lost=lost)

    rig.amend(order(6, ts=rig.at, limit_price=99.5))
    rig.run(20)
    early = rig.of(OrderAmended, AmendRejected)
    rig.run(80)

    assert len([each for each in rig.requests if each.verb == "PUT"]) == 1
    if lost == "after":
        assert [type(each) for each in early] == [OrderAmended]
    else:
        assert early == []
        assert [each.reason for each in rig.of(AmendRejected)] == ["venue-silent"]
    assert rig.venue.open()


def test_an_amend_of_what_is_over_or_unknown_is_rejected():
    rig = ready()
    rig.approve(order(1, ts=rig.at))
    rig.run(1)

    rig.amend(order(2, ts=rig.at))
    rig.amend(order(2, "run000-trend-9", ts=rig.at))

    assert [each.reason for each in rig.of(AmendRejected)] == ["order-over", "unknown-order"]


def test_fills_after_an_amend_go_to_the_owners_of_the_amended_order():
    rig = ready()
    a_resting(rig, lots=2)
    rig.amend(order(5, ts=rig.at, limit_price=99.5, owners=(("trend", 2), ("mean", 3))))
    rig.run(1)

    rig.venue.fill(rig.venue.open()[0], 5)
    rig.run(1)

    assert [(part.strategy, part.lots) for part in rig.of(Fill)[0].parts] == [("trend", 2), ("mean", 3)]


# Cancelling.


def test_a_cancel_ends_the_order():
    rig = ready()
    a_resting(rig)

    rig.cancel()
    rig.run(1)

    assert [(each.outcome, each.reason) for each in rig.of(OrderEnded)] == [(Outcome.CANCELLED, "")]


def test_a_cancel_that_comes_too_late_is_rejected_and_what_the_order_became_is_said():
    rig = ready()
    a_resting(rig)
    rig.frame_fate = lambda table, text: []
    rig.venue.fill(rig.venue.open()[0], 4)

    rig.cancel()
    rig.run(3)

    assert [each.reason for each in rig.of(CancelRejected)] == ["Unable to cancel order"]
    assert [(each.outcome, each.lots_filled) for each in rig.of(OrderEnded)] == [(Outcome.FILLED, 4)]


def test_a_cancel_of_an_unknown_order_is_rejected():
    rig = ready()

    said = rig.cancel("run000-trend-77")

    assert [each.reason for each in said] == ["unknown-order"]


def test_a_cancel_of_an_order_that_is_over_says_its_end_again():
    rig = ready()
    rig.approve(order(1, ts=rig.at))
    rig.run(1)

    said = rig.cancel()

    assert [type(each) for each in said] == [OrderEnded]


def test_cancels_are_sent_while_the_line_is_down():
    rig = ready()
    a_resting(rig)
    rig.is_cut = True
    rig.cut()
    rig.run(0.1)

    rig.cancel()
    rig.run(1)

    assert rig.of(OrderEnded)


# The kill.


def test_a_cancel_of_all_goes_at_once_past_the_budget_and_takes_waiting_orders_back():
    rig = ready()
    a_resting(rig)
    for number in range(100, 140):
        rig.approve(order(1, f"run000-trend-{number}", ts=rig.at, limit_price=99.5))
    before = len(rig.requests)

    rig.tell(CancelAll(account="main", ts=rig.at))

    assert (rig.requests[before].verb, rig.requests[before].path) == ("DELETE", "/api/v1/order/all")
    assert rig.of(OrderRejected)
    rig.run(30)
    assert not rig.venue.open()
    assert not rig.gateway._parts.sweep.is_wanted
    assert rig.gateway._desk.unsettled == ()


def test_a_cancel_of_all_does_not_wait_for_cancels_that_are_slow():
    rig = ready()
    for number in (1, 2):
        rig.approve(order(1, f"run000-trend-{number}", ts=rig.at, limit_price=99.5))
        rig.run(1)
    rig.fate_of = lambda request: Fate(effect=9 * SECOND)
    slow = len(rig.requests)
    rig.cancel("run000-trend-1")
    rig.cancel("run000-trend-2")
    assert {each.to for each in rig.requests[slow:]} == {WORKERS.cancels}

    rig.tell(CancelAll(account="main", ts=rig.at))

    assert rig.requests[-1].path.endswith("/order/all")
    assert rig.requests[-1].to not in {each.to for each in rig.requests[slow:-1]}


def test_a_cancel_of_all_is_repeated_until_it_is_done_without_a_line():
    rig = ready()
    a_resting(rig)
    rig.is_cut = True
    rig.cut()
    rig.fate_of = lambda request: Fate(lost="before", back=SECOND)
    rig.tell(CancelAll(account="main", ts=rig.at))
    rig.run(20)
    tried = [each for each in rig.requests if each.path == "/api/v1/order/all"]

    rig.fate_of = lambda request: Fate()
    rig.run(10)

    assert len(tried) > 2
    assert not rig.venue.open()
    assert rig.of(OrderEnded)
    assert not rig.gateway._parts.sweep.is_wanted


def test_an_order_that_arrives_after_the_cancel_of_all_is_cancelled_when_it_is_seen():
    rig = ready()
    rig.fates[POST] = Fate(lost="late", effect=9 * SECOND, back=SECOND)
    rig.approve(order(2, ts=rig.at, limit_price=99.5))

    rig.tell(CancelAll(account="main", ts=rig.at))
    rig.run(30)

    assert len(rig.venue.orders) == 1
    assert not rig.venue.open()
    assert [each.outcome for each in rig.of(OrderEnded)] == [Outcome.CANCELLED]


def all_cancels(rig):
    return [each for each in rig.requests if each.path == "/api/v1/order/all"]


def test_a_cancel_of_all_that_is_answered_and_leaves_something_open_is_repeated():
    rig = ready()
    a_resting(rig)
    rig.fates["DELETE", "/order/all"] = Fate(status=200, text="[]")
    rig.tell(CancelAll(account="main", ts=rig.at))
    rig.run(5)

    assert len(all_cancels(rig)) == 2
    assert not rig.venue.open()


def test_an_order_that_comes_after_the_cancel_of_all_is_let_live():
    rig = ready()
    a_resting(rig)
    rig.tell(CancelAll(account="main", ts=rig.at))
    rig.run(0.0015)
    rig.approve(order(1, "run000-trend-2", ts=rig.at, limit_price=99.5))
    rig.run(5)

    assert len(all_cancels(rig)) == 1
    assert [each["clOrdID"] for each in rig.venue.open()] == ["run000-trend-2"]


def test_a_cancel_of_all_outlives_a_restart():
    rig = ready()
    a_resting(rig)
    rig.fates["DELETE", "/order/all"] = Fate(lost="before", back=10_000 * SECOND)
    rig.tell(CancelAll(account="main", ts=rig.at))

    rig.restart()
    rig.run(5)

    assert not rig.venue.open()


def test_a_second_kill_is_not_done_because_the_first_one_was():
    rig = ready()
    a_resting(rig)
    rig.fates["DELETE", "/order/all"] = Fate(effect=5 * MS, back=5 * MS)
    rig.tell(CancelAll(account="main", ts=rig.at))
    rig.run(0.0105)
    rig.fates["DELETE", "/order/all"] = Fate(status=503, text="<html>Service Unavailable</html>", lost="before")
    rig.tell(CancelAll(account="main", ts=rig.at))
    rig.run(10)

    asked = [each for each in rig.requests if (each.verb, each.path) == ("DELETE", "/api/v1/order/all")]
    assert len(asked) == 3


# After a failure.


def test_an_order_that_it_died_on_before_it_had_looked_at_it_is_rejected_and_can_be_sent_again():
    rig = ready()
    bought = order(3, ts=rig.at)
    rig.restart()

    said = rig.gateway.died_on(ApprovedOrder(bought))
    (rejected,) = [each for each in said if isinstance(each, OrderRejected)]

    assert (rejected.order, rejected.standing) == (bought, False)
    assert posts(rig) == []


def test_an_order_that_it_died_on_when_it_was_under_way_is_looked_up():
    rig = ready()
    bought = order(3, ts=rig.at)
    rig.fate_of = lambda request: Fate(lost="before")
    rig.approve(bought)
    rig.restart()

    said = rig.gateway.died_on(ApprovedOrder(bought))

    assert [each for each in said if isinstance(each, OrderRejected)] == []


def test_a_kill_or_a_cancel_that_it_died_on_is_done_again():
    rig = ready()
    a_resting(rig)
    rig.restart()

    cancelled = rig.gateway.died_on(
        ApprovedCancel(account="main", client_id="run000-trend-1", symbol=SYMBOL, ts=rig.at)
    )
    killed = rig.gateway.died_on(CancelAll(account="main", ts=rig.at))

    assert [each.path for each in cancelled if isinstance(each, SendRequest)] == ["/api/v1/order"]
    assert [each.path for each in killed if isinstance(each, SendRequest)] == ["/api/v1/order/all"]


@pytest.mark.parametrize("reduces", [False, True])
def test_an_order_that_was_decided_before_a_kill_and_is_heard_after_it_asks_for_what_a_worker_keeps_back(reduces):
    rig = ready()
    decided = rig.at
    rig.run(2)
    rig.approve(order(1, ts=decided, reduce_only=reduces))
    (sent,) = posts(rig)

    held = why_held(sent, rig.at, gate_is_open=True, taken_back=decided)

    # What is to get flat at that very moment is wanted because of the kill.
    assert held == ("" if reduces else "taken back before it was sent")


def a_fill_and_its_end(rig):
    """A frame that tells that a resting order was filled, and ended by that."""
    a_resting(rig, 2)
    return a_fill_told(rig, 2, 2)


def test_what_it_was_to_say_when_it_failed_is_said_by_its_successor():
    rig = ready()
    told = a_fill_and_its_end(rig)
    assert [each.lots for each in rig.gateway.on_text_received(told) if isinstance(each, Fill)] == [2]
    rig.restart()

    other, same = rig.gateway.died_on(attrs.evolve(told)), rig.gateway.died_on(told)

    assert [each.lots for each in same if isinstance(each, Fill)] == [2]
    assert [each for each in other if isinstance(each, Fill)] == []


def test_what_one_that_hung_does_in_the_end_its_successor_does_not_take_for_said():
    rig = ready()
    told = a_fill_and_its_end(rig)
    hangs = rig.gateway
    rig.restart()
    hangs.on_text_received(told)
    rig.run(3)

    assert [each.lots for each in rig.tell(attrs.evolve(told, number=2)) if isinstance(each, Fill)] == [2]
