"""The kill is carried to the exchange at once, and again as long as the exchange has not taken it."""

import pytest

from adapters.simulation.checks.kill import Swept
from messages import CancelAll, Heartbeat
from tests.simulation.checks.stand import Named, Stand


@pytest.fixture
def stand(tmp_path):
    """Nothing was asked for yet."""
    return Stand(Swept, folder=tmp_path)


def kill(stand):
    return stand.say(CancelAll(account="main", ts=1), "risk-guard@main")


def asks(stand, cause=0, path="/api/v1/order/all", number=1):
    request = Named.of("SendRequest", reply_to="venue@main", verb="DELETE", path=path, number=number)
    stand.say(request, "venue@main", cause=cause)


def answered(stand, status=200, failure="", number=1):
    stand.say(Named.of("RequestAnswered", to="venue@main", number=number, status=status, failure=failure), "rest@main")


def lives_on(stand, seconds, sender="venue@main"):
    for number in range(seconds // 10):
        stand.wait(10)
        stand.say(Heartbeat(account="main", number=number + 1, ts=1), sender)
    return stand.violated


def test_a_gateway_that_has_heard_it_and_asks_for_something_else_is_named(stand):
    asked = kill(stand)
    asks(stand, asked, path="/api/v1/order")
    asks(stand, asked + 100)
    stand.judge.handled("rest:orders@main", 1, asked)
    assert stand.violated == []
    stand.judge.handled("venue@main", 1, asked)

    assert stand.violated == ["I6"]


def test_a_gateway_that_asks_for_everything_to_be_cancelled_is_right(stand):
    asked = kill(stand)
    asks(stand, asked)
    stand.judge.handled("venue@main", 1, asked)

    assert stand.violated == []


def test_what_a_life_has_not_handled_is_over_with_it(stand):
    asked = kill(stand)
    stand.judge.handled("venue@other", 1, asked)
    stand.judge.life_ended(1, "killed")
    stand.judge.life_began(2)
    stand.judge.handled("venue@main", 1, asked)

    assert stand.violated == []


@pytest.mark.parametrize("told", [{"status": 503}, {"status": 0, "failure": "no answer"}], ids=["refused", "lost"])
def test_one_that_failed_and_is_not_sent_again_is_named(stand, told):
    asks(stand)
    answered(stand, **told)
    assert lives_on(stand, 20) == []

    assert lives_on(stand, 20) == ["I6"]


def test_one_that_is_sent_again_or_was_taken_is_right(stand):
    asks(stand)
    answered(stand, 503)
    lives_on(stand, 20)
    asks(stand, number=2)
    answered(stand, 429, number=1)
    answered(stand, number=2)

    assert lives_on(stand, 60) == []


def test_a_gateway_that_does_not_live_cannot_send_it_again(stand):
    asks(stand)
    answered(stand, 503)
    lives_on(stand, 60, sender="journal")

    assert stand.violated == []
