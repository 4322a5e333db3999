"""Nothing is approved in an account whose venue is lost, and no absurd price goes for a trade."""

import pytest

from adapters.simulation.checks.believed import BELIEVED, Believable, KnownAccount
from messages import ApprovedOrder, VenueLost, VenueReady
from tests.builders import a_tick, an_order
from tests.simulation.checks.stand import Stand


def approved(stand, lots=1, **told):
    stand.say(ApprovedOrder(an_order(lots, **told)), "risk-guard@main")
    return stand.violated


def passed_on(stand, price, sender="tick-filter"):
    stand.say(a_tick(price=price), sender)
    return stand.violated


@pytest.fixture
def filtered(tmp_path):
    """A filter that has heard enough to know the price, which is 50,000."""
    stand = Stand(Believable, folder=tmp_path)
    for _ in range(BELIEVED):
        passed_on(stand, 50_000.0)
    return stand


@pytest.mark.parametrize("price", [0.5, 5_000.0, 25_000.0, 150_000.0, 1e12])
def test_a_trade_at_an_absurd_price_that_the_filter_lets_through_is_named(filtered, price):
    assert passed_on(filtered, price, sender="feed") == []

    assert passed_on(filtered, price) == ["I14"]


@pytest.mark.parametrize("price", [41_000.0, 50_000.0, 60_000.0])
def test_a_trade_that_is_not_far_from_the_market_is_believed(filtered, price):
    assert passed_on(filtered, price) == []


def test_a_new_filter_does_not_know_the_price_yet(filtered):
    filtered.judge.made("tick-filter", 2, warm=True)

    assert passed_on(filtered, 5_000.0) == []


@pytest.fixture
def lost(tmp_path):
    """The guard has heard that the venue is lost."""
    stand = Stand(KnownAccount, folder=tmp_path)
    stand.judge.handled("risk-guard@main", 1, stand.say(VenueLost(account="main", reason="reset", ts=1), "venue@main"))
    return stand


def test_an_order_in_an_account_whose_venue_is_lost_is_named(lost):
    assert approved(lost) == ["I14"]


def test_an_order_is_right_when_the_venue_is_ready_again(lost):
    lost.say(VenueReady(account="main", ts=1), "reconciler@main")

    assert approved(lost) == []


def test_a_loss_that_the_guard_has_not_heard_of_or_that_is_over_says_nothing(tmp_path):
    stand = Stand(KnownAccount, folder=tmp_path)
    told = stand.say(VenueLost(account="main", reason="reset", ts=1), "venue@main")
    assert approved(stand) == []
    stand.judge.handled("executor@main", 1, told)
    stand.say(VenueReady(account="main", ts=1), "reconciler@main")
    stand.judge.handled("risk-guard@main", 1, told)

    assert approved(stand) == []


def test_what_closes_may_go_while_the_venue_is_lost(lost):
    lost.execute("abcdef-dice-1", 2)
    lost.execute("abcdef-dice-1", 2, "Trade")
    assert approved(lost, -2) == []

    assert approved(lost, -3) == ["I14"]
