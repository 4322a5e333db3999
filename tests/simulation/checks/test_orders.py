"""An order moves along the written graph, and ends; both sides know the same orders in the end."""

import pytest

from adapters.journal import Journal
from adapters.simulation.checks.orders import ENDS, GRAPH, NothingLost, OrderStates
from messages import ActorLagging, ApprovedOrder, OrderAccepted, OrderEnded, OrderRejected, Outcome, SubmitOrder
from tests.builders import an_order
from tests.simulation.checks.stand import Stand

NAME = "abcdef-dice-1"
ORDER = an_order(2, client_id=NAME)
SUBMIT, APPROVE = (SubmitOrder(ORDER), "executor@main"), (ApprovedOrder(ORDER), "risk-guard@main")
ACCEPT, END = (OrderAccepted(ORDER, 1), "venue@main"), (OrderEnded(ORDER, Outcome.FILLED, 2, 1), "venue@main")
REJECT = (OrderRejected(order=ORDER, reason="no", standing=False, ts=1), "venue@main")


def told(folder, *said):
    stand = Stand(OrderStates, folder=folder)
    for message, sender in said:
        stand.say(message, sender)
    return stand


def test_the_whole_way_of_an_order_is_right(tmp_path):
    stand = told(tmp_path, SUBMIT, APPROVE, ACCEPT, END, END)
    stand.judge.at_rest()
    stand.judge.over()

    assert stand.violated == []


@pytest.mark.parametrize(
    "said",
    [(APPROVE,), (SUBMIT, ACCEPT), (SUBMIT, APPROVE, END, REJECT), (SUBMIT, APPROVE, ACCEPT, END, SUBMIT)],
    ids=["approved unasked", "accepted unapproved", "rejected after its end", "asked for again after its end"],
)
def test_a_step_that_is_not_in_the_graph_is_named(tmp_path, said):
    assert told(tmp_path, *said).violated == ["I15"]


def test_an_order_that_never_ends_is_named(tmp_path):
    stand = told(tmp_path, SUBMIT, APPROVE, ACCEPT)
    stand.judge.over()

    assert stand.violated == ["I16"]


def test_orders_that_only_one_side_knows_are_named(tmp_path):
    stand = told(tmp_path, SUBMIT, APPROVE, ACCEPT)
    stand.judge.at_rest()
    assert stand.violated == ["I4"]
    stand = told(tmp_path)
    stand.execute(NAME, 2)
    stand.judge.at_rest()

    assert stand.violated == ["I4"]


def test_of_an_order_that_was_not_journalled_a_later_life_knows_nothing(tmp_path):
    stand = told(tmp_path, SUBMIT, APPROVE)
    stand.judge.life_began(2)
    stand.judge.over()

    assert stand.violated == []


def test_an_order_of_an_earlier_life_that_is_in_its_journal_has_to_end(tmp_path):
    stand = told(tmp_path, SUBMIT, APPROVE)
    journal = Journal(tmp_path, life=1)
    journal.on_start()
    journal.on_approved_order(APPROVE[0])
    journal.release()
    stand.judge.life_began(2)
    stand.judge.over()

    assert stand.violated == ["I16"]


def test_an_order_that_was_asked_for_again_after_its_rejection_and_not_approved_is_rejected_for_a_later_life(tmp_path):
    stand = told(tmp_path, SUBMIT, APPROVE, REJECT, SUBMIT)
    journal = Journal(tmp_path, life=1)
    journal.on_start()
    journal.on_approved_order(APPROVE[0])
    journal.release()
    stand.judge.life_began(2)
    stand.judge.over()

    assert stand.violated == []


def test_a_mailbox_that_turns_something_away_is_named(tmp_path):
    stand = Stand(NothingLost, folder=tmp_path)
    stand.say(ActorLagging(actor="executor@main", waiting=50_000, at=1), "host")

    assert stand.violated == ["I16"]


def test_every_state_of_the_graph_is_reached_and_only_a_refused_order_may_begin_anew():
    reached = {after for steps in GRAPH.values() for after in steps.values()}

    assert reached | {"new"} == set(GRAPH)
    assert {state for state in ENDS if "submitted" in GRAPH[state].values()} == {"refused", "rejected"}
    assert "submitted" not in GRAPH["over"].values()
