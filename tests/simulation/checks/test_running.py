"""Time goes on, nobody goes in circles, what is kept stays small, and a failure has its answer."""

import pytest

from adapters.simulation.checks.running import MADE_MAX, MESSAGES_MAX, Audited, Restarts, Time, Undisturbed
from messages import (
    ActorFailed,
    ActorQuarantined,
    ActorStarted,
    ApprovedOrder,
    HaltTrading,
    InvariantViolated,
    StopSystem,
    Woke,
)
from tests.builders import a_bar, a_signal, a_tick, an_order
from tests.simulation.checks.stand import SECOND, Stand


def test_a_message_that_is_said_before_the_last_one_is_named(tmp_path):
    stand = Stand(Time, folder=tmp_path)
    stand.say(StopSystem("a"), "host", posted=5)
    stand.say(StopSystem("a"), "host", posted=4)

    assert stand.violated == ["I17"]


def test_what_is_of_a_time_to_come_is_named(tmp_path):
    stand = Stand(Time, folder=tmp_path)
    early = a_tick().received - 1
    stand.say(a_tick(), "feed", posted=early)
    stand.say(a_signal(), "strategy:trend", posted=early)
    stand.say(a_bar(), "bar-builder", posted=early)
    stand.say(Woke(early + 1), "feed", posted=early)

    assert stand.violated == ["I17"] * 4


def test_bars_and_trades_come_in_order(tmp_path):
    stand = Stand(Time, folder=tmp_path)
    bar, late = a_bar(), a_tick().received + 3_600 * SECOND
    stand.say(bar, "bar-builder", posted=late)
    stand.say(a_tick(received=late), "feed", posted=late)
    assert stand.violated == []
    stand.say(bar, "bar-builder", posted=late)
    stand.say(a_tick(received=late - 1), "feed", posted=late)

    assert stand.violated == ["I17", "I17"]


def test_going_in_circles_is_named_once(tmp_path):
    stand = Stand(Time, folder=tmp_path)
    for _ in range(MESSAGES_MAX + 10):
        stand.say(StopSystem("a"), "host", posted=SECOND)

    assert stand.violated == ["I18"]


def test_what_grows_past_its_cap_is_named(tmp_path):
    stand = Stand(Time, folder=tmp_path, sizes={"mailbox of feed": (11, 10), "mailbox of executor": (10, 10)})
    stand.wait(301)
    stand.say(StopSystem("a"), "host")

    assert stand.violated == ["I9"]
    assert "mailbox of feed" in stand.judge.violations[0].text


def failed(stand, actor="executor@main", epoch=1):
    stand.say(ActorFailed(actor=actor, epoch=epoch, during="Bar", error="E", at=1), actor)


def started(stand, epoch, actor="executor@main"):
    stand.judge.made(actor, epoch, warm=True)
    stand.say(ActorStarted(actor, epoch), actor)


def test_failures_are_answered_by_restarts(tmp_path):
    stand = Stand(Restarts, folder=tmp_path)
    for epoch in (1, 2, 3):
        failed(stand, epoch=epoch)
        started(stand, epoch + 1)
        stand.wait(100)
    stand.judge.at_rest()

    assert stand.violated == []


def test_restarts_without_end_are_named(tmp_path):
    stand = Stand(Restarts, folder=tmp_path)
    for epoch in range(1, MADE_MAX + 2):
        failed(stand, epoch=epoch)
        started(stand, epoch + 1)
        stand.wait(6)

    assert stand.violated == ["I10"]


def test_a_failure_that_nobody_answers_is_named(tmp_path):
    stand = Stand(Restarts, folder=tmp_path)
    failed(stand)
    stand.wait(61)
    stand.judge.at_rest()

    assert stand.violated == ["I10"]


def test_incarnations_that_hang_one_after_the_other_are_what_came_of_each_failure(tmp_path):
    stand = Stand(Restarts, folder=tmp_path)
    for epoch in (1, 2, 3):
        failed(stand, epoch=epoch)
        stand.wait(40)
    started(stand, 4)
    stand.judge.at_rest()

    assert stand.violated == []


@pytest.mark.parametrize(("actor", "expected"), [("executor@main", ["I10"]), ("strategy:dice-0", [])])
def test_whoever_is_given_up_on_takes_trading_along_unless_it_stands_beside(tmp_path, actor, expected):
    stand = Stand(Restarts, folder=tmp_path)
    stand.say(ActorQuarantined(actor, "too often", 1), "supervisor")
    stand.judge.at_rest()

    assert stand.violated == expected


def test_whoever_is_given_up_on_is_not_started_again(tmp_path):
    stand = Stand(Restarts, folder=tmp_path)
    stand.say(ActorQuarantined("executor@main", "too often", 1), "supervisor")
    stand.say(HaltTrading(reason="given up"), "supervisor")
    started(stand, 5)

    assert stand.violated == ["I10"]


def test_a_halt_is_named_where_nothing_has_gone_wrong(tmp_path):
    stand = Stand(Undisturbed, folder=tmp_path)
    halt = HaltTrading(reason="positions differ")
    stand.struck = 1
    stand.say(halt, "checker@main")
    assert stand.violated == []
    stand.struck = 0
    stand.say(halt, "checker@main")
    stand.judge.at_rest()
    stand.say(halt, "outside")

    assert stand.violated == ["I18"]


def found(invariant="I5", text="too much"):
    return InvariantViolated(invariant=invariant, text=text, ts=1)


def test_what_the_process_finds_wrong_with_itself_is_named(tmp_path):
    stand = Stand(Audited, folder=tmp_path)
    stand.say(found(), "auditor")

    assert stand.violated == ["I25"]


def test_when_the_process_has_found_something_it_approves_nothing_more(tmp_path):
    stand = Stand(Audited, folder=tmp_path)
    stand.say(found(), "auditor")
    stand.say(ApprovedOrder(an_order()), "risk-guard@main")
    stand.wait(3)
    stand.say(ApprovedOrder(an_order()), "risk-guard@main")

    assert stand.violated == ["I25", "I25"]
