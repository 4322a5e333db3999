"""What leaves for the venue is held against what was approved, and what it works otherwise must not stay (F89)."""

from decimal import Decimal

import pytest

from actors.auditing.wire import Changed, Placed, SwitchSet, TakenBack, Terms
from messages import (
    AmendOrder,
    ApprovedAmend,
    ApprovedOrder,
    Heartbeat,
    OrderAccepted,
    OrderEnded,
    OrderRejected,
    Outcome,
    RequestAnswered,
    SendRequest,
    SubmitOrder,
    Woke,
)
from tests.audited import SYMBOL, an_auditor, found
from tests.builders import MONDAY, an_instrument, an_order

LOT = {SYMBOL: an_instrument(SYMBOL, lot_size=Decimal(100))}
BOUGHT = an_order(3, limit_price=100.5)
CLOSES = an_order(-3, client_id="run000-trend-2", reduce_only=True)


def an_audited_wire(sent=(), answers=()):
    """Requests are what the test says that they are: the n-th by its number."""
    sent, answers = dict(enumerate(sent, 1)), dict(answers)
    return an_auditor(
        instruments=LOT,
        read_sent=lambda request: sent[request.number],
        read_answer=lambda answered: answers[answered.number],
    )


def leaves(number=1, venue="venue@main"):
    return SendRequest(to="rest:orders@main", reply_to=venue, number=number, verb="POST", path="/")


def answered(number=1):
    return RequestAnswered(
        to="venue@main", number=number, status=200, body="{}", started=MONDAY, sent=MONDAY, received=MONDAY
    )


def terms(client_id=BOUGHT.client_id, contracts=300, price="100.5", **more):
    return Terms(
        client_id=client_id, symbol=SYMBOL, contracts=Decimal(contracts), price=price and Decimal(price), **more
    )


def passed(order):
    return SubmitOrder(order), ApprovedOrder(order)


def test_what_was_approved_may_leave_once():
    auditor = an_audited_wire([Placed(terms=terms()), Placed(terms=terms())])

    assert found(auditor, *passed(BOUGHT), leaves(1)) == []
    assert found(auditor, leaves(2)) == ["I1"]


def test_what_was_rejected_and_approved_again_may_leave_again():
    auditor = an_audited_wire([Placed(terms=terms()), Placed(terms=terms())])
    rejected = OrderRejected(order=BOUGHT, reason="overload", standing=False, ts=MONDAY)

    assert found(auditor, *passed(BOUGHT), leaves(1), rejected, *passed(BOUGHT), leaves(2)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        terms("run000-trend-9"), terms("stranger"), terms(contracts=301), terms(contracts=-300), terms(contracts=3),
        terms(price="101"), terms(price=None), terms(stop_price=Decimal(99), price="99"),
        Terms(client_id=BOUGHT.client_id, symbol="ETHUSD", contracts=Decimal(300), price=Decimal("100.5")),
    ],
    ids=str,
)  # fmt: skip
def test_i2_what_was_not_approved_must_not_leave(wrong):
    auditor = an_audited_wire([Placed(terms=wrong)])

    assert found(auditor, *passed(BOUGHT), leaves(1)) == ["I2"]


def test_i2_what_was_only_asked_for_must_not_leave():
    assert found(an_audited_wire([Placed(terms=terms())]), SubmitOrder(BOUGHT), leaves(1)) == ["I2"]


def test_a_change_that_was_approved_may_leave_and_no_other():
    less = an_order(2, limit_price=100.5)
    change = Terms(client_id=BOUGHT.client_id, contracts=Decimal(200), is_signed=False, price=Decimal("100.5"))
    auditor = an_audited_wire([Placed(terms=terms()), Changed(terms=change), Changed(terms=change)])

    assert found(auditor, *passed(BOUGHT), leaves(1)) == []
    assert found(auditor, leaves(2)) == ["I2"]
    assert "I2" not in found(auditor, AmendOrder(less, MONDAY), ApprovedAmend(less, MONDAY), leaves(3))


@pytest.mark.parametrize(
    ("order", "theirs", "names"),
    [
        (BOUGHT, terms(), []),
        (BOUGHT, terms(contracts=200), ["I2"]),
        (BOUGHT, terms(price="101"), ["I2"]),
        (BOUGHT, terms("somebody-elses"), []),
        # A venue may cut what only reduces; it may not make it larger, nor turn it round.
        (CLOSES, terms(CLOSES.client_id, -200, None), []),
        (CLOSES, terms(CLOSES.client_id, -400, None), ["I2"]),
        (CLOSES, terms(CLOSES.client_id, 300, None), ["I2"]),
    ],
)
def test_f89_what_the_venue_works_otherwise_than_approved_must_not_stay(order, theirs, names):
    lots = order.lots * 100
    sent = Placed(terms=terms(order.client_id, lots, order.limit_price and str(order.limit_price)))
    auditor = an_audited_wire([sent], {1: (theirs,)})

    # An answer is looked at once, and one to a question never.
    accepted = OrderAccepted(order, MONDAY)
    assert found(auditor, *passed(order), leaves(1), answered(1), answered(1), answered(7), accepted) == []
    assert found(auditor, *[Woke(MONDAY + number) for number in range(11)]) == []
    assert found(auditor, *[Woke(MONDAY + 20 + number) for number in range(20)]) == names


@pytest.mark.parametrize("by", ["cancelled", "over"])
def test_f89_what_is_taken_back_or_over_was_the_venues_fault_alone(by):
    sent = [Placed(terms=terms()), TakenBack(client_ids=(BOUGHT.client_id,))]
    auditor = an_audited_wire(sent, {1: (terms(contracts=200),)})
    accepted = OrderAccepted(BOUGHT, MONDAY)
    then = leaves(2) if by == "cancelled" else OrderEnded(BOUGHT, Outcome.CANCELLED, 0, MONDAY)

    assert found(auditor, *passed(BOUGHT), leaves(1), answered(1), accepted, then) == []
    assert found(auditor, *[Woke(MONDAY + number) for number in range(40)]) == []


def test_i19_a_cancel_of_a_strangers_order_must_not_leave():
    ours, theirs = TakenBack(client_ids=("run000-trend-1",)), TakenBack(client_ids=("run000-trend-1", "web-4711"))
    auditor = an_audited_wire([ours, theirs])

    assert found(auditor, leaves(1)) == []
    assert found(auditor, leaves(2)) == ["I19"]


def beat(number):
    return Heartbeat(account="main", number=number, ts=MONDAY + number)


def test_i13_the_switch_is_put_off_once_for_each_heartbeat_that_has_come_back():
    auditor = an_audited_wire([SwitchSet()] * 5)

    assert found(auditor, beat(1), beat(1), leaves(1), beat(2), beat(3), beat(2), leaves(2)) == []
    assert found(auditor, leaves(3)) == ["I13"]
    assert found(auditor, beat(3), leaves(4)) == []


def test_i13_a_heartbeat_that_only_left_puts_nothing_off():
    assert found(an_audited_wire([SwitchSet()]), beat(1), leaves(1)) == ["I13"]


def test_i13_a_successor_may_have_missed_one_return():
    auditor = an_audited_wire([SwitchSet()] * 3)
    assert found(auditor, beat(1), beat(1), leaves(1)) == []

    heir = an_auditor(heritage=auditor.heritage(), read_sent=lambda _request: SwitchSet())

    assert found(heir, leaves(2)) == []
    assert found(heir, leaves(3)) == ["I13"]


def test_other_actors_requests_are_not_looked_at():
    auditor = an_audited_wire([Placed(terms=terms())])

    assert found(auditor, leaves(1, "feed"), leaves(1, "venue@other")) == []
