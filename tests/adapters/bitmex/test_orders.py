"""A report says of our order what is new, once: accepted, rejected, amended, ended with its reason."""

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bitmex.orders import end_reason, news, shows
from messages import OrderAccepted, OrderAmended, OrderEnded, OrderRejected, Outcome, TimeInForce
from tests.adapters.bitmex.test_private import XBTUSD
from tests.adapters.bitmex.test_private import an_order as a_report
from tests.builders import MONDAY, an_order

ORDER = an_order(3, limit_price=42000.5)
NEW, FILLED = a_report(), a_report(ordStatus="Filled", cumQty=300, leavesQty=0)


def said(before, now, order=ORDER, **more):
    return news(order, before, now, XBTUSD, MONDAY, **more)


def test_the_first_report_accepts_and_the_same_again_says_nothing():
    assert said(None, NEW) == (OrderAccepted(ORDER, MONDAY),)
    assert said(NEW, NEW) == ()


def test_an_order_that_is_first_seen_filled_was_accepted_before():
    assert said(None, FILLED) == (OrderAccepted(ORDER, MONDAY), OrderEnded(ORDER, Outcome.FILLED, 3, MONDAY))
    assert said(NEW, FILLED) == (OrderEnded(ORDER, Outcome.FILLED, 3, MONDAY),)


def test_nothing_leaves_an_end():
    assert said(FILLED, FILLED) == ()
    assert said(FILLED, a_report(ordStatus="Canceled", cumQty=300, leavesQty=0)) == ()


def test_a_rejected_order_was_never_accepted():
    rejected = a_report(ordStatus="Rejected", leavesQty=0, text="Rejected: no\nSubmitted via API.")

    assert said(None, rejected) == (OrderRejected(order=ORDER, reason="Rejected: no", standing=True, ts=MONDAY),)


def test_a_sold_order_s_filled_lots_are_negative():
    order = an_order(-3, limit_price=42000.5)
    cancelled = a_report(side="Sell", ordStatus="Canceled", cumQty=100, leavesQty=0, text="Canceled: Canceled via API.")

    assert said(NEW, cancelled, order) == (OrderEnded(order, Outcome.CANCELLED, -1, MONDAY),)


def test_an_amend_is_said_when_the_venue_shows_its_terms():
    wanted = attrs.evolve(ORDER, limit_price=42001.0)

    assert said(NEW, NEW, amended=wanted) == ()
    assert said(NEW, a_report(price=42001), amended=wanted) == (OrderAmended(wanted, MONDAY),)


def test_terms_are_compared_by_the_grid():
    assert shows(NEW, ORDER, XBTUSD)
    assert not shows(a_report(price=42000.6), ORDER, XBTUSD)
    assert not shows(a_report(orderQty=200), ORDER, XBTUSD)
    assert not shows(a_report(side="Sell"), ORDER, XBTUSD)
    assert not shows(a_report(price=None), ORDER, XBTUSD)


@pytest.mark.parametrize(
    ("text", "fields", "reason"),
    [
        ("Canceled: Order had execInst of ParticipateDoNotInitiate\nSubmitted via API.", {}, "post-only"),
        ("Canceled: Canceled via API.\nSubmitted via API.", {}, ""),
        ("Canceled\nCanceled via API.\nSubmitted via API.", {}, ""),
        ("Canceled: Cancel from www.bitmex.com", {}, ""),
        ("Canceled: Order had execInst of ReduceOnly\nSubmitted via API.", {}, "reduce-only"),
        ("Canceled: Order had execInst of Close", {}, "reduce-only"),
        ("Canceled: Liquidation\nSubmitted via API.", {}, "liquidated"),
        ("Canceled: Account has insufficient Available Balance", {}, "insufficient-margin"),
        ("Canceled: something\nSubmitted via API.", {"time_in_force": TimeInForce.IOC}, "ioc"),
        ("Canceled: something", {"time_in_force": TimeInForce.FOK}, "fok"),
        ("Canceled\nSubmitted via API.", {"time_in_force": TimeInForce.DAY}, "day"),
        ("Canceled: Canceled via API.", {"time_in_force": TimeInForce.IOC}, ""),
        ("", {}, ""),
    ],
)
def test_the_reason_of_an_end_is_read_from_the_venue_s_words(text, fields, reason):
    order = attrs.evolve(ORDER, **fields)

    assert end_reason(a_report(ordStatus="Canceled", text=text), order) == reason


def test_an_expired_order_was_of_the_day_or_expired():
    expired = a_report(ordStatus="Expired", leavesQty=0)

    assert end_reason(expired, ORDER) == "expired"
    assert end_reason(expired, attrs.evolve(ORDER, time_in_force=TimeInForce.DAY)) == "day"


statuses = st.lists(st.sampled_from([NEW, a_report(ordStatus="PartiallyFilled", cumQty=100, leavesQty=200), FILLED]))


@settings(deadline=None)
@given(statuses)
def test_in_any_order_of_reports_an_order_is_accepted_once_and_ends_once(reports):
    heard, before = [], None
    for now in reports:
        heard += said(before, now)
        # Whoever keeps the last report does not let one go back over an end.
        before = before if before is not None and before.is_over else now

    kinds = [type(message) for message in heard]
    assert kinds.count(OrderAccepted) == (1 if reports else 0)
    assert kinds.count(OrderEnded) == (1 if FILLED in reports else 0)
