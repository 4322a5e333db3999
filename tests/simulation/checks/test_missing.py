"""An order that ends with more filled than was told of is looked into."""

import pytest

from adapters.simulation.checks.missing import MissingFills
from messages import Heartbeat, OrderEnded, Outcome, VenueConnected, VenueLost
from tests.builders import an_order
from tests.simulation.checks.stand import Named, Stand
from tests.simulation.checks.test_ledger import fill, written

NAME = "abcdef-dice-1"
LOST = VenueLost(account="main", reason="fills were not told", ts=1)


@pytest.fixture
def stand(tmp_path):
    """The account is heard."""
    return connected(Stand(MissingFills, folder=tmp_path))


def connected(stand):
    stand.say(VenueConnected(account="main", ts=1), "venue@main")
    return stand


def ends(stand, filled=3):
    stand.say(OrderEnded(an_order(5, client_id=NAME), Outcome.CANCELLED, filled, 1), "venue@main")


def lives_on(stand, seconds=30):
    for number in range(seconds // 5):
        stand.wait(5)
        stand.say(Heartbeat(account="main", number=number + 1, ts=1), "venue@main")
    return stand.violated


def test_an_order_all_of_whose_fills_were_told_is_right(stand):
    stand.say(fill(lots=3, name=NAME), "venue@main")
    ends(stand)

    assert lives_on(stand) == []


def test_fills_that_were_not_told_and_that_nobody_asks_for_are_named_once(stand):
    stand.say(fill(lots=2, name=NAME), "venue@main")
    ends(stand)
    assert lives_on(stand, 10) == []

    assert lives_on(stand, 60) == ["I3"]


def test_fills_that_are_told_after_the_end_are_right_when_they_are_all(stand):
    ends(stand)
    stand.say(fill(lots=1, name=NAME), "venue@main")
    stand.say(fill("x2", lots=2, name=NAME), "venue@main")

    assert lives_on(stand) == []


@pytest.mark.parametrize(
    "what",
    [
        Named.of("SendRequest", verb="GET", path="/api/v1/execution/tradeHistory?count=500"),
        Named.of("RequestAnswered", status=429),
        LOST,
    ],
    ids=["asked", "told to wait", "lost"],
)
def test_a_gateway_that_asks_for_them_or_cannot_or_says_that_it_is_lost_is_right(stand, what):
    ends(stand)
    stand.say(what, "venue@main")

    assert lives_on(stand) == []


def test_a_gateway_that_is_lost_or_begins_anew_asks_anyway(stand):
    ends(stand)
    stand.judge.made("venue@main", 2, warm=True)
    stand.say(LOST, "venue@main")
    ends(stand)

    assert lives_on(stand) == []


def test_what_earlier_lives_wrote_was_told(tmp_path):
    written(tmp_path, fill(lots=3, name=NAME))
    stand = connected(Stand(MissingFills, folder=tmp_path))
    ends(stand)

    assert lives_on(stand) == []
