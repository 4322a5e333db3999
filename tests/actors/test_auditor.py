"""The auditor finds what must never be in what is said, halts trading for it, and finds nothing in what may be."""

from decimal import Decimal

import attrs
import pytest

from actors.auditing.account import LOOK_EVERY
from actors.auditing.states import EDGES, Seen, Word
from actors.supervisor import RestartPolicy
from messages import (
    ActorFailed,
    ActorLagging,
    ActorQuarantined,
    ActorStarted,
    AmendOrder,
    AmendRejected,
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    CancelOrder,
    HaltTrading,
    InvariantViolated,
    MarketFresh,
    MarketStale,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderRefused,
    OrderRejected,
    OrderUnknown,
    Outcome,
    PositionAdjusted,
    SubmitOrder,
    TradingState,
    TradingStateChanged,
    Woke,
)
from tests.audited import SYMBOL, an_auditor, found
from tests.builders import MINUTE, MONDAY, SECOND, a_bar, a_fill, an_instrument, an_order


def asked(order):
    return SubmitOrder(order)


def passed(order):
    return SubmitOrder(order), ApprovedOrder(order)


def working(order):
    return *passed(order), OrderAccepted(order, order.ts)


def ended(order, filled=0, outcome=Outcome.CANCELLED):
    return OrderEnded(order, outcome, filled, order.ts)


def rejected(order, reason="overload"):
    return OrderRejected(order=order, reason=reason, standing=False, ts=order.ts)


def another(order, **changes):
    """The same client id, other terms."""
    if "lots" in changes:
        changes["owners"] = (attrs.evolve(order.owners[0], lots=changes["lots"]),)
    return attrs.evolve(order, **changes)


def numbered(number, lots=1, **fields):
    return an_order(lots, client_id=f"run000-trend-{number}", **fields)


ONE = numbered(1, 5)
LIMIT = numbered(2, 5, limit_price=100.0)
LESS = another(LIMIT, lots=4)

LEGAL = {
    "filled": [*working(ONE), a_fill(5, order=ONE), ended(ONE, 5, Outcome.FILLED)],
    "filled before it is accepted": [*passed(ONE), a_fill(5, order=ONE), OrderAccepted(ONE, MONDAY), ended(ONE, 5)],
    "a fill after the end": [*working(ONE), ended(ONE, 5), a_fill(5, order=ONE)],
    "an end told twice": [*working(ONE), ended(ONE), ended(ONE)],
    "refused, and asked again": [asked(ONE), OrderRefused(ONE, "order-rate", MONDAY), *working(ONE)],
    "rejected, and asked again": [*passed(ONE), rejected(ONE), *working(ONE)],
    "rejected, and it lives": [*passed(ONE), rejected(ONE), OrderAccepted(ONE, MONDAY), a_fill(5, order=ONE)],
    "had already": [*working(ONE), rejected(ONE, "duplicate-client-id"), ended(ONE)],
    "unknown, then found": [*passed(ONE), OrderUnknown(ONE, MONDAY), OrderAccepted(ONE, MONDAY), ended(ONE)],
    "unknown, then not there": [*passed(ONE), OrderUnknown(ONE, MONDAY), rejected(ONE), *working(ONE)],
    "tried again with another time and price seen": [
        *passed(ONE), rejected(ONE), *working(another(ONE, ts=MONDAY + SECOND, reference_price=99.5)),
    ],
    "amended": [
        *working(LIMIT), AmendOrder(LESS, MONDAY), ApprovedAmend(LESS, MONDAY),
        OrderAmended(LESS, MONDAY), ended(LIMIT, 4),
    ],
    "an amend refused while it ends": [
        *working(LIMIT), ended(LIMIT), AmendOrder(LESS, MONDAY),
        AmendRejected(LESS, "unknown-order", MONDAY),
    ],
    "cancelled": [
        *working(LIMIT), CancelOrder(account="main", client_id=LIMIT.client_id, symbol=SYMBOL, ts=MONDAY),
        ApprovedCancel(account="main", client_id=LIMIT.client_id, symbol=SYMBOL, ts=MONDAY), ended(LIMIT),
    ],
    "a liquidation, which is of no order": [attrs.evolve(a_fill(-3, execution_id="x"), client_id="liquidation-1")],
    "another account's": [OrderAccepted(attrs.evolve(ONE, account="other"), MONDAY)],
}  # fmt: skip
ILLEGAL = {
    # I1: one live order of a name, which is this run's and stands for one intent.
    "a name of another run": ("I1", passed(an_order(1, client_id="other0-trend-1"))),
    "a name without a number": ("I1", passed(an_order(1, client_id="run000-trend"))),
    "asked for again as another order": (
        "I1", [asked(ONE), OrderRefused(ONE, "order-rate", MONDAY), asked(another(ONE, lots=6))],
    ),
    "approved again as another order": (
        "I1", [*passed(ONE), rejected(ONE), asked(ONE), ApprovedOrder(another(ONE, lots=-5))],
    ),
    # I2: nothing is anywhere that the guard has not approved.
    "approved, and never asked for": ("I2", [ApprovedOrder(ONE)]),
    "approved as what was not asked for": ("I2", [asked(ONE), ApprovedOrder(another(ONE, lots=6))]),
    "accepted, and never approved": ("I2", [asked(ONE), OrderAccepted(ONE, MONDAY)]),
    "accepted after a refusal": ("I2", [asked(ONE), OrderRefused(ONE, "halted", MONDAY), OrderAccepted(ONE, MONDAY)]),
    "f89 accepted with more lots": ("I2", [*passed(ONE), OrderAccepted(another(ONE, lots=6), MONDAY)]),
    "f89 accepted at another price": ("I2", [*passed(LIMIT), OrderAccepted(another(LIMIT, limit_price=99.5), MONDAY)]),
    "filled, and nobody knows it": ("I2", [a_fill(1, order=numbered(7))]),
    "amended without approval": (
        "I2", [*working(LIMIT), AmendOrder(LESS, MONDAY), OrderAmended(LESS, MONDAY)],
    ),
    "an amend approved that nobody asked for": ("I2", [*working(LIMIT), ApprovedAmend(LESS, MONDAY)]),
    # I15: the declared graph, and nothing leaves its end.
    "accepted after its end": ("I15", [*working(ONE), ended(ONE), OrderAccepted(ONE, MONDAY)]),
    "asked for after its end": ("I15", [*working(ONE), ended(ONE), asked(ONE)]),
    "asked for while it works": ("I15", [*working(ONE), asked(ONE)]),
    "rejected after its end": ("I15", [*working(ONE), ended(ONE), rejected(ONE)]),
    "unknown after it was accepted": ("I15", [*working(ONE), OrderUnknown(ONE, MONDAY)]),
    # I19: what is not ours is left alone.
    "a cancel of a stranger's": (
        "I19", [CancelOrder(account="main", client_id="somebody-else", symbol=SYMBOL, ts=MONDAY)],
    ),
    "an approved cancel of what never was": (
        "I19", [ApprovedCancel(account="main", client_id="run000-trend-9", symbol=SYMBOL, ts=MONDAY)],
    ),
    # I22: figures.
    "off the grid": ("I22", passed(numbered(1, limit_price=100.25))),
    "a stop off the grid": ("I22", passed(numbered(1, stop_price=100.3))),
    "a symbol that is not traded": ("I22", passed(numbered(1, symbol="ETHUSD"))),
}  # fmt: skip


@pytest.mark.parametrize("messages", LEGAL.values(), ids=LEGAL)
def test_nothing_is_found_in_what_may_be(messages):
    assert found(an_auditor(), *messages) == []


@pytest.mark.parametrize(("name", "messages"), ILLEGAL.values(), ids=ILLEGAL)
def test_what_must_not_be_is_found_by_its_last_word(name, messages):
    auditor = an_auditor()

    *before, last = messages
    assert found(auditor, *before) == []
    assert name in found(auditor, last)


def test_i25_what_is_found_is_told_once_and_halts_the_account():
    said = an_auditor().on_approved_order(ApprovedOrder(ONE))

    assert said == [
        InvariantViolated(
            invariant="I2", text="run000-trend-1 is new, and is said to be approved", account="main", ts=MONDAY
        ),
        HaltTrading(
            reason="invariant I2 does not hold: run000-trend-1 is new, and is said to be approved",
            account="main",
            ts=MONDAY,
        ),
    ]


def test_i25_however_much_is_wrong_little_is_said():
    auditor = an_auditor()
    names = found(auditor, *[ApprovedOrder(numbered(number)) for number in range(1, 100)])

    assert names == ["I2"] * 20


# I5: exposure.


LIMITED = {"position_lots_max": {SYMBOL: 10}}


def test_i5_what_is_held_and_all_that_works_may_reach_the_limit_and_not_pass_it():
    auditor = an_auditor(**LIMITED)
    # Long after the fill, which no order of ours would excuse any more.
    first, second, third = numbered(1, 6), numbered(2, 4, ts=MONDAY + MINUTE), numbered(3, 1, ts=MONDAY + MINUTE)

    assert found(auditor, *working(first), a_fill(6, order=first), *passed(second)) == []
    assert found(auditor, *passed(third)) == ["I5"]


def test_i5_an_order_without_an_answer_counts_until_it_is_known_not_to_be_there():
    auditor = an_auditor(**LIMITED)
    first = numbered(1, 10)

    assert found(auditor, *passed(first), OrderUnknown(first, MONDAY), asked(numbered(2, 1))) == []
    assert found(auditor, ApprovedOrder(numbered(2, 1))) == ["I5"]
    assert found(auditor, rejected(first), rejected(numbered(2, 1)), *passed(numbered(3, 10))) == []


def test_i5_an_end_counts_with_the_fills_that_it_tells_of_until_they_are_heard():
    auditor = an_auditor(**LIMITED)
    first = numbered(1, 10)

    assert found(auditor, *working(first), ended(first, 4), *passed(numbered(2, 6))) == []
    assert found(auditor, a_fill(4, order=first)) == []
    assert found(auditor, *passed(numbered(3, 1))) == ["I5"]


def test_i5_sides_do_not_excuse_each_other():
    auditor = an_auditor(**LIMITED)

    assert found(auditor, *passed(numbered(1, 10)), *passed(numbered(2, -10))) == []
    assert found(auditor, *passed(numbered(3, -1))) == ["I5"]


def test_i5_what_only_reduces_reaches_nothing_and_no_further():
    auditor = an_auditor(**LIMITED)
    held, close = numbered(1, 10), numbered(2, -10, reduce_only=True)

    assert found(auditor, *working(held), a_fill(10, order=held), *passed(close), *passed(numbered(3, -10))) == []
    assert found(auditor, *passed(numbered(4, -11))) == ["I5"]


def test_i5_what_only_reduces_does_nothing_where_there_is_nothing_to_reduce():
    auditor = an_auditor(**LIMITED)

    assert found(auditor, *passed(numbered(1, -5, reduce_only=True)), *passed(numbered(2, -10))) == []


def test_i5_an_amend_to_more_counts_as_the_larger_and_one_to_less_until_the_end():
    auditor = an_auditor(**LIMITED)
    order = numbered(1, 8, limit_price=100.0)
    more, less = another(order, lots=11), another(order, lots=2)

    assert found(auditor, *working(order), AmendOrder(less, MONDAY), ApprovedAmend(less, MONDAY)) == []
    assert found(auditor, OrderAmended(less, MONDAY), *passed(numbered(2, 2))) == []
    assert found(auditor, *passed(numbered(3, 1))) == ["I5"]
    assert found(auditor, AmendOrder(more, MONDAY), ApprovedAmend(more, MONDAY)) == ["I5"]


def test_i5_a_fill_of_nobodys_may_cross_an_approval_and_counts_from_then_on():
    auditor = an_auditor(**LIMITED)
    at = MONDAY + MINUTE
    moved = PositionAdjusted(
        account="main", symbol=SYMBOL, strategy="outside", adjustment_id="1", lots=8, value_minor=0, ts=MONDAY
    )

    assert found(auditor, moved, moved, *passed(numbered(1, 5))) == []
    assert found(auditor, *passed(numbered(2, 1, ts=at))) == ["I5"]


def test_i5_what_earlier_lives_left_counts():
    auditor = an_auditor(**LIMITED, positions={SYMBOL: 9})

    assert found(auditor, *passed(numbered(1, 1))) == []
    assert found(auditor, *passed(numbered(2, 1))) == ["I5"]


def test_i22_an_order_is_no_larger_than_one_may_be():
    auditor = an_auditor(order_lots_max={SYMBOL: 4})

    assert found(auditor, *passed(numbered(1, -4))) == []
    assert found(auditor, *passed(numbered(2, -5))) == ["I22"]


@pytest.mark.parametrize("tick", ["0.05", "0.5", "1", "0.0001", "0.000001"])
def test_i22_every_price_of_the_grid_is_one_and_what_lies_between_is_none(tick):
    auditor = an_auditor(instruments={SYMBOL: an_instrument(SYMBOL, tick_size=Decimal(tick))})
    for number, ticks in enumerate((1, 3, 7, 99_999, 123_457, 999_999_999), 1):
        price = float(ticks * Decimal(tick))
        between = float((ticks + Decimal("0.4")) * Decimal(tick))

        assert found(auditor, *passed(numbered(number, limit_price=price))) == []
        assert found(auditor, *passed(numbered(number + 100, limit_price=between))) == ["I22"]


# I14: the market.


def test_i14_nothing_is_opened_while_the_market_is_not_known_and_closing_is_free():
    auditor = an_auditor(is_live=True)
    later = MONDAY + 2 * SECOND
    held = numbered(1, 5)
    fresh, stale = MarketFresh(symbol=SYMBOL, ts=MONDAY), MarketStale(symbol=SYMBOL, reason="silent", ts=MONDAY)

    assert found(auditor, fresh, *working(held), a_fill(5, order=held), ended(held, 5), stale) == []
    assert found(auditor, *passed(numbered(2, -5, ts=later)), ended(numbered(2, -5))) == []
    assert found(auditor, *passed(numbered(3, -6, ts=later))) == ["I14"]
    assert found(auditor, *passed(numbered(4, 1, ts=later))) == ["I14"]
    assert found(auditor, fresh, *passed(numbered(5, 1, ts=later))) == []


def test_i14_at_a_real_venue_no_market_is_known_before_somebody_says_so():
    assert found(an_auditor(is_live=True), *passed(numbered(1, 1))) == ["I14"]


def test_i14_what_was_decided_as_it_became_stale_may_cross_that_word():
    auditor = an_auditor()
    stale = MarketStale(symbol=SYMBOL, reason="silent", ts=MONDAY)

    assert found(auditor, stale, *passed(numbered(1, 1, ts=MONDAY + SECOND))) == []


# I16: answers.


def looks(auditor, count, begin=0):
    times = [MONDAY + (begin + number) * LOOK_EVERY for number in range(count)]
    return found(auditor, *[Woke(at) for at in times])


@pytest.mark.parametrize("said", [[asked(ONE)], [*passed(ONE)]], ids=["asked", "approved"])
def test_i16_an_order_that_nobody_answers_is_lost(said):
    auditor = an_auditor()

    assert found(auditor, *said) == []
    assert looks(auditor, 11) == []
    assert looks(auditor, 1, 11) == ["I16"]
    assert looks(auditor, 20, 12) == []


@pytest.mark.parametrize("answer", [OrderAccepted(ONE, MONDAY), OrderUnknown(ONE, MONDAY), rejected(ONE)])
def test_i16_any_answer_will_do(answer):
    auditor = an_auditor()

    assert found(auditor, *passed(ONE), answer) == []
    assert looks(auditor, 30) == []


def test_i16_a_process_that_stood_still_for_long_has_lost_nothing_by_that():
    auditor = an_auditor()

    assert found(auditor, *passed(ONE), Woke(MONDAY), Woke(MONDAY + 500 * LOOK_EVERY)) == []


def test_i16_behind_a_closed_gate_orders_may_end_without_a_word():
    auditor = an_auditor()
    halted = TradingStateChanged(account="main", state=TradingState.HALTED, reason="test", ts=MONDAY)

    assert found(auditor, *passed(ONE), halted) == []
    assert looks(auditor, 30) == []


def test_i16_without_a_guard_nobody_answers_and_nothing_passes():
    auditor = an_auditor()
    given_up = ActorQuarantined("risk-guard@main", "4 failures", MONDAY)

    assert found(auditor, given_up, asked(ONE)) == []
    assert looks(auditor, 30) == []


def test_i16_a_timer_of_a_predecessor_is_no_look():
    before = an_auditor()
    assert found(before, asked(ONE)) == []
    auditor = an_auditor(heritage=before.heritage())
    assert found(auditor, asked(LIMIT)) == []

    assert looks(auditor, 30) == []


# I9, I10, I17: the house.


def failure(number, actor="strategy:a"):
    return ActorFailed(actor=actor, epoch=number, during="Bar", error="x", at=MONDAY + number, handled=number)


def test_i10_a_restart_too_many_is_found_and_those_of_the_budget_are_not():
    auditor = an_auditor(policy=RestartPolicy(failures=3))
    three = [each for number in (1, 2, 3) for each in (failure(number), ActorStarted("strategy:a", number + 1))]

    assert found(auditor, *three, failure(4), ActorStarted("strategy:b", 1)) == []
    assert found(auditor, ActorStarted("strategy:a", 5)) == ["I10"]


def test_i10_who_restarts_with_others_may_fail_as_often_as_all_of_them():
    auditor = an_auditor(policy=RestartPolicy(failures=1))
    six = [each for n in range(1, 7) for each in (failure(n, "venue@main"), ActorStarted("venue@main", n + 1))]

    assert found(auditor, *six) == []
    assert found(auditor, failure(7, "venue@main"), ActorStarted("venue@main", 8)) == ["I10"]


def test_i10_what_is_long_ago_in_time_and_messages_does_not_count():
    auditor = an_auditor(policy=RestartPolicy(failures=1, window_ns=10, window_messages=10))

    assert found(auditor, failure(1), ActorStarted("strategy:a", 2), failure(50), ActorStarted("strategy:a", 3)) == []


def test_i17_bars_come_one_after_another():
    auditor = an_auditor()
    first, second = a_bar(open_ts=MONDAY), a_bar(open_ts=MONDAY + MINUTE)

    assert found(auditor, first, second, a_bar(open_ts=MONDAY, period=5 * MINUTE)) == []
    assert found(auditor, second) == ["I17"]
    assert found(auditor, first) == ["I17"]
    assert found(auditor, a_bar(open_ts=MONDAY + 2 * MINUTE, received=MONDAY)) == ["I17"]


def test_i17_time_does_not_go_back():
    assert found(an_auditor(), Woke(MONDAY + 1), Woke(MONDAY + 1), Woke(MONDAY)) == ["I17"]


def test_i9_a_mailbox_past_its_cap_is_found_by_the_next_look():
    from actors.auditing.house import BESIDES_MAX, Waiting  # noqa: PLC0415 - named in this test alone

    waiting = [Waiting("feed", 100 + BESIDES_MAX, 100)]
    auditor = an_auditor(look=lambda: waiting)

    assert found(auditor, Woke(MONDAY)) == []
    waiting.append(Waiting("venue@main", 101 + BESIDES_MAX, 100))
    assert found(auditor, Woke(MONDAY + 1)) == ["I9"]


def test_i9_an_auditor_that_has_missed_messages_says_so_and_takes_nothing_for_a_violation_that_may_be_none():
    auditor = an_auditor()
    lagging = ActorLagging(actor="auditor", waiting=50_000, at=MONDAY)

    assert found(auditor, *passed(ONE), ActorLagging(actor="feed", waiting=1, at=MONDAY)) == []
    assert found(auditor, lagging) == ["I9"]
    assert found(auditor, ended(ONE), ended(ONE), OrderAccepted(numbered(2), MONDAY)) == []


# What it remembers.


def test_a_successor_knows_what_was_approved_and_doubts_what_was_under_way():
    before = an_auditor()
    assert found(before, *passed(ONE), *working(LIMIT), ended(LIMIT)) == []

    auditor = an_auditor(heritage=before.heritage())

    # The word that its predecessor died on may have been any, an approval of the next order too.
    assert found(auditor, ended(ONE, 5), OrderAccepted(numbered(3), MONDAY)) == []
    assert found(auditor, OrderAccepted(LIMIT, MONDAY)) == ["I15"]
    assert found(auditor, OrderAccepted(numbered(5), MONDAY)) == ["I2"]


def test_what_was_alive_when_a_word_may_have_been_missed_counts_with_nothing_from_then_on():
    before = an_auditor()
    assert found(before, *working(ONE), *working(LIMIT)) == []

    auditor = an_auditor(heritage=before.heritage())

    assert len(auditor.heritage().accounts["main"].sums) == 0
    assert found(auditor, ended(ONE), ended(LIMIT)) == []
    assert len(auditor.heritage().accounts["main"].sums) == 0


def test_a_successor_hears_again_what_its_predecessor_died_on_and_a_fill_counts_once():
    before = an_auditor()
    assert found(before, *passed(ONE)) == []
    fill = a_fill(1, order=ONE)
    auditor = an_auditor(heritage=before.heritage())

    assert list(auditor.died_on(fill)) == []
    assert list(auditor.died_on(fill)) == []
    assert auditor.heritage().accounts["main"].orders.find(ONE.client_id).filled == 1


def test_a_bar_that_its_predecessor_failed_on_at_last_is_not_out_of_order():
    before, bar = an_auditor(), a_bar(open_ts=MONDAY)
    assert found(before, bar) == []
    auditor = an_auditor(heritage=before.heritage())

    assert list(auditor.died_on(bar)) == []
    assert found(auditor, a_bar(open_ts=MONDAY + MINUTE)) == []


def test_i16_what_one_that_hung_hears_in_the_end_awaits_no_answer():
    before = an_auditor()
    auditor = an_auditor(heritage=before.heritage())
    assert found(before, asked(ONE)) == []

    assert looks(auditor, 30) == []
    assert list(auditor.heritage().accounts["main"].orders.live) == []


def test_of_orders_of_an_earlier_life_nothing_is_found_but_that_they_are_asked_for_again():
    auditor = an_auditor(orders_before=3)
    old = numbered(3)

    assert found(auditor, OrderAccepted(old, MONDAY), a_fill(1, order=old), ended(old, 1), ended(old, 1)) == []
    assert found(auditor, asked(numbered(2))) == ["I1"]
    assert found(auditor, OrderAccepted(numbered(4), MONDAY)) == ["I2"]


def test_what_is_remembered_of_orders_that_are_over_is_bounded_and_what_is_forgotten_is_not_blamed(monkeypatch):
    monkeypatch.setattr("actors.auditing.orders.OVER_MAX", 3)
    auditor = an_auditor()
    orders = [numbered(number) for number in range(1, 10)]
    for order in orders:
        assert found(auditor, *working(order), ended(order)) == []

    late = [a_fill(1, order=order) for order in orders]
    assert found(auditor, *late, ended(orders[0]), ended(orders[-1]), OrderAccepted(orders[1], MONDAY)) == []
    assert found(auditor, OrderAccepted(orders[-1], MONDAY)) == ["I15"]
    books = auditor.heritage().accounts["main"]
    assert len(books.orders._settled) <= 4
    assert len(books.orders.live) == len(books.sums) == 0


def test_the_declared_graph_has_an_end_that_nothing_leaves_and_every_state_can_be_reached():
    reached = {Seen.NEW, Seen.UNSURE} | {after for edges in EDGES.values() for after in edges.values()}

    assert set(EDGES) == set(Seen) == reached
    assert set(EDGES[Seen.OVER].values()) == {Seen.OVER}
    assert Word.FILLED in EDGES[Seen.OVER]
    assert Word.ACCEPTED not in EDGES[Seen.OVER]
