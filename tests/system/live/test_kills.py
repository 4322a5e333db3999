"""Killed with -9 at any moment and started again on the same folder, a run loses no fill and doubles no order."""

import signal

import pytest

from adapters.exchange.faults import Rule
from tests.system.live.agreement import assert_agree, summary
from tests.system.live.kills import assert_nothing_old_beside_new, killed_again_and_again
from tests.system.live.lives import Life, Process, a_folder, a_strategy
from tests.system.live.venue import until


def test_killed_at_random_moments_it_agrees_with_the_exchange(tmp_path, venue):
    folder = killed_again_and_again(tmp_path, venue, kills=2, seed=5)

    live = summary(folder)["live"]
    # One that is killed while it starts may not have come to be one.
    assert live["lives"] in (2, 3)
    assert live["adjustments"] == 0


def killed_with_an_order_on_its_way(tmp_path, venue, kind, fault):
    """Returns the folder, and the order's client id."""
    folder, config = a_folder(tmp_path, venue, a_strategy(kind))
    venue.fault(fault)
    with Process(folder, "--quiet", config=config) as process:
        process.until(lambda: venue.server.faults._states[0].struck)
        process.signal(signal.SIGKILL)
        process.wait()
    return folder, venue.arrived[-1]


def test_killed_before_the_answer_to_an_order_came_it_has_what_became_of_it(tmp_path, venue):
    fault = Rule(kind="timeout", when="after", verb="POST", path="/order", skip=1, count=1, ms=1_000)
    folder, client_id = killed_with_an_order_on_its_way(tmp_path, venue, "Flipper", fault)
    before = len(venue.asked)

    with Life(folder) as life:
        until(lambda: sum(map(venue.is_post, venue.asked[before:])) >= 4, life.story)

    assert_nothing_old_beside_new(venue)
    assert client_id in {row["clOrdID"] for row in venue.orders()}
    assert (summary(folder)["live"]["lives"], summary(folder)["live"]["adjustments"]) == (2, 0)
    assert_agree(folder, venue)


@pytest.mark.parametrize("kind", ["Flipper", "Rester"])
def test_an_order_that_comes_through_long_after_the_kill_is_taken_in_by_the_next_life(tmp_path, venue, kind):
    fault = Rule(kind="latency", verb="POST", path="/order", skip=1, count=1, ms=1_500)
    folder, client_id = killed_with_an_order_on_its_way(tmp_path, venue, kind, fault)

    def late():
        return [row for row in venue.orders() if row["clOrdID"] == client_id]

    with Life(folder) as life:
        life.ready()
        until(lambda: late() and late()[0]["ordStatus"] in ("Filled", "Canceled"), life.story)
        before = len(venue.asked)
        until(lambda: sum(map(venue.is_post, venue.asked[before:])) >= 2, life.story)

    assert not venue.open_orders()
    assert (summary(folder)["live"]["lives"], summary(folder)["live"]["adjustments"]) == (2, 0)
    if kind == "Flipper":
        assert late()[0]["ordStatus"] == "Filled"
        assert_agree(folder, venue)


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
