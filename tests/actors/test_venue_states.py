"""An order at the venue lives by a declared graph: what is not declared cannot happen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.venue.states import EDGES, OrderEvent, OrderState, step

ENDS = (OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED)


@pytest.mark.parametrize("event", [OrderEvent.FILL_PART, OrderEvent.FILL_REST])
def test_a_fill_after_a_cancel_was_asked_for_is_legal(event):
    assert step(OrderState.CANCELLING, event) in (OrderState.CANCELLING, OrderState.FILLED)


def test_an_order_that_is_over_stays_over():
    assert [EDGES[state] for state in ENDS] == [{}, {}, {}]


def test_every_state_but_the_first_is_reached_and_every_state_can_end():
    reached = {after for edges in EDGES.values() for after in edges.values()}

    assert reached == set(OrderState) - {OrderState.ARRIVED}
    assert all(state in ENDS or set(EDGES[state].values()) & set(ENDS) for state in OrderState)


@given(st.lists(st.sampled_from(OrderEvent)))
def test_a_step_follows_an_edge_or_says_which_one_is_missing(events):
    state = OrderState.ARRIVED
    for event in events:
        if event in EDGES[state]:
            state = step(state, event)
        else:
            with pytest.raises(ValueError, match=f"{state} cannot {event}"):
                step(state, event)
