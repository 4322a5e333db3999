"""The auditor's reader finds in each request what was approved, whatever that was, and in answers what lives."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.auditing.wire import Changed, Placed, SwitchSet, TakenBack
from adapters.bitmex import requests
from adapters.bitmex.audited import read_answer, read_sent
from messages import (
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    CancelAll,
    OrderType,
    RequestAnswered,
    SendRequest,
    SubmitOrder,
)
from tests.audited import an_auditor, found
from tests.builders import MONDAY, an_instrument, an_order

CONTRACT = an_instrument("XBTUSD", lot_size=Decimal(100))


def sent(request, number=1):
    return SendRequest(
        to="rest:orders@main", reply_to="venue@main", number=number, verb=request.verb, path=request.path,
        body=request.body,
    )  # fmt: skip


def an_answer(status=200, **row):
    return RequestAnswered(
        to="venue@main", number=1, status=status, body=json.dumps(row), started=MONDAY, sent=MONDAY, received=MONDAY
    )


ORDERS = st.builds(
    lambda lots, ticks, kind: an_order(lots, **({} if kind is None else {kind: ticks * 0.5})),
    st.integers(-1_000, 1_000).filter(bool),
    st.integers(1, 10**8),
    st.sampled_from([None, "limit_price", "stop_price"]),
)


@given(ORDERS)
def test_every_order_as_it_leaves_is_read_as_what_was_approved(order):
    request = requests.place(ApprovedOrder(order), CONTRACT)
    read = read_sent(sent(request))

    assert isinstance(read, Placed)
    assert read.terms.client_id == order.client_id
    assert (read.terms.symbol, read.terms.contracts, read.terms.is_signed) == ("XBTUSD", order.lots * 100, True)
    assert read.terms.price == (None if order.limit_price is None else Decimal(repr(order.limit_price)))
    assert read.terms.stop_price == (None if order.stop_price is None else Decimal(repr(order.stop_price)))


@given(ORDERS, st.sampled_from(["orderQty", "side", "price", "symbol", "clOrdID"]))
def test_an_order_that_leaves_with_one_figure_wrong_is_found(order, field):
    wrong = {"orderQty": 17, "side": "Sell" if order.lots > 0 else "Buy", "price": 0.5, "symbol": "ETHUSD",
             "clOrdID": "run000-trend-2"}  # fmt: skip
    request = requests.place(ApprovedOrder(order), CONTRACT)
    body = json.loads(request.body)
    if field not in body or body[field] == wrong[field]:
        return
    told = SendRequest(
        to="rest:orders@main", reply_to="venue@main", number=1, verb=request.verb, path=request.path,
        body=json.dumps({**body, field: wrong[field]}),
    )  # fmt: skip
    honest, auditor = [an_auditor(instruments={"XBTUSD": CONTRACT}, read_sent=read_sent) for _ in range(2)]

    assert found(honest, *_passed(order), sent(request)) == []
    assert found(auditor, *_passed(order), told) == ["I2"]


def _passed(order):
    return SubmitOrder(order), ApprovedOrder(order)


def test_a_trailing_stop_is_read_without_what_moves():
    order = an_order(-2, type=OrderType.TRAILING_STOP, trail=5.0)
    read = read_sent(sent(requests.place(ApprovedOrder(order), CONTRACT)))

    assert (read.terms.contracts, read.terms.price, read.terms.stop_price) == (-200, None, None)


def test_changes_cancels_and_the_switch_are_read():
    order = an_order(2, limit_price=100.5)
    change = read_sent(sent(requests.amend(ApprovedAmend(order, MONDAY), CONTRACT)))
    cancel = ApprovedCancel(account="main", client_id="run000-trend-1", symbol="XBTUSD", ts=MONDAY)
    (many,) = requests.cancel_many(("a", "b"))

    assert isinstance(change, Changed)
    assert (change.terms.contracts, change.terms.is_signed, change.terms.price) == (200, False, Decimal("100.5"))
    assert read_sent(sent(requests.cancel(cancel))) == TakenBack(client_ids=("run000-trend-1",))
    assert read_sent(sent(many)) == TakenBack(client_ids=("a", "b"))
    assert read_sent(sent(requests.dead_mans_switch(60_000))) == SwitchSet()


def test_what_touches_no_order_by_name_is_nothing_to_the_auditor():
    kill = CancelAll(account="main", ts=MONDAY)

    assert read_sent(sent(requests.dead_mans_switch(0))) is None
    assert read_sent(sent(requests.cancel_all(kill))) is None
    assert read_sent(sent(requests.query("/order", filter={"open": True}))) is None


def test_an_answer_is_read_while_its_order_lives():
    row = {"clOrdID": "run000-trend-1", "symbol": "XBTUSD", "side": "Sell", "orderQty": 200, "price": 100.5,
           "ordStatus": "PartiallyFilled"}  # fmt: skip
    (terms,) = read_answer(an_answer(**row))

    assert (terms.client_id, terms.contracts, terms.price) == ("run000-trend-1", -200, Decimal("100.5"))
    assert list(read_answer(an_answer(**{**row, "ordStatus": "Filled"}))) == []
    assert list(read_answer(an_answer(400, **row))) == []


@pytest.mark.parametrize("body", ["", "{", "[1]", "null", '"x"', "[" * 10_000, '{"clOrdID": 1}', '{"orderQty": NaN}'])
def test_what_cannot_be_read_is_no_failure(body):
    told = SendRequest(to="w", reply_to="venue@main", number=1, verb="POST", path="/api/v1/order", body=body)
    answer = RequestAnswered(to="v", number=1, status=200, body=body, started=1, sent=1, received=1)

    assert isinstance(read_sent(told), Placed)
    assert list(read_answer(answer)) == []
