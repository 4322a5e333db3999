"""A venue that failed leaves its floor to the next one, which goes on with every order, position and cent of it."""

from decimal import Decimal

import pytest

from actors import simulated_venue
from actors.simulated_venue import SimulatedVenue, VenueSettings
from actors.venue import dealing
from actors.venue.restoring import restored_floor
from messages import (
    AmendRejected,
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    Bar,
    BarOpen,
    CancelAll,
    Fill,
    MarkPrice,
    OrderAccepted,
    OrderEnded,
    OrderRejected,
    OrderType,
    Step,
    Subscribe,
    TimeInForce,
    WakeAt,
)
from tests.builders import DAY, HOUR, MINUTE, MONDAY, a_bar, a_fill, an_instrument, an_order
from tests.venue_house import fills

INSTRUMENTS = {"XBTUSD": an_instrument(initial_margin=Decimal("0.1"))}
CASH = {"USD": 100_000}


def a_venue(*, heritage=None, instruments=INSTRUMENTS, cash=CASH):
    return SimulatedVenue("main", instruments, VenueSettings(), {"XBTUSD": MINUTE}, cash, heritage=heritage)


def restarted(venue, *kept):
    """The next incarnation, after it was fed what its address kept; and what it said at its start."""
    successor = a_venue(heritage=venue.heritage())
    said = tuple(successor.on_start())
    for message, hear in kept:
        assert getattr(successor, hear)(message) == ()
    successor.warmed_up()
    return successor, said


def an_open(price, minute=0):
    ts = MONDAY + minute * MINUTE
    return BarOpen(symbol="XBTUSD", period=MINUTE, ts=ts, received=ts, price=price)


def test_goes_on_with_positions_cash_and_orders_and_hears_nothing_twice():
    venue = a_venue()
    opens, rests = ApprovedOrder(an_order(3)), ApprovedOrder(an_order(-3, limit_price=110.0, client_id="rests"))
    venue.on_approved_order(opens)
    venue.on_bar_open(an_open(100.0))
    venue.on_approved_order(rests)
    crossed, all_back = a_fill(1), CancelAll(account="main", ts=MONDAY)
    cancel = ApprovedCancel(account="main", client_id="rests", symbol="XBTUSD", ts=MONDAY)
    flow = venue.heritage().purses["USD"].flow

    successor, said = restarted(
        venue,
        (opens, "on_approved_order"),
        (rests, "on_approved_order"),
        (crossed, "on_fill"),
        (cancel, "on_approved_cancel"),
        (all_back, "on_cancel_all"),
    )

    assert {Subscribe(Bar, "XBTUSD", MINUTE), Subscribe(MarkPrice, "XBTUSD")} <= set(said)
    assert successor.heritage().purses["USD"].flow == flow == -30_000
    (fill,) = fills(successor.on_bar(a_bar(111.0, open=100.0, low=100.0)))
    assert (fill.client_id, fill.lots, fill.price) == ("rests", -3, 110.0)


def test_says_what_its_predecessor_had_done_and_could_not_say():
    venue = a_venue()
    venue.on_approved_order(ApprovedOrder(an_order(3)))
    lost = venue.on_bar_open(an_open(100.0))

    successor, said = restarted(venue)

    facts = [message for message in lost if isinstance(message, Fill | OrderEnded)]
    assert [message for message in said if isinstance(message, Fill | OrderEnded)] == facts
    assert len(facts) == 2
    successor.on_bar(a_bar(100.0))
    assert restarted(successor)[1][-1] not in facts


def test_says_no_more_than_was_left_unsaid():
    venue = a_venue()
    venue.on_approved_order(ApprovedOrder(an_order(3)))
    venue.on_bar_open(an_open(100.0))
    venue.on_approved_order(ApprovedOrder(an_order(-3, limit_price=110.0, client_id="rests")))

    _, said = restarted(venue)

    assert fills(said) == []


def test_asks_again_for_its_timers():
    instruments = {"XBTUSD": an_instrument(expiry=MONDAY + 9 * DAY)}
    venue = a_venue(instruments=instruments)
    venue.on_approved_order(ApprovedOrder(an_order(limit_price=90.0, time_in_force=TimeInForce.DAY)))

    _, said = restarted(venue)

    timers = [message for message in said if isinstance(message, WakeAt)]
    assert {(timer.at, timer.step) for timer in timers} == {
        (MONDAY + 9 * DAY, Step.MARKS),
        (MONDAY + DAY, Step.MARKS),
    }


def test_a_trailing_stop_stands_where_it_stood():
    venue = a_venue()
    venue.on_approved_order(ApprovedOrder(an_order(-1, type=OrderType.TRAILING_STOP, trail=5.0)))
    venue.on_bar(a_bar(120.0, open=118.0, low=118.0))

    successor, _ = restarted(venue)

    assert [fill.price for fill in fills(successor.on_bar(a_bar(114.0, open_ts=MONDAY + HOUR)))] == [114.0]
    assert successor.heritage().live == {}


# What it failed on.


def failed_on(monkeypatch, venue, inside, hear, message):
    """What the next incarnation says at its start, when the one before failed inside the handling of a message."""

    def fails(*_arguments):
        raise RuntimeError("crashed as told")

    with monkeypatch.context() as broken:
        broken.setattr(*inside, fails)
        with pytest.raises(RuntimeError):
            getattr(venue, hear)(message)
    return restarted(venue)


def test_an_order_that_it_failed_on_is_rejected_for_the_time_being(monkeypatch):
    asked = ApprovedOrder(an_order(3))

    successor, said = failed_on(monkeypatch, a_venue(), (simulated_venue, "wrong_order"), "on_approved_order", asked)

    (answer,) = [message for message in said if isinstance(message, OrderRejected)]
    assert (answer.order, answer.reason, answer.standing) == (asked.order, "venue-failed", False)
    assert isinstance(successor.on_approved_order(asked)[0], OrderAccepted)
    assert not [message for message in restarted(successor)[1] if isinstance(message, OrderRejected)]


def test_an_amend_that_it_failed_on_is_rejected_and_a_cancel_done(monkeypatch):
    venue, order = a_venue(), an_order(3, limit_price=90.0)
    venue.on_approved_order(ApprovedOrder(order))
    new = an_order(2, limit_price=91.0)
    cancel = ApprovedCancel(account="main", client_id=order.client_id, symbol="XBTUSD", ts=MONDAY)

    venue, said = failed_on(monkeypatch, venue, (dealing, "amend"), "on_approved_amend", ApprovedAmend(new, MONDAY))
    assert AmendRejected(new, "venue-failed", MONDAY) in said
    assert [resting.order for resting in venue.heritage().live.values()] == [order]

    venue, said = failed_on(monkeypatch, venue, (dealing, "cancel"), "on_approved_cancel", cancel)
    (ended,) = [message for message in said if isinstance(message, OrderEnded)]
    assert (ended.order, ended.reason) == (order, "")
    assert venue.heritage().live == {}


def test_all_that_was_to_be_taken_back_is_taken_back_by_the_next(monkeypatch):
    venue = a_venue()
    for name in ("one", "two"):
        venue.on_approved_order(ApprovedOrder(an_order(1, limit_price=90.0, client_id=name)))

    venue, said = failed_on(
        monkeypatch, venue, (dealing, "cancel"), "on_cancel_all", CancelAll(account="main", ts=MONDAY)
    )

    assert [message.order.client_id for message in said if isinstance(message, OrderEnded)] == ["one", "two"]
    assert venue.heritage().live == {}


def test_what_an_earlier_life_booked_is_held_again_with_the_same_cash_and_no_order():
    venue = a_venue()
    said = list(venue.on_approved_order(ApprovedOrder(an_order(3))))
    said += venue.on_bar_open(an_open(100.0))
    said += venue.on_approved_order(ApprovedOrder(an_order(-1, client_id="run000-trend-2")))
    said += venue.on_bar_open(an_open(103.0, minute=1))
    venue.on_approved_order(ApprovedOrder(an_order(-2, limit_price=200.0, client_id="rests")))
    floor = restored_floor("main", INSTRUMENTS, VenueSettings(), {"XBTUSD": MINUTE}, CASH, booked=fills(said))
    again = a_venue(heritage=floor)
    again.on_start()
    again.warmed_up()
    purse, before = floor.purses["USD"], venue.heritage().purses["USD"]

    assert floor.books["XBTUSD"].position.lots == 2
    assert floor.books["XBTUSD"].position.held == {"trend": 2}
    assert (purse.flow, purse.balance()) == (before.flow, before.balance())
    assert floor.live == {}
    assert isinstance(again.on_approved_order(ApprovedOrder(an_order(3)))[0], OrderRejected)
