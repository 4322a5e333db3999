"""The exchange takes back what we leave behind, and is asked not to only when a heartbeat has come back."""

import pytest

from adapters.simulation.checks.switch import Armed, ProofOfLife
from messages import Heartbeat, SendRequest
from tests.simulation.checks.stand import SECOND, Stand

PATH = (
    "venue@main",
    "feed",
    "tick-filter",
    "bar-builder",
    "portfolio@main",
    "executor@main",
    "risk-guard@main",
    "journal",
)


def round_trip(stand, number, path=PATH):
    beats = [stand.say(Heartbeat(account="main", number=number, ts=1), sender) for sender in path]
    return beats[-1]


def put_off(stand, cause, timeout=60_000):
    asked = SendRequest(
        to="rest:cancels@main", reply_to="venue@main", number=1, verb="POST",
        path="/api/v1/order/cancelAllAfter", body=f'{{"timeout":{timeout}}}',
    )  # fmt: skip
    stand.say(asked, "venue@main", cause=cause)


def test_a_heartbeat_that_came_back_puts_the_switch_off_once(tmp_path):
    stand = Stand(ProofOfLife, folder=tmp_path)
    put_off(stand, round_trip(stand, 1))
    beat = round_trip(stand, 2)
    put_off(stand, beat)
    assert stand.violated == []
    put_off(stand, beat)

    assert stand.violated == ["I13"]


def test_a_timer_alone_must_not_put_it_off(tmp_path):
    stand = Stand(ProofOfLife, folder=tmp_path)
    round_trip(stand, 1)
    put_off(stand, cause=0)

    assert stand.violated == ["I13"]


@pytest.mark.parametrize("missing", PATH[1:-1])
def test_a_heartbeat_that_left_somebody_out_proves_nothing(tmp_path, missing):
    stand = Stand(ProofOfLife, folder=tmp_path)
    put_off(stand, round_trip(stand, 1, [each for each in PATH if each != missing]))

    assert stand.violated == ["I13"]


def test_taking_the_switch_off_needs_no_proof(tmp_path):
    stand = Stand(ProofOfLife, folder=tmp_path)
    put_off(stand, cause=0, timeout=0)

    assert stand.violated == []


def arm(stand, timeout=60_000):
    stand.send("POST", "/api/v1/order/cancelAllAfter", timeout=timeout)
    stand.exchange.armed = stand.now + 60 * SECOND if timeout else None


def test_an_order_that_outlives_us_without_a_switch_is_named(tmp_path):
    stand = Stand(Armed, folder=tmp_path)
    arm(stand)
    stand.place("abcdef-dice-1", 1)
    stand.execute("abcdef-dice-1", 1)
    stand.judge.life_ended(1, "killed")
    assert stand.violated == []
    arm(stand, timeout=0)
    stand.judge.life_ended(2, "stopped")

    assert stand.violated == ["I12"]


def test_an_order_that_works_for_long_without_a_switch_is_named(tmp_path):
    stand = Stand(Armed, folder=tmp_path)
    stand.place("abcdef-dice-1", 1)
    stand.execute("abcdef-dice-1", 1)
    stand.wait(59)
    stand.place("theirs", 1)
    stand.execute("theirs", 1)
    assert stand.violated == []
    stand.wait(2)
    stand.place("theirs-2", 1)
    stand.execute("theirs-2", 1)

    assert stand.violated == ["I12"]


def test_an_order_that_works_on_after_the_switch_is_named(tmp_path):
    stand = Stand(Armed, folder=tmp_path)
    arm(stand)
    stand.place("abcdef-dice-1", 1)
    stand.execute("abcdef-dice-1", 1)
    stand.wait(61)
    stand.place("theirs", 1)
    stand.execute("theirs", 1)
    assert stand.violated == []
    stand.wait(2)
    stand.place("theirs-2", 1)
    stand.execute("theirs-2", 1)

    assert stand.violated == ["I12"]


def test_an_order_that_never_left_here_is_not_ours_to_take_back(tmp_path):
    stand = Stand(Armed, folder=tmp_path)
    stand.execute("abcdef-stray-1", 1)
    stand.judge.life_ended(1, "killed")

    assert stand.violated == []
