"""An order is told as it ended: its last terms, how often they were changed, and why it is over."""

import attrs
import pytest

from actors.order_history import last_terms, order_rows, refusals, venue_ends
from actors.recorder import Record
from messages import (
    OrderAmended,
    OrderEnded,
    OrderRefused,
    OrderRejected,
    OrderType,
    Outcome,
    SubmitOrder,
    TimeInForce,
)
from tests.builders import MONDAY, SECOND, a_fill, an_order


def _rows(record):
    return order_rows(record, last_terms(record))


def _record(*orders, ended=(), fills=(), amended=()):
    record = Record()
    record.submitted += [SubmitOrder(order) for order in orders]
    record.ended += ended
    record.booked += fills
    record.amended += [OrderAmended(order, MONDAY + 1) for order in amended]
    return record


def test_an_order_that_nobody_ended_works():
    order = an_order(3, limit_price=99.0, time_in_force=TimeInForce.DAY, algorithm="join")

    (row,) = _rows(_record(order, fills=[a_fill(1, order=order)]))

    assert (row.status, row.lots, row.lots_filled, row.price, row.stop_price) == ("working", 3, 1, 99.0, None)
    assert (row.time_in_force, row.algorithm, row.amends) == (TimeInForce.DAY, "join", 0)


def test_a_stop_limit_has_both_its_prices():
    order = an_order(3, limit_price=99.0, stop_price=98.0, type=OrderType.STOP_LIMIT)

    (row,) = _rows(_record(order))

    assert (row.price, row.stop_price, row.type) == (99.0, 98.0, OrderType.STOP_LIMIT)


def test_an_amended_order_is_told_with_its_last_terms_and_when_it_was_decided():
    order = an_order(3, limit_price=99.0)
    second = attrs.evolve(order, limit_price=99.5, ts=MONDAY + SECOND)
    third = attrs.evolve(second, limit_price=100.0, lots=2, owners=(attrs.evolve(order.owners[0], lots=2),))

    (row,) = _rows(_record(order, amended=[second, third]))

    assert (row.price, row.lots, row.amends, row.ts) == (100.0, 2, 2, MONDAY)


@pytest.mark.parametrize(
    ("end", "status", "reason"),
    [
        (lambda order: OrderRefused(order, "order-size", MONDAY), "refused", "order-size"),
        (lambda order: OrderRejected(order=order, reason="closed", standing=True, ts=MONDAY), "rejected", "closed"),
        (lambda order: OrderEnded(order, Outcome.CANCELLED, 0, MONDAY, "post-only"), "cancelled", "post-only"),
        (lambda order: OrderEnded(order, Outcome.FILLED, 1, MONDAY), "filled", ""),
    ],
)
def test_how_an_order_ended_and_why(end, status, reason):
    order = an_order(1)

    (row,) = _rows(_record(order, ended=[end(order)]))

    assert (row.status, row.reason) == (status, reason)


def test_an_order_asked_for_twice_stands_once():
    order = an_order(1)

    assert len(_rows(_record(order, order))) == 1


def test_refusals_and_ends_that_nobody_asked_for_are_counted_apart():
    order = an_order(1)
    record = _record(
        order,
        ended=[
            OrderRefused(order, "halted", MONDAY),
            OrderRejected(order=order, reason="halted", standing=True, ts=MONDAY),
            OrderEnded(order, Outcome.CANCELLED, 0, MONDAY, "ioc"),
            OrderEnded(order, Outcome.CANCELLED, 0, MONDAY),
        ],
    )
    record.rounded["share-rounds-to-zero"] = 3

    assert refusals(record) == {"halted": 2, "share-rounds-to-zero": 3}
    assert venue_ends(record) == {"ioc": 1}
