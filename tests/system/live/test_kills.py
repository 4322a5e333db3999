"""Killed with -9 at any moment and started again on the same folder, a run loses no fill and doubles no order."""

import signal

import pytest

from adapters.exchange.faults import Rule
from tests.system.live.agreement import assert_agree, summary
from tests.system.live.kills import assert_nothing_old_beside_new, killed_again_and_again
from tests.system.live.lives import Life, Process, a_folder, a_strategy
from tests.system.live.venue import until


def test_killed_at_random_moments_it_agrees_with_the_exchange(tmp_path, venue):
    folder = killed_again_and_again(tmp_path, venue, kills=3, seed=3)

    live = summary(folder)["live"]
    assert live["lives"] == 4
    assert live["adjustments"] == 0


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Rule(kind="timeout", when="after", verb="POST", path="/order", skip=2, count=1), id="done"),
        pytest.param(Rule(kind="latency", verb="POST", path="/order", skip=2, count=1, ms=4_000), id="done-later"),
    ],
)
def test_killed_while_an_order_is_on_its_way_it_finds_out_what_became_of_it(tmp_path, venue, fault):
    folder, config = a_folder(tmp_path, venue, a_strategy("Mixed"))
    venue.fault(fault)
    with Process(folder, "--quiet", config=config) as process:
        process.until(lambda: venue.server.faults._states[0].struck)
        process.signal(signal.SIGKILL)
        process.wait()
    before = len(venue.asked)

    with Life(folder) as life:
        until(lambda: sum(map(venue.is_post, venue.asked[before:])) >= 4, life.story)

    assert_nothing_old_beside_new(venue)
    assert_agree(folder, venue)
    live = summary(folder)["live"]
    assert (live["lives"], live["adjustments"]) == (2, 0)


def test_what_a_killed_life_left_is_held_and_counted_on_by_the_next(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, a_strategy("Holder"))
    with Process(folder, "--quiet", config=config) as process:
        process.until(lambda: venue.open_orders() and venue.trades())
        process.signal(signal.SIGKILL)
        process.wait()
    left = venue.open_orders()

    with Life(folder) as life:
        life.ready()
        until(lambda: not venue.open_orders() or venue.posts().keys() - {each["clOrdID"] for each in left}, life.story)
        until(lambda: len(venue.trades()) >= 2, life.story)

    assert_nothing_old_beside_new(venue)
    assert_agree(folder, venue)
    assert venue.position()["currentQty"] == 400
    ended = {each["clOrdID"]: each["ordStatus"] for each in venue.orders()}
    assert [ended[each["clOrdID"]] for each in left] == ["Canceled"]
