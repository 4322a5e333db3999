"""A halt cancels everything; the kill goes to the exchange at once, and again as long as that has not taken it."""

import pytest

from adapters.simulation.checks.kill import Halted, Swept
from messages import CancelAll, HaltTrading, Heartbeat, TradingState, TradingStateChanged
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


def halts(stand, *, cancels, state=TradingState.HALTED, changes=True):
    halt = stand.say(HaltTrading(reason="test", account="main", ts=1), "outside")
    if cancels:
        stand.say(CancelAll(account=cancels, ts=1), "risk-guard@main", cause=halt)
    if changes:
        changed = TradingStateChanged(account="main", state=state, reason="test", ts=1)
        stand.say(changed, "risk-guard@main", cause=halt)
    stand.judge.handled("portfolio@main", 1, halt)
    stand.judge.handled("risk-guard@main", 1, halt)
    return stand.violated


@pytest.mark.parametrize("state", [TradingState.HALTED, TradingState.FLATTENING])
def test_a_guard_that_halts_and_has_not_everything_cancelled_is_named(tmp_path, state):
    assert halts(Stand(Halted, folder=tmp_path), cancels="main", state=state) == []

    assert halts(Stand(Halted, folder=tmp_path), cancels="other", state=state) == ["I6"]
    assert halts(Stand(Halted, folder=tmp_path), cancels="", state=state) == ["I6"]


def test_a_guard_that_is_halted_already_or_only_reduces_need_not_cancel(tmp_path):
    stand = Stand(Halted, folder=tmp_path)
    halts(stand, cancels="", changes=False)

    assert halts(stand, cancels="", state=TradingState.REDUCE_ONLY) == []
