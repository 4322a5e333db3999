"""The venue fails in all the ways it can; when it is well again account and exchange agree, and nothing went twice."""

import pytest

from adapters.exchange.faults import Rule
from messages import OrderRejected
from tests.system.live.agreement import assert_agree, strangers_in, summary
from tests.system.live.lives import Life, a_folder, a_strategy
from tests.system.live.venue import until

BOTH = (a_strategy("Flipper", lots=2), a_strategy("Mixed"))


def rested(life, venue, posts=4):
    """Trading goes on when nothing is wrong any more."""
    before = len(venue.trades())
    until(lambda: len(venue.trades()) >= before + posts, life.story)


@pytest.mark.parametrize(
    ("rule", "strikes"),
    [
        pytest.param(Rule(kind="503", verb="POST", path="/order", probability=0.5), 4, id="overload"),
        pytest.param(Rule(kind="502", when="after", verb="POST", path="/order", probability=0.4), 3, id="502-done"),
        pytest.param(
            Rule(kind="timeout", when="after", verb="POST", path="/order", probability=0.4, ms=100), 3, id="cut-done"
        ),
        pytest.param(Rule(kind="502", verb="GET", probability=0.5), 1, id="502-questions"),
        pytest.param(Rule(kind="502", when="after", verb="DELETE", probability=0.5), 1, id="502-cancels"),
        pytest.param(Rule(kind="502", when="after", verb="PUT", probability=0.5), 1, id="502-amends"),
        pytest.param(Rule(kind="latency", verb="POST", path="/order", probability=0.3, ms=400), 3, id="latency"),
        pytest.param(Rule(kind="drop", table="execution", probability=0.3), 2, id="lost-executions"),
        pytest.param(Rule(kind="drop", table="order", count=1), 1, id="lost-orders"),
        pytest.param(Rule(kind="duplicate", probability=0.3), 5, id="frames-twice"),
        pytest.param(Rule(kind="late", probability=0.1, ms=200), 3, id="frames-late"),
    ],
)
def test_what_goes_wrong_for_a_while_leaves_nothing_wrong(tmp_path, venue, rule, strikes):
    folder, config = a_folder(tmp_path, venue, *BOTH)

    with Life(folder, config) as life:
        until(lambda: len(venue.trades()) >= 2, life.story)
        venue.fault(rule)
        struck = venue.server.faults._states[0]
        if rule.verb == "GET":
            venue.cut()
        until(lambda: struck.struck >= strikes, life.story)
        venue.calm()
        rested(life, venue)
        if rule.kind == "drop":
            # What was lost in the stream is found by asking: at a new connection, or after a while.
            venue.cut()
            rested(life, venue)

    assert_agree(folder, venue, refused=rule.kind == "503")
    assert (summary(folder)["live"]["adjustments"], summary(folder)["live"]["troubles"]) == (0, [])


def test_too_many_requests_close_the_way_for_orders_and_not_for_cancels(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, *BOTH)

    with Life(folder, config) as life:
        until(lambda: len(venue.trades()) >= 2 and venue.open_orders(), life.story)
        venue.fault(Rule(kind="429", verb="POST", path="/order", count=1))
        until(lambda: [each for each in venue.asked if each.status == 429], life.story)
        until(lambda: len([each for each in life.of(OrderRejected) if each.reason == "rate-limited"]) >= 4, life.story)

    (limited,) = [number for number, each in enumerate(venue.asked) if each.status == 429]
    # Some may have been on their way; none follows within the second that the venue asked for.
    after = [each for each in venue.asked[limited + 1 :] if venue.is_post(each)]
    assert all(each.at - venue.asked[limited].at < 0.5 for each in after)
    assert not venue.open_orders()
    assert_agree(folder, venue, refused=True)


def test_sockets_that_are_cut_again_and_again_lose_nothing(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, *BOTH)

    with Life(folder, config) as life:
        for number in range(1, 3):
            life.ready(number)
            rested(life, venue, 2)
            venue.cut()
        life.ready(3)
        rested(life, venue)

    assert_agree(folder, venue)
    live = summary(folder)["live"]
    assert live["reconnects"] >= 2
    assert (live["adjustments"], strangers_in(folder)) == (0, [])


def test_an_order_whose_answer_was_lost_is_looked_up_and_not_sent_again(tmp_path, venue):
    # Without the switch, whose requests are below /order too.
    folder, config = a_folder(tmp_path, venue, a_strategy("Holder"), live="dead_mans_switch_s = 0\n")
    # The stream says nothing of it either.
    venue.fault(
        Rule(kind="502", when="after", verb="POST", path="/order", count=1),
        Rule(kind="drop", table="order", skip=1),
        Rule(kind="drop", table="execution", skip=1),
    )

    with Life(folder, config) as life:
        until(venue.posts, life.story)
        (client_id,) = list(venue.posts())[:1]
        until(lambda: any(client_id in each.query for each in venue.asked if each.verb == "GET"), life.story)
        venue.calm()
        venue.cut()
        until(lambda: len(life.filled(client_id)) == 1, life.story)

    assert venue.posts()[client_id] == 1
    assert_agree(folder, venue)
