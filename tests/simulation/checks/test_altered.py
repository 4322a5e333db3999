"""An order that works at the exchange otherwise than it was asked for is taken back by whoever hears of it."""

from types import SimpleNamespace

import pytest

from adapters.simulation.checks.altered import BEATS, PATIENCE_S, TakenBack
from adapters.simulation.checks.wire import Asked
from messages import Heartbeat, VenueLost, VenueReady
from tests.simulation.checks.stand import Stand

NAME = "run000-trend-1"


def placed(stand, *, arrives=300, price=50_000):
    """An order of 200 contracts leaves; it arrives as one of so many."""
    fields = {"clOrdID": NAME, "orderQty": 200, "price": 50_000}
    asked = Asked(trip=SimpleNamespace(altered="another"), verb="POST", route="/order", fields=fields)
    (check,) = stand.judge._checks
    check.sent(asked)
    check.arrived(asked)
    row = {"clOrdID": NAME, "orderQty": arrives, "price": price}
    stand.exchange.open_orders = lambda: [row]


def beats(stand, count=BEATS):
    for number in range(count):
        stand.say(Heartbeat(account="main", number=number, ts=number), "venue@main")


@pytest.fixture
def stand(tmp_path):
    found = Stand(TakenBack, folder=tmp_path)
    found.say(VenueReady(account="main", ts=0), "reconciler@main")
    return found


@pytest.mark.parametrize("terms", [{"arrives": 300}, {"arrives": 200, "price": 50_001}])
def test_one_that_stays_is_named(stand, terms):
    placed(stand, **terms)
    stand.wait(PATIENCE_S)
    beats(stand)

    assert stand.violated == ["I2"]


def test_one_that_is_as_asked_for_after_all_is_not(stand):
    placed(stand, arrives=200)
    stand.wait(PATIENCE_S)
    beats(stand)

    assert stand.violated == []


@pytest.mark.parametrize(("path", "fields"), [("/order", {"clOrdID": NAME}), ("/order/all", {})])
def test_a_cancel_that_leaves_is_enough(stand, path, fields):
    placed(stand)
    stand.send("DELETE", f"/api/v1{path}", **fields)
    stand.wait(PATIENCE_S)
    beats(stand)

    assert stand.violated == []


def test_nobody_who_hears_nothing_is_asked_to(stand):
    placed(stand)
    stand.wait(PATIENCE_S)
    beats(stand, BEATS - 1)
    stand.say(VenueLost(account="main", reason="a cut", ts=0), "venue@main")
    beats(stand)

    assert stand.violated == []
