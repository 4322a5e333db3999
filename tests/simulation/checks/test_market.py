"""Nothing that may raise a risk is approved on a market that is not heard."""

import json

import pytest

from adapters.simulation.checks.market import BELIEVED, Believable, KnownAccount, KnownMarket
from messages import ApprovedOrder, LineClosed, OpenLine, TextReceived, VenueLost, VenueReady
from tests.builders import a_tick, an_order
from tests.simulation.checks.stand import Stand


def text(stand, table, action):
    frame = json.dumps({"table": table, "action": action, "data": [{"symbol": "XBTUSD"}]}, separators=(",", ":"))
    stand.say(TextReceived(to="feed", number=1, text=frame, at=1), "line:market")


@pytest.fixture
def stand(tmp_path):
    """A market that is heard."""
    stand = Stand(KnownMarket, folder=tmp_path)
    text(stand, "trade", "partial")
    text(stand, "quote", "partial")
    return stand


def approved(stand, lots=1, **told):
    stand.say(ApprovedOrder(an_order(lots, **told)), "risk-guard@main")
    return stand.violated


def test_an_order_in_a_market_that_is_heard_is_right(stand):
    stand.wait(59)

    assert approved(stand) == []


def test_an_order_after_a_minute_of_silence_is_named(stand):
    stand.wait(63)

    assert approved(stand) == ["I14"]


@pytest.mark.parametrize(
    "lost",
    [
        (LineClosed(to="feed", number=1, reason="reset", at=1), "line:market"),
        (OpenLine(to="line:market", number=2), "feed"),
    ],
    ids=["closed", "opened anew"],
)
def test_an_order_after_the_line_broke_is_named_until_all_is_heard_again(stand, lost):
    stand.say(*lost)
    assert approved(stand) == []
    stand.wait(3)
    text(stand, "trade", "partial")
    text(stand, "quote", "insert")
    assert approved(stand) == ["I14"]
    text(stand, "quote", "partial")

    assert approved(stand) == ["I14"]


def test_what_closes_may_go_on_old_data(stand):
    stand.execute("abcdef-dice-1", 2)
    stand.execute("abcdef-dice-1", 2, "Trade")
    stand.wait(100)
    assert approved(stand, -2) == []
    assert approved(stand, -5, reduce_only=True) == []

    assert approved(stand, -3) == ["I14"]


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
